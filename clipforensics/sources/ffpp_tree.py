"""The official FaceForensics++ tree: original_sequences/ and manipulated_sequences/.

Layout as in https://github.com/ondyari/FaceForensics/tree/master/dataset:
`original_sequences/<youtube|actors>/<c>/videos/<target>.mp4` and
`manipulated_sequences/<manipulation>/<c>/videos/<target>_<source>.mp4`. DeepFakeDetection's
names are `<target>__<scene>.mp4` and `<target>_<source>__<scene>__<code>.mp4`. Masks, the same for every
compression, are `manipulated_sequences/<manipulation>/masks/videos/<name of the video>`.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from clipforensics.core.faults import InputError
from clipforensics.core.records import REAL, Skipped, Video
from clipforensics.sources import base

ACTORS = "DeepFakeDetection"
"""The manipulation whose real footage is original_sequences/actors instead of youtube."""

Compression = Literal["raw", "c0", "c23", "c40"]

_FOLDERS: dict[str, tuple[str, ...]] = {
    "raw": ("raw", "c0"), "c0": ("c0", "raw"), "c23": ("c23",), "c40": ("c40",)
}  # fmt: skip
_REAL = re.compile(r"(?P<target>[^_]+)(?P<source>)(?P<take>)")
_FAKE = re.compile(r"(?P<target>[^_]+)_(?P<source>[^_]+)(?P<take>)")
_REAL_ACTOR = re.compile(r"(?P<target>[^_]+)(?P<source>)__(?P<take>.+)")
_FAKE_ACTOR = re.compile(r"(?P<target>[^_]+)_(?P<source>[^_]+)__(?P<take>.+)")


class Profile(base.Profile):
    """Profile of a FaceForensics++ tree.

    Attributes:
        compression: raw (also called c0), c23 or c40.
        manipulations: Folders of manipulated_sequences to use.
        youtube_ids: conversion_dict.json, absolute or relative to the root; optional.
    """

    compression: Compression
    manipulations: list[str]
    youtube_ids: str = ""


def find_videos(profile: Profile, root: Path, *, dataset: str) -> tuple[list[Video], list[Skipped]]:
    """List the videos that a profile asks for; see `list_tree`."""
    youtube = base.read_youtube_ids(root / profile.youtube_ids) if profile.youtube_ids else {}
    return list_tree(
        root,
        dataset=dataset,
        compression=profile.compression,
        manipulations=profile.manipulations,
        youtube=youtube,
    )


def list_tree(
    root: Path,
    *,
    dataset: str,
    compression: str,
    manipulations: Sequence[str],
    prefix: str = "",
    youtube: Mapping[str, str] | None = None,
) -> tuple[list[Video], list[Skipped]]:
    """List real footage, then each manipulation's in the given order, by sorted file name.

    Args:
        root: Folder that holds original_sequences and manipulated_sequences.
        dataset: Name that goes into the records.
        compression: raw, c0, c23 or c40; c0 is recorded as raw.
        manipulations: Folders of manipulated_sequences.
        prefix: Put before each path, where `root` is not the data set's root (`videos/`).
        youtube: Sequence id to YouTube id, for footage from YouTube.

    Returns:
        Unprobed videos, and files whose names do not follow the layout.

    Raises:
        InputError: a folder that is asked for does not exist.
    """
    top = root / "manipulated_sequences"
    present = {p.name for p in top.iterdir() if p.is_dir()} if top.is_dir() else set()
    base.check_folders(manipulations, present, str(top))
    origins = ["youtube"] * any(m != ACTORS for m in manipulations) + ["actors"] * (ACTORS in manipulations)
    places = [(REAL, f"original_sequences/{origin}", origin == "actors") for origin in origins]
    places += [(m, f"manipulated_sequences/{m}", m == ACTORS) for m in manipulations]
    return list_places(
        root, places, dataset=dataset, compression=compression, prefix=prefix, youtube=youtube or {}
    )


def list_places(
    root: Path,
    places: Sequence[tuple[str, str, bool]],
    *,
    dataset: str,
    compression: str,
    prefix: str = "",
    youtube: Mapping[str, str],
) -> tuple[list[Video], list[Skipped]]:
    """List some folders of a tree, by sorted file name; as `list_tree`.

    Args:
        root: As there.
        places: Of each its manipulation, the folder above the compressions', and whether it has actors.
        dataset: As there.
        compression: As there.
        prefix: As there.
        youtube: As there.
    """
    videos: list[Video] = []
    skipped: list[Skipped] = []
    for manipulation, place, actors in places:
        folder = _videos_folder(root, place, compression)
        for path in base.visible(root / folder):
            shown = prefix + f"{folder}/{path.name}"
            names = _parse_name(path, manipulation, actors)
            if isinstance(names, str):
                skipped.append(base.skipped(shown, names))
                continue
            ids, mask = {} if actors else youtube, f"{place}/masks/videos/{path.name}"
            has_mask = manipulation != REAL and base.is_there(root / mask)
            videos.append(
                Video(
                    dataset=dataset,
                    manipulation=manipulation,
                    compression="raw" if compression == "c0" else compression,
                    target=names["target"],
                    source=names["source"],
                    take=names["take"],
                    label=int(manipulation != REAL),
                    target_youtube=ids.get(names["target"], ""),
                    source_youtube=ids.get(names["source"], ""),
                    path=shown,
                    mask=prefix + mask if has_mask else "",
                )
            )
    return videos, skipped


def _videos_folder(root: Path, place: str, compression: str) -> str:
    """`<place>/<c>/videos`, whichever of its names the compression has on disk."""
    for name in _FOLDERS[compression]:
        if (root / place / name / "videos").is_dir():
            return f"{place}/{name}/videos"
    there = sorted(p.parent.name for p in root.glob(f"{place}/*/videos"))
    others = f"there are: {', '.join(there)}" if there else "nor videos of any other compression"
    raise InputError(
        f"{str(root / place)!r} has no {compression}/videos; {others}; set `compression` of the profile,"
        " or the root to the folder that holds original_sequences, or complete the download"
    )


def _parse_name(path: Path, manipulation: str, actors: bool) -> dict[str, str] | str:
    """Target, source and take of a file name, or why it has none."""
    if fault := base.video_fault(path.name):
        return fault
    real = manipulation == REAL
    pattern = (_REAL_ACTOR if actors else _REAL) if real else (_FAKE_ACTOR if actors else _FAKE)
    match = pattern.fullmatch(path.stem)
    if not match:
        rule = "<target>" if real else "<target>_<source>"
        return f"name {path.stem!r} must be {rule}{'__<scene>' if actors else ''}; rename or remove it"
    names = match.groupdict()
    return next((f for f in (base.identity_fault(k, v) for k, v in names.items()) if f), names)
