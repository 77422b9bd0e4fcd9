"""How a head moves, speaks and blinks over the frames of a video."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the head is in the frame.

    Attributes:
        x: Centre of the face, -1 (left edge of the frame) to 1.
        y: The same, -1 (top) to 1.
        scale: Half the face's height in the same units.
        roll: Radians, clockwise.
        yaw: Radians, positive to the viewer's right.
        pitch: Radians, positive downwards.
    """

    x: float
    y: float
    scale: float
    roll: float
    yaw: float
    pitch: float


@dataclass(frozen=True, slots=True)
class Expression:
    """What the face does.

    Attributes:
        mouth: Opening, 0 closed to 1 wide open.
        wide: -1 pursed to 1 stretched lips.
        smile: -1 corners down to 1 corners up.
        blink: 0 open to 1 shut eyes.
        brow: -1 lowered to 1 raised.
        gaze: -1 left to 1 right.
    """

    mouth: float
    wide: float
    smile: float
    blink: float
    brow: float
    gaze: float


def draw_track(rng: np.random.Generator, n_frames: int, fps: float) -> list[tuple[Pose, Expression]]:
    """Draw the motion of one talking head, frame by frame."""
    time = np.arange(n_frames) / fps
    centre = rng.uniform([-0.1, -0.02, 0.6, -0.08, -0.35, -0.1], [0.1, 0.1, 0.74, 0.08, 0.35, 0.1])
    reach = np.array([0.04, 0.03, 0.015, 0.06, 0.16, 0.06])
    poses = [c + r * _sway(rng, time, 0.1, 0.8) for c, r in zip(centre, reach, strict=True)]
    mood = rng.uniform(-0.5, 0.8)
    expressions = [
        _speech(rng, time),
        0.6 * _sway(rng, time, 0.8, 2.5),
        np.clip(mood + 0.3 * _sway(rng, time, 0.2, 0.8), -1, 1),
        _blinks(rng, time),
        _sway(rng, time, 0.2, 1.2),
        _sway(rng, time, 0.1, 0.8),
    ]
    return [
        (Pose(*map(float, pose)), Expression(*map(float, expression)))
        for pose, expression in zip(zip(*poses, strict=True), zip(*expressions, strict=True), strict=True)
    ]


def _sway(
    rng: np.random.Generator, time: NDArray[np.float64], low: float, high: float
) -> NDArray[np.float64]:
    """A smooth random curve within [-1, 1] made of three waves of `low` to `high` Hz."""
    rates = rng.uniform(low, high, 3)
    phases = rng.uniform(0, 2 * np.pi, 3)
    curve = np.sin(2 * np.pi * rates[:, None] * time + phases[:, None]).mean(axis=0)
    return np.asarray(curve)


def _speech(rng: np.random.Generator, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mouth opening: syllables of 2 to 5 Hz under a slow envelope with pauses."""
    syllables = 0.5 + 0.5 * np.sin(
        2 * np.pi * rng.uniform(2, 5) * time + rng.uniform(0, 6.28) + _sway(rng, time, 0.5, 2)
    )
    envelope = np.clip(0.7 + 0.7 * _sway(rng, time, 0.3, 0.9), 0, 1)
    return np.asarray(syllables * envelope * rng.uniform(0.6, 1.0))


def _blinks(rng: np.random.Generator, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Eyes shut for about a quarter of a second every two to five seconds."""
    shut = np.zeros_like(time)
    moment = rng.uniform(0, 3)
    while len(time) and moment < time[-1] + 0.2:
        shut = np.maximum(shut, np.clip(1.4 - np.abs(time - moment) / 0.1, 0, 1))
        moment += rng.uniform(2, 5)
    return shut
