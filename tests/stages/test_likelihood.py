"""The stage `likelihood` on files that evaluate left: what is read, what is written, the same bytes again."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video, read_videos, write_records
from clipforensics.likelihood.calibrate import fit
from clipforensics.likelihood.reading import read_table
from clipforensics.metrics.pooling import pool_by_video
from clipforensics.protocol.tables import read_scores
from stages import likelihood
from tests.support.result_files import OPTIONS, REPEATS, write_results

SPLITS = ["per_class", "grouped"]
PARAMS = {
    "dataset": "made-up",
    "detectors": ["baseline", "lora"],
    "evaluate": {"aggregate": "mean"},
    "compare": {name: value for name, value in OPTIONS.items() if name != "aggregate"},
    "likelihood": {"method": "logistic", "alpha": 0.3, "prior_log10_odds": 1.0},
    "protocol": {
        "splits": SPLITS, "train_sets": ["FS"], "test_manipulations": ["NT", "rest"], "seeds": [1],
    },
    "split": {"n_folds": 3},
}  # fmt: skip


@pytest.fixture(autouse=True)
def run(tmp_path, monkeypatch):
    """A run whose second split's detectors are unusable (see `write_results`)."""
    monkeypatch.chdir(tmp_path)
    write_run(SPLITS)


def write_run(splits):
    """Files of two detectors on these splits, instead of any that were there."""
    shutil.rmtree("data", ignore_errors=True)
    Path("params.yaml").write_text(
        yaml.safe_dump({**PARAMS, "protocol": {**PARAMS["protocol"], "splits": splits}})
    )
    write_results(Path("data"), splits, in_domain=True)
    Path("data/metrics").rename("data/evaluate")
    Path("data/metrics").mkdir()
    Path("data/evaluate").rename("data/metrics/evaluate")
    Path("data/metrics/comparison.json").write_text('{"primary": null}')
    places = [
        (split, kind, str(i)) for split in [*splits, "all"] for kind in ("real", "FS", "NT") for i in range(4)
    ]
    videos = [
        Video(split, "test", kind, i, "", "", 0, "", "", "p", n_frames=1, width=64, height=64, n_bytes=n)
        for n, (split, kind, i) in enumerate(places)
    ]  # whose keys are those of `write_results`
    write_records(Path("data/videos.csv"), Video, videos)
    Path("data/frames").mkdir()
    Path("data/frames/crops.csv").write_text("key,n_at_once,person,n_missing,face_size\n")


def test_the_size_of_a_face_is_joined_where_faces_were_looked_for():
    assert "face_size" not in read_table(likelihood.VIDEOS, likelihood.CROPS).columns
    videos = read_videos(likelihood.VIDEOS)
    likelihood.CROPS.write_text(
        f"key,n_at_once,person,n_missing,face_size\n{videos[1].key},2,1,0,120\n{videos[4].key},1,0,3,77\n"
    )
    table = read_table(likelihood.VIDEOS, likelihood.CROPS)
    assert table["face_size"].astype(int).tolist()[:6] == [0, 120, 0, 0, 77, 0]
    assert table.index.tolist() == [video.key for video in videos]


def test_what_is_written_is_of_every_cell_and_fitted_on_validation(capsys):
    likelihood.main()
    assert capsys.readouterr().out == "data/metrics/likelihood.json: 16 rows of likelihood ratios\n"
    content = json.loads(Path("data/metrics/likelihood.json").read_text())
    by = {(r["detector"], r["protocol"], r["manipulation"], r["method"]): r for r in content["rows"]}
    assert len(by) == 16
    scores = read_scores(Path("data/scores/lora/per_class/FS-1.csv"))
    val = scores[scores["part"] == "val"]
    fitted = fit(*pool_by_video(val["score"], val["label"], val["key"]), "logistic")
    row = by["lora", "per_class", "FS", "logistic"]
    assert row["validation"][0]["slope"] == pytest.approx(fitted.slope)
    assert row["h1_names_it"]
    assert by["lora", "grouped", "NT", "pav"]["undefined"] == "grouped: made up"
    assert by["lora", "grouped", "NT", "pav"]["cllr"] is None
    table = Path("plots/likelihood/ece.csv").read_text().splitlines()
    assert table[0] == "detector,prior,bits"
    assert np.unique([line.rsplit(",", 2)[0] for line in table[1:]]).size == 6


def test_repeats_that_test_the_same_videos_are_assessed_each_alone():
    write_run(REPEATS)
    likelihood.main()
    content = json.loads(Path("data/metrics/likelihood.json").read_text())
    assert (content["headline"]["protocol"], content["headline"]["split"]) == (
        "grouped_repeat", "grouped_repeat-1",
    )  # fmt: skip
    for split in REPEATS:
        rows = [row for row in content["rows"] if row["split"] == split]
        assert {row["protocol"] for row in rows} == {"grouped_repeat"}
        assert len(rows) == 2 * 2 * 2
        assert all([one["split"] for one in row["validation"]] == [split] for row in rows)
        assert all((row["n_real"], row["n_fake"]) == (4, 4) for row in rows)
    assert {row["split"] for row in content["conditions"]} == {"grouped_repeat-1"}
    assert {row["split"] for row in content["abstention"]["rows"]} == {"grouped_repeat-1"}


def test_the_same_files_give_the_same_bytes():
    places = [
        Path("data/metrics/likelihood.json"),
        *(Path("plots/likelihood", f"{k}.csv") for k in ("ece", "tippett")),
    ]
    runs = []
    for _ in range(2):
        likelihood.main()
        runs.append([place.read_bytes() for place in places])
    assert runs[0] == runs[1]


def test_an_unknown_setting_is_refused():
    wrong = {**PARAMS, "likelihood": {**PARAMS["likelihood"], "methods": "pav"}}
    Path("params.yaml").write_text(yaml.safe_dump(wrong))
    with pytest.raises(InputError, match="`methods` is not a parameter; perhaps `method` was meant"):
        likelihood.main()


def test_of_several_people_the_size_is_the_main_ones():
    videos = read_videos(likelihood.VIDEOS)
    likelihood.CROPS.write_text(
        "key,n_at_once,person,n_missing,face_size\n"
        f"{videos[1].key},2,1,0,120\n{videos[1].key},2,0,0,40\n{videos[4].key},1,0,3,77\n"
    )
    table = read_table(likelihood.VIDEOS, likelihood.CROPS)
    assert table["face_size"].astype(int).tolist()[:6] == [0, 120, 0, 0, 77, 0]
    assert table.index.tolist() == [video.key for video in videos]
