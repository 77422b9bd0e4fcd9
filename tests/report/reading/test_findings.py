"""Everything the page shows, read from the files of a run; what is missing is told by its file."""

import csv
from dataclasses import replace

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import write_json
from clipforensics.report.reading.findings import ABSENT, OFF, Places, Run, read_findings, read_heatmaps
from clipforensics.report.reading.provenance import Provenance

HEAD = {"split": "grouped", "train_set": "B", "manipulation": "X"}
DETECTORS = ["baseline", "lora"]


def run(**changes):
    said = {
        "dataset": "d", "is_sample": False, "detector": "lora", "detectors": DETECTORS,
        "splits": ["per_class", "grouped"], "train_sets": ["A", "B"], "seeds": [1, 2],
        "with_robustness": True, "with_explanations": True, "settings": {"a": 1},
    }  # fmt: skip
    return Run(**{**said, **changes})


def write_rows(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def places(tmp_path):
    found = Places(
        comparison=tmp_path / "comparison.json",
        robustness=tmp_path / "robustness.json",
        explanations=tmp_path / "explanations.json",
        skipped=(tmp_path / "skipped.csv",),
        **{
            name: tmp_path / name
            for name in ("evaluations", "leakage", "errors", "curves", "bands", "heatmaps")
        },
    )
    write_json(found.comparison, {"headline": HEAD})
    for split in ("per_class", "grouped"):
        for train_set in ("A", "B"):
            write_json(found.leakage / split / f"{train_set}.json", {"of": f"{split} {train_set}"})
        for detector in DETECTORS:
            for seed in (1, 2, 9):
                path = found.evaluations / detector / split / f"B-{seed}.json"
                write_json(path, {"of": (detector, split, seed)})
    for detector in DETECTORS:
        write_json(found.errors / detector / "grouped/B-1.json", {"plain": detector})
    for level in ("video", "frame"):
        write_rows(
            found.curves / f"{level}.csv", [{"detector": d, "fpr": 0, "tpr": 1} for d in (*DETECTORS, "old")]
        )
    write_rows(tmp_path / "skipped.csv", [{"stage": "ingest", "path": "p", "reason": "r"}])
    return found


def test_the_cells_of_params_are_read_the_headlines_split_first(places):
    found = read_findings(places, run(), Provenance())
    assert [e["of"] for e in found.evaluations] == [
        [d, split, seed] for split in ("grouped", "per_class") for seed in (1, 2) for d in DETECTORS
    ]
    assert list(found.leakage) == ["grouped B", "grouped A", "per_class B", "per_class A"]
    assert [(name, lists["plain"]) for name, lists in found.errors] == [(d, d) for d in DETECTORS]
    assert list(found.curves["video"]) == DETECTORS
    assert found.bands == {"video": {}, "frame": {}}
    assert [row["reason"] for row in found.skipped] == ["r"]


def test_clustered_errors_go_before_plain_ones(places):
    write_json(places.heatmaps / "errors/lora.json", {"plain": "clustered"})
    found = dict(read_findings(places, run(), Provenance()).errors)
    assert [found[name]["plain"] for name in DETECTORS] == ["baseline", "clustered"]


def test_what_is_switched_off_is_not_what_is_absent(places):
    write_json(places.robustness, {"rows": []})
    found = read_findings(places, run(with_robustness=False), Provenance())
    assert (found.robustness, found.no_robustness) == (None, OFF)
    assert (found.explanations, found.no_explanations) == (None, ABSENT)
    assert read_findings(places, run(), Provenance()).robustness == {"rows": []}


def test_a_detector_without_a_curve_is_refused_by_the_file(places):
    write_rows(places.curves / "video.csv", [{"detector": "lora", "fpr": 0, "tpr": 1}])
    with pytest.raises(InputError, match=r"video\.csv has no curve of 'baseline'; run `dvc repro`"):
        read_findings(places, run(), Provenance())
    (places.curves / "video.csv").unlink()
    with pytest.raises(InputError, match=r"video\.csv does not exist"):
        read_findings(places, run(), Provenance())


def test_heatmaps_that_are_not_wanted_are_not_looked_for(tmp_path):
    assert read_heatmaps(tmp_path / "nowhere", DETECTORS, wanted=False) == {}
    assert read_heatmaps(tmp_path, DETECTORS, wanted=True) == {}


def test_likelihood_ratios_are_read_where_a_run_has_them(places, tmp_path):
    assert read_findings(places, run(), Provenance()).likelihood is None
    named = replace(places, likelihood=tmp_path / "likelihood.json")
    assert read_findings(named, run(), Provenance()).likelihood is None
    write_json(named.likelihood, {"rows": [1]})
    assert read_findings(named, run(), Provenance()).likelihood == {"rows": [1]}


def test_audits_by_content_and_faces_are_those_that_were_made(places):
    for split in ("per_class", "grouped"):
        write_json(places.leakage / "content" / split / "B.json", {"of": split})
        write_json(places.leakage / "faces" / split / "B.json", {"model": "none", "undefined": "off"})
    found = read_findings(places, run(), Provenance())
    assert found.duplicates == {f"{split} B": {"of": split} for split in ("grouped", "per_class")}
    assert found.recognised == {}
    write_json(places.leakage / "faces" / "grouped" / "B.json", {"model": "sface"})
    assert read_findings(places, run(), Provenance()).recognised == {"grouped B": {"model": "sface"}}
