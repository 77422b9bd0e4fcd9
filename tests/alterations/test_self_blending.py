"""Self-blended frames: what may change does, what may not does not, and a seed decides all of it."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clipforensics.alterations import self_blending
from clipforensics.alterations.self_blending import blend_mask, self_blend
from tests.alterations.test_degradations import footage

SEEDS = range(200)


def rng(seed):
    return np.random.default_rng(seed)


@given(st.integers(16, 100), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_only_pixels_inside_the_mask_change_and_some_do(side, seed):
    frame = footage(1, side)[0]
    before = frame.copy()
    blended = self_blend(frame, rng(seed))
    assert (blended.shape, blended.dtype) == (frame.shape, np.uint8)
    assert blended.flags.writeable
    assert np.array_equal(frame, before), "the input stays"
    outside = blend_mask(side, rng(seed)) == 0
    assert outside.mean() > 0.3
    assert np.array_equal(blended[outside], frame[outside])
    assert not np.array_equal(blended, frame)


def test_a_seed_decides_everything_in_any_thread():
    frame = footage(1, 48)[0]
    first = [self_blend(frame, rng(seed)) for seed in range(12)]
    with ThreadPoolExecutor(3) as pool:
        again = list(pool.map(lambda seed: self_blend(frame, rng(seed)), range(12)))
    assert np.array_equal(first, again)
    assert len({blended.tobytes() for blended in first}) == 12


def test_a_read_only_frame_is_blended_too():
    frame = footage(1, 32)[0]
    expected = self_blend(frame, rng(3))
    frame.flags.writeable = False
    assert np.array_equal(self_blend(frame, rng(3)), expected)


@pytest.mark.parametrize("side", [16, 64, 224])
def test_masks_have_a_faces_size_and_all_ratios(side):
    masks = np.array([blend_mask(side, rng(seed)) for seed in SEEDS])
    tops = masks.reshape(len(masks), -1).max(axis=1) / 255
    if side > 16:  # a face of three pixels has no middle
        assert set(np.round(tops, 2)) == {0.25, 0.5, 0.75, 1.0}
        assert (np.round(tops, 2) == 1.0).mean() == pytest.approx(0.5, abs=0.1)
    heights = (masks.max(axis=2) > 0.5 * 255 * tops[:, None]).sum(axis=1) / side
    widths = (masks.max(axis=1) > 0.5 * 255 * tops[:, None]).sum(axis=1) / side
    assert 0.5 < widths.mean() / heights.mean() < 1.0
    assert 0.1 < heights.min() < heights.max() < 0.75
    assert masks.min(axis=(1, 2)).max() == 0, "no mask fills the frame"


def test_masks_are_soft_and_anywhere():
    masks = np.array([blend_mask(64, rng(seed)) for seed in SEEDS]).astype(float)
    steps = np.abs(np.diff(masks, axis=1)).max(axis=(1, 2)) / masks.max(axis=(1, 2))
    assert np.median(steps) < 0.5, "no hard border"
    covered = (masks > 0).mean(axis=0)
    assert covered[8:56, 8:56].min() > 0.03
    assert np.abs(covered - covered[:, ::-1]).max() < 0.2, "neither side is preferred"


def test_small_and_large_frames_get_the_same_shapes():
    for seed in range(20):
        large = Image.fromarray(blend_mask(224, rng(seed))).resize((56, 56), Image.Resampling.BOX)
        difference = np.abs(np.asarray(large).astype(int) - blend_mask(56, rng(seed)))
        assert difference.mean() < 1.5


def test_a_source_goes_both_ways_in_light_and_in_sharpness():
    """Else a region that is always darker or coarser would be recognised by that alone."""
    frame = footage(1, 96)[0].astype(float)
    lighter, sharper = [], []
    for seed in SEEDS:
        inside = blend_mask(96, rng(seed)) > 127
        if inside.any():  # not where the ratio is small
            blended = self_blend(frame.astype(np.uint8), rng(seed)).astype(float)
            lighter.append((blended - frame)[inside].mean())
            before, after = (np.abs(np.diff(f, axis=1))[inside[:, 1:]].mean() for f in (frame, blended))
            sharper.append(after - before)
    assert len(lighter) > 100
    assert 0.35 < np.mean(np.array(lighter) > 0) < 0.65
    assert 0.35 < np.mean(np.array(sharper) > 0) < 0.65
    assert abs(np.mean(lighter)) < 3


def test_the_source_moves_by_a_few_hundredths(monkeypatch):
    """A white square, colours and sharpness left alone: its middle moves, its size changes, by little."""
    monkeypatch.setattr(self_blending, "_change_colours", lambda picture, rng: picture)
    monkeypatch.setattr(self_blending, "_change_frequencies", lambda picture, rng: picture)
    frame = np.zeros((200, 200, 3), np.uint8)
    frame[70:130, 80:120] = 255
    box = (50, 50, 150, 150)
    moved = np.array([np.asarray(self_blending._source(frame, box, rng(seed))) for seed in SEEDS]) / 255
    light = moved[..., 0].sum(axis=(1, 2))
    assert light.min() == pytest.approx(2400 * 0.95**2, rel=0.03)
    assert light.max() == pytest.approx(2400 / 0.95**2, rel=0.03)
    places = np.arange(100) + 0.5
    for axis, most in ((2, 0.06), (1, 0.036)):
        profile = moved[..., 0].sum(axis=3 - axis)
        middles = (profile * places).sum(axis=1) / light - 50
        assert 0.9 * 100 * most < np.abs(middles).max() <= 1.06 * 100 * most
        assert abs(middles.mean()) < 0.7


def test_beyond_the_frame_its_edge_goes_on():
    """A mask at the border brings in neither black nor the other side."""
    frame = np.full((64, 64, 3), 180, np.uint8)
    frame[:, 32:] = 20
    for seed in SEEDS:
        assert np.asarray(self_blending._source(frame, (0, 0, 24, 24), rng(seed))).min() > 180 * 0.9 - 46
        assert np.asarray(self_blending._source(frame, (40, 40, 64, 64), rng(seed))).max() < 20 * 1.1 + 46


def test_channels_move_apart_three_times_in_ten():
    grey = Image.fromarray(np.full((32, 32, 3), 128, np.uint8))
    shifted = np.array([np.asarray(self_blending._change_colours(grey, rng(s)))[0, 0] for s in range(1000)])
    apart = np.ptp(shifted, axis=1)
    assert (apart > 0).mean() == pytest.approx(0.3, abs=0.04)
    assert 30 < apart.max() <= 45
    together = shifted[apart == 0, 0].astype(int) - 128
    assert together.min() < -30
    assert together.max() > 30
    assert np.abs(together).max() <= 0.1 * 128 + 25.5 + 1


def test_sharpening_and_coarsening_keep_the_light():
    flat = Image.fromarray(np.full((32, 32, 3), 200, np.uint8))
    for seed in range(50):
        assert (np.asarray(self_blending._change_frequencies(flat, rng(seed))) == 200).all()


def test_half_of_the_sources_are_sharper_and_a_quarter_each_half_and_a_quarter_as_fine():
    noise = np.random.default_rng(0).integers(60, 196, (64, 64, 3), dtype=np.uint8)
    sources = [self_blending._change_frequencies(Image.fromarray(noise), rng(seed)) for seed in SEEDS]
    steps = [np.abs(np.diff(np.asarray(f).astype(float), axis=1)).mean() for f in (noise, *sources)]
    shares = np.histogram(np.divide(steps[1:], steps[0]), [0, 0.22, 0.5, 1.5, 4])[0] / len(SEEDS)
    assert shares[2] == 0
    assert shares[[0, 1, 3]] == pytest.approx([0.25, 0.25, 0.5], abs=0.1)


def test_borders_are_deformed_but_not_out_of_shape():
    """Opposite corners of an ellipse have one middle; the third wave moves those."""
    corners = np.array([self_blending._border(0.5, rng(seed)) for seed in SEEDS])
    middles = (corners[:, :32] + corners[:, 32:]) / 2
    strayed = np.abs(middles - middles.mean(axis=1, keepdims=True)).max(axis=(1, 2))
    assert 0.2 * 0.05 * 0.25 < np.median(strayed) < strayed.max() <= 0.25 * 0.05 * 1.05


def test_ellipses_lean_to_both_sides(monkeypatch):
    monkeypatch.setattr(self_blending, "DENTS", 0.0)
    leans = []
    for seed in SEEDS:
        corners = self_blending._border(0.5, rng(seed))
        x, y = np.linalg.eigh(np.cov(corners.T))[1][:, 1]  # the long axis
        leans.append(np.degrees(np.arctan(x / y)))
    assert -30.1 < min(leans) < -27
    assert 27 < max(leans) < 30.1
    assert abs(np.mean(leans)) < 4


def test_a_border_is_as_soft_for_its_size_whatever_that_is(monkeypatch):
    for name, value in (("DENTS", 0.0), ("BORDERS", (0.05, 0.05)), ("RATIOS", (1.0,))):
        monkeypatch.setattr(self_blending, name, value)
    borders = []
    for height in (0.3, 0.6):
        monkeypatch.setattr(self_blending, "HEIGHTS", (height, height))
        masks = np.array([blend_mask(128, rng(seed)) for seed in range(20)])
        borders.append(((masks > 40) & (masks < 215)).mean() / height**2)
    assert borders[0] == pytest.approx(borders[1], rel=0.1)


@pytest.mark.parametrize("level", [0, 255])
def test_flat_frames_are_no_error(level):
    frame = np.full((16, 16, 3), level, np.uint8)
    for seed in SEEDS:
        assert self_blend(frame, rng(seed)).shape == frame.shape
