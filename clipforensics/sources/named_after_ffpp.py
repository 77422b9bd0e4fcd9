"""Synthetic sets whose fakes are named after a clip of FaceForensics++, beside its real footage.

As SynthForensics has them (https://github.com/Synthforensics): a folder for each generator,
`T2V/videos/crf23/cogvideox/<ID>_cogvideox_t2v.mp4`, the ID being that of the real clip of FaceForensics++
or DeepFakeDetection whose description (T2V) or first frame (I2V) it was generated from. The real footage is
FaceForensics++'s own `original_sequences/`, which has to lie below the same root.

An identity is the id of the real clip. Of a generated video it is the target: it and its real clip show one
scene, so a split by identity keeps them together. Whose face a text-to-video generator made is not known,
nobody's was brought in: the source is empty, and such fakes count as videos of unknown identity.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.core.records import REAL, Skipped, Video
from clipforensics.naming.in_profiles import video_of, with_takes
from clipforensics.naming.people import People
from clipforensics.sources import base, ffpp_tree

ORIGINS = ("youtube", "actors")

_ANOTHER = re.compile(r"_\d{3}(_.*)?", re.ASCII)


class Profile(base.Profile):
    """Profile of fakes named after FaceForensics++'s clips.

    Attributes:
        originals: Folder that holds original_sequences, relative to the root.
        compression: Of the real footage: raw (also called c0), c23 or c40.
        fakes: Folder that holds one folder a generator, relative to the root.
        manipulations: Which of them to use.
        youtube_ids: conversion_dict.json, absolute or relative to the root; optional.
    """

    originals: str
    compression: ffpp_tree.Compression
    fakes: str
    manipulations: list[str]
    youtube_ids: str = ""


def find_videos(profile: Profile, root: Path, *, dataset: str) -> tuple[list[Video], list[Skipped]]:
    """List the real footage, then each generator's in the profile's order, by sorted file name.

    Returns:
        Unprobed videos; files of other names, and fakes that no real clip's name begins.

    Raises:
        InputError: a folder does not exist.
    """
    base.check_inside(profile, "originals", "fakes")
    youtube = base.read_youtube_ids(root / profile.youtube_ids) if profile.youtube_ids else {}
    videos, skipped = _originals(profile, root, dataset, youtube)
    clips = {Path(video.path).stem: video for video in videos}
    top = root / profile.fakes
    present = {path.name for path in base.visible(top) if path.is_dir()} if top.is_dir() else set()
    base.check_folders(profile.manipulations, present, str(top))
    for name in profile.manipulations:
        for path in base.visible(top / name):
            shown = path.relative_to(root).as_posix()
            clip = base.video_fault(path.name) or _clip(path.stem, clips)
            if isinstance(clip, str):
                skipped.append(base.skipped(shown, clip))
                continue
            people = People(path.stem, clip.target, label=1)
            video = video_of(people, dataset=dataset, manipulation=name, path=shown, take=clip.take)
            videos.append(replace(video, target_youtube=clip.target_youtube))
    return with_takes(videos), skipped


def _originals(
    profile: Profile, root: Path, dataset: str, youtube: Mapping[str, str]
) -> tuple[list[Video], list[Skipped]]:
    """The real footage of whichever of FaceForensics++'s two origins is there."""
    tree = root / profile.originals
    there = [origin for origin in ORIGINS if (tree / "original_sequences" / origin).is_dir()]
    if not there:
        raise InputError(
            f"{str(tree)!r} has no original_sequences/youtube or actors; set `originals` of the profile"
        )
    places = [(REAL, f"original_sequences/{origin}", origin == "actors") for origin in there]
    prefix = "" if profile.originals in ("", ".") else f"{Path(profile.originals).as_posix()}/"
    return ffpp_tree.list_places(
        tree, places, dataset=dataset, compression=profile.compression, prefix=prefix, youtube=youtube
    )


def _clip(stem: str, clips: Mapping[str, Video]) -> Video | str:
    """The real video that a fake is named after, or why there is none."""
    parts = stem.split("_")
    for n in range(len(parts), 0, -1):
        clip = clips.get("_".join(parts[:n]))
        if clip is None:
            continue
        if _ANOTHER.fullmatch(stem.removeprefix("_".join(parts[:n]))):
            return f"name {stem!r} is that of a pair; such fakes have the layout ffpp_tree"
        return clip
    return f"name {stem!r} must begin with the name of a real video that is there, as 000_wan2-1; rename it"
