"""Put a face into a picture: pose, hair, shoulders, light, background and camera."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from clipforensics.sample.face import Array, Skin, noise, paint_face, sample_map, soft
from clipforensics.sample.identity import CLOTH_COLOURS, Colour, Identity
from clipforensics.sample.motion import Expression, Pose

BACKGROUNDS = {
    "blue": (0.30, 0.42, 0.62),
    "green": (0.35, 0.50, 0.36),
    "grey": (0.55, 0.55, 0.57),
    "beige": (0.74, 0.66, 0.54),
    "brown": (0.42, 0.31, 0.24),
    "white": (0.86, 0.86, 0.85),
}
SETTINGS = ("wall", "window", "shelf")
LIGHTS = ("the left", "the right", "above")


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything of a video that is neither the person nor the motion.

    Attributes:
        background: Key of BACKGROUNDS; `setting` one of SETTINGS; `cloth` key of CLOTH_COLOURS.
        light_from: One of LIGHTS.
        wall: RGB; `shirt` likewise.
        light: Direction towards the light (x right, y down, z to the camera), unit length.
        ambient: Light that comes from everywhere, 0 to 1.
        tint: RGB gain of the camera's white balance and exposure.
        grain: Standard deviation of the camera's noise, 0 to 1.
        blur: Standard deviation of the lens's blur as a share of the frame's side.
        seed: Seed of the background's texture.
    """

    background: str
    setting: str
    cloth: str
    light_from: str
    wall: Colour
    shirt: Colour
    light: Colour
    ambient: float
    tint: Colour
    grain: float
    blur: float
    seed: int


@dataclass(frozen=True, slots=True)
class Shot:
    """One rendered frame and where the face is in it.

    Attributes:
        picture: RGB, 0 to 1, shape (size, size, 3), with the camera's noise.
        at: Flat pixel indices of the face, shape (n,).
        u: Canonical coordinate of each of these pixels, shape (n,); `v` likewise.
        edge: How much of the pixel the face covers, 0 to 1, shape (n,).
    """

    picture: Array
    at: NDArray[np.intp]
    u: Array
    v: Array
    edge: Array


def draw_scene(rng: np.random.Generator) -> Scene:
    """Draw light, background and camera of one video."""
    background = str(rng.choice(list(BACKGROUNDS)))
    cloth = str(rng.choice(list(CLOTH_COLOURS)))
    light_from = str(rng.choice(LIGHTS))
    side = {"the left": -0.75, "the right": 0.75, "above": 0.0}[light_from] + rng.uniform(-0.15, 0.15)
    light = np.array([side, -0.85 + 0.5 * abs(side) + rng.uniform(-0.1, 0.1), rng.uniform(0.6, 1.0)])
    warm = rng.uniform(-0.06, 0.06)
    return Scene(
        background=background,
        setting=str(rng.choice(SETTINGS)),
        cloth=cloth,
        light_from=light_from,
        wall=_near(rng, BACKGROUNDS[background]),
        shirt=_near(rng, CLOTH_COLOURS[cloth]),
        light=light / np.sqrt((light**2).sum()),
        ambient=float(rng.uniform(0.42, 0.62)),
        tint=rng.uniform(0.88, 1.12) * np.array([1 + warm, 1, 1 - warm]),
        grain=float(rng.uniform(0.018, 0.035)),
        blur=float(rng.uniform(0.003, 0.007)),
        seed=int(rng.integers(2**31)),
    )


def paint_backdrop(scene: Scene, size: int) -> Array:
    """The empty room, RGB of shape (size, size, 3); the same for every frame of a video."""
    axis = np.linspace(-1, 1, size)
    x, y = np.meshgrid(axis, axis)
    room = np.broadcast_to(scene.wall, (size, size, 3)).copy()
    room *= (1 - 0.14 * y + 0.22 * scene.light[0] * x)[..., None]
    room *= (1 + 0.05 * noise(scene.seed, size, size / 12))[..., None]
    rng = np.random.default_rng(scene.seed)
    if scene.setting == "window":
        left, top = rng.uniform(-0.95, -0.4) * rng.choice([-1, 1]), rng.uniform(-0.9, -0.6)
        pane = np.minimum(0.35 - np.abs(x - left), 0.55 - np.abs(y - top - 0.3))
        bar = soft(0.03 - np.minimum(np.abs(x - left), np.abs(y - top - 0.3)), 0.03)
        room += (soft(pane, 0.05) * (1 - 0.6 * bar))[..., None] * (0.95 - room) * 0.75
    elif scene.setting == "shelf":
        room *= 1 - 0.6 * _books(rng, x, y)[..., None] * rng.uniform(0.3, 1, 3)
    return np.asarray(ndimage.gaussian_filter(room, (size / 70, size / 70, 0)))


def render_shot(
    skin: Skin,
    scene: Scene,
    backdrop: Array,
    pose: Pose,
    expression: Expression,
    rng: np.random.Generator,
) -> Shot:
    """Render one frame; `rng` gives the camera's noise."""
    size = backdrop.shape[0]
    p, q = _head_coordinates(pose, size)
    picture = backdrop.copy()
    _paint_body(skin.identity, scene, picture, pose, size)
    _paint_hair_and_ears(skin, scene, picture, p, q, pose)
    at, u, v, normal, edge = _canonical(skin.identity, pose, expression, p, q)
    colour, slopes = paint_face(skin, expression, u, v)
    flat = picture.reshape(-1, 3)
    flat[at] += edge[:, None] * (shade(scene, colour, slopes, normal) - flat[at])
    return Shot(_camera(scene, picture, rng), at, u, v, edge)


def shade(scene: Scene, colour: Array, slopes: Array, normal: Array) -> Array:
    """Light an albedo (n, 3) with relief slopes (n, 2) on a surface with normals (n, 3)."""
    facing = _along(normal, scene.light) - 0.55 * _along(slopes, scene.light[:2])
    diffuse = np.clip(facing, 0, None)
    gloss = 0.06 * diffuse**8
    return np.asarray(colour * (scene.ambient + 0.62 * diffuse)[:, None] + gloss[:, None])


def _along(vectors: Array, direction: Array) -> Array:
    """Scalar products of (n, k) with (k,), without BLAS."""
    return np.asarray((vectors * direction).sum(axis=-1))


def shade_frontal(scene: Scene, colour: Array, slopes: Array, u: Array, v: Array) -> Array:
    """Light a face seen from the front, at canonical points (n,): how a face texture looks."""
    depth = np.sqrt(np.clip(1 - u**2 - v**2, 0.05, None))
    return shade(scene, colour, slopes, np.stack([u, v, depth], axis=-1)) * scene.tint


def pixel_shift(identity: Identity, pose: Pose, size: int, du: Array, dv: Array) -> tuple[Array, Array]:
    """Pixels (right, down) that a small step (du, dv) in canonical coordinates takes."""
    across, along = du * (identity.width * np.cos(pose.yaw)), dv
    cosine, sine = np.cos(pose.roll), np.sin(pose.roll)
    unit = pose.scale * size / 2
    return unit * (cosine * across - sine * along), unit * (sine * across + cosine * along)


def _head_coordinates(pose: Pose, size: int) -> tuple[Array, Array]:
    """Offsets of all pixels from the head's centre in units of its half height, without its roll."""
    axis = (np.arange(size) + 0.5) * (2 / size) - 1
    x, y = (axis - pose.x)[None, :], (axis - pose.y)[:, None]
    cosine = np.cos(pose.roll) / pose.scale
    sine = np.sin(pose.roll) / pose.scale
    return cosine * x + sine * y, cosine * y - sine * x


def _canonical(
    identity: Identity, pose: Pose, expression: Expression, p: Array, q: Array
) -> tuple[NDArray[np.intp], Array, Array, Array, Array]:
    """Face pixels, their (u, v), surface normals and coverage: a rotated ellipsoid seen from afar."""
    drop = 0.09 * expression.mouth
    q = q - drop * np.clip((q - 0.35) / 0.65, 0, 1)
    width = identity.width * (1 - identity.jaw * np.clip(q, 0, 1) ** 2)
    side = p / width
    radius = np.abs(side) ** 2 + q**2
    at = np.flatnonzero(radius < 1.06)
    side, q, radius = side.ravel()[at], q.ravel()[at], np.sqrt(radius.ravel()[at])
    edge = soft((1 - radius) * pose.scale, 2.5 / p.shape[0])
    depth = np.sqrt(np.clip(1 - radius**2, 0.0, None))
    u = side * np.cos(pose.yaw) - depth * np.sin(pose.yaw)
    turned = depth * np.cos(pose.yaw) + side * np.sin(pose.yaw)
    v = q * np.cos(pose.pitch) - turned * np.sin(pose.pitch)
    return at, u, v, np.stack([side, q, depth], axis=-1), edge


def _paint_body(identity: Identity, scene: Scene, picture: Array, pose: Pose, size: int) -> None:
    axis = (np.arange(size) + 0.5) * (2 / size) - 1
    p = ((axis - 0.8 * pose.x) / pose.scale)[None, :]
    q = ((axis - pose.y) / pose.scale)[:, None]
    below = int(np.searchsorted(q[:, 0], 0.3))
    p, q, part = p, q[below:], picture[below:]
    lit = scene.ambient + 0.35 * (1 + scene.light[0] * p)
    neck_width = 0.62 * identity.width
    neck = soft(neck_width + 0.25 * np.clip(q - 1, 0, 1) ** 2 - np.abs(p), 0.04)
    under_chin = 0.62 + 0.25 * np.clip((q - 0.9) / 0.5, 0, 1)
    part += neck[..., None] * (identity.skin * (lit * under_chin)[..., None] - part)
    collar = 1.22 + 0.28 * (np.abs(p) / 1.1) ** 2 - 0.3 * np.exp(-((p / 0.34) ** 2)) * -0.6
    shirt = soft(q - collar, 0.05)
    fold = 0.9 + 0.1 * np.sin(9 * p + 3 * q)
    part += shirt[..., None] * (scene.shirt * (lit * fold)[..., None] - part)


def _paint_hair_and_ears(skin: Skin, scene: Scene, picture: Array, p: Array, q: Array, pose: Pose) -> None:
    identity = skin.identity
    width = identity.width
    turn = np.sin(pose.yaw)
    if identity.hair_style != "bald":
        lower = 0.9 if identity.hair_style == "long" else -0.05
        dome = 1.1 - np.hypot((p + 0.1 * turn) / (1.06 * width), (q + 0.08) / 1.02)
        drape = np.minimum(1.14 * width - np.abs(p + 0.1 * turn), q + 0.2)
        cover = np.maximum(soft(dome, 0.06) * soft(lower - q, 0.2), soft(drape, 0.06) * soft(lower - q, 0.3))
        strands = sample_map(skin.strands, p + 0.1 * q, 0.3 * q)[..., 0]
        lit = scene.ambient + 0.35 * np.clip(scene.light[0] * p - scene.light[1] * -q, -0.5, 1)
        paint = identity.hair * ((1 + 0.22 * strands) * (0.2 + lit))[..., None]
        picture += cover[..., None] * (paint - picture)
    if identity.hair_style != "long":
        for s in (-1, 1):
            ear = 1 - np.hypot((p - s * width * 1.0 + 0.06 * turn) / 0.13, (q + 0.02) / 0.21)
            lit_ear = scene.ambient + 0.3 * (1 + s * scene.light[0])
            cover = soft(0.15 * ear, 0.04)[..., None]
            picture += cover * (identity.skin * np.array([0.95, 0.82, 0.78]) * lit_ear - picture)


def _camera(scene: Scene, picture: Array, rng: np.random.Generator) -> Array:
    size = picture.shape[0]
    axis = np.linspace(-1, 1, size)
    vignette = 1 - 0.12 * (axis[None, :] ** 2 + axis[:, None] ** 2)
    sigma = scene.blur * size
    seen = ndimage.gaussian_filter(picture, (sigma, sigma, 0), truncate=2.5)
    seen *= vignette[..., None] * scene.tint
    grain = rng.standard_normal((size, size, 1), dtype=np.float32)
    seen += scene.grain * grain
    seen += 0.4 * scene.grain * rng.standard_normal((size, size, 3), dtype=np.float32)
    return np.clip(seen, 0, 1)


def _books(rng: np.random.Generator, x: Array, y: Array) -> Array:
    """Spines of books on two boards, darkness 0 to 1."""
    edges = np.sort(rng.uniform(-1, 1, 22))
    tones = rng.uniform(0.1, 0.9, 23)
    dark = tones[np.searchsorted(edges, x)]
    boards = np.abs((y * 1.5 + 0.2) % 1 - 0.5) < 0.06
    return np.where(boards, 0.2, dark)


def _near(rng: np.random.Generator, colour: tuple[float, float, float]) -> Colour:
    return np.clip(np.array(colour) * rng.uniform(0.88, 1.12, 3), 0, 1)
