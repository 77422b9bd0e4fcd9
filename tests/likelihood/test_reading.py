"""What stages left, read as likelihood ratios are fitted on it."""

import numpy as np
import pandas as pd
import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video, write_records
from clipforensics.crops.person import Crop
from clipforensics.likelihood.reading import Left, read_table
from clipforensics.protocol.cells import Cell
from clipforensics.protocol.tables import read_scores
from tests.support.result_files import write_results
from tests.support.videos import make_video

CELL = Cell("grouped_kfold-1", "FS", 1)


@pytest.fixture
def left(tmp_path):
    write_results(tmp_path, ["grouped_kfold-1"], in_domain=False)
    return Left(tmp_path / "scores", tmp_path / "splits", tmp_path / "metrics", "max")


def test_a_models_videos_are_pooled_as_evaluate_pooled_them(left):
    found = left.model("lora", CELL)
    scores = read_scores(left.scores / "lora" / f"{CELL.name}.csv")
    of = scores[scores["part"] == "val"]
    assert found.val.keys.tolist() == sorted(set(of["key"]))
    key = found.val.keys[0]
    assert found.val.scores[0] == of[of["key"] == key]["score"].max()
    assert (found.split, found.threshold, found.tested) == ("grouped_kfold-1", 0.5, ["NT"])
    assert found.usable["usable"]
    assert len(found.test.keys) == 8


def test_what_is_not_there_is_told(left):
    with pytest.raises(InputError, match="does not exist; run `dvc repro`"):
        left.model("effort", CELL)


def test_a_video_has_the_size_of_its_main_persons_face_and_none_where_there_is_none(tmp_path):
    videos = [make_video("a"), make_video("b"), make_video("c")]
    write_records(tmp_path / "videos.csv", Video, videos)
    a, b, _ = (video.key for video in videos)
    crops = [Crop(a, 2, 1, 0, 80), Crop(a, 2, 0, 0, 30), Crop(b, 0, -1, 0, 0)]
    write_records(tmp_path / "crops.csv", Crop, crops)
    table = read_table(tmp_path / "videos.csv", tmp_path / "crops.csv")
    assert table["face_size"].tolist() == [80, 0, 0]
    write_records(tmp_path / "crops.csv", Crop, [])
    assert "face_size" not in read_table(tmp_path / "videos.csv", tmp_path / "crops.csv")
    assert isinstance(table, pd.DataFrame)
    assert np.array_equal(table.index, [video.key for video in videos])
