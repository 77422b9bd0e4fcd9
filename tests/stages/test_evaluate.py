"""How many looks validation allows for before a detector counts as better than chance."""

import json

import pytest

from stages.evaluate import looks


def write(folder, ends):
    (folder / "choices.json").write_text(json.dumps({"tried": [{"ended": one} for one in ends]}))
    return folder


@pytest.mark.parametrize(
    ("ends", "n"), [(["epochs"] * 3, 3), (["epochs", "diverged"], 2), (["optimum"] * 8, 1), ([], 1)]
)
def test_candidates_count_and_penalties_of_the_probe_are_one(tmp_path, ends, n):
    assert looks(write(tmp_path, ends)) == n


def test_without_a_choice_there_is_one_look(tmp_path):
    assert looks(tmp_path) == 1
