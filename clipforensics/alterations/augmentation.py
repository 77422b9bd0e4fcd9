"""Training frames altered at random, each from a seed of its own.

Every family has a probability and its own random numbers, which depend on (seed, epoch, row, take) alone: not
on the batch, the process or the other families. So a run that was resumed, or spread over several processes,
trains on the same pictures, and switching one family on leaves what the others do. A frame that comes twice
in an epoch is altered in two ways (its takes); a blended frame (`self_blending`) is altered as its real frame
is, as in Shiohara & Yamasaki (CVPR 2022), so that the blend is all that tells the two apart.

The order is that of footage on its way: a blend, the camera (flip, crop, colour), then what an upload does
(blur, scale, JPEG). The last three are the families of `degradations` at settings of any strength; a detector
that trained with them is measured by `robustness` on kinds of harm it knows.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance
from pydantic import AfterValidator, Field

from clipforensics.alterations.degradations import DEGRADATIONS, REFERENCE_SIDE
from clipforensics.alterations.self_blending import self_blend
from clipforensics.core.params import Section

Frame = NDArray[np.uint8]
Rng = np.random.Generator


def _rising(bounds: list[float]) -> list[float]:
    if bounds[0] > bounds[1]:
        raise ValueError("the first number must not be above the second; swap them")
    return bounds


TwoRising = Field(min_length=2, max_length=2), AfterValidator(_rising)
Probability = Annotated[float, Field(ge=0, le=1)]
Fraction = Annotated[float, Field(gt=0, le=1)]
Factor = Annotated[float, Field(gt=0, le=10)]
Sigma = Annotated[float, Field(gt=0, le=REFERENCE_SIDE)]
Quality = Annotated[int, Field(ge=1, le=100)]


class AugmentSection(Section):
    """Section `train.augment` of params.yaml: probabilities a frame, and ranges drawn from uniformly.

    Attributes:
        flip: Probability of a mirror image, left to right.
        crop: Probability of a square crop at a random place, resized back (bicubic).
        crop_area: Lowest and highest share of the frame's area that is kept, in (0, 1].
        colour: Probability of another brightness, contrast and saturation.
        colour_brightness: Lowest and highest factor, in (0, 10]; 1 changes nothing, below is darker.
        colour_contrast: The same, about the frame's mean grey; below 1 is flatter.
        colour_saturation: The same; below 1 is greyer.
        blur: Probability of a Gaussian blur.
        blur_sigma: Lowest and highest standard deviation, in pixels of a 224-pixel frame.
        scale: Probability of scaling down and up again (bicubic).
        scale_side: Lowest and highest share of the side in between, in (0, 1].
        jpeg: Probability of JPEG compression.
        jpeg_quality: Lowest and highest quality of libjpeg, whole numbers from 1 (worst) to 100.
    """

    flip: Probability
    crop: Probability
    crop_area: Annotated[list[Fraction], *TwoRising]
    colour: Probability
    colour_brightness: Annotated[list[Factor], *TwoRising]
    colour_contrast: Annotated[list[Factor], *TwoRising]
    colour_saturation: Annotated[list[Factor], *TwoRising]
    blur: Probability
    blur_sigma: Annotated[list[Sigma], *TwoRising]
    scale: Probability
    scale_side: Annotated[list[Fraction], *TwoRising]
    jpeg: Probability
    jpeg_quality: Annotated[list[Quality], *TwoRising]


def is_off(settings: AugmentSection) -> bool:
    """Whether no family is ever applied, so that only blended frames change."""
    return not any(getattr(settings, name) for name in FAMILIES)


def augment(
    frames: Frame,
    rows: NDArray[np.int64],
    *,
    settings: AugmentSection,
    seed: int,
    epoch: int,
    blended: NDArray[np.bool_],
    takes: NDArray[np.int64],
    threads: int = 1,
) -> Frame:
    """Alter the frames of one batch.

    Args:
        frames: uint8 RGB (n, s, s, 3), s from 16.
        rows: Row number of each frame in the store, int64 (n,).
        settings: Which families, how often and how much.
        seed: From 0; with `epoch`, the row and the take, decides what happens to a frame.
        epoch: 0-based.
        blended: Which frames are blended with themselves first, bool (n,).
        takes: Number of each frame's repeat in the epoch, int64 (n,).
        threads: How many work side by side; the result does not depend on it.

    Returns:
        uint8 RGB (n, s, s, 3): `frames` itself where not one of them changes, otherwise a new array.
    """
    plans = [
        _plan(settings, [seed, epoch, row], take, blends)
        for row, take, blends in zip(rows.tolist(), takes.tolist(), blended.tolist(), strict=True)
    ]
    touched = [i for i, plan in enumerate(plans) if plan]
    if not touched:
        return frames
    altered = frames.copy()

    def alter(i: int) -> None:
        frame = frames[i]
        for step in plans[i]:
            frame = step(frame)
        altered[i] = frame

    if threads == 1:
        for i in touched:
            alter(i)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(alter, touched))
    return altered


def _plan(
    settings: AugmentSection, words: list[int], take: int, blends: bool
) -> list[Callable[[Frame], Frame]]:
    """What happens to one frame, in order; each step draws from a seed with the step's number in it."""
    steps: list[Callable[[Frame], Frame]] = []
    if blends:
        steps.append(partial(self_blend, rng=np.random.default_rng([*words, _BLEND, take])))
    for number, (name, apply) in enumerate(FAMILIES.items(), start=_BLEND + 1):
        probability = getattr(settings, name)
        if probability:
            rng = np.random.default_rng([*words, number, take])
            if rng.random() < probability:
                steps.append(partial(apply, settings=settings, rng=rng))
    return steps


def _between(bounds: list[float], rng: Rng) -> float:
    low, high = bounds
    return rng.uniform(low, high)


def _flip(frame: Frame, settings: AugmentSection, rng: Rng) -> Frame:
    return np.asarray(Image.fromarray(frame).transpose(Image.Transpose.FLIP_LEFT_RIGHT))


def _crop(frame: Frame, settings: AugmentSection, rng: Rng) -> Frame:
    side = len(frame)
    kept = side * _between(settings.crop_area, rng) ** 0.5
    left, top = rng.uniform(0, side - kept, 2)
    box = (left, top, min(left + kept, side), min(top + kept, side))
    return np.asarray(Image.fromarray(frame).resize((side, side), Image.Resampling.BICUBIC, box=box))


def _colour(frame: Frame, settings: AugmentSection, rng: Rng) -> Frame:
    brightness = _between(settings.colour_brightness, rng)
    contrast = _between(settings.colour_contrast, rng)
    saturation = _between(settings.colour_saturation, rng)
    picture = ImageEnhance.Brightness(Image.fromarray(frame)).enhance(brightness)
    picture = ImageEnhance.Contrast(picture).enhance(contrast)
    return np.asarray(ImageEnhance.Color(picture).enhance(saturation))


def _blur(frame: Frame, settings: AugmentSection, rng: Rng) -> Frame:
    return DEGRADATIONS["blur"].apply(frame[None], _between(settings.blur_sigma, rng), rng)[0]


def _scale(frame: Frame, settings: AugmentSection, rng: Rng) -> Frame:
    return DEGRADATIONS["scale"].apply(frame[None], _between(settings.scale_side, rng), rng)[0]


def _jpeg(frame: Frame, settings: AugmentSection, rng: Rng) -> Frame:
    low, high = settings.jpeg_quality
    return DEGRADATIONS["jpeg"].apply(frame[None], int(rng.integers(low, high + 1)), rng)[0]


_BLEND = 1
"""Number of the blend; the families follow."""

FAMILIES: dict[str, Callable[..., Frame]] = {
    "flip": _flip,
    "crop": _crop,
    "colour": _colour,
    "blur": _blur,
    "scale": _scale,
    "jpeg": _jpeg,
}
"""In the order of application. A new one goes last here, or the random numbers of those behind it change."""
