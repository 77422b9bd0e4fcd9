"""The table of people comes back as it was written, and what is damaged is one line."""

import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.records import Skipped
from clipforensics.recognition.people import PeopleTable, Person, write_people


def person(number, seed):
    vector = np.random.default_rng(seed).normal(size=4)
    return Person(number, 2, (vector / np.linalg.norm(vector)).astype(np.float32))


FOUND = [("a", [person(0, 1), person(3, 2)]), ("b", []), ("c", [person(1, 3)])]


def write(folder, found=FOUND, n=3, width=4):
    skipped = [Skipped("embed_people", "d.mp4", "is damaged")]
    write_people(folder, {"model": "sface"}, iter(found), skipped, n_people=n, width=width)
    return folder


def test_it_comes_back(tmp_path):
    table = PeopleTable.open(write(tmp_path))
    assert table.model == "sface"
    assert table.people.to_dict("list") == {"key": ["a", "a", "c"], "person": [0, 3, 1], "n_frames": [2] * 3}
    expected = np.stack([one.vector for _, people in FOUND for one in people])
    assert table.vectors.dtype == np.float32
    np.testing.assert_array_equal(table.vectors, expected)
    assert "is damaged" in (tmp_path / "skipped.csv").read_text()


def test_one_of_nobody_comes_back(tmp_path):
    table = PeopleTable.open(write(tmp_path, [], 0, 0))
    assert len(table.people) == len(table.vectors) == 0


@pytest.mark.parametrize("name", ["people.csv", "embeddings.npy", "meta.json"])
def test_a_part_that_is_cut_off_or_missing_is_one_line(name, tmp_path):
    path = write(tmp_path) / name
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputError, match="embed_people"):
        PeopleTable.open(tmp_path)
    path.unlink()
    with pytest.raises(InputError, match=r"run `dvc repro"):
        PeopleTable.open(tmp_path)
