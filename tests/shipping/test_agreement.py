"""Two detectors on the same made-up frames."""

import numpy as np
import pytest
import torch

from clipforensics.core.fitting import Fitting
from clipforensics.encoder.vision import Preprocessing
from clipforensics.shipping.agreement import agreement, as_log_odds, made_up_pixels, rates

PREPARED = Preprocessing(Fitting(16), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def brightness(pixels):
    return pixels.mean(dim=(1, 2, 3)).double().numpy()


def test_the_frames_are_the_same_every_time_and_differ_among_themselves():
    pixels = made_up_pixels(PREPARED)
    assert torch.equal(pixels, made_up_pixels(PREPARED))
    assert pixels.shape == (8, 3, 16, 16)
    assert len({frame.numpy().tobytes() for frame in pixels}) == 8
    assert pixels.min() >= -2
    assert pixels.max() <= 2
    steps = (pixels[:, :, :, 1:] - pixels[:, :, :, :-1]).abs().mean(dim=(1, 2, 3))
    assert steps[:4].min() > 2 * steps[4:].max(), "noise, then smooth ones"


def test_the_largest_difference_is_told_of_log_odds_and_of_scores():
    pixels = made_up_pixels(PREPARED)
    expected = np.zeros(8)
    found = agreement(lambda some: np.full(len(some), 0.4), expected, pixels)
    assert found.log_odds == pytest.approx(0.4)
    assert found.scores == pytest.approx(1 / (1 + np.exp(-0.4)) - 0.5)
    assert found.words.startswith("on 8 made-up frames log odds within 4.0e-01 and scores within 9.9e-02")


def test_a_detector_that_is_right_for_one_size_of_batch_alone_is_found_out():
    pixels = made_up_pixels(PREPARED)
    exact = brightness(pixels)
    assert agreement(brightness, exact, pixels).log_odds < 1e-6
    for size in (1, 8):
        wrong = agreement(lambda some, size=size: brightness(some) + (len(some) == size), exact, pixels)
        assert wrong.log_odds == pytest.approx(1, abs=1e-6)


def test_a_number_that_is_none_agrees_with_nothing():
    found = agreement(lambda some: np.full(len(some), np.nan), np.zeros(8), made_up_pixels(PREPARED))
    assert not found.log_odds <= 1


def test_a_module_becomes_a_function_in_float64():
    head = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 1), torch.nn.Flatten(0))
    found = as_log_odds(head)(torch.ones(3, 3, 2, 2))
    assert (found.dtype, found.shape) == (np.float64, (3,))
    assert torch.is_inference_mode_enabled() is False


def test_both_are_timed_equally_often():
    calls = {"ours": 0, "theirs": 0}

    def count(name):
        def log_odds(pixels):
            calls[name] += 1
            return np.zeros(len(pixels))

        return log_odds

    assert min(rates(count("ours"), count("theirs"), made_up_pixels(PREPARED))) > 0
    assert calls["ours"] == calls["theirs"]
