"""Croissant's own library reads the tables, every value of them; and a table that is not whole is refused."""

import csv
from dataclasses import fields

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video
from clipforensics.exporting.croissant import TABLES, describe, write_croissant
from clipforensics.exporting.run import read_run
from tests.support.trained_project import CELL, make_project

mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed; `make test` does")
pytestmark = pytest.mark.filterwarnings(
    "ignore:ConjunctiveGraph is deprecated:DeprecationWarning"
)  # of rdflib


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("export") / "project", ["baseline"])


@pytest.fixture(scope="module")
def out(project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("croissant") / "out"
    write_croissant(read_run(project), folder, license=None, url="https://example.org/scores")
    return folder


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_its_own_library_finds_nothing_wrong_and_reads_every_value(out):
    data = mlcroissant.Dataset(str(out / "croissant.json"))
    assert not data.metadata.ctx.issues.errors
    for table, (_, columns) in TABLES.items():
        wanted = rows(out / f"{table}.csv")
        found = list(data.records(table))
        assert len(found) == len(wanted) > 0
        for ours, theirs in zip(wanted, found, strict=True):
            for column in columns:
                value = theirs[f"{table}/{column}"]
                text = value.decode() if isinstance(value, bytes) else value
                if column in ("label", "score", "n_frames", "frame", "seed", "group"):
                    assert float(ours[column]) == text
                elif ours[column]:
                    assert ours[column] == str(text)


def test_the_scores_are_those_of_the_run(project, out):
    theirs = rows(project / f"data/scores/baseline/{CELL}.csv")
    found = rows(out / "scores.csv")
    assert [row["score"] for row in found] == [row["score"] for row in theirs]
    assert {(r["detector"], r["split"], r["train_set"], r["seed"]) for r in found} == {
        ("baseline", "per_class", "FaceSwap", "42")
    }


def test_every_column_of_the_table_of_videos_is_described():
    assert list(TABLES["videos"][1]) == ["key", *(field.name for field in fields(Video))]


def test_people_are_named_with_their_data_set(out):
    found = {row["key"]: (row["target"], row["source"]) for row in rows(out / "videos.csv")}
    assert found["sample/real/c23/000"] == ("sample/000", "")
    assert found["sample/FaceSwap/c23/000_001"] == ("sample/000", "sample/001")


def test_the_same_run_gives_the_same_bytes_and_its_rows_are_counted(project, out, tmp_path):
    counts = write_croissant(
        read_run(project), tmp_path / "again", license=None, url="https://example.org/scores"
    )
    assert counts == {name: len(rows(out / f"{name}.csv")) for name in TABLES}
    for path in out.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_a_folder_with_files_is_left_alone(project, out):
    before = {path: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(InputError, match="is there and not empty"):
        write_croissant(read_run(project), out, license=None, url=None)
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_tables_columns_and_the_page_are_described_as_they_are_given():
    found = describe("mine", dict.fromkeys(TABLES, "0" * 64), url="https://example.org")
    assert found["url"] == "https://example.org"
    assert "url" not in describe("mine", {"videos": "0" * 64})
    told = {
        one["name"]: (one["description"], {field["name"]: field["description"] for field in one["field"]})
        for one in found["recordSet"]
    }
    assert told == TABLES


def test_a_licence_is_said_for_the_sample_alone():
    assert "license" not in describe("mine", {"videos": "0" * 64})
    assert describe("mine", {"videos": "0" * 64}, license="CC-BY-4.0")["license"] == "CC-BY-4.0"


def test_a_missing_table_is_named(project, tmp_path):
    run = read_run(project)
    moved = type(run)(tmp_path, run.params, run.dataset, True, run.detectors, run.protocol)
    with pytest.raises(InputError, match=r"videos\.csv does not exist; run `dvc repro ingest`"):
        write_croissant(moved, tmp_path / "out", license=None, url=None)
    assert not (tmp_path / "out").exists()
