"""A saved detector traced to pixels: its own maps, checked last, since the check spoils the weights."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from clipforensics.adaptation.frozen import FrozenEncoder
from clipforensics.core.fitting import Fitting
from clipforensics.detectors.baseline import LinearJudge
from clipforensics.encoder import vision
from clipforensics.explanations import tracing
from clipforensics.explanations.relevance import relevance_maps
from clipforensics.explanations.tracing import trace_detector, untraced
from tests.encoder.test_vision import write_encoder
from tests.support.stores import noise_videos, write_frame_store

CHOSEN = [("v1", 2), ("v0", 0), ("v3", 1)]
ENCODER = {"model": "here", "embedding": "projected"}
OPTIONS = {"encoder": ENCODER, "seed": 4, "draws": 2}


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """A frame store, and a detector that can be explained in place of `probe`; what it was asked."""
    model, asked = str(write_encoder(tmp_path)), []

    def log_odds(folder, *, encoder, fitting):
        asked.append((folder, encoder, fitting))
        return opening()

    def opening():
        tower = vision.load_vision_tower(model, "local")
        weight = np.random.default_rng(0).normal(size=16)
        preprocessing = vision.load_preprocessing(model, "local", fitting=Fitting(32))
        return FrozenEncoder(tower, "projected", LinearJudge(weight, 0.0)).eval(), preprocessing, tower

    modules = {"probe": SimpleNamespace(log_odds=log_odds), "mute": SimpleNamespace()}
    monkeypatch.setattr(tracing, "find_detector", modules.__getitem__)
    return write_frame_store(tmp_path / "frames", noise_videos(4)), opening, asked


def test_maps_are_those_of_the_trained_detector_in_the_order_chosen(opened, tmp_path):
    frames, opening, asked = opened
    trace = trace_detector("probe", tmp_path / "m", CHOSEN, frames, **OPTIONS)
    assert asked == [(tmp_path / "m", ENCODER, Fitting(32))]
    assert trace.frames == CHOSEN
    module, preprocessing, tower = opening()
    pixels = preprocessing.pixels(frames.read(np.array([5, 0, 10])), torch.device("cpu"))
    np.testing.assert_allclose(trace.maps, relevance_maps(module, tower, pixels), rtol=1e-4, atol=1e-8)
    assert trace.sanity["n"] == 3
    assert trace.sanity["rank_correlation"] < 0.9


def test_the_check_depends_on_its_seed_and_the_maps_do_not(opened, tmp_path):
    frames, _, _ = opened
    first, again, other = (
        trace_detector("probe", tmp_path, CHOSEN, frames, **{**OPTIONS, "seed": seed}) for seed in (4, 4, 5)
    )
    assert first.sanity == again.sanity != other.sanity
    assert np.array_equal(first.maps, other.maps)


def test_what_cannot_be_traced_says_why_and_has_no_maps(opened, tmp_path):
    frames, _, asked = opened
    mute = trace_detector("mute", tmp_path, CHOSEN, frames, **OPTIONS)
    nothing = trace_detector("probe", tmp_path, [], frames, **OPTIONS)
    assert "mute offers no log_odds" in mute.sanity["undefined"]
    assert "no frame is chosen" in nothing.sanity["undefined"]
    for trace in (mute, nothing, untraced("off")):
        assert len(trace.maps) == len(trace.frames) == trace.sanity["n"] == 0
        assert trace.sanity["rank_correlation"] is trace.sanity["rank_correlation_head"] is None
    assert asked == []
