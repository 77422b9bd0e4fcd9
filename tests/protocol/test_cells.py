"""Cells of the matrix, their names, and the tables that they leave."""

import pandas as pd
import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.params import check_section
from clipforensics.protocol.cells import (
    Cell,
    Protocol,
    by_protocol,
    fold_of,
    order_manipulations,
    protocol_of,
)
from clipforensics.protocol.tables import read_scores, read_split, write_scores, write_split
from tests.support.populations import fake, real


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
    "name", ["", "..", "random", "grouped_kfold", "grouped_kfold-0", "grouped-1", "official\n"]
)
def test_a_split_is_one_of_the_protocols(name):
    with pytest.raises(InputError, match=r"protocol\.splits"):
        Cell.parse(name, "FaceSwap", "1")


def test_a_split_names_its_protocol_and_fold():
    assert [protocol_of(s) for s in ("per_class", "grouped_kfold-12")] == ["per_class", "grouped_kfold"]
    assert [fold_of(s) for s in ("official", "grouped_kfold-12")] == [None, 12]


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


def test_scores_survive_the_table(tmp_path):
    table = pd.DataFrame(
        {
            "key": ["d/real/-/NA", 'd/FS/c23/é "x",y'],
            "manipulation": ["real", "FS"],
            "label": [0, 1],
            "part": ["val", "test"],
            "frame": [3, 0],
            "score": [0.123456789, 1 / 3],
        }
    )
    write_scores(tmp_path / "s" / "x.csv", table)
    again = read_scores(tmp_path / "s" / "x.csv")
    assert again.drop(columns="score").equals(table.drop(columns="score"))
    assert again["score"].tolist() == pytest.approx(table["score"].tolist(), abs=1e-9)


def test_a_split_keeps_names_as_text(tmp_path):
    (tmp_path / "test.csv").write_text("key,label,manipulation,target,source,twin\nNA,0,real,007,,0\n")
    table = read_split(tmp_path / "test.csv")
    assert table.to_dict("records") == [
        {"key": "NA", "label": 0, "manipulation": "real", "target": "007", "source": "", "twin": 0}
    ]


def test_a_split_survives_the_table(tmp_path):
    videos = [real("007"), fake("FaceSwap", "007_001")]
    groups = {video.key: number for number, video in enumerate(videos)}
    write_split(tmp_path / "a/test.csv", videos, groups, {"twin": [False, True]})
    table = read_split(tmp_path / "a/test.csv")
    assert table["key"].tolist() == [video.key for video in videos]
    assert table[["target", "source"]].to_numpy().tolist() == [["007", ""], ["007", "001"]]
    assert table[["label", "group", "twin"]].to_numpy().tolist() == [[0, 0, 0], [1, 1, 1]]
    write_split(tmp_path / "a/train.csv", videos, groups, {})
    assert list(read_split(tmp_path / "a/train.csv")) == [*table.columns[:-1]]
