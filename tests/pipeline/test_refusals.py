"""What `dvc repro` refuses at once: before outputs go, a frame is decoded, or a word of it runs."""

import re
from pathlib import Path

import pytest

from tests.support.repository import Repository, edit_yaml, stages_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Never run, but with outputs of a run before; and a folder beside it that is nobody's business."""
    around = tmp_path_factory.mktemp("around")
    repo = Repository.make(around / "project")
    for folder in (repo.path / "data/weights", repo.path / "data/frames", around / "victim"):
        folder.mkdir(parents=True)
        (folder / "precious").write_text("x")
    return repo


@pytest.fixture
def repo(base):
    yield base
    base.run("git", "checkout", "-q", ".")


def contents(repo: Repository) -> dict[str, bytes]:
    around = repo.path.parent
    skip = {".git", ".dvc", "__pycache__"}
    files = (p for p in around.rglob("*") if p.is_file() and not skip & set(p.parts))
    return {p.relative_to(around).as_posix(): p.read_bytes() for p in files}


WRONG = {
    "protocol": {
        "splits": ["per_class", "it's;touch X"],
        "train_sets": ["F;touch X", "$(touch X)"],
        "seeds": ["1;touch X"],
    },
    "detectors": ["baseline", "lorra"],
    "extract_frames": {"frame_size": 224},
    "methods": {"lora": {"learning_rate": -1}},
}
SAID = (
    "protocol: `splits.1`",
    "protocol: `train_sets.0`",
    "protocol: `train_sets.1`",
    "protocol: `seeds.0`: input should be a valid integer, got '1;touch X'",
    "methods.lora: `learning_rate`: input should be greater than 0, got -1",
    "'lorra' is not a detector; perhaps `lora` was meant",
    "extract_frames.frame_size is 224; set it to 64",
)


def test_wrong_values_are_a_line_each_and_everything_stays(repo):
    edit_yaml(repo.path / "params.yaml", WRONG)
    before = contents(repo)
    output = repo.run("dvc", "repro", check=False)
    assert stages_run(output) == {"check"}
    lines = [line for line in output.splitlines() if line.startswith("error: ")]
    assert len(lines) == len(SAID), lines
    for line, words in zip(lines, SAID, strict=True):
        assert words in line
    assert contents(repo) == before
    assert "Traceback" not in output


@pytest.mark.parametrize("seed", ["x/../../../victim", "x/../../../../../../victim"])
def test_a_seed_that_leads_elsewhere_deletes_nothing(repo, seed):
    """DVC itself stops over the paths, or the check does; and the command says which value it is."""
    for target in ("data/victim/baseline", "data/victim/lora"):
        (repo.path / target).mkdir(parents=True, exist_ok=True)
        (repo.path / target / "precious").write_text("x")
    edit_yaml(repo.path / "params.yaml", {"protocol": {"seeds": [seed]}})
    before = contents(repo)
    assert stages_run(repo.run("dvc", "repro", check=False)) <= {"check"}
    assert contents(repo) == before
    said = repo.run("python", "-m", "clipforensics", "check", check=False)
    assert f"error: params.yaml: protocol: `seeds.0`: input should be a valid integer, got '{seed}'" in said


@pytest.mark.parametrize("name", ["F;touch X", "$(touch X)", "it's", '"; touch X; "', "a'\ntouch X\n'b"])
def test_even_a_cell_that_is_run_by_name_runs_no_word_of_it(repo, name):
    """`dvc repro --single-item` goes past the check; DVC quotes what it unpacks into a command."""
    (repo.path / "data/videos.csv").write_text("x")
    edit_yaml(repo.path / "params.yaml", {"protocol": {"train_sets": [name]}})
    output = repo.run("dvc", "repro", "--single-item", f"split@per_class-{name}", check=False)
    assert "Running stage" in output
    assert not list(repo.path.rglob("X"))
    assert not Path("X").exists()


def test_dvcs_own_advice_on_a_misspelt_setting_ends_in_the_right_name(repo):
    output = repo.run("dvc", "exp", "run", "-S", "detektor=lora", check=False)
    assert "use +detektor=lora" in output
    output = repo.run("dvc", "exp", "run", "-S", "+detektor=lora", check=False)
    assert "error: params.yaml: `detektor` is not a parameter; perhaps `detector` was meant" in output
    assert stages_run(output) == {"check"}


def test_the_command_says_what_will_run_and_what_it_may_cost(repo):
    """Every stage, in a repository that has never run; from a folder below it."""
    output = repo.run("sh", "-c", "cd stages && PYTHONPATH=.. python -W ignore -m clipforensics check")
    settings, footage, to_run, cost = output.splitlines()
    assert settings == "params.yaml: 19 sections and 13 methods are right"
    assert footage.startswith(
        "data set sample: 100 videos (20 real, 20 Deepfakes, 20 Face2Face, 20 FaceSwap, "
    )
    listed = repo.run("dvc", "stage", "list", "--name-only").splitlines()
    n = sum(bool(re.fullmatch(r"[\w@-]+", line)) for line in listed)
    named = (
        "check, ingest, find_faces, embed_people, extract_frames, hash_frames, 1 of split, duplicates,"
        " recognition, embed, extract_background, embed_controls, 2 of train, 2 of evaluate"
    )
    assert to_run.startswith(f"to run: {n} of {n} stages: {named}")
    assert cost.startswith("estimate, to a factor of two or three: ")


def test_check_refuses_in_the_command_too_and_counts(repo):
    edit_yaml(repo.path / "params.yaml", WRONG)
    output = repo.run("python", "-m", "clipforensics", "check", check=False)
    lines = [line for line in output.splitlines() if line.startswith("error: ")]
    assert len(lines) == len(SAID)
    assert f"{len(SAID)} problems; a run would be refused" in output
