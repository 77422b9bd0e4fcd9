"""A cut of the film is told from movement within a shot."""

from itertools import pairwise

import numpy as np
import pytest

from clipforensics.faces.shots import ALIKE, is_cut, thumbnail
from clipforensics.footage.video import decode_frames, probe_video
from clipforensics.frames.rows import sample_frame_indices
from tests.support.shared_data import FOOTAGE, needs_shared


def correlation(a, b):
    """The slow way."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_it_is_the_correlation_of_thumbnails():
    rng = np.random.default_rng(0)
    pictures = [np.clip(rng.normal(120, 60, (32, 32, 1)), 0, 255).repeat(3, 2) for _ in range(2)]
    mixed = [pictures[0] * (1 - share) + pictures[1] * share for share in np.linspace(0, 1, 11)]
    small = [thumbnail(picture.astype(np.uint8)) for picture in mixed]
    told = [is_cut(small[0], other) for other in small]
    assert told == [correlation(small[0], other) < ALIKE for other in small]
    assert told[0] is False
    assert told[-1] is True


def test_brightness_and_contrast_are_no_cut():
    picture = np.random.default_rng(1).integers(0, 100, (90, 160, 3), dtype=np.uint8)
    assert not is_cut(thumbnail(picture), thumbnail(picture * 2 + 20))


def test_plain_pictures():
    black, white = (thumbnail(np.full((50, 50, 3), value, np.uint8)) for value in (0, 255))
    noise = thumbnail(np.random.default_rng(2).integers(0, 256, (50, 50, 3), dtype=np.uint8))
    assert not is_cut(black, white)
    assert is_cut(black, noise)
    assert is_cut(noise, black)


@needs_shared
@pytest.mark.parametrize(
    ("name", "cuts"),
    [
        ("real/short_hamilton_clip.mp4", [True, True, True, True, False, True, False]),
        ("real/liveportrait_d12.mp4", [False] * 7),
        ("real/tpsmm_driving.mp4", [False] * 7),
    ],
)
def test_real_film(name, cuts):
    path = FOOTAGE / name
    indices = sample_frame_indices(probe_video(path).n_frames, 8).tolist()
    small = [thumbnail(picture) for _, picture in decode_frames(path, indices)]
    assert [is_cut(a, b) for a, b in pairwise(small)] == cuts
