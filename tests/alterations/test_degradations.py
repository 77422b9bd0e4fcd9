"""Degradations by their properties: identity at 0, harm that grows, and no dependence on anything else."""

import io
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clipforensics.alterations.degradations import DEGRADATIONS, STRENGTHS, degrade, setting_in_words
from clipforensics.core.faults import InputError

NAMES = list(DEGRADATIONS)
ALONE = [name for name in NAMES if name != "noise"]


def footage(n: int = 3, height: int = 64, width: int | None = None, seed: int = 0) -> np.ndarray:
    """Frames with edges, gradients and a little grain, different from one another."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0 : width or height] / height
    frames = []
    for number in range(n):
        disc = ((x - 0.4 - 0.05 * number) ** 2 + (y - 0.5) ** 2 < 0.08)[..., None] * [90, 40, -30]
        waves = 60 * np.sin(2 * np.pi * (6 * x + (2 + number) * y))[..., None] * [1, 0.5, 0.2]
        frames.append(90 + disc + waves + rng.normal(0, 4, (*x.shape, 3)))
    return np.clip(frames, 0, 255).astype(np.uint8)


def harm(frames: np.ndarray, degraded: np.ndarray) -> float:
    return float(((degraded.astype(float) - frames) ** 2).mean())


@pytest.mark.parametrize("name", NAMES)
def test_strength_0_is_the_identity_in_a_new_array(name):
    frames = footage()
    same = degrade(frames, name, 0, key="a", seed=1)
    assert np.array_equal(same, frames)
    assert not np.shares_memory(same, frames)


@pytest.mark.parametrize("size", [64, 97, 224])
@pytest.mark.parametrize("name", NAMES)
def test_harm_grows_with_strength(name, size):
    frames = footage(2, size)
    before = frames.copy()
    harms = [harm(frames, degrade(frames, name, s, key="a", seed=1)) for s in STRENGTHS]
    assert harms[0] > 0.5, "even the mildest is seen"
    assert all(a < b for a, b in pairwise(harms)), harms
    assert np.array_equal(frames, before), "the input stays"


@given(
    st.sampled_from(NAMES),
    st.sampled_from(STRENGTHS),
    st.integers(1, 3),
    st.integers(16, 37),
    st.integers(16, 37),
)
@settings(max_examples=60, deadline=None)
def test_shape_and_dtype_stay_at_any_size(name, strength, n, height, width):
    frames = footage(n, height, width)
    degraded = degrade(frames, name, strength, key="a", seed=0)
    assert degraded.shape == frames.shape
    assert degraded.dtype == np.uint8
    assert degraded.flags.c_contiguous


@pytest.mark.parametrize("name", NAMES)
def test_no_frames_give_no_frames(name):
    assert degrade(footage()[:0], name, 3, key="a", seed=0).shape == (0, 64, 64, 3)


@pytest.mark.parametrize("name", ALONE)
def test_a_frame_does_not_depend_on_its_neighbours(name):
    frames = footage(4)
    whole = degrade(frames, name, 3, key="a", seed=0)
    apart = [degrade(frames[i : i + 1], name, 3, key="b", seed=9)[0] for i in range(4)]
    assert np.array_equal(whole, apart)
    assert np.array_equal(degrade(frames[::-1], name, 3, key="a", seed=0), whole[::-1])


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_calls_and_threads_change_nothing(name):
    videos = {f"v{i}": footage(2, 33, seed=i) for i in range(6)}
    run = partial(_degrade_named, videos, name)
    first = [run(key) for key in videos]
    with ThreadPoolExecutor(3) as pool:
        again = list(pool.map(run, reversed(list(videos))))[::-1]
    assert np.array_equal(first, again)


def _degrade_named(videos, name, key):
    return degrade(videos[key], name, 4, key=key, seed=5)


def test_noise_is_drawn_by_video_strength_and_seed():
    frames = np.full((2, 32, 32, 3), 128, np.uint8)
    draw = {
        (key, strength, seed): degrade(frames, "noise", strength, key=key, seed=seed).astype(int) - 128
        for key in "ab"
        for strength in (1, 2)
        for seed in (0, 1)
    }
    flat = np.array([d.ravel() for d in draw.values()])
    correlation = np.corrcoef(flat) - np.eye(len(flat))
    assert np.abs(correlation).max() < 0.1, "eight independent draws"
    assert np.corrcoef(draw["a", 1, 0][0].ravel(), draw["a", 1, 0][1].ravel())[0, 1] < 0.1
    assert draw["a", 2, 0].std() == pytest.approx(255 * 0.0005**0.5, rel=0.03)


def test_jpeg_is_pillows():
    frames = footage(2)
    file = io.BytesIO()
    Image.fromarray(frames[1]).save(file, "JPEG", quality=40)
    assert np.array_equal(degrade(frames, "jpeg", 4, key="a", seed=0)[1], np.asarray(Image.open(file)))


def test_h264_has_the_two_rates_of_faceforensics():
    words = [setting_in_words("h264", strength) for strength in STRENGTHS]
    assert words[2] == "crf 23"
    assert words[4] == "crf 40"


def test_h264_keeps_colours_and_place():
    frames = np.full((2, 33, 47, 3), (200, 60, 30), np.uint8)
    frames[:, :, 24:] = (20, 90, 220)
    degraded = degrade(frames, "h264", 1, key="a", seed=0).astype(int)
    assert np.abs(degraded - frames)[:, :, np.r_[2:22, 26:45]].max() <= 4
    assert np.abs(degraded - frames)[:, -1, np.r_[2:22, 26:45]].max() <= 4, "the padded row is cut off"


def test_blur_harms_small_and_large_frames_alike():
    small, large = footage(1, 64), footage(1, 224)
    smooth = [degrade(frames, "blur", 1, key="a", seed=0) for frames in (small, large)]  # without grain
    harms = [harm(f, degrade(f, "blur", 5, key="a", seed=0)) for f in smooth]
    assert harms[0] == pytest.approx(harms[1], rel=0.25)


def test_scaling_keeps_a_fraction_of_the_side():
    frames = footage(1, 64, 40)
    small = Image.fromarray(frames[0]).resize((10, 16), Image.Resampling.BICUBIC)
    back = np.asarray(small.resize((40, 64), Image.Resampling.BICUBIC))
    assert np.array_equal(degrade(frames, "scale", 5, key="a", seed=0)[0], back)


def test_blur_is_a_gaussian_of_its_width():
    point = np.zeros((1, 224, 224, 3), np.uint8)
    point[0, :, 112] = 255
    row = degrade(point, "blur", 5, key="a", seed=0)[0, 50, :, 0].astype(float)
    spread = (row * (np.arange(224) - 112) ** 2).sum() / row.sum()
    assert spread**0.5 == pytest.approx(8, rel=0.05)


def test_brightness_raises_hsv_value_and_keeps_hue_and_saturation():
    colours = np.array([[[[100, 50, 25], [0, 0, 0], [250, 125, 0]]]], np.uint8)
    lighter = degrade(colours, "brightness", 1, key="a", seed=0)
    assert lighter.tolist() == [[[[126, 63, 31], [26, 26, 26], [255, 128, 0]]]]


def test_every_setting_has_words():
    assert [setting_in_words("jpeg", s) for s in (0, 1, 5)] == ["undegraded", "quality 95", "quality 10"]
    words = {setting_in_words(name, s) for name in NAMES for s in STRENGTHS}
    assert len(words) == 30
    assert all(family.about for family in DEGRADATIONS.values())


@pytest.mark.parametrize(("name", "strength", "words"), [("fog", 1, "'fog'.*jpeg"), ("jpeg", 6, "6 must be")])
def test_what_is_not_there_is_refused(name, strength, words):
    with pytest.raises(InputError, match=words):
        degrade(footage(1), name, strength, key="a", seed=0)
