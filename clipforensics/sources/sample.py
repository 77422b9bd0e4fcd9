"""The built-in sample: rendered on first use, then read like FaceForensics++.

`videos/` under the root is an official tree, `clip/` beside it the tiny CLIP trained with it.
"""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from clipforensics.core.params import Section
from clipforensics.core.records import REAL, Skipped, Video
from clipforensics.machine.workers import beside, n_workers
from clipforensics.sample.pictures import render_pictures
from clipforensics.sample.tiny_clip import check_sizes, train_tiny_clip
from clipforensics.sample.videos import plan_files, render_videos
from clipforensics.sources import base, ffpp_tree

SIZES = ("n_pictures", "image_size", "patch_size", "hidden_size", "n_heads")
"""Settings of the tiny CLIP that must fit together."""

PLACE = {"root", "root_env", "follow_links", "cropped", "identities_of", "digests"}
"""Settings that change nothing about what is rendered."""


class ClipSettings(Section):
    """Size and training of the tiny CLIP; see `tiny_clip.train_tiny_clip`."""

    n_pictures: PositiveInt
    steps: PositiveInt
    batch_size: PositiveInt
    learning_rate: PositiveFloat
    image_size: PositiveInt
    patch_size: PositiveInt
    hidden_size: PositiveInt
    n_layers: PositiveInt
    n_heads: PositiveInt
    projection: PositiveInt


class Profile(base.Profile):
    """What is rendered; see `videos.render_videos`.

    Other settings delete what the last ones made, so only the folder that dvc.yaml declares may be the root.
    """

    layout: Literal["sample"]
    root: Literal["data/sample"]
    root_env: Literal[""] = ""
    n_identities: PositiveInt
    n_frames: PositiveInt
    frame_size: PositiveInt
    fps: PositiveInt
    crf: int = Field(ge=0, le=51)
    compression: ffpp_tree.Compression
    seed: int = Field(ge=0)
    strength: float = Field(ge=0, le=2)
    manipulations: list[str]
    clip: ClipSettings


def find_videos(profile: Profile, root: Path, *, dataset: str) -> tuple[list[Video], list[Skipped]]:
    """List the sample's videos; render them, and train the tiny CLIP, where they are missing.

    Each part appears only once it is complete, and is made anew when its settings changed.

    Args:
        profile: What to render and train.
        root: Receives `videos`, `clip` and `settings.json`.
        dataset: Name that the records carry.

    Returns:
        As `ffpp_tree.list_tree`; paths are relative to `root`.

    Raises:
        InputError: a setting is out of its range or a manipulation does not exist.
    """
    settings = profile.model_dump(exclude=PLACE)
    if _read_settings(root) != settings:
        _begin(root, settings)
    _make(profile, root)
    return ffpp_tree.list_tree(
        root / "videos",
        dataset=dataset,
        compression=profile.compression,
        manipulations=profile.manipulations,
        prefix="videos/",
    )


def plan_videos(profile: Profile, root: Path, *, dataset: str) -> tuple[list[Video], list[Skipped]]:
    """The videos that `find_videos` will have rendered and list; nothing is made or looked for.

    Args:
        profile: What to render.
        root: Where `videos` will be.
        dataset: Name that the records carry.

    Raises:
        InputError: a setting is out of its range or a manipulation does not exist.
    """
    settings = profile.clip.model_dump()
    check_sizes(**{name: settings[name] for name in SIZES})
    settings = profile.model_dump(exclude={"layout", "clip", *PLACE})
    folder = root / "videos"
    videos = [
        Video(
            dataset=dataset,
            manipulation=manipulation or REAL,
            compression=profile.compression,
            target=target,
            source=source,
            take="",
            label=int(bool(manipulation)),
            target_youtube="",
            source_youtube="",
            path=path.relative_to(root).as_posix(),
        )
        for target, source, manipulation, path in plan_files(folder, **settings)
    ]
    order = [REAL, *profile.manipulations]
    return sorted(videos, key=lambda video: (order.index(video.manipulation), video.path)), []


def _make(profile: Profile, root: Path) -> None:
    """Make the parts that are missing; the encoder trains on one processor while the others render."""
    workers = n_workers()
    if not (root / "clip").is_dir():
        with beside(_prepare_training(profile, root)):
            if workers > 1:
                _render(profile, root, workers - 1)
    _render(profile, root, workers)


def _render(profile: Profile, root: Path, workers: int) -> None:
    if (root / "videos").is_dir():
        return
    unfinished = root / "videos.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    settings = profile.model_dump(exclude={"layout", "clip", *PLACE})
    render_videos(unfinished, workers=workers, **settings)
    unfinished.rename(root / "videos")


def _prepare_training(profile: Profile, root: Path) -> Callable[[], object]:
    """Render the pictures on all processors; return the training itself, which keeps one busy."""
    settings = profile.clip.model_dump()
    check_sizes(**{name: settings[name] for name in SIZES})
    pictures = render_pictures(
        settings.pop("n_pictures"),
        seed=profile.seed,
        frame_size=profile.frame_size,
        size=profile.clip.image_size,
    )
    return partial(train_tiny_clip, root / "clip", pictures, seed=profile.seed, **settings)


def _read_settings(root: Path) -> object:
    path = root / "settings.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _begin(root: Path, settings: dict[str, object]) -> None:
    """Throw away what other settings made; the settings first, so that they never vouch for less than all."""
    (root / "settings.json").unlink(missing_ok=True)
    for name in ("videos", "clip"):
        if (root / name).exists():
            shutil.rmtree(root / name)
    root.mkdir(parents=True, exist_ok=True)
    (root / "settings.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
