"""Pseudo-fakes: a real frame blended with a slightly altered copy of itself.

After Shiohara & Yamasaki, "Detecting Deepfakes with Self-Blended Images" (CVPR 2022, arXiv 2204.08376). Every
face swap leaves the border of a blend, and inside it other colours, another sharpness and features a little
out of place. A frame blended with its own altered copy has these and nothing else, so a detector cannot learn
the traces of one manipulation instead. The steps and, unless said otherwise, the ranges are those of the
authors' code (github.com/mapooon/SelfBlendedImages, src/utils/sbi.py, blend.py and funcs.py):

1. A copy, the source, is shifted in colour, brightness and contrast, and then either sharpened or coarsened.
2. It is resized and moved by a few hundredths of a face.
3. A soft mask, times a ratio, blends it into the frame, the target.

Where this differs, and why:

- **Pseudo-fakes come on top.** The original trains on real pictures and their blends alone, one blend a real.
  Here blends of a share of the real frames stand beside the forgeries that a train set names. The original's
  augmentation of both pictures (colour, brightness, JPEG) is `train.augment`, off unless it is set.
- **The mask knows no face.** The original deforms the convex hull of facial landmarks. Frames here are whole
  pictures (or crops) without landmarks, and a guessed face would be a wrong one in part of them. The mask is
  a tilted, deformed ellipse of a face's proportions at a random place. What a detector can learn from it is
  that a region does not belong to its surroundings; not that the region is a face, nor where on a face
  forgeries end. Where the face is small in the frame, most blends lie beside it. Expect less of it than the
  paper reports.
- **Only the source is altered.** The original alters source or target, each half of the time, and shows the
  same target as the real picture. Here the real frame is trained on as it is stored: an altered target would
  give the pseudo-fake away by its surroundings, without any blend. The alterations go both ways (lighter or
  darker, coarser or sharper), so the region still differs from its surroundings in either direction. To that
  end sharpening keeps the light, which the original's dims by up to a quarter.
- The shifts of hue, saturation and value are left out: the original's are of less than one level of 256.
- The original erodes the mask before it softens its border, so that the border lies within the face.

Lengths are parts of the ellipse or of the mask. The original's are parts of a crop that is twice as wide and
2.4 times as high as the face, or pixels of that crop at a side of about 224; they are converted.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

HEIGHTS = (0.2, 0.6)
"""Height of the ellipse, in sides of the frame: from a face in a wide shot to one that fills the frame."""

PROPORTIONS = (0.6, 0.9)
"""Width of the ellipse over its height; faces are about 3:4."""

TILT = 30.0
"""Most degrees that the ellipse leans to either side."""

DENTS = 0.05
"""Most that each of three waves around the border adds to or takes from its radius, as a part of it."""

BORDERS = (0.015, 0.077)
"""Standard deviation of the blur that softens the border, in heights of the ellipse: of a box of 5 to 25
pixels, which is what the original's (a wide Gaussian in a small kernel) come to."""

RATIOS = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)
"""One is drawn: how much of the source the middle of the mask takes."""

CHANNEL_SHIFT, CHANNEL_CHANCE = 20.0, 0.3
"""Most levels (of 256) that each colour channel moves by itself, and how often the channels move."""

LIGHT = 0.1
"""Most that brightness (of 1) and contrast (a factor) change by."""

COARSENESS = (2, 4)
"""A coarse source keeps every second or fourth pixel."""

SHARPNESS = (0.2, 0.5)
"""Weight of the sharpened copy in a sharp source."""

SCALE, SHIFTS = 0.95, (0.06, 0.036)
"""The source shrinks to this at most, or grows by as much; it moves by at most so many widths and heights."""

_CANVAS = 128
"""Side on which masks are drawn, whatever the frame's, so that frames of 16 pixels get the same shapes."""

_CORNERS = 64
"""Of the polygon that is the mask's border."""

Rng = np.random.Generator


def self_blend(frame: NDArray[np.uint8], rng: Rng) -> NDArray[np.uint8]:
    """Blend a real frame with an altered copy of itself.

    Pixels where `blend_mask` (the first draw from `rng`) is 0 stay as they are. Inside, a frame of one flat
    colour may stay as it is, too; any other changes, if only by a few levels where the ratio is small.

    Args:
        frame: uint8 RGB (s, s, 3), s from 16.
        rng: Decides everything.

    Returns:
        uint8 RGB (s, s, 3), a new array.
    """
    mask = Image.fromarray(blend_mask(len(frame), rng))
    box = mask.getbbox()
    if box is None:
        raise RuntimeError(f"the mask is empty in a frame of {len(frame)} pixels")
    blended = Image.fromarray(frame)
    blended.paste(_source(frame, box, rng), box, mask.crop(box))
    return np.array(blended)


def blend_mask(side: int, rng: Rng) -> NDArray[np.uint8]:
    """How much of the source each pixel takes, out of 255: a soft, deformed ellipse times the blend ratio.

    The ellipse's middle is anywhere from which an upright ellipse of this size lies inside the frame.

    Args:
        side: Of the frame, in pixels.
        rng: Decides size, place and shape.

    Returns:
        uint8 (side, side); 0 outside, at most 255 times one of `RATIOS`.
    """
    height = rng.uniform(*HEIGHTS)
    corners = _border(height, rng) * _CANVAS
    picture = Image.new("L", (_CANVAS, _CANVAS))
    ImageDraw.Draw(picture).polygon([tuple(corner) for corner in corners], fill=255)
    softness = rng.uniform(*BORDERS) * height * _CANVAS
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(softness)), dtype=np.float32)
    scaled = np.rint(soft * (255 * rng.choice(RATIOS) / soft.max())).astype(np.uint8)
    return np.array(Image.fromarray(scaled).resize((side, side), Image.Resampling.BILINEAR))


def _border(height: float, rng: Rng) -> NDArray[np.float64]:
    """Corners (x, y) of a tilted ellipse whose radius waves, in sides of the frame, float64 (_CORNERS, 2)."""
    half = np.array([height * rng.uniform(*PROPORTIONS), height]) / 2
    tilt = np.radians(rng.uniform(-TILT, TILT))
    middle = rng.uniform(half, 1 - half)
    angles = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    waves = np.cos(np.outer((2, 3, 4), angles) + rng.uniform(0, 2 * np.pi, (3, 1)))
    radius = 1 + rng.uniform(-DENTS, DENTS, 3) @ waves
    upright = half * radius[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    return middle + upright @ turn


def _source(frame: NDArray[np.uint8], box: tuple[int, int, int, int], rng: Rng) -> Image.Image:
    """The altered copy inside the box (left, top, right, bottom); beyond the frame its edge goes on."""
    left, top, right, bottom = box
    size = np.array([right - left, bottom - top])
    pad = 1 + int(np.ceil(size.max() * ((1 / SCALE - 1) / 2 + max(SHIFTS))))
    rows, columns = (
        np.clip(np.arange(start - pad, stop + pad), 0, len(frame) - 1)
        for start, stop in ((top, bottom), (left, right))
    )
    around = Image.fromarray(frame[rows[:, None], columns])
    altered = _change_frequencies(_change_colours(around, rng), rng)
    middle = pad + size / 2 - rng.uniform(-1, 1, 2) * SHIFTS * size
    half = size / 2 / rng.uniform(SCALE, 1 / SCALE)
    seen = (*(middle - half).tolist(), *(middle + half).tolist())
    return altered.resize((right - left, bottom - top), Image.Resampling.BILINEAR, box=seen)


def _change_colours(picture: Image.Image, rng: Rng) -> Image.Image:
    """Shift the channels apart (sometimes), then brightness and contrast (always)."""
    moves = rng.random() < CHANNEL_CHANCE
    shifts = rng.uniform(-CHANNEL_SHIFT, CHANNEL_SHIFT, (3, 1)) * moves
    brightness, contrast = rng.uniform(-LIGHT, LIGHT, 2)
    shifted = np.clip(np.arange(256) + shifts, 0, 255)
    levels = np.clip(np.rint(shifted * (1 + contrast) + 255 * brightness), 0, 255)
    return picture.point(levels.astype(int).ravel().tolist())


def _change_frequencies(picture: Image.Image, rng: Rng) -> Image.Image:
    """Coarsen or sharpen, each half of the time."""
    coarse, factor = rng.random() < 0.5, int(rng.choice(COARSENESS))
    weight = rng.uniform(*SHARPNESS)
    if coarse:
        fewer = (max(1, picture.width // factor), max(1, picture.height // factor))
        return picture.resize(fewer, Image.Resampling.NEAREST).resize(picture.size, Image.Resampling.BILINEAR)
    kernel = np.full(9, -weight)
    kernel[4] = 1 + 8 * weight  # the weights' sum is 1
    return picture.filter(ImageFilter.Kernel((3, 3), kernel.tolist(), scale=1))
