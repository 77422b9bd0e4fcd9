"""Augmented frames: each family does what it says, and a frame's seed alone decides how."""

import io
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from PIL import Image

from clipforensics.alterations.augmentation import FAMILIES, AugmentSection, _plan, augment, is_off
from clipforensics.alterations.degradations import DEGRADATIONS
from clipforensics.alterations.self_blending import self_blend
from clipforensics.core.faults import InputError
from clipforensics.core.params import check_section
from tests.alterations.test_degradations import footage

RANGES = {
    "crop_area": [0.7, 0.95],
    "colour_brightness": [0.8, 1.2],
    "colour_contrast": [0.8, 1.2],
    "colour_saturation": [0.5, 1.5],
    "blur_sigma": [10.0, 20.0],
    "scale_side": [0.3, 0.8],
    "jpeg_quality": [30, 90],
}
OFF = dict.fromkeys(FAMILIES, 0.0)
EVERY = dict.fromkeys(FAMILIES, 1.0)


def section(**values):
    return AugmentSection(**(RANGES | OFF | values))


def altered(frames, rows=None, *, blended=False, takes=0, seed=1, epoch=0, threads=1, **values):
    rows = np.arange(len(frames)) if rows is None else np.asarray(rows)
    return augment(
        frames,
        rows,
        settings=section(**values),
        seed=seed,
        epoch=epoch,
        blended=np.broadcast_to(blended, len(frames)),
        takes=np.broadcast_to(takes, len(frames)),
        threads=threads,
    )


def test_nothing_to_do_gives_the_very_same_frames():
    frames = footage(3, 32)
    assert is_off(section())
    assert altered(frames) is frames
    assert altered(frames[:0], **EVERY).shape == (0, 32, 32, 3)
    assert not any(is_off(section(**{name: 0.01})) for name in FAMILIES)


@given(st.sampled_from([*FAMILIES, "blend", "everything"]), st.integers(16, 40), st.integers(0, 2**63 - 1))
@budget(max_examples=60, deadline=None)
def test_shape_and_dtype_stay_at_any_size_and_so_does_the_input(name, side, seed):
    frames = footage(2, side)
    before = frames.copy()
    values = EVERY if name == "everything" else {name: 1.0} if name != "blend" else {}
    out = altered(frames, seed=seed, blended=name == "blend", **values)
    assert (out.shape, out.dtype) == (frames.shape, np.uint8)
    assert out.flags.c_contiguous
    assert not np.shares_memory(out, frames)
    assert not np.array_equal(out, frames)
    assert np.array_equal(frames, before)


HALF = dict.fromkeys(FAMILIES, 0.5)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_frame_is_altered_alike_in_any_batch_order_and_thread(threads):
    frames, blended = footage(8, 33), np.arange(8) % 3 == 0
    rows, takes = np.array([5, 0, 17, 17, 2**33, 8, 4, 1]), np.array([0, 0, 0, 1, 0, 2, 0, 0])
    whole = altered(frames, rows, blended=blended, takes=takes, **HALF)
    again = altered(
        frames[::-1], rows[::-1], blended=blended[::-1], takes=takes[::-1], threads=threads, **HALF
    )
    assert np.array_equal(again[::-1], whole)
    for i in range(8):
        part = slice(i, i + 1)
        alone = altered(
            frames[part], rows[part], blended=blended[part], takes=takes[part], threads=threads, **HALF
        )
        assert np.array_equal(alone[0], whole[i])


def test_seed_epoch_row_and_take_each_decide():
    frame = footage(1, 32)
    results = {
        altered(frame, [row], takes=take, seed=seed, epoch=epoch, **EVERY).tobytes()
        for seed, epoch, row, take in product((0, 1), repeat=4)
    }
    assert len(results) == 16


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_draws_the_same_numbers_whatever_the_others_do(name):
    def numbers(values, blends):
        steps = {step.func: step.keywords["rng"] for step in _plan(section(**values), [1, 0, 7], 2, blends)}
        return steps[FAMILIES[name]].random(5).tolist()

    assert numbers({name: 1.0}, False) == numbers(EVERY, True)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("probability", [0.2, 0.7])
def test_a_family_touches_its_share_of_frames(name, probability):
    frames = np.repeat(footage(1, 16), 1000, axis=0)
    touched = (altered(frames, **{name: probability}) != frames).any(axis=(1, 2, 3))
    assert touched.mean() == pytest.approx(probability, abs=0.05)


def test_families_and_epochs_are_drawn_independently():
    frames = np.repeat(footage(1, 16), 1000, axis=0)
    touched = [
        (altered(frames, epoch=epoch, **{name: 0.5}) != frames).any(axis=(1, 2, 3))
        for name in FAMILIES
        for epoch in (0, 1)
    ]
    assert np.abs(np.corrcoef(touched) - np.eye(len(touched))).max() < 0.12


FROM_CAMERA_TO_UPLOAD = ("flip", "crop", "colour", "blur", "scale", "jpeg")


@pytest.mark.parametrize(("first", "second"), list(pairwise(FROM_CAMERA_TO_UPLOAD)))
def test_families_follow_the_way_of_footage(first, second):
    frames, one, other = footage(4, 48), {first: 1.0}, {second: 1.0}
    both = altered(frames, **one, **other)
    assert np.array_equal(both, altered(altered(frames, **one), **other))
    assert not np.array_equal(both, altered(altered(frames, **other), **one))


def test_flip_is_a_mirror():
    frames = footage(2, 20)
    assert np.array_equal(altered(frames, flip=1.0), frames[:, :, ::-1])


def test_crops_lie_anywhere_and_keep_the_area_asked_for():
    """On a ramp of 1 a pixel, a crop's first and last value say where it began and ended."""
    side = 200
    ramp = np.broadcast_to(np.arange(side, dtype=np.uint8)[None, :, None], (side, side, 3))
    frames = np.repeat(ramp[None], 300, axis=0)
    crops = altered(frames, crop=1.0, crop_area=[0.25, 0.81])[:, side // 2, :, 0].astype(float)
    kept = (crops[:, -20] - crops[:, 20]) / (side - 40)
    assert 0.5 - 0.01 <= kept.min() < 0.53
    assert 0.87 < kept.max() <= 0.9 + 0.01
    area = kept**2
    assert area.mean() == pytest.approx(0.53, abs=0.03), "uniform in area"
    middles = (crops[:, 20] + crops[:, -20]) / 2
    assert middles.mean() == pytest.approx(100, abs=3)
    assert middles.min() < 65
    assert middles.max() > 135


def test_a_crop_of_everything_changes_nothing():
    frames = footage(4, 33)
    assert np.array_equal(altered(frames, crop=1.0, crop_area=[1.0, 1.0]), frames)


@pytest.mark.parametrize("kind", ["brightness", "contrast", "saturation"])
def test_colour_factors_act_as_named_and_one_is_neutral(kind):
    frames = footage(1, 32)
    neutral = {f"colour_{k}": [1.0, 1.0] for k in ("brightness", "contrast", "saturation")}
    assert np.array_equal(altered(frames, colour=1.0, **neutral), frames)
    measure = {
        "brightness": lambda f: f.mean(),
        "contrast": lambda f: f.std(),
        "saturation": lambda f: (f.max(axis=3) - f.min(axis=3)).mean(),
    }[kind]
    measured = [
        measure(altered(frames, colour=1.0, **(neutral | {f"colour_{kind}": [f, f]})).astype(float))
        for f in (0.5, 0.8, 1.0, 1.2)
    ]
    assert all(a < b for a, b in pairwise(measured))
    assert measured[0] / measured[2] == pytest.approx(0.5, abs=0.2)


def test_blur_scale_and_jpeg_are_those_of_the_degradations():
    frames = footage(2, 64)
    rng = np.random.default_rng(0)
    for name, key, value in (("blur", "blur_sigma", 2.5), ("scale", "scale_side", 0.5)):
        expected = DEGRADATIONS[name].apply(frames, value, rng)
        assert np.array_equal(altered(frames, **{name: 1.0, key: [value, value]}), expected)
    file = io.BytesIO()
    Image.fromarray(frames[1]).save(file, "JPEG", quality=35)
    assert np.array_equal(altered(frames, jpeg=1.0, jpeg_quality=[35, 35])[1], np.asarray(Image.open(file)))


@pytest.mark.parametrize("name", ["blur", "scale"])
def test_strengths_fill_their_range(name, monkeypatch):
    seen = []
    record = type("Recorder", (), {"apply": staticmethod(lambda f, value, rng: seen.append(value) or f)})
    monkeypatch.setitem(DEGRADATIONS, name, record)
    altered(np.repeat(footage(1, 16), 400, axis=0), **{name: 1.0})
    low, high = RANGES[{"blur": "blur_sigma", "scale": "scale_side"}[name]]
    counts, _ = np.histogram(seen, 4, (low, high))
    assert counts.sum() == 400
    assert counts.min() > 70


def test_both_ends_of_the_jpeg_range_are_drawn():
    frames = np.repeat(footage(1, 16), 60, axis=0)
    found = {frame.tobytes() for frame in altered(frames, jpeg=1.0, jpeg_quality=[30, 32])}
    expected = {
        DEGRADATIONS["jpeg"].apply(frames[:1], q, np.random.default_rng(0))[0].tobytes() for q in (30, 31, 32)
    }
    assert found == expected


def test_blended_frames_are_blended_first_and_then_altered_as_their_real_ones():
    frames = footage(3, 48)
    blended = altered(frames, blended=[True, False, True])
    assert np.array_equal(blended[1], frames[1])
    assert not np.array_equal(blended[0], frames[0])
    both = altered(frames, blended=[True, False, True], **EVERY)
    assert np.array_equal(both, altered(blended, **EVERY))


def test_a_blend_has_a_seed_of_its_own_a_frame():
    frame = footage(1, 48)
    expected = self_blend(frame[0], np.random.default_rng([1, 2, 3, 1, 0]))
    assert np.array_equal(altered(frame, [3], epoch=2, blended=True)[0], expected)
    assert not np.array_equal(altered(frame, [3], epoch=2, blended=True, takes=1)[0], expected)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"flip": 1.5}, "`flip`: input should be less than or equal to 1"),
        ({"flip": "0.5"}, "`flip`.*valid number"),
        ({"blur_sigma": [3.0, 1.0]}, "`blur_sigma`.*swap"),
        ({"crop_area": [0.0, 1.0]}, r"`crop_area\.0`: input should be greater than 0"),
        ({"scale_side": [0.5, 1.5]}, r"`scale_side\.1`"),
        ({"jpeg_quality": [30]}, "`jpeg_quality`.*at least 2 items"),
        ({"jpeg_quality": [30, 101]}, r"`jpeg_quality\.1`"),
        ({"jpeg_quality": [30.5, 80]}, r"`jpeg_quality\.0`.*integer"),
        ({"colour_contrast": [float("nan"), 1.0]}, r"`colour_contrast\.0`"),
        ({"colour_contrast": [1.0, float("inf")]}, r"`colour_contrast\.1`"),
        ({"noise": 0.5}, "`noise` is not a parameter"),
    ],
)
def test_wrong_settings_are_named(values, words):
    with pytest.raises(InputError, match=words):
        check_section(RANGES | OFF | values, AugmentSection, "params.yaml: train.augment")


@pytest.mark.parametrize("name", [*RANGES, *OFF])
def test_no_setting_has_a_value_in_code(name):
    content = {key: value for key, value in (RANGES | OFF).items() if key != name}
    with pytest.raises(InputError, match=f"`{name}` is missing"):
        check_section(content, AugmentSection, "params.yaml: train.augment")
