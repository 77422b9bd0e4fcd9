"""The whole pipeline through DVC, as a user drives it, on a small sample."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest
import yaml

from tests.docs.test_files import RUN_CSV, RUN_JSON, header, names_in, section
from tests.support.faces import YUNET
from tests.support.repository import ROOT, Repository, edit_yaml, stages_run
from tests.support.sface_like import write_network
from tests.support.shared_data import ENCODERS, FOOTAGE, needs_shared

pytestmark = pytest.mark.slow

SPLITS = ("per_class",)


def cells_of(train_set: str = "FaceSwap", seed: int = 42) -> set[str]:
    """Stages that a train set and seed bring."""
    cells = [f"{split}-{train_set}-{seed}" for split in SPLITS]
    kinds = [f"{stage}@{detector}-" for stage in ("train", "evaluate") for detector in ("baseline", "lora")]
    return {f"{kind}{cell}" for kind in kinds for cell in cells}


AUDITS = {f"split@{split}-FaceSwap" for split in SPLITS}
CELLS = cells_of() | AUDITS
LORA = {name for name in CELLS if "lora" in name}
AFTER = {"check", "compare", "likelihood", "controls", "robustness", "explain", "record", "report", "package"}
BEFORE = {
    *("ingest", "find_faces", "embed_people", "extract_frames", "extract_background"),
    *("hash_frames", "duplicates", "recognition", "embed", "embed_controls"),
}
EVERYTHING = CELLS | BEFORE | AFTER


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A repository whose HEAD holds a finished run; tests work on copies of it. pytest's workers share it."""
    shared = tmp_path_factory.getbasetemp()
    shared = (shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared) / "finished"
    shared.mkdir(exist_ok=True)
    project, is_finished = shared / "project", shared / "is_finished"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_finished.exists():
            shutil.rmtree(project, ignore_errors=True)
            run_once(project)
            is_finished.touch()
    return Repository(project)


def run_once(path: Path) -> None:
    """Make the project at `path`, run all of it, commit."""
    repo = Repository.make(path)
    module = repo.path / "clipforensics" / "crops" / "extraction.py"
    text = module.read_text()
    assert "SHARD_FRAMES = 1024" in text
    module.write_text(text.replace("SHARD_FRAMES = 1024", "SHARD_FRAMES = 16"))
    repo.commit("several shards even of few frames")
    assert stages_run(repo.run("dvc", "repro")) == EVERYTHING
    repo.commit("baseline")


@pytest.fixture
def repo(finished, tmp_path):
    return Repository(Path(shutil.copytree(finished.path, tmp_path / "project", symlinks=True)))


def test_a_second_repro_runs_nothing(repo):
    lock = repo.lock
    assert stages_run(repo.run("dvc", "repro")) == set()
    assert repo.lock == lock
    assert repo.run("git", "status", "--porcelain") == ""


def test_baseline_against_lora_from_one_commit(repo):
    repo.run("dvc", "exp", "run", "-n", "baseline", "-S", "detector=baseline")
    repo.run("dvc", "exp", "run", "-n", "lora", "-S", "detector=lora")
    diff = repo.run_json("dvc", "metrics", "diff", "baseline", "lora", "--json")
    evaluated = {
        name: json.loads((repo.path / f"metrics/evaluate/{name}/per_class/FaceSwap-42.json").read_text())
        for name in ("baseline", "lora")
    }
    auc = {name: e["test"]["NeuralTextures"]["frame"]["auc"] for name, e in evaluated.items()}
    assert diff["metrics/headline/frame.json"]["auc"]["old"] == pytest.approx(auc["baseline"])
    assert diff["metrics/headline/frame.json"]["auc"]["new"] == pytest.approx(auc["lora"])


def test_a_list_of_candidates_trains_that_method_alone_and_keeps_the_best(repo):
    out = repo.run("dvc", "exp", "run", "-S", "methods.lora.learning_rate=[0.001,0.01]", "compare")
    cell = "lora-per_class-FaceSwap-42"
    assert stages_run(out) == {"check", f"train@{cell}", f"evaluate@{cell}", "compare"}
    choices = json.loads(
        (repo.path / "data/weights/per_class/FaceSwap-42/lora/choices.json").read_text(encoding="utf-8")
    )
    aucs = [(row["val_auc"], row["val_frame_auc"]) for row in choices["tried"]]
    assert choices["chosen"] == choices["tried"][aucs.index(max(aucs))]["settings"]
    league = json.loads((repo.path / "data/metrics/comparison.json").read_text(encoding="utf-8"))["league"]
    n_tried = {row["detector"]: row["validation"]["n_tried"] for row in league}
    assert n_tried == {"lora": 2, "baseline": 8}


def check_tables(repo: Repository) -> None:
    """What DVC shows of a run with another detector and rank fits a terminal, and is the headline alone."""
    for command, least in (("show", 6), ("diff", 10)):
        lines = repo.run("dvc", "metrics", command).splitlines()
        assert max(map(len, lines)) <= 125, lines
        assert least <= len(lines) <= 41, "a table of at most 40 rows"
        assert {line.split("/")[1] for line in lines[1:]} == {"headline"}
    only_aucs = ("--md", "--only-changed", "--drop", "(?!Experiment|.*:auc$|params|[a-z0-9_.]+$)")
    head = repo.run("dvc", "exp", "show", *only_aucs).splitlines()[0]
    first, *aucs, detector, rank = (name.strip() for name in head.strip("|").split("|"))
    assert (first, detector, rank) == ("Experiment", "params.yaml:detector", "methods.lora.r")
    assert {name.split(":")[1] for name in aucs} == {"auc"}


def test_dvc_plots_lays_the_curves_of_all_detectors_over_each_other(repo):
    """By a column of the file, so that no detector is named in dvc.yaml."""
    plots = repo.run_json("dvc", "plots", "show", "--json")["data"]
    names = [f"plots/roc/{level}.csv" for level in ("video", "frame")]
    names += ["plots/bands/video.csv", "plots/robustness/jpeg.csv", "plots/league.csv"]
    for name in names:
        (found,) = (one["content"] for one in plots[name])
        spec = json.loads(found) if isinstance(found, str) else found
        assert {row["detector"] for row in spec["data"]["values"]} == {"baseline", "lora"}, name
        assert "<DVC_METRIC" not in json.dumps(spec), name
        assert '"field": "detector"' in json.dumps(spec), name
    assert "plots/matrix.csv" in plots
    assert "plots/train/lora/per_class/FaceSwap-42.csv" in plots


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("split.seed=7", {"check", "compare"} | CELLS - LORA),
        ("encoder.embedding=pooled", {"check", "embed", "compare"} | CELLS - AUDITS - LORA),
    ],
)
def test_a_change_runs_again_only_what_depends_on_it(repo, setting, expected):
    """As far as compare and for one detector; others run what comes after it, and both detectors."""
    flags = ("-S", setting, "-S", "detectors=[baseline]")
    assert stages_run(repo.run("dvc", "exp", "run", *flags, "compare")) == expected


def test_the_tutorial_as_it_is_typed(repo):
    """Its commands behind `make repro`, in order; what it says of each is here."""
    text = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    blocks = "".join(re.findall(r"```console\n(.*?)```", text, re.S))
    first, activate, *typed = [line[2:] for line in blocks.splitlines()]
    assert (first, activate) == ("make repro", "source .venv/bin/activate")
    *typed, back, known, strange = typed
    told, diff, trained = (repo.run("bash", "-c", command) for command in typed)
    check_tables(repo)
    back = repo.run("bash", "-c", back)
    clip = min((repo.path / "data/sample/videos/manipulated_sequences/FaceSwap").rglob("*.mp4"))
    model = min((repo.path / "models/lora").glob("*/*"))  # this run has other splits than the sample's
    for command in (known, strange):
        program, verb, _, option, package = command.split()
        assert (program, verb, option, package[:12]) == ("clipforensics", "score", "--model", "models/lora/")
        said = repo.run("bash", "-c", f"clipforensics score {clip} --model {model} || true")
        assert re.search(r"^.+\.mp4: (MANIPULATED|REAL|NO OPINION): .+$", said, re.M), said
        assert "\n  score: " in said, said
    assert stages_run(told) == {"check", "compare", "report"}
    row = re.compile(r"^metrics/headline/(\w+)\.json +(\w+) +(.*?) *$", re.M)
    there = {(name, key): rest for name, key, rest in row.findall(diff)}
    assert there["video", "detector"].split()[:2] == ["baseline", "lora"]
    shown = {(name, key) for name, key, _ in row.findall(text)}
    assert len(shown) > 3
    files = (ROOT / "metrics/headline").iterdir()
    assert shown <= {(path.stem, key) for path in files for key in json.loads(path.read_text())}
    assert {(name, key) for name, key in shown if name == "video"} <= set(there)
    assert stages_run(trained) == LORA | AFTER
    assert stages_run(back) == {"record"}, "every result of before is in the cache, and copied for git"
    assert repo.run("git", "status", "--porcelain") == ""


def test_every_column_of_a_run_is_explained(finished):
    """Of what DVC keeps; the files that git keeps are looked at without a run (tests/docs)."""
    for title, pattern in RUN_CSV.items():
        told = set(re.findall(r"`(\w+)`", section(title)))
        files = list(finished.path.glob(pattern))
        assert files, pattern
        assert [path for path in files if not header(path) <= told] == []
    for title, pattern in RUN_JSON.items():
        files = list(finished.path.glob(pattern))
        assert files, pattern
        there = {name for path in files for name in names_in(json.loads(path.read_text()))}
        assert there - set(re.findall(r"`(\w+)`", section(title))) == set(), title


def test_more_train_sets_add_cells_and_a_train_by_test_table(repo):
    output = repo.run("dvc", "exp", "run", "-S", "protocol.train_sets=[Deepfakes,FaceSwap]", "compare")
    new = {name.replace("FaceSwap", "Deepfakes") for name in CELLS}
    assert stages_run(output) == new | {"check", "compare"}
    cells = json.loads((repo.path / "data/metrics/comparison.json").read_text())["cells"]
    table = {(c["train_set"], c["manipulation"]) for c in cells if c["stratum"] == "all"}
    matrix = (repo.path / "plots/matrix.csv").read_text().splitlines()
    assert len(matrix) == 1 + 2 * 2 * 4, "two detectors, two train sets, four manipulations"
    others = {
        "Deepfakes": ("NeuralTextures", "Face2Face", "FaceSwap"),
        "FaceSwap": ("NeuralTextures", "Deepfakes", "Face2Face"),
    }
    assert table == {(train, test) for train, tests in others.items() for test in tests}
    in_domain = {(c["train_set"], c["manipulation"]) for c in cells if c["stratum"] == "validation"}
    assert in_domain == {(name, name) for name in others}


def test_folds_give_every_video_a_score_from_a_model_that_has_not_seen_it(repo):
    folds = [f"grouped_kfold-{i}" for i in (1, 2, 3)]
    settings = [f"protocol.splits=[per_class,{','.join(folds)}]", "split.n_folds=3", "detectors=[baseline]"]
    flags = (word for setting in settings for word in ("-S", setting))
    output = repo.run("dvc", "exp", "run", *flags, "compare")
    assert {f"train@baseline-{fold}-FaceSwap-42" for fold in folds} <= stages_run(output)
    comparison = json.loads((repo.path / "data/metrics/comparison.json").read_text())
    pooled = [c for c in comparison["cells"] if (c["protocol"], c["stratum"]) == ("grouped_kfold", "all")]
    assert {(row["fold"], row["level"]) for row in comparison["folds"]} == {
        (fold, level) for fold in (1, 2, 3) for level in ("frame", "video")
    }
    assert {(c["manipulation"], c["n_real"], c["n_fake"]) for c in pooled if c["level"] == "video"} == {
        (m, 20, 20) for m in ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures")
    }


def test_a_gate_on_leaks_stops_the_run(repo):
    output = repo.run("dvc", "exp", "run", "-S", "split.on_leak=fail", check=False)
    assert "error: split.on_leak is fail, and split per_class of FaceSwap leaks" in output
    assert "report" not in stages_run(output)


def test_a_queued_sweep_with_two_workers(repo):
    repo.run("dvc", "exp", "run", "--queue", "-S", "methods.lora.r=2,4", "train@lora-per_class-FaceSwap-42")
    repo.run("dvc", "queue", "start", "-j", "2")
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        status = repo.run("dvc", "queue", "status")
        if status.count("Success") == 2 or "Failed" in status:
            break
        time.sleep(2)
    assert status.count("Success") == 2, status + repo.run("dvc", "queue", "logs", "1", check=False)
    text = json.dumps(repo.run_json("dvc", "exp", "show", "--json"))
    assert '"r": 2' in text
    assert '"r": 4' in text


def test_cells_that_params_no_longer_name_can_be_forgotten(repo):
    lock = repo.lock
    output = repo.run("dvc", "exp", "run", "-S", "protocol.seeds=[42,43]")
    assert stages_run(output) == cells_of(seed=43) | AFTER - {"robustness"}, "only what is new is trained"
    cells = json.loads((repo.path / "metrics/comparison.json").read_text())["cells"]
    found = cells[0]["detectors"]["lora"]
    assert (found["covers"], found["seeds"]["n"]) == ("videos and seeds", 2)
    repo.run("git", "checkout", "-q", "params.yaml")
    again = stages_run(repo.run("dvc", "repro"))
    assert not again & (CELLS | {"robustness", "explain"}), "no stage that costs anything runs twice"
    assert not (repo.path / "metrics/evaluate/lora/per_class/FaceSwap-43.json").exists()
    assert repo.lock != lock, "DVC keeps what a smaller matrix no longer names"
    shutil.copy(ROOT / "Makefile", repo.path / "Makefile")
    output = repo.run("make", "prune", "-o", "install")
    assert stages_run(output) == {"record"}, "all that is current comes from the cache"
    assert repo.lock == lock


def test_every_stage_needs_only_what_it_declares(finished, tmp_path):
    """Each stage runs in an empty folder that holds its declared deps alone, and writes the same bytes.

    So no stage but `evaluate` can have seen test data, and no undeclared input exists; but the profile and
    kernels.py, which pin kernels by `portable`, are there for those too that do not compute.
    """
    lock = yaml.safe_load(finished.lock)["stages"]
    for name, entry in lock.items():
        box = Repository(tmp_path / name)
        box.path.mkdir()
        pinning = ["conf/data/sample.yaml", "clipforensics/machine/kernels.py"]
        for path in [*(d["path"] for d in entry["deps"]), *entry["params"], *pinning]:
            source, target = finished.path / path, box.path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)
        box.run("sh", "-c", entry["cmd"], env={"DVC_ROOT": str(box.path)})
        for path in (o["path"] for o in entry["outs"]):
            assert contents(box.path / path) == contents(finished.path / path), f"{name} wrote another {path}"


def contents(path: Path) -> dict[str, bytes]:
    files = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in files}


def test_a_wrong_param_is_one_line(repo):
    edit_yaml(repo.path / "params.yaml", {"methods": {"lora": {"learning_rate": "fast"}}})
    output = repo.run("dvc", "repro", check=False)
    assert "error: params.yaml: methods.lora: `learning_rate`" in output
    assert "'fast'" in output
    assert "Traceback" not in output


def test_a_misspelt_section_is_one_line(repo):
    with (repo.path / "params.yaml").open("a") as file:
        file.write("trian_lora:\n  r: 4\n")
    output = repo.run("dvc", "repro", check=False)
    assert "error: params.yaml: `trian_lora` is not a parameter" in output
    assert "Traceback" not in output


@needs_shared
def test_real_footage_with_a_real_encoder_runs_to_the_report(tmp_path):
    repo = Repository.make(tmp_path / "project")
    network = write_network(tmp_path / "sface_like.onnx")
    settings = [
        "dataset=footage",
        "recognition.model=sface",
        f"recognition.weights={network}",
        f"recognition.sha256='{hashlib.sha256(network.read_bytes()).hexdigest()}'",
        "protocol.train_sets=[SadTalker]",
        f"faces.weights={YUNET}",
        "protocol.test_manipulations=[GHOST,rest]",
        "protocol.splits=[grouped]",
        "split.grouped_fractions=[0.3,0.2,0.5]",
        "extract_frames.frame_size=224",
        "extract_frames.n_frames=2",
        "explain.videos_per_list=1",
        f"encoder.model={ENCODERS / 'vit-tiny-clip-layout'}",
        "train.pixels.epochs=1",
        "robustness.degradations=[jpeg]",
        "robustness.strengths=[5]",
    ]
    flags = [flag for setting in settings for flag in ("-S", setting)]
    output = repo.run("dvc", "exp", "run", *flags, env={"FOOTAGE_ROOT": str(FOOTAGE)})
    assert "report" in stages_run(output)
    videos = (repo.path / "data/videos.csv").read_text().splitlines()
    assert len(videos) == 1 + 28
    comparison = json.loads((repo.path / "metrics/comparison.json").read_text())
    place = (comparison["headline"]["train_set"], comparison["headline"]["manipulation"])
    assert place == ("SadTalker", "GHOST")
    (all_fakes,) = (
        row for row in comparison["cells"]
        if (row["manipulation"], row["stratum"], row["level"]) == ("GHOST", "all", "video")
    )  # fmt: skip
    assert all_fakes["n_fake"] == 3
    headline = json.loads((repo.path / "metrics/headline/video.json").read_text())
    assert 0 <= headline["auc"] == all_fakes["detectors"]["baseline"]["auc"] <= 1
    leaks = json.loads((repo.path / "metrics/leakage/grouped/SadTalker.json").read_text())
    assert leaks["fake"]["any_seen"] == leaks["real"]["any_seen"] == 0
    controls = json.loads((repo.path / "metrics/controls.json").read_text())
    assert controls["enabled"], "on by default for real footage"
    kinds = {"unaltered", "metadata", "permuted", "reencoded", "background", "face"}
    assert set(controls["controls"]) == kinds
    (row,) = (row for row in controls["rows"] if row["manipulation"] == "GHOST")
    assert row["controls"]["unaltered"]["auc"] == row["detectors"]["baseline"]["auc"]
    alike = json.loads((repo.path / "metrics/leakage/content/grouped/SadTalker.json").read_text())
    assert all(sum(alike[name]["pairs"].values()) == 0 for name in ("train_test", "val_test", "train_val"))
    faces = json.loads((repo.path / "metrics/leakage/faces/grouped/SadTalker.json").read_text())
    assert sum(faces["n_with_face"].values()) > 10
    assert faces["train_test"]["videos"]["real"]["n"] == leaks["real"]["n"]
    assert "Faces are alike from a cosine of .363" in (repo.path / "report/report.html").read_text()
    assert (repo.path / "report/report.html").stat().st_size > 10_000
