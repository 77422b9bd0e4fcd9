"""Who a rendered face belongs to: shape, colours and skin detail, drawn from a seed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.float64]
"""RGB of shape (3,), 0 to 1."""

SKIN_TONES = {
    "pale": (0.93, 0.78, 0.70),
    "light": (0.87, 0.69, 0.58),
    "tan": (0.76, 0.57, 0.43),
    "brown": (0.57, 0.39, 0.28),
    "dark": (0.37, 0.25, 0.19),
}
HAIR_COLOURS = {
    "black": (0.09, 0.08, 0.08),
    "brown": (0.30, 0.19, 0.12),
    "blond": (0.74, 0.58, 0.33),
    "red": (0.55, 0.22, 0.10),
    "grey": (0.60, 0.60, 0.61),
}
EYE_COLOURS = {
    "brown": (0.30, 0.17, 0.08),
    "blue": (0.28, 0.48, 0.70),
    "green": (0.32, 0.48, 0.28),
    "grey": (0.50, 0.54, 0.56),
}
HAIR_STYLES = ("short", "long", "bald")
BEARDS = ("no beard", "stubble", "a beard")
CLOTH_COLOURS = {
    "red": (0.62, 0.16, 0.16),
    "blue": (0.15, 0.26, 0.55),
    "green": (0.16, 0.42, 0.24),
    "white": (0.88, 0.88, 0.86),
    "black": (0.12, 0.12, 0.14),
    "yellow": (0.80, 0.66, 0.20),
}


@dataclass(frozen=True, slots=True)
class Identity:
    """One person. Lengths are in canonical face units: 1 is half the face's height or width.

    Attributes:
        skin_tone: Key of SKIN_TONES; `hair_colour`, `eye_colour`, `hair_style`, `beard` likewise.
        skin: RGB; `hair`, `eyes`, `lips` likewise.
        width: Face width over face height.
        jaw: How much the face narrows towards the chin, 0 to 1.
        eye: Spacing, height, half width, half opening and tilt of the eyes.
        brow: Height above the eyes, thickness, slope, darkness.
        nose: Width and length.
        mouth: Height, half width, thickness of the upper and the lower lip.
        hairline: Where the hair begins, and which side it falls to.
        freckles: 0 none to 1 many; `wrinkles` likewise.
        moles: Positions (u, v) and radius, shape (n, 3).
        glasses: Whether the person wears glasses.
        texture_seed: Seed of the skin's and the hair's noise.
    """

    skin_tone: str
    hair_colour: str
    eye_colour: str
    hair_style: str
    beard: str
    skin: Colour
    hair: Colour
    eyes: Colour
    lips: Colour
    width: float
    jaw: float
    eye: tuple[float, float, float, float, float]
    brow: tuple[float, float, float, float]
    nose: tuple[float, float]
    mouth: tuple[float, float, float, float]
    hairline: tuple[float, float]
    freckles: float
    wrinkles: float
    moles: NDArray[np.float64]
    glasses: bool
    texture_seed: int


def draw_identity(rng: np.random.Generator) -> Identity:
    """Draw one person; the same state of `rng` gives the same person."""
    skin_tone = _pick(rng, SKIN_TONES)
    hair_colour = _pick(rng, HAIR_COLOURS)
    eye_colour = _pick(rng, EYE_COLOURS)
    skin = _vary(rng, SKIN_TONES[skin_tone], 0.05)
    redness = np.array([0.86, 0.56, 0.54])
    return Identity(
        skin_tone=skin_tone,
        hair_colour=hair_colour,
        eye_colour=eye_colour,
        hair_style=str(rng.choice(HAIR_STYLES, p=[0.5, 0.4, 0.1])),
        beard=str(rng.choice(BEARDS, p=[0.6, 0.2, 0.2])),
        skin=skin,
        hair=_vary(rng, HAIR_COLOURS[hair_colour], 0.1),
        eyes=_vary(rng, EYE_COLOURS[eye_colour], 0.1),
        lips=skin * redness * float(rng.uniform(0.85, 1.1)),
        width=_uniform(rng, 0.68, 0.84),
        jaw=_uniform(rng, 0.05, 0.32),
        eye=(
            _uniform(rng, 0.36, 0.44),
            _uniform(rng, -0.18, -0.06),
            _uniform(rng, 0.17, 0.23),
            _uniform(rng, 0.075, 0.12),
            _uniform(rng, -0.18, 0.18),
        ),
        brow=(
            _uniform(rng, 0.19, 0.27),
            _uniform(rng, 0.025, 0.065),
            _uniform(rng, -0.2, 0.25),
            _uniform(rng, 0.5, 0.95),
        ),
        nose=(_uniform(rng, 0.11, 0.19), _uniform(rng, 0.20, 0.32)),
        mouth=(
            _uniform(rng, 0.48, 0.58),
            _uniform(rng, 0.25, 0.38),
            _uniform(rng, 0.035, 0.075),
            _uniform(rng, 0.05, 0.1),
        ),
        hairline=(_uniform(rng, -0.72, -0.52), _uniform(rng, -1, 1)),
        freckles=max(0.0, _uniform(rng, -0.8, 1)),
        wrinkles=max(0.0, _uniform(rng, -0.5, 1)),
        moles=_draw_moles(rng),
        glasses=bool(rng.random() < 0.2),
        texture_seed=int(rng.integers(2**31)),
    )


def _draw_moles(rng: np.random.Generator) -> NDArray[np.float64]:
    n = int(rng.integers(0, 4))
    return np.stack(
        [rng.uniform(-0.6, 0.6, n), rng.uniform(-0.4, 0.8, n), rng.uniform(0.02, 0.045, n)], axis=1
    )


def _pick(rng: np.random.Generator, names: dict[str, tuple[float, float, float]]) -> str:
    return str(rng.choice(list(names)))


def _uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _vary(rng: np.random.Generator, colour: tuple[float, float, float], spread: float) -> Colour:
    """The colour, each channel scaled by up to `spread`, and its brightness by as much again."""
    factor = rng.uniform(1 - spread, 1 + spread) * rng.uniform(1 - spread / 2, 1 + spread / 2, 3)
    return np.clip(np.array(colour) * factor, 0, 1)
