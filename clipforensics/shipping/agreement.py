"""Whether a converted detector is still the same one: log odds beside the package's, on made-up frames."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.special import expit

from clipforensics.encoder.vision import Preprocessing

LogOdds = Callable[[torch.Tensor], NDArray[np.float64]]
"""Pixels float32 (n, 3, s, s) -> log odds float64 (n,), for any n."""

N_FRAMES, COARSE, ROUNDS = 8, 6, 3


@dataclass(frozen=True)
class Agreement:
    """How far two detectors are apart on the same frames.

    Attributes:
        log_odds: Largest difference of log odds.
        scores: Largest difference of scores, which are in [0, 1].
        n_frames: On how many frames.
    """

    log_odds: float
    scores: float
    n_frames: int

    @property
    def words(self) -> str:
        """Both differences, for people."""
        return (
            f"on {self.n_frames} made-up frames log odds within {self.log_odds:.1e} and scores within"
            f" {self.scores:.1e} of the package's"
        )


def made_up_pixels(preprocessing: Preprocessing) -> torch.Tensor:
    """The same few frames every time: half of them noise, half of them smooth; prepared, (8, 3, s, s)."""
    draw, size = np.random.default_rng(0), preprocessing.size
    noise = draw.integers(0, 256, (N_FRAMES // 2, size, size, 3), dtype=np.uint8)
    coarse = draw.integers(0, 256, (N_FRAMES // 2, COARSE, COARSE, 3), dtype=np.uint8)
    smooth = [
        np.asarray(Image.fromarray(one).resize((size, size), Image.Resampling.BICUBIC)) for one in coarse
    ]
    return preprocessing.pixels(np.stack([*noise, *smooth]), torch.device("cpu"))


def as_log_odds(module: torch.nn.Module) -> LogOdds:
    """A module in evaluation mode on the CPU as a function of pixels."""

    @torch.inference_mode()
    def log_odds(pixels: torch.Tensor) -> NDArray[np.float64]:
        return np.asarray(module(pixels).double().numpy())

    return log_odds


def agreement(found: LogOdds, expected: NDArray[np.float64], pixels: torch.Tensor) -> Agreement:
    """Compare a converted detector, on all frames at once and on each alone, with what is expected of it.

    Args:
        found: The converted one.
        expected: The package's log odds (n,).
        pixels: float32 (n, 3, s, s).
    """
    alone = np.concatenate([found(pixels[i : i + 1]) for i in range(len(pixels))])
    both = [found(pixels), alone]
    return Agreement(
        max(float(np.abs(one - expected).max()) for one in both),
        max(float(np.abs(_score(one) - _score(expected)).max()) for one in both),
        len(pixels),
    )


def _score(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(expit(log_odds))


def rates(ours: LogOdds, theirs: LogOdds, pixels: torch.Tensor) -> tuple[float, float]:
    """Frames a second of both, each in turn in every round; medians, after a round that counts not."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS + 1):
        for place in (0, 1) if number % 2 else (1, 0):
            start = time.perf_counter()
            (ours, theirs)[place](pixels)
            if number:
                taken[place].append(time.perf_counter() - start)
    first, second = (len(pixels) / statistics.median(times) for times in taken)
    return first, second
