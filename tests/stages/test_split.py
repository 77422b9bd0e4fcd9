"""Stage split: what it writes, in each protocol, and what stops it."""

import csv
import re

import pytest

from clipforensics.comparison.leaks import count_leaks, nobody_shared
from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.core.records import Video, write_records
from clipforensics.protocol.tables import read_split
from stages import split as stage
from tests.support.populations import fake, full_ffpp, population
from tests.support.shared_data import FFPP, needs_shared

PARAMS = """\
protocol:
  splits:
  - per_class
  train_sets:
  - FaceSwap
  test_manipulations:
  - NeuralTextures
  - rest
  seeds:
  - 42
split:
  on_leak: {on_leak}
  seed: 42
  real_fractions:
  - 0.8
  - 0.1
  - 0.1
  train_fractions:
  - 0.9
  - 0.1
  grouped_fractions:
  - 0.6
  - 0.2
  - 0.2
  n_folds: 5
  train_list: '{lists}'
  val_list: '{lists}'
  test_list: '{lists}'
"""


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_records(tmp_path / "data/videos.csv", Video, population())
    (tmp_path / "params.yaml").write_text(PARAMS.format(on_leak="report", lists=""), encoding="utf-8")
    return tmp_path


def test_the_stage_writes_parts_flags_and_audit(workspace, capsys):
    stage.main("per_class", "FaceSwap")
    folder = workspace / "data/splits/per_class/FaceSwap"
    rows = {}
    for part in ("train", "val", "test"):
        with (folder / f"{part}.csv").open(encoding="utf-8", newline="") as file:
            rows[part] = list(csv.DictReader(file))
    head = ["key", "label", "manipulation", "target", "source", "group"]
    against_training = ["target_seen", "source_seen", "any_seen", "twin", "same_content", "unknown"]
    assert list(rows["train"][0]) == [*head, "unknown"]
    assert list(rows["val"][0]) == [*head, *against_training]
    assert list(rows["test"][0]) == [*head, *against_training, "val_any_seen", "val_twin"]
    assert {value for row in rows["test"] for value in list(row.values())[6:]} == {"0", "1"}
    audited = read_json(workspace / "data/metrics/leakage/per_class/FaceSwap.json")
    assert audited["protocol"] == "per_class"
    assert "left_out" not in audited
    assert audited["sizes"]["train"] == {"FaceSwap": 18, "real": 16}
    twins = sum(row["twin"] == "1" for row in rows["test"])
    assert audited["manipulations"]["NeuralTextures"]["twin"] == twins == 18
    known_to_validation = sum(row["val_twin"] == "1" for row in rows["test"])
    assert audited["validation"]["manipulations"]["NeuralTextures"]["twin"] == known_to_validation == 2
    assert sum(row["val_any_seen"] == "1" for row in rows["test"]) == sum(
        audited["validation"][kind]["any_seen"] for kind in ("real", "fake")
    )
    assert re.fullmatch(
        r"split per_class FaceSwap: train 34, val 4, test 22 of 60 videos;"
        r" in test 18 of 20 fakes have a twin in training, \d+ a seen identity, of 2 reals \d\n",
        capsys.readouterr().out,
    )


def test_the_stage_runs_the_grouped_protocol(workspace):
    stage.main("grouped", "FaceSwap+NeuralTextures")
    audited = read_json(workspace / "data/metrics/leakage/grouped/FaceSwap+NeuralTextures.json")
    assert audited["fake"]["any_seen"] == 0
    with (workspace / "data/splits/grouped/FaceSwap+NeuralTextures/test.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for kind, label in (("real", "0"), ("fake", "1")):  # the groups that the bootstrap draws
        groups = {row["group"] for row in rows if row["label"] == label}
        assert audited[kind]["n_groups"] == audited["validation"][kind]["n_groups"] == len(groups)


@needs_shared
def test_the_official_lists_leak_and_the_counts_say_so(workspace):
    """Two pairs of sequences of one YouTube video lie in train and in test."""
    lists = FFPP / "train.json"
    text = PARAMS.format(on_leak="report", lists=lists).replace("  - rest\n", "")
    for part in ("val", "test"):
        text = text.replace(f"{part}_list: '{lists}'", f"{part}_list: '{FFPP / part}.json'")
    (workspace / "params.yaml").write_text(text, encoding="utf-8")
    write_records(workspace / "data/videos.csv", Video, full_ffpp())
    stage.main("official", "FaceSwap")
    folder = workspace / "data/splits/official/FaceSwap"
    leaks = count_leaks(*(read_split(folder / f"{part}.csv") for part in ("train", "val", "test")))
    assert (leaks["n_real"], leaks["real_seen"]) == (140, 2)
    assert (leaks["n_fake"], leaks["fake_seen"], leaks["twin"]) == (140, 4, 0)
    assert leaks["unknown"] == leaks["train_unknown"] == leaks["val_unknown"] == 0
    assert not nobody_shared(leaks)
    audited = read_json(workspace / "data/metrics/leakage/official/FaceSwap.json")
    assert [audited[kind]["any_seen"] for kind in ("real", "fake")] == [2, 4]
    seen = [audited["validation"][kind]["any_seen"] for kind in ("real", "fake")]
    assert sum(seen) == leaks["val_seen"]


def test_the_stage_deals_folds(workspace):
    tested = []
    for fold in range(1, 6):
        stage.main(f"grouped_kfold-{fold}", "FaceSwap")
        folder = workspace / f"data/splits/grouped_kfold-{fold}/FaceSwap"
        with (folder / "test.csv").open(encoding="utf-8", newline="") as file:
            tested += [row["key"] for row in csv.DictReader(file)]
        audited = read_json(workspace / f"data/metrics/leakage/grouped_kfold-{fold}/FaceSwap.json")
        assert (audited["protocol"], audited["fake"]["any_seen"]) == ("grouped_kfold", 0)
    assert sorted(tested) == sorted(video.key for video in population())


def test_the_stage_refuses_folds_without_the_others(workspace):
    text = PARAMS.format(on_leak="report", lists="").replace("- per_class", "- grouped_kfold-1")
    (workspace / "params.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"lists 1 folds, but split.n_folds is 5"):
        stage.main("grouped_kfold-1", "FaceSwap")


def test_the_stage_cuts_people_apart_and_counts_whom_that_leaves_out(workspace, capsys):
    pairs = [f"{i:03d}_{(i + step) % 20:03d}" for i in range(20) for step in (1, 2)]  # one group of 20 people
    videos = [v for v in population() if v.label == 0]
    videos += [fake(m, pair) for m in ("FaceSwap", "NeuralTextures") for pair in pairs]
    write_records(workspace / "data/videos.csv", Video, videos)
    with pytest.raises(InputError, match=r"part .* share people"):
        stage.main("grouped", "FaceSwap")
    stage.main("grouped_cut", "FaceSwap")
    audited = read_json(workspace / "data/metrics/leakage/grouped_cut/FaceSwap.json")
    left_out = audited["left_out"]["n"]
    assert audited["left_out"]["why"] == "their people are in two parts"
    assert f"; {left_out} left out: their people are in two parts\n" in capsys.readouterr().out
    folder = workspace / "data/splits/grouped_cut/FaceSwap"
    tables = {part: read_split(folder / f"{part}.csv") for part in ("train", "val", "test")}
    assert nobody_shared(count_leaks(**tables))
    shown = {part: set(table["group"]) for part, table in tables.items()}
    assert not shown["train"] & shown["test"], "what is left out ties no groups in the bootstrap"


def test_a_leak_stops_the_run_if_told_to(workspace):
    (workspace / "params.yaml").write_text(PARAMS.format(on_leak="fail", lists=""), encoding="utf-8")
    with pytest.raises(
        InputError, match=r"split per_class of FaceSwap leaks: in test 18 of 20 fakes .* a twin"
    ):
        stage.main("per_class", "FaceSwap")
    audited = read_json(workspace / "data/metrics/leakage/per_class/FaceSwap.json")
    assert audited["fake"]["twin"] == 18, "what leaks can be read"
    stage.main("grouped", "FaceSwap")


def test_the_stage_refuses_a_name_that_is_no_split(workspace):
    with pytest.raises(InputError, match=r"protocol.splits: 'grouped_kfold-9x'"):
        stage.main("grouped_kfold-9x", "FaceSwap")
    with pytest.raises(InputError, match=r"fold 6: must be from 1 to 5"):
        stage.main("grouped_kfold-6", "FaceSwap")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"split.train_list '.*': must be a file"),
        ("[", "not JSON"),
        ("{}", "holds no list"),
        ('[["000", "001"]]', "'000' is in train and in val"),
    ],
)
def test_the_stage_names_a_wrong_official_list(workspace, content, message):
    if content is not None:
        (workspace / "list.json").write_text(content, encoding="utf-8")
    lists = "" if content is None else "list.json"
    (workspace / "params.yaml").write_text(PARAMS.format(on_leak="report", lists=lists), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        stage.main("official", "FaceSwap")
    assert not (workspace / "data/splits").exists()
