"""Cells of the matrix, their names, and the tables that they leave."""

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.params import check_section
from clipforensics.protocol.cells import (
    Cell,
    Protocol,
    by_protocol,
    fold_of,
    order_manipulations,
    pooled_splits,
    protocol_of,
    repeat_of,
)


def test_a_cell_names_its_files():
    assert Cell.parse("grouped", "Deepfakes+FaceSwap", "42").name == "grouped/Deepfakes+FaceSwap-42"


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a b", "-x", "a;b", "a\nb"])
def test_a_name_that_could_leave_its_folder_is_refused(name):
    with pytest.raises(InputError, match=r"protocol\.train_sets"):
        Cell.parse("per_class", name, "1")


@pytest.mark.parametrize("seed", ["-1", "1.5", "x", "", "\N{SUPERSCRIPT TWO}"])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(InputError, match=r"protocol\.seeds"):
        Cell.parse("per_class", "FaceSwap", seed)


@pytest.mark.parametrize(
    "name",
    ["", "..", "random", "grouped_kfold", "grouped_kfold-0", "grouped-1", "grouped_repeat", "official\n"],
)
def test_a_split_is_one_of_the_protocols(name):
    with pytest.raises(InputError, match=r"protocol\.splits"):
        Cell.parse(name, "FaceSwap", "1")


def test_a_split_names_its_protocol_and_fold():
    assert [protocol_of(s) for s in ("per_class", "grouped_cut", "grouped_kfold-12")] == [
        "per_class", "grouped_cut", "grouped_kfold",
    ]  # fmt: skip
    assert [fold_of(s) for s in ("official", "grouped_kfold-12", "grouped_repeat-3")] == [None, 12, None]
    assert [repeat_of(s) for s in ("grouped", "grouped_kfold-1", "grouped_repeat-3")] == [None, None, 3]


def test_repeats_are_one_protocol_however_many_there_are():
    splits = ["grouped_repeat-4", "grouped", "grouped_repeat-2"]
    assert by_protocol(splits, 5) == {"grouped_repeat": [splits[0], splits[2]], "grouped": ["grouped"]}


def test_folds_of_a_protocol_belong_together():
    folds = ["grouped_kfold-2", "grouped_kfold-1", "grouped_kfold-3"]
    assert by_protocol(["per_class", *folds], 3) == {"per_class": ["per_class"], "grouped_kfold": folds}
    assert by_protocol(["grouped", "official"], 5) == {"grouped": ["grouped"], "official": ["official"]}
    with pytest.raises(InputError, match=r"lists 2 folds, but split.n_folds is 3"):
        by_protocol(folds[:2], 3)
    with pytest.raises(InputError, match=r"split.n_folds is 2"):
        by_protocol(folds, 2)


@pytest.mark.parametrize("key", ["splits", "train_sets", "test_manipulations", "seeds"])
def test_a_list_that_names_something_twice_is_refused(key):
    section = {"splits": ["grouped"], "train_sets": ["FS"], "test_manipulations": ["NT"], "seeds": [42]}
    assert check_section(section, Protocol, "params.yaml").seeds == [42]
    with pytest.raises(InputError, match=rf"`{key}`.*listed twice"):
        check_section({**section, key: 2 * section[key]}, Protocol, "params.yaml")


def test_in_one_fold_any_manipulation_may_be_missing():
    assert order_manipulations(["NT", "rest"], ["DF"], trained="FS", one_fold=True) == ["DF"]
    with pytest.raises(InputError, match="none of"):
        order_manipulations(["NT"], ["DF"], trained="FS", one_fold=True)


def test_manipulations_in_the_order_asked_for():
    present = ["DF", "F2F", "FS", "NT"]
    assert order_manipulations(["NT", "rest"], present, trained="FS") == ["NT", "DF", "F2F", "FS"]
    assert order_manipulations(["rest", "DF"], present, trained="FS") == ["F2F", "FS", "NT", "DF"]
    assert order_manipulations(["FS"], present, trained="FS") == ["FS"]


def test_what_a_cell_trains_on_may_lack_a_test_part_and_nothing_else_may():
    assert order_manipulations(["NT", "rest"], ["DF"], trained="NT+FS") == ["DF"]
    with pytest.raises(InputError, match=r"\['NT'\] have no test videos"):
        order_manipulations(["NT", "rest"], ["DF"], trained="FS")
    with pytest.raises(InputError, match="none of"):
        order_manipulations(["NT"], ["DF"], trained="NT")


def test_folds_are_tested_as_one_and_every_repeat_alone():
    splits = ["grouped_repeat-3", "grouped_kfold-1", "per_class", "grouped_repeat-1", "grouped_kfold-2"]
    assert pooled_splits(by_protocol(splits, 2)) == [
        ("grouped_repeat", "grouped_repeat-3", ["grouped_repeat-3"]),
        ("grouped_repeat", "grouped_repeat-1", ["grouped_repeat-1"]),
        ("grouped_kfold", "grouped_kfold", ["grouped_kfold-1", "grouped_kfold-2"]),
        ("per_class", "per_class", ["per_class"]),
    ]
