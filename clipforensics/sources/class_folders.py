"""Plain folders: `real/` and `fake/`, with nothing to write by hand.

Beneath `fake/` a folder is a manipulation (`fake/SimSwap/a.mp4`); what lies in `fake/` itself is of the
manipulation `fake`. Folders may be nested further, which says nothing. Where there is no such pair but
folders `train`, `test` and perhaps `val` that hold one each, they are the publisher's parts: so most sets of
pictures lie (`train/real/0001.jpg`), and torchvision's ImageFolder reads one part of them.

A video is a video file, or a folder of pictures named by their numbers; with `pictures: single` every
picture is an item of its own.

Who is in a video is not known, unless the profile states a naming (`ffpp`, `celebdf`) or a table
(`identities`) that says it. In a real video of such a table further people are others in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from clipforensics.core.faults import InputError
from clipforensics.core.records import REAL, Skipped, Video
from clipforensics.footage.pictures import SUFFIXES
from clipforensics.naming.in_profiles import Stated, naming_of, people_in, video_of, with_takes
from clipforensics.sources import base

FAKE = "fake"
"""Manipulation of what lies in no folder of its own."""

PART_FOLDERS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


class Profile(base.Profile):
    """Profile of plain folders.

    Attributes:
        real: Folder of real footage, within the root or within each part.
        fake: Folder of manipulated footage.
        pictures: `frames`: a folder of numbered pictures is one video; `single`: each picture is one.
        naming: How videos are named; `none`: their names say nothing of who is in them.
        identities: Table of who is in which video, absolute or relative to the root; optional.
    """

    real: str = "real"
    fake: str = "fake"
    pictures: Literal["frames", "single"] = "frames"
    naming: Stated = "none"
    identities: str = ""


@dataclass
class _Walk:
    """One pass over folders: what is an item, what is left out, and which folders were seen."""

    single: bool
    found: list[Path] = field(default_factory=list)
    left_out: list[tuple[Path, str]] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)

    def into(self, folder: Path) -> None:
        """Add what a folder holds, and what its folders hold."""
        if folder.resolve() in self.seen:
            self.left_out.append((folder, "is a link to a folder that is listed already; remove it"))
            return
        self.seen.add(folder.resolve())
        for path in base.visible(folder):
            if fault := base.file_fault(path.name):
                self.left_out.append((path, fault))
            elif path.is_dir() and (self.single or not _has_pictures(path)):
                self.into(path)
            elif fault := self._fault(path):
                self.left_out.append((path, fault))
            else:
                self.found.append(path)

    def _fault(self, path: Path) -> str:
        suffix = path.suffix.lower()
        if path.is_dir() or suffix in base.VIDEO_SUFFIXES or (self.single and suffix in SUFFIXES):
            return ""
        if suffix in SUFFIXES:
            return "is a single picture; set `pictures: single` in the profile, or remove it"
        return "is neither a video nor a picture that can be read; remove it"


def find_videos(profile: Profile, root: Path, *, dataset: str) -> tuple[list[Video], list[Skipped]]:
    """List real footage, then manipulated, of each part, by sorted path.

    Returns:
        Unprobed videos; files that are none, and videos whose name the naming or the table does not have.

    Raises:
        InputError: there are no such folders, they hold single pictures and the profile does not say so, or
            `naming` or `identities` is wrong.
    """
    naming = naming_of(profile.naming, profile.identities, root)
    videos: list[Video] = []
    skipped: list[Skipped] = []
    for part, label, top in _tops(profile, root):
        if profile.pictures == "frames" and _has_pictures(top):
            raise InputError(
                f"{str(top)!r} holds single pictures; set `pictures: single` in the profile, or give each"
                " video a folder of its pictures, named by their numbers"
            )
        walk = _Walk(single=profile.pictures == "single")
        walk.into(top)
        for path, fault in walk.left_out:
            skipped.append(base.skipped(path.relative_to(root).as_posix(), fault))
        for path in walk.found:
            shown = path.relative_to(root).as_posix()
            kind = _manipulation(path.relative_to(top)) if label else REAL
            people = (label and base.manipulation_fault(kind)) or people_in(naming, shown, label)
            if isinstance(people, str):
                skipped.append(base.skipped(shown, people))
            else:
                videos.append(video_of(people, dataset=dataset, manipulation=kind, path=shown, part=part))
    return with_takes(videos), skipped


def _tops(profile: Profile, root: Path) -> Iterator[tuple[str, int, Path]]:
    """Part, label and folder of each class folder."""
    places = [("", root)]
    if not (root / profile.real).is_dir() and not (root / profile.fake).is_dir():
        folders = [path for path in base.visible(root) if path.is_dir()]
        places = [(PART_FOLDERS[p.name.lower()], p) for p in folders if p.name.lower() in PART_FOLDERS]
        if not places:
            there = ", ".join(path.name for path in folders) or "none"
            raise InputError(
                f"root {str(root)!r} has no folders {profile.real!r} and {profile.fake!r}, nor train and test"
                f" that hold them; there are: {there}; set the root, or `real` and `fake` of the profile"
            )
    for part, place in places:
        for label, name in enumerate((profile.real, profile.fake)):
            if not (place / name).is_dir():
                raise InputError(
                    f"{str(place)!r} has no folder {name!r}; make it, or set `real` and `fake` of the profile"
                )
            yield part, label, place / name


def _has_pictures(folder: Path) -> bool:
    return any(p.suffix.lower() in SUFFIXES and p.name[0] != "." and not p.is_dir() for p in folder.iterdir())


def _manipulation(path: Path) -> str:
    """The manipulation of a video, given its path beneath the folder of manipulated ones."""
    return path.parts[0] if len(path.parts) > 1 else FAKE
