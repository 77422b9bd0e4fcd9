"""The FaceForensics++ frame package: folders of numbered pictures instead of video files.

`Real_youtube/<id>/060.png` and `<manipulation>/<target>_<source>/060.png`.
"""

from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.core.records import REAL, Skipped, Video
from clipforensics.sources import base

REAL_FOLDER = "Real_youtube"


class Profile(base.Profile):
    """Profile of a frame package.

    Attributes:
        compression: How the footage had been compressed (c40), for the records.
        manipulations: Folders beside Real_youtube to use.
        youtube_ids: conversion_dict.json, absolute or relative to the root; optional.
    """

    compression: str
    manipulations: list[str]
    youtube_ids: str = ""


def find_videos(profile: Profile, root: Path, *, dataset: str) -> tuple[list[Video], list[Skipped]]:
    """List real footage, then each manipulation's in the profile's order, by sorted name.

    Returns:
        Unprobed videos whose path is a folder, and whatever else lies beside those folders.

    Raises:
        InputError: Real_youtube or a manipulation's folder does not exist.
    """
    present = {p.name for p in root.iterdir() if p.is_dir()}
    if REAL_FOLDER not in present:
        raise InputError(f"root {str(root)!r} has no folder {REAL_FOLDER}; set the root to the package")
    base.check_folders(profile.manipulations, present - {REAL_FOLDER}, str(root))
    if fault := base.identity_fault("compression", profile.compression):
        raise InputError(f"the profile's {fault}")
    youtube = base.read_youtube_ids(root / profile.youtube_ids) if profile.youtube_ids else {}
    videos: list[Video] = []
    skipped: list[Skipped] = []
    for place in (REAL_FOLDER, *profile.manipulations):
        for path in base.visible(root / place):
            names = _parse_name(path, place == REAL_FOLDER)
            if isinstance(names, str):
                skipped.append(base.skipped(f"{place}/{path.name}", names))
                continue
            target, source = names
            videos.append(
                Video(
                    dataset=dataset,
                    manipulation=REAL if place == REAL_FOLDER else place,
                    compression=profile.compression,
                    target=target,
                    source=source,
                    take="",
                    label=int(place != REAL_FOLDER),
                    target_youtube=youtube.get(target, ""),
                    source_youtube=youtube.get(source, ""),
                    path=f"{place}/{path.name}",
                )
            )
    return videos, skipped


def _parse_name(path: Path, real: bool) -> tuple[str, str] | str:
    """Target and source of a folder's name, or why it has none."""
    if fault := base.file_fault(path.name):
        return fault
    if not path.is_dir():
        return "is not a folder of pictures; remove it"
    parts = path.name.split("_")
    if len(parts) != (1 if real else 2) or not all(parts):
        rule = "<id>" if real else "<target>_<source>"
        return f"name {path.name!r} must be {rule}; rename or remove it"
    return parts[0], "" if real else parts[1]
