"""Reprogramming: the border where it belongs, the frame unharmed, maps on the frame and not on its border."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from clipforensics.adaptation.pixel_method import model_counts
from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.detectors.reprogramming import DETECTOR, Border, ReprogrammedEncoder, stretch
from clipforensics.encoder import vision as encoder
from clipforensics.explanations.relevance import relevance_maps
from tests.explanations.test_relevance import planted
from tests.support.training_tasks import SIZE, shipped_settings


def load(bench):
    return encoder.load_vision_tower(bench.task.encoder["model"], "local")


def build(bench, *, drawn=False, **changes):
    """The model with its shipped settings, with a drawn border and head if asked."""
    settings = shipped_settings("reprogramming", **changes)
    model = DETECTOR.adapt(load(bench), settings, embedding="projected", seed=0).eval()
    if drawn:
        generator = torch.Generator().manual_seed(2)
        with torch.no_grad():
            for parameter in [*model.prompt.parameters(), *model.head.parameters()]:
                parameter.normal_(generator=generator)
    return model


def make_border(mode, size=8, width=2, channels=3):
    border = Border(channels, size, width, mode)
    with torch.no_grad():
        for i, parameter in enumerate(border.parameters()):
            parameter.normal_(generator=torch.Generator().manual_seed(i))
    return border


def pixels(n=4, size=SIZE, seed=1):
    return torch.randn(n, 3, size, size, generator=torch.Generator().manual_seed(seed))


def test_pad_begins_as_the_encoder_itself(bench):
    images, model = pixels(), build(bench, mode="pad")
    with torch.no_grad():
        expected = encoder.embed_pixels(load(bench), images, "projected")
        assert torch.equal(model.embed(images), torch.nn.functional.normalize(expected, dim=-1))
        assert torch.equal(model(images), torch.zeros(4))


def test_nothing_but_border_and_head_learns(bench):
    trained = {n for n, p in build(bench).named_parameters() if p.requires_grad}
    assert trained == {f"prompt.{side}" for side in ("up", "down", "left", "right")} | {
        "head.weight",
        "head.bias",
    }


def test_the_border_lies_where_it_belongs():
    border, picture = make_border("pad"), make_border("pad").picture()
    assert picture.shape == (3, 8, 8)
    for row in range(8):
        for column in range(8):
            if row < 2:
                expected = border.up[:, row, column]
            elif row >= 6:
                expected = border.down[:, row - 6, column]
            elif column < 2:
                expected = border.left[:, row - 2, column]
            elif column >= 6:
                expected = border.right[:, row - 2, column - 6]
            else:
                expected = torch.zeros(3)
            assert torch.equal(picture[:, row, column], expected)


def test_pad_adds_to_the_outermost_pixels_and_leaves_the_rest():
    border, images = make_border("pad"), pixels(2, size=8)
    shown = border(images)
    assert torch.equal(shown[:, :, 2:6, 2:6], images[:, :, 2:6, 2:6])
    torch.testing.assert_close(shown - images, border.picture().expand(2, -1, -1, -1))


def test_shrink_shows_the_whole_frame_smaller_as_pillow_scales_it():
    border, images = make_border("shrink", size=32, width=5), pixels(2, size=32)
    shown = border(images)
    for frame, inside in zip(images, shown[:, :, 5:27, 5:27], strict=True):
        for channel, found in zip(frame, inside, strict=True):
            expected = Image.fromarray(channel.numpy()).resize((22, 22), Image.Resampling.BILINEAR)
            np.testing.assert_allclose(found.detach().numpy(), np.asarray(expected), atol=1e-5)
    outside = torch.ones(32, 32, dtype=torch.bool)
    outside[5:27, 5:27] = False
    assert torch.equal(shown[:, :, outside], border.picture()[:, outside].expand(2, -1, -1))


@given(size=st.integers(3, 40), data=st.data(), mode=st.sampled_from(["pad", "shrink"]))
def test_the_shape_stays_and_the_formula_counts(size, data, mode):
    width = data.draw(st.integers(1, (size - 1) // 2))
    border = make_border(mode, size=size, width=width)
    assert border(pixels(1, size=size)).shape == (1, 3, size, size)
    vision = {"num_channels": 3, "image_size": size}
    settings = shipped_settings("reprogramming", border=width)
    expected = DETECTOR.expected_parameters({"vision": vision, "width": 4}, settings)
    assert sum(p.numel() for p in border.parameters()) == expected["trainable"]


def test_the_count_of_the_paper_is_met():
    # Bahng et al.: 30 pixels around 224 x 224
    config = CLIPVisionConfig(image_size=224, patch_size=32)
    settings = shipped_settings("reprogramming", border=30)
    with torch.device("meta"):
        tower = CLIPVisionModelWithProjection(config).requires_grad_(False)
        model = DETECTOR.adapt(tower, settings, embedding="projected", seed=0)
    assert model_counts(model)["trainable"] == 69_840
    told = DETECTOR.expected_parameters({"vision": config.to_dict(), "width": 512}, settings)
    assert told == {"trainable": 69_840, "head": 513}


@pytest.mark.parametrize("mode", ["pad", "shrink"])
def test_the_slope_reaches_every_pixel_of_the_border_and_nothing_of_the_encoder(bench, mode):
    model = build(bench, drawn=True, mode=mode)
    model.objective(pixels(), torch.tensor([0.0, 1.0, 0.0, 1.0]), torch.ones(4)).backward()
    for name, parameter in model.prompt.named_parameters():
        assert (parameter.grad != 0).all(), name
    assert all(p.grad is None for p in model.tower.parameters())


def test_the_frozen_part_of_the_encoder_is_not_cached_behind_a_border(bench):
    assert build(bench).entry() == 0


@pytest.mark.parametrize("mode", ["pad", "shrink"])
def test_trained_saved_and_loaded_it_scores_alike_and_its_border_has_moved(bench, tmp_path, mode):
    (tmp_path / "scratch").mkdir()
    task = dataclasses.replace(bench.task, scratch=tmp_path / "scratch")
    settings = shipped_settings("reprogramming", mode=mode)
    DETECTOR.fit(task, settings, tmp_path / "model")
    scores = DETECTOR.score(tmp_path / "model", bench.everything, frames=task.frames, embeddings=None)
    module, preprocessing, tower = DETECTOR.log_odds(tmp_path / "model", encoder={}, fitting=Fitting(SIZE))
    images = preprocessing.pixels(task.frames.read(bench.everything), torch.device("cpu"))
    with torch.no_grad():
        np.testing.assert_allclose(torch.sigmoid(module(images).double()), scores, atol=1e-6)
        assert module.prompt.mode == mode
        assert all((p != 0).any() for p in module.prompt.parameters())
        before = load(bench).state_dict()
        assert all(torch.equal(tower.state_dict()[name], tensor) for name, tensor in before.items())


@pytest.mark.parametrize(("border", "size"), [(32, 64), (40, 64)])
def test_a_border_that_leaves_no_frame_is_refused(bench, border, size):
    with pytest.raises(InputError, match=rf"reprogramming.border: {border} .* frame of {size}; make it less"):
        build(bench, border=border)
    assert build(bench, border=31).prompt.inner == 2


def test_an_unknown_mode_is_refused():
    with pytest.raises(InputError, match=r"mode.*'pad' or 'shrink'"):
        shipped_settings("reprogramming", mode="mask")


@given(n=st.integers(1, 14), margin=st.floats(0, 0.49))
def test_stretching_is_a_mean_by_area(n, margin):
    found, fine = stretch(n, margin), 2000
    assert found.sum(axis=1) == pytest.approx(np.ones(n))
    at = margin + (1 - 2 * margin) * (np.arange(n * fine) + 0.5) / (n * fine)
    slow = np.zeros((n, n))
    np.add.at(slow, (np.arange(n * fine) // fine, (at * n).astype(int)), 1 / fine)
    np.testing.assert_allclose(found, slow, atol=2 / fine)


def behind_border(mode, width=4):
    """The tower of `planted`, whose log odds grow with every white patch, behind a border of 0."""
    tower = planted(+1.0).tower
    model = ReprogrammedEncoder(tower, "projected", prompt=Border(3, 32, width, mode)).eval()
    with torch.no_grad():
        model.head.weight[0, 2] = 1.0
    return model


@pytest.mark.parametrize("mode", ["pad", "shrink"])
@pytest.mark.parametrize("place", [(0, 0), (1, 2), (3, 1)])
def test_a_map_lights_up_where_the_cue_is_on_the_frame(mode, place):
    images = torch.zeros(1, 3, 32, 32)
    row, column = place
    images[:, :, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = 1.0
    model = behind_border(mode)
    lit = relevance_maps(model, model.base, images)
    assert lit.shape == (1, 4, 4)
    assert lit.dtype == np.float32
    assert np.unravel_index(lit[0].argmax(), (4, 4)) == place


def test_what_the_border_says_is_on_no_frame_that_it_surrounds():
    model = behind_border("shrink", width=8)
    with torch.no_grad():
        model.prompt.up.fill_(1.0)
    images = torch.zeros(1, 3, 32, 32)
    assert relevance_maps(model, model.base, images).max() < 1e-6
    model.prompt.mode = "pad"
    assert relevance_maps(model, model.base, images)[0, 0].min() > 1e-3


def test_a_map_depends_on_the_border(bench):
    model, images = build(bench, drawn=True), pixels(3)
    maps = relevance_maps(model, model.base, images)
    with torch.no_grad():
        model.prompt.up.mul_(-1)
    assert not np.allclose(relevance_maps(model, model.base, images), maps, rtol=0.01)
