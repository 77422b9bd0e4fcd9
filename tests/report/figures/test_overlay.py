"""Maps over frames: enlarged as torch does it, colours that rise, pictures untouched where nothing is."""

import numpy as np
import pytest
import torch

from clipforensics.core.faults import InputError
from clipforensics.report.figures.overlay import colours, overlay, stretch


@pytest.mark.parametrize(("shape", "size"), [((4, 4), (32, 32)), ((3, 5), (20, 31)), ((1, 1), (7, 7))])
def test_stretching_is_bilinear_with_values_at_the_middle_of_patches(shape, size):
    values = np.random.default_rng(0).random(shape)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(values)[None, None], size, mode="bilinear", align_corners=False
    )
    np.testing.assert_allclose(stretch(values, *size), expected[0, 0].numpy(), atol=1e-12)


def test_lightness_rises_evenly_with_the_value():
    linear = (colours(np.linspace(0, 1, 101)) / 255) ** 2.2
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    lightness = 116 * np.cbrt(luminance)
    assert (np.diff(lightness[5:]) > 0).all()
    assert np.diff(lightness[5:]).max() < 3 * np.diff(lightness[5:]).mean()


def test_the_colours_are_matplotlibs_inferno():
    matplotlib = pytest.importorskip("matplotlib")
    stops = np.linspace(0, 1, 11)
    expected = matplotlib.colormaps["inferno"](stops)[:, :3] * 255
    np.testing.assert_allclose(colours(stops), expected, atol=3)


def test_a_frame_is_untouched_where_nothing_is_relevant_and_bright_where_something_is():
    frame = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    before = frame.copy()
    relevance = np.zeros((4, 4))
    relevance[1, 2] = 1.0
    picture = overlay(frame, relevance, opacity=1.0)
    assert (picture.dtype, picture.shape) == (np.uint8, (32, 32, 3))
    assert np.array_equal(picture[24:], frame[24:])
    assert np.array_equal(picture[:, :8], frame[:, :8])
    middle = picture[11:13, 19:21].astype(int)
    assert (middle[..., 0] > 200).all()
    assert (middle[..., 2] < 200).all()
    assert np.array_equal(frame, before)
    assert np.array_equal(overlay(frame, relevance, opacity=0.0), frame)


def test_float16_maps_are_taken():
    frame = np.zeros((16, 16, 3), np.uint8)
    assert np.array_equal(overlay(frame, np.ones((2, 2), np.float16)), overlay(frame, np.ones((2, 2))))


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_a_map_beyond_its_range_is_refused(value):
    with pytest.raises(InputError, match=r"must lie in \[0, 1\]; divide"):
        overlay(np.zeros((8, 8, 3), np.uint8), np.full((2, 2), value))
    with pytest.raises(InputError, match="opacity"):
        overlay(np.zeros((8, 8, 3), np.uint8), np.zeros((2, 2)), opacity=2)
