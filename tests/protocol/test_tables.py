"""The tables that cells leave survive the way through a file."""

import pandas as pd
import pytest

from clipforensics.protocol.tables import read_scores, read_split, write_scores, write_split
from tests.support.populations import fake, real


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
