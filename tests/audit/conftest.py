"""A small audit that works."""

import pytest

from tests.support.score_files import TRAIN, VIDEOS, write_scores, write_train


@pytest.fixture
def files(tmp_path):
    """Arguments of a small audit that works, with a folder `out`."""
    scores = write_scores(tmp_path / "mine.csv", VIDEOS)
    train = write_train(tmp_path / "train.csv", TRAIN)
    return [str(scores), "--train", str(train), "--out", str(tmp_path / "out"), "--replicates", "100"]
