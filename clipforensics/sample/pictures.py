"""Pictures of faces, some under a photo filter, with captions that say so, to train an encoder on.

The people come from a random stream of their own: none of them appears in the videos.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from tqdm import tqdm

from clipforensics.machine.workers import n_workers, ordered_map
from clipforensics.sample.face import Array, Skin, paint_skin, soft
from clipforensics.sample.identity import Identity, draw_identity
from clipforensics.sample.motion import Expression, Pose, draw_track
from clipforensics.sample.scene import Scene, Shot, draw_scene, paint_backdrop, render_shot

_STRANGERS = 100  # random stream; the videos use 0 to 3
_PER_PERSON = 4
_FILTERS = {"face": (0.35, 0.75, 0.8, 0.12), "eyes": (0.1, 0.7, 0.3, -0.12)}
QUALITIES = ("sharp", "blurry", "noisy", "compressed", "dark", "bright", "grainy and blurry")


@dataclass(frozen=True, slots=True)
class Captioned:
    """A picture and several ways to say what it shows.

    Attributes:
        pixels: uint8 RGB, shape (size, size, 3).
        captions: Each names another choice of what can be seen.
    """

    pixels: NDArray[np.uint8]
    captions: tuple[str, ...]


def render_pictures(
    n_pictures: int,
    *,
    seed: int,
    frame_size: int,
    size: int,
    n_captions: int = 3,
    workers: int | None = None,
) -> list[Captioned]:
    """Render captioned faces of people who are in no video of the sample.

    Args:
        n_pictures: How many; every four show one person.
        seed: The sample's seed.
        frame_size: Side at which a frame is rendered, as in the videos.
        size: Side of the returned pictures (bicubic, as the encoder's processor resizes).
        n_captions: Captions a picture.
        workers: Processes; all cores if None. The pictures do not depend on it.
    """
    n_people = -(-n_pictures // _PER_PERSON)
    draw = partial(_person, seed=seed, frame_size=frame_size, size=size, n_captions=n_captions)
    workers = min(workers or n_workers(), n_people)
    people = ordered_map(draw, range(n_people), workers=workers, died=_died)
    shown = tqdm(people, "rendering pictures", n_people, disable=None, unit="person")
    return [picture for person in shown for picture in person][:n_pictures]


def _died(number: int) -> list[Captioned]:
    raise MemoryError(f"the process that rendered picture {number} died; free memory or use fewer workers")


def _person(number: int, *, seed: int, frame_size: int, size: int, n_captions: int) -> list[Captioned]:
    rng = np.random.default_rng([seed, _STRANGERS, number])
    skin = paint_skin(draw_identity(rng), side=112)
    return [_picture(skin, rng, frame_size, size, n_captions) for _ in range(_PER_PERSON)]


def _picture(skin: Skin, rng: np.random.Generator, frame_size: int, size: int, n_captions: int) -> Captioned:
    scene = draw_scene(rng)
    n_frames = 24
    pose, expression = draw_track(rng, n_frames, 6)[int(rng.integers(n_frames))]
    shot = render_shot(skin, scene, paint_backdrop(scene, frame_size), pose, expression, rng)
    picture, skin_filter = _smooth_skin(shot, rng)
    quality = str(rng.choice(QUALITIES, p=[0.5, 0.1, 0.1, 0.1, 0.06, 0.06, 0.08]))
    pixels = _degrade(picture, quality, rng)
    small = Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC)
    words = list(_words(skin.identity, scene, pose, expression))
    captions = tuple(_caption(quality, [skin_filter, *words], rng) for _ in range(n_captions))
    return Captioned(np.asarray(small), captions)


def _smooth_skin(shot: Shot, rng: np.random.Generator) -> tuple[Array, str]:
    """What people do to their own pictures: a filter that smooths the skin, or part of it."""
    shares = [share for share, *_ in _FILTERS.values()]
    place = str(rng.choice(("", *_FILTERS), p=[1 - sum(shares), *shares]))
    if not place:
        return shot.picture, "no filter"
    sigma = rng.uniform(1.0, 2.8)
    picture = shot.picture.copy()
    smooth = ndimage.gaussian_filter(picture, (sigma, sigma, 0), truncate=2.5).reshape(-1, 3)
    flat = picture.reshape(-1, 3)
    flat[shot.at] += _oval(shot, *_FILTERS[place][1:])[:, None] * (smooth[shot.at] - flat[shot.at])
    return picture, f"a filter on the {place}"


def _oval(shot: Shot, width: float, height: float, centre: float) -> Array:
    """Coverage of a soft oval in canonical coordinates, at the pixels of the face."""
    inside = 1 - np.hypot(shot.u / width, (shot.v - centre) / height)
    return soft(inside, 0.15) * shot.edge


def _degrade(picture: Array, quality: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    level = 8 if quality == "compressed" else int(rng.integers(55, 90))
    if "blurry" in quality:
        sigma = rng.uniform(1.2, 2.4)
        picture = ndimage.gaussian_filter(picture, (sigma, sigma, 0))
    if quality.startswith(("noisy", "grainy")):
        picture = picture + rng.normal(0, 0.09, picture.shape)
    picture = picture * {"dark": 0.55, "bright": 1.4}.get(quality, 1.0)
    whole = (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)  # never cut: blurred white is 1 - 1e-16
    file = io.BytesIO()
    Image.fromarray(whole).save(file, "JPEG", quality=level)
    return np.asarray(Image.open(file))


def _words(person: Identity, scene: Scene, pose: Pose, expression: Expression) -> Iterator[str]:
    """What can be said of the face and of the light on it, one phrase each."""
    yield f"{person.skin_tone} skin"
    yield "no hair" if person.hair_style == "bald" else f"{person.hair_colour} hair"
    yield person.beard
    yield f"{person.eye_colour} eyes" if expression.blink < 0.5 else "closed eyes"
    yield "glasses" if person.glasses else "no glasses"
    yield "an open mouth" if expression.mouth > 0.4 else "a closed mouth"
    if abs(expression.smile) > 0.35:
        yield "a smile" if expression.smile > 0 else "a frown"
    if abs(pose.yaw) > 0.12:
        yield "head turned right" if pose.yaw > 0 else "head turned left"
    else:
        yield "head straight"
    yield f"light from {scene.light_from}"


def _caption(quality: str, words: list[str], rng: np.random.Generator) -> str:
    """`a photo of a person with ...`: the first phrase, then two to four others in random order."""
    first, *others = words
    chosen = rng.permutation(len(others))[: int(rng.integers(2, 5))]
    return f"a {quality} photo of a person with " + ", ".join([first, *(others[i] for i in chosen)])
