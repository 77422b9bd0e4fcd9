"""Four face manipulations that work the way their namesakes do, each with its own flaws.

Each takes what was filmed (the target's shot) and returns the frame with the face changed. The
new pixels carry no camera noise of their own, and none of the four sees the file's encoding.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import ndimage

from clipforensics.sample.face import Array, Skin, grid, mouth_curve, mouth_gap, paint_face, sample_map, soft
from clipforensics.sample.motion import Expression, Pose
from clipforensics.sample.scene import Scene, Shot, pixel_shift, shade_frontal


@dataclass(frozen=True, slots=True)
class Person:
    """One side of a manipulation: the skin, the scene it was filmed in, and its expression now."""

    skin: Skin
    scene: Scene
    expression: Expression


@dataclass(slots=True)
class State:
    """What a manipulation carries from frame to frame of one video.

    Attributes:
        rng: Source of the tracker's errors.
        strength: Scales every flaw; 1 is the sample's.
        drift: The tracker's error in canonical units (u, v), following a slow random walk.
        texture: The last re-rendered patch (NeuralTextures).
    """

    rng: np.random.Generator
    strength: float
    drift: Array = field(default_factory=lambda: np.zeros(2))
    texture: Array | None = None


Manipulation = Callable[[Shot, Pose, Person, Person, State], Array]


def face_swap(shot: Shot, pose: Pose, target: Person, source: Person, state: State) -> Array:
    """FaceSwap: the source's face texture on the target's pose, colour-matched, with a seam.

    The colours are matched only by mean and spread and not fully, the texture keeps the light it
    was filmed in, the blending edge is narrow and dark where the texture ends, and the tracker
    trembles.
    """
    drift_u, drift_v = _tremble(state, 0.022)
    patch = _texture(source.skin, source.scene, target.expression, 48, 0.5 + 0.25 * state.strength)
    u, v = shot.u + drift_u, shot.v + drift_v
    new = sample_map(patch, u, v)
    oval = 1 - np.hypot(u / 0.78, (v - 0.14) / 0.80)
    cover = soft(oval, 0.08) * shot.edge
    new = _match_colour(new, _seen(shot), cover, 1 - 0.4 * state.strength)
    new *= 1 - 0.3 * state.strength * np.exp(-((oval / 0.06) ** 2))[:, None]
    return _blend(shot, new, cover)


def deepfakes(shot: Shot, pose: Pose, target: Person, source: Person, state: State) -> Array:
    """Deepfakes: an inner face of the source re-synthesised at low resolution, as by an autoencoder.

    Fine detail is gone, eyes and mouth are soft, and the pasted square's edge is feathered.
    """
    drift_u, drift_v = _tremble(state, 0.012)
    patch = _texture(source.skin, target.scene, target.expression, 44, 0.2 + 0.3 * state.strength)
    u, v = shot.u + drift_u, shot.v + drift_v
    new = sample_map(patch, u, v)
    square = 1 - ((np.abs(u) / 0.66) ** 4 + (np.abs(v - 0.14) / 0.66) ** 4) ** 0.25
    cover = soft(square, 0.3) * shot.edge
    new = _match_colour(new, _seen(shot), cover, 1 - 0.1 * state.strength)
    return _blend(shot, new + _grain(shot, 1 - 0.75 * state.strength), cover)


def face_to_face(shot: Shot, pose: Pose, target: Person, source: Person, state: State) -> Array:
    """Face2Face: the target's own frame, warped to the source's expression.

    Lips, jaw and brows are dragged along the surface; the inside of the mouth, which the frame
    does not show, is filled in from a blurred model.
    """
    wanted = _blend_expressions(target.expression, source.expression, 1.0)
    du, dv = _expression_shift(target, wanted, shot.u, shot.v)
    warped = _warp(shot, *pixel_shift(target.skin.identity, pose, shot.picture.shape[0], du, dv))
    patch = _texture(target.skin, target.scene, wanted, 56, 0.4)
    line, middle = mouth_curve(target.skin.identity, wanted, shot.u)
    lips = 0.06 + mouth_gap(wanted) * 0.6 - np.abs(shot.v - line - 0.15 * mouth_gap(wanted))
    cover = soft(lips, 0.09) * soft(middle - 0.05, 0.2) * shot.edge
    new = _match_colour(sample_map(patch, shot.u, shot.v), _seen(warped), cover, 1 - 0.2 * state.strength)
    return _blend(warped, new, cover)


def neural_textures(shot: Shot, pose: Pose, target: Person, source: Person, state: State) -> Array:
    """NeuralTextures: the target's mouth region re-rendered with the source's expression.

    The rendering is smooth in texture and lags in time; above the mouth nothing changes.
    """
    wanted = _blend_expressions(target.expression, source.expression, 1.0)
    patch = _texture(target.skin, target.scene, wanted, 64, 0.3 + 0.3 * state.strength)
    if state.texture is not None:
        patch = patch + 0.4 * state.strength * (state.texture - patch)
    state.texture = patch
    height = target.skin.identity.mouth[0]
    oval = 1 - np.hypot(shot.u / 0.62, (shot.v - (height + 0.06)) / 0.40)
    cover = soft(oval, 0.25) * shot.edge
    new = _match_colour(sample_map(patch, shot.u, shot.v), _seen(shot), cover, 1 - 0.2 * state.strength)
    return _blend(shot, new + _grain(shot, 1 - 0.9 * state.strength), cover)


MANIPULATIONS: dict[str, Manipulation] = {
    "Deepfakes": deepfakes,
    "Face2Face": face_to_face,
    "FaceSwap": face_swap,
    "NeuralTextures": neural_textures,
}
"""By the names of the official tree."""


def _texture(skin: Skin, scene: Scene, expression: Expression, side: int, blur: float) -> Array:
    """A face re-rendered as a canonical map (side, side, 3), blurred by `blur` of its pixels."""
    u, v = grid(side)
    colour, slopes = paint_face(skin, expression, u.ravel(), v.ravel())
    lit = shade_frontal(scene, colour, slopes, u.ravel(), v.ravel()).reshape(side, side, 3)
    return np.asarray(ndimage.gaussian_filter(lit, (blur, blur, 0)))


def _seen(shot: Shot) -> Array:
    return np.asarray(shot.picture.reshape(-1, 3)[shot.at])


def _grain(shot: Shot, share: float) -> Array:
    """The share of the frame's finest detail that a network which sees the frame lets through."""
    fine = shot.picture - ndimage.gaussian_filter(shot.picture, (1, 1, 0), truncate=2)
    return np.asarray(max(share, 0) * fine.reshape(-1, 3)[shot.at])


def _blend(shot: Shot, new: Array, cover: Array) -> Array:
    picture = shot.picture.copy()
    picture.reshape(-1, 3)[shot.at] += cover[:, None] * (new - _seen(shot))
    return np.clip(picture, 0, 1)


def _warp(shot: Shot, dx: Array, dy: Array) -> Shot:
    """The shot with what its face pixels show moved by (dx, dy) pixels."""
    size = shot.picture.shape[1]
    places = np.stack([shot.at // size - dy, shot.at % size - dx])
    planes = np.moveaxis(shot.picture, -1, 0)
    moved = [ndimage.map_coordinates(plane, places, order=1, mode="nearest") for plane in planes]
    return replace(shot, picture=_blend(shot, np.stack(moved, axis=-1), shot.edge))


def _match_colour(new: Array, old: Array, weight: Array, amount: float) -> Array:
    """Move each channel's mean and spread within `weight` to the old ones by `amount` (0 to 1)."""
    total = weight.sum() + 1e-6
    new_mean, old_mean = _total(weight, new) / total, _total(weight, old) / total
    new_spread = np.sqrt(_total(weight, (new - new_mean) ** 2) / total) + 1e-3
    old_spread = np.sqrt(_total(weight, (old - old_mean) ** 2) / total) + 1e-3
    gain = 1 + amount * (np.clip(old_spread / new_spread, 0.5, 2) - 1)
    return np.asarray((new - new_mean) * gain + new_mean + amount * (old_mean - new_mean))


def _total(weight: Array, values: Array) -> Array:
    """Weighted sums of the columns of (n, 3), without BLAS."""
    return np.asarray((weight[:, None] * values).sum(axis=0))


def _tremble(state: State, size: float) -> tuple[float, float]:
    """The tracker's error of this frame: a slow walk plus jitter, in canonical units."""
    size *= state.strength
    state.drift = 0.8 * state.drift + state.rng.normal(0, 0.6 * size, 2)
    jitter = state.drift + state.rng.normal(0, 0.7 * size, 2)
    return float(jitter[0]), float(jitter[1])


def _blend_expressions(target: Expression, source: Expression, amount: float) -> Expression:
    """The source's mouth and brows on the target's eyes: reenactment leaves lids and gaze alone."""
    mouth, wide, smile, brow = (
        getattr(target, name) + amount * (getattr(source, name) - getattr(target, name))
        for name in ("mouth", "wide", "smile", "brow")
    )
    return Expression(mouth=mouth, wide=wide, smile=smile, blink=target.blink, brow=brow, gaze=target.gaze)


def _expression_shift(target: Person, wanted: Expression, u: Array, v: Array) -> tuple[Array, Array]:
    """How far (u, v) the surface moves from the target's expression to the wanted one."""
    identity, now = target.skin.identity, target.expression
    height, half_width, _, _ = identity.mouth
    near = np.exp(-((u / 0.5) ** 2) - ((v - height) / 0.3) ** 2)
    gap = mouth_gap(wanted) - mouth_gap(now)
    dv = gap * np.where(v > height, 0.65, -0.35) * near
    across = u / half_width
    corners = np.exp(-((np.abs(across) - 1) ** 2) / 0.25 - ((v - height) / 0.15) ** 2)
    dv -= 0.07 * (wanted.smile - now.smile) * corners
    du = 0.22 * half_width * (wanted.wide - now.wide) * np.clip(across, -1, 1) * near
    brows = np.exp(-(((v + 0.35) / 0.18) ** 2))
    dv -= 0.07 * (wanted.brow - now.brow) * brows
    return du, dv
