"""Paint a face in canonical coordinates: the same (u, v) is the same place on every face.

u runs from -1 (viewer's left cheek) to 1, v from -1 (crown) to 1 (chin). What does not move
(skin, brows, beard, relief) is painted once per identity into a :class:`Skin`; eyes, mouth and
glasses are painted for each expression.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from clipforensics.sample.identity import Identity
from clipforensics.sample.motion import Expression

Array = NDArray[np.floating[Any]]

REACH = 1.15
"""A skin map covers u and v from -REACH to REACH."""
_SIDE = 160
_SOFT = 0.03  # canonical units that an edge takes, about one pixel of a 112-pixel frame


@dataclass(frozen=True, slots=True)
class Skin:
    """What does not move in a face.

    Attributes:
        identity: Whose.
        maps: Albedo RGB and slope of the relief along u and v, shape (side, side, 5).
        strands: Light and dark strands of the hair, mean 0, shape (side, side, 1).
    """

    identity: Identity
    maps: Array
    strands: Array


def soft(distance: Array, width: float = _SOFT) -> Array:
    """Coverage of a pixel at a signed distance inside (+) or outside (-) an edge, 0 to 1."""
    return np.clip(distance / width + 0.5, 0, 1)


def noise(seed: int, side: int, sigma: float) -> Array:
    """Smooth noise, shape (side, side), mean 0, standard deviation 1, wrapping around."""
    raw = np.random.default_rng(seed).standard_normal((side, side), dtype=np.float32).astype(np.float64)
    smooth = ndimage.gaussian_filter(raw, sigma, mode="wrap") if sigma < 2 else _blur_widely(raw, sigma)
    return np.asarray((smooth - smooth.mean()) / smooth.std())


def _blur_widely(raw: Array, sigma: float) -> Array:
    """A Gaussian blur that wraps around, by Fourier transform: no slower for a wide blur."""
    rows, columns = fft.fftfreq(len(raw)), fft.rfftfreq(len(raw))
    squared = (rows**2)[:, None] + columns**2
    gain = np.exp(-2 * (np.pi * sigma) ** 2 * squared)
    return np.asarray(fft.irfft2(fft.rfft2(raw) * gain, s=raw.shape))


def sample_map(maps: Array, u: Array, v: Array) -> Array:
    """Bilinear values of a map (side, side, channels) at points of any shape; edges repeat."""
    side = maps.shape[0]
    x = np.clip((u + REACH) * ((side - 1) / (2 * REACH)), 0, side - 1.001)
    y = np.clip((v + REACH) * ((side - 1) / (2 * REACH)), 0, side - 1.001)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, down = (x - left)[..., None], (y - top)[..., None]
    flat = maps.reshape(side * side, -1)
    at = top * side + left
    upper, beside, lower, across = (
        flat.take(at + step, axis=0, mode="clip") for step in (0, 1, side, side + 1)
    )
    upper += right * (beside - upper)
    lower += right * (across - lower)
    return np.asarray(upper + down * (lower - upper))


def grid(side: int) -> tuple[Array, Array]:
    """u and v of a square canonical map, each of shape (side, side)."""
    axis = np.linspace(-REACH, REACH, side)
    u, v = np.meshgrid(axis, axis)
    return u, v


def paint_skin(identity: Identity, side: int = _SIDE) -> Skin:
    """Paint what does not move: skin, brows, beard, nostrils, fringe, and the relief's slope."""
    u, v = grid(side)
    colour = np.broadcast_to(identity.skin, (side, side, 3)).copy()
    colour *= 1 + _skin_noise(identity, side)[..., None]
    _blush(identity, colour, u, v)
    _marks(identity, colour, u, v, side)
    _mix(colour, identity.hair * 0.9, _beard(identity, u, v, side))
    _mix(colour, identity.hair * 0.75, _brows(identity, u, v, side))
    _fringe(identity, colour, u, v, side)
    relief = _relief(identity, u, v)
    step = 2 * REACH / (side - 1)
    slopes = [np.gradient(relief, step, axis=axis) for axis in (1, 0)]
    maps = np.concatenate([colour, np.stack(slopes, axis=-1)], axis=2)
    return Skin(identity, maps, _strands(identity))


def paint_face(skin: Skin, expression: Expression, u: Array, v: Array) -> tuple[Array, Array]:
    """Albedo (..., 3) and relief slopes (..., 2) of a face at canonical points (u, v)."""
    raised = np.exp(-(((v + 0.35) / 0.18) ** 2))
    values = sample_map(skin.maps, u, v + 0.07 * expression.brow * raised)
    colour, slopes = np.ascontiguousarray(values[..., :3]), values[..., 3:]
    for side in (-1, 1):
        _eye(skin.identity, expression, colour, u, v, side)
    _mouth(skin.identity, expression, colour, u, v)
    if skin.identity.glasses:
        _glasses(skin.identity, colour, u, v)
    return colour, slopes


def mouth_gap(expression: Expression) -> float:
    """Height of the open mouth in canonical units."""
    return 0.2 * expression.mouth


def mouth_curve(identity: Identity, expression: Expression, u: Array) -> tuple[Array, Array]:
    """Height v of the line between the lips at u, and 1 at its middle falling to 0 at its corners."""
    height, half_width, _, _ = identity.mouth
    across = u / (half_width * (1 + 0.22 * expression.wide))
    line = height + 0.03 - 0.07 * expression.smile * np.minimum(across**2, 1.5)
    return line, np.clip(1 - across**2, 0, None)


def _mix(colour: Array, paint: Array | tuple[float, ...], cover: Array) -> None:
    """Lay paint over colour in place, only where it covers anything."""
    at = np.flatnonzero(cover)
    flat = colour.reshape(-1, 3)
    old = flat[at]
    flat[at] = old + cover.reshape(-1)[at, None] * (np.asarray(paint) - old)


def _blob(u: Array, v: Array, at: tuple[float, float], size: tuple[float, float]) -> Array:
    return np.exp(-(((u - at[0]) / size[0]) ** 2) - ((v - at[1]) / size[1]) ** 2)


def _skin_noise(identity: Identity, side: int) -> Array:
    seed = identity.texture_seed
    broad = noise(seed, side, side / 10)
    middle = noise(seed + 1, side, side / 40)
    fine = noise(seed + 2, side, 1.2)
    return 0.05 * broad + 0.025 * middle + (0.015 + 0.025 * identity.wrinkles) * fine


def _blush(identity: Identity, colour: Array, u: Array, v: Array) -> None:
    cheeks = _blob(u, v, (-0.48, 0.25), (0.22, 0.18)) + _blob(u, v, (0.48, 0.25), (0.22, 0.18))
    nose = _blob(u, v, (0, identity.eye[1] + identity.nose[1] + 0.08), (0.13, 0.1))
    colour *= 1 - (0.5 * cheeks + 0.4 * nose)[..., None] * np.array([0.0, 0.22, 0.2])
    for side in (-1, 1):
        socket = _blob(u, v, (side * identity.eye[0], identity.eye[1]), (0.26, 0.17))
        colour *= 1 - 0.22 * socket[..., None]


def _marks(identity: Identity, colour: Array, u: Array, v: Array, side: int) -> None:
    """Freckles, moles, wrinkles, nostrils."""
    spots = noise(identity.texture_seed + 3, side, 1.3)
    near_nose = _blob(u, v, (0, 0.12), (0.62, 0.3))
    colour *= 1 - (0.3 * identity.freckles * near_nose * np.clip(spots - 0.8, 0, 1))[..., None]
    for mole_u, mole_v, radius in identity.moles:
        spot = soft(radius - np.hypot(u - mole_u, v - mole_v), 0.02)
        _mix(colour, identity.skin * 0.35, 0.85 * spot)
    lines = np.clip(np.sin((v + 0.05 * u**2) * 62), 0, 1) * _blob(u, v, (0, -0.52), (0.5, 0.13))
    fold = np.zeros_like(u)
    for s in (-1, 1):
        arc = s * u - (0.2 + 0.55 * (v - 0.15))
        fold += np.exp(-((arc / 0.025) ** 2)) * soft(0.19 - np.abs(v - 0.34), 0.12)
        under = v - identity.eye[1] - 0.15 - 0.6 * (s * u - identity.eye[0]) ** 2
        fold += 0.8 * np.exp(-((under / 0.025) ** 2)) * soft(0.15 - np.abs(s * u - identity.eye[0]), 0.1)
    colour *= 1 - ((0.08 + 0.27 * identity.wrinkles) * (0.6 * lines + fold))[..., None]
    width, length = identity.nose
    for s in (-1, 1):
        nostril = _blob(u, v, (s * width * 0.55, identity.eye[1] + length + 0.17), (0.05, 0.028))
        colour *= 1 - 0.7 * nostril[..., None]


def _beard(identity: Identity, u: Array, v: Array, side: int) -> Array:
    if identity.beard == "no beard":
        return np.zeros_like(u)
    jaw = soft(np.hypot(u / 0.95, (v - 0.1) / 0.9) - 0.62, 0.12) * soft(v - 0.05 - 0.25 * (1 - u**2), 0.15)
    upper = _blob(u, v, (0, identity.mouth[0] - 0.12), (0.3, 0.06))
    chin = _blob(u, v, (0, identity.mouth[0] + 0.3), (0.28, 0.12))
    grain = 0.8 + 0.2 * noise(identity.texture_seed + 4, side, 0.9)
    thick = 0.3 if identity.beard == "stubble" else 0.85
    return np.clip(thick * grain * np.maximum(jaw, np.maximum(upper, chin)), 0, 1)


def _brows(identity: Identity, u: Array, v: Array, side: int) -> Array:
    lift, thickness, slope, dark = identity.brow
    cover = np.zeros_like(u)
    for s in (-1, 1):
        along = (s * u - identity.eye[0]) / 0.25
        line = identity.eye[1] - lift + 0.05 * along**2 - 0.25 * slope * 0.25 * along
        taper = np.clip(1 - np.abs(along) ** 3, 0, 1) * (1 - 0.35 * along)
        cover += soft(thickness * taper - np.abs(v - line), 0.03) * soft(1 - np.abs(along), 0.15)
    grain = 0.85 + 0.2 * noise(identity.texture_seed + 5, side, 0.8)
    return np.clip(dark * cover * grain, 0, 1)


def _fringe(identity: Identity, colour: Array, u: Array, v: Array, side: int) -> None:
    if identity.hair_style == "bald":
        return
    start, lean = identity.hairline
    edge = start + 0.55 * np.abs(u) ** 3 - 0.08 * lean * np.sin(2.2 * u)
    edge += 0.012 * noise(identity.texture_seed + 6, side, 1.5)[side // 2][None, :]
    temples = np.abs(u) > 0.9
    strands = noise(identity.texture_seed + 7, side, 1.0)
    strands = ndimage.gaussian_filter1d(strands, 5, axis=0, mode="wrap")
    shade = (1 + 0.22 * strands)[..., None] * identity.hair
    cover = soft(edge - v, 0.06)
    cover[temples & (v > 0.1)] *= 0.3
    colour += cover[..., None] * (shade - colour)


def _strands(identity: Identity) -> Array:
    raw = np.random.default_rng(identity.texture_seed + 9).standard_normal((96, 96))
    combed = ndimage.gaussian_filter(raw, (6, 0.7), mode="wrap")
    return np.asarray((combed / combed.std())[..., None])


def _relief(identity: Identity, u: Array, v: Array) -> Array:
    width, length = identity.nose
    eye_v = identity.eye[1]
    relief = 0.16 * _blob(u, v, (0, eye_v + 0.5 * length), (0.6 * width, 0.26))
    relief += 0.16 * _blob(u, v, (0, eye_v + length + 0.08), (width, 0.1))
    relief += 0.07 * _blob(u, v, (0, 0.88), (0.24, 0.14))
    relief += 0.05 * _blob(u, v, (0, identity.mouth[0] + 0.02), (0.36, 0.16))
    for s in (-1, 1):
        relief += 0.08 * _blob(u, v, (s * 0.5, 0.18), (0.24, 0.24))
        relief += 0.06 * _blob(u, v, (s * 0.38, eye_v - 0.22), (0.32, 0.09))
        relief -= 0.08 * _blob(u, v, (s * identity.eye[0], eye_v), (0.22, 0.13))
    return relief


def _eye(identity: Identity, expression: Expression, colour: Array, u: Array, v: Array, side: int) -> None:
    spacing, height, half_width, half_height, tilt = identity.eye
    du = side * u - spacing
    dv = v - height + tilt * du
    opening = half_height * (1 - 0.92 * expression.blink)
    almond = opening * (1 - (du / half_width) ** 2) - np.abs(dv)
    cover = soft(almond)
    _mix(colour, (0.90, 0.88, 0.87), cover)
    look = du - side * 0.06 * expression.gaze
    radius = np.hypot(look, dv)
    _mix(colour, identity.eyes, cover * soft(0.09 - radius))
    _mix(colour, (0.03, 0.03, 0.03), cover * soft(0.042 - radius))
    glint = np.hypot(look + 0.03, dv + 0.035)
    _mix(colour, (1, 1, 1), cover * (1 - expression.blink) * soft(0.022 - glint))
    lash = np.exp(-((almond / 0.022) ** 2)) * ((dv < 0.01) | (expression.blink > 0.6))
    within = 0.85 * soft(half_width - np.abs(du))
    _mix(colour, identity.skin * 0.22, within * lash)


def _mouth(identity: Identity, expression: Expression, colour: Array, u: Array, v: Array) -> None:
    _, _, upper, lower = identity.mouth
    line, middle = mouth_curve(identity, expression, u)
    gap = mouth_gap(expression) * np.sqrt(middle)
    bow = 1 - 0.35 * np.exp(-((u / 0.05) ** 2))
    top = line - 0.35 * gap
    bottom = line + 0.65 * gap
    inside = middle > 0
    lips = np.minimum(v - (top - upper * bow * middle**0.6), bottom + lower * middle**0.6 - v)
    _mix(colour, identity.lips, 0.9 * soft(lips) * inside)
    shine = np.exp(-(((v - bottom - 0.45 * lower) / 0.02) ** 2)) * middle
    colour += (0.10 * shine)[..., None]
    hole = np.minimum(v - top, bottom - v)
    cover = soft(hole, 0.025) * inside
    _mix(colour, (0.16, 0.05, 0.05), cover)
    _mix(colour, (0.86, 0.84, 0.79), cover * soft(top + 0.055 - v) * soft(middle - 0.25, 0.2))
    _mix(colour, (0.55, 0.22, 0.22), 0.8 * cover * soft(v - bottom + 0.05, 0.05))
    shut = np.exp(-((hole / 0.016) ** 2)) * np.sqrt(middle)
    _mix(colour, identity.lips * 0.35, 0.75 * shut * soft(0.03 - gap, 0.05))


def _glasses(identity: Identity, colour: Array, u: Array, v: Array) -> None:
    frame = (0.08, 0.08, 0.09)
    for side in (-1, 1):
        ring = np.hypot((side * u - identity.eye[0] - 0.01) / 0.29, (v - identity.eye[1] - 0.02) / 0.21)
        _mix(colour, frame, 0.9 * soft(0.022 - 0.24 * np.abs(ring - 1)))
        _mix(colour, (0.8, 0.85, 0.9), 0.1 * soft(1 - ring, 0.1))
    bridge = soft(0.02 - np.abs(v - identity.eye[1] + 0.03)) * soft(0.12 - np.abs(u))
    arms = soft(0.02 - np.abs(v - identity.eye[1])) * soft(np.abs(u) - identity.eye[0] - 0.3)
    _mix(colour, frame, 0.9 * np.maximum(bridge, arms))
