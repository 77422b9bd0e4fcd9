"""Plain folders: `real/` and `fake/`, with nothing to write by hand.

Beneath `fake/` a folder is a manipulation (`fake/SimSwap/a.mp4`); what lies in `fake/` itself is of the
manipulation `fake`. Folders may be nested further, which says nothing. Where there is no such pair but
folders `train`, `test` and perhaps `val` (or `training`, `testing`, `validation`, `valid`) that hold one
each, they are the publisher's parts: so most sets of pictures lie (`train/real/0001.jpg`), and torchvision's
ImageFolder reads one part of them.

A video is a video file, or a folder of nothing but pictures named by their numbers (beside videos or folders
a picture is left out by its name); with `pictures: single` every picture is an item of its own.

A link to a folder outside the class's own is entered only with `follow_links`, and no folder is listed twice.

Who is in a video is not known, unless the profile states a naming (`ffpp`, `celebdf`) or a table
(`identities`) that says it. In a real video of such a table further people are others in it.
"""

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

_NO_PART = f"is none of the parts ({', '.join(base.PART_NAMES)}); rename or remove it"

_DEEPEST = 64
"""Folders below that of a class which are looked into."""


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
    """One pass over a class's folder: what is an item, and what is left out."""

    top: Path
    single: bool
    follow_links: bool
    seen: set[Path]
    found: list[Path] = field(default_factory=list)
    left_out: list[tuple[Path, str]] = field(default_factory=list)

    def through(self) -> None:
        """Add all that lies below, by sorted path; without recursion, since a disk may be nested deeply."""
        waiting = self._within(self.top)
        while waiting:
            path = waiting.pop()
            fault = base.file_fault(path.name)
            folder = not fault and path.is_dir()
            fault = fault or (self._folder_fault(path) if folder else self._file_fault(path))
            if fault:
                self.left_out.append((path, fault))
            elif folder and (self.single or not _is_of_pictures(path)):
                waiting += self._within(path)
            else:
                self.found.append(path)
                self.seen |= {path.resolve()} if folder else set()

    def _within(self, folder: Path) -> list[Path]:
        self.seen.add(folder.resolve())
        try:
            return base.visible(folder)[::-1]
        except OSError as error:
            self.left_out.append((folder, f"cannot be listed: {error.strerror or error}"))
            return []

    def _folder_fault(self, folder: Path) -> str:
        """Why a folder is neither looked into nor a video."""
        if len(folder.relative_to(self.top).parts) > _DEEPEST:
            return f"lies more than {_DEEPEST} folders deep; move it up"
        real = folder.resolve()
        if real in self.seen or real in self.top.resolve().parents:
            return "holds what is listed already, being a link to it or the other way round; remove the link"
        if not self.follow_links and not real.is_relative_to(self.top.resolve()):
            return base.LEADS_OUT
        return ""

    def _file_fault(self, path: Path) -> str:
        suffix = path.suffix.lower()
        if suffix in base.VIDEO_SUFFIXES or (self.single and suffix in SUFFIXES):
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
            `naming` or `identities` is wrong, or `real` and `fake` lead out of the root or into one another.
    """
    _check_folders(profile)
    naming = naming_of(profile.naming, profile.identities, root)
    videos: list[Video] = []
    tops, skipped = _tops(profile, root)
    seen: set[Path] = set()
    for part, label, top in tops:
        if profile.pictures == "frames" and _is_of_pictures(top):
            raise InputError(
                f"{str(top)!r} holds single pictures; set `pictures: single` in the profile, or give each"
                " video a folder of its pictures, named by their numbers"
            )
        walk = _Walk(top, profile.pictures == "single", profile.follow_links, seen)
        walk.through()
        for path, fault in walk.left_out:
            skipped.append(base.skipped(path.relative_to(root).as_posix(), fault))
        for path in walk.found:
            shown = path.relative_to(root).as_posix()
            kind = _manipulation(path.relative_to(top)) if label else REAL
            people = (label and base.manipulation_fault(kind)) or people_in(naming, shown, label)
            if not isinstance(people, str):
                people = base.identities_fault(people.ids) or people
            if isinstance(people, str):
                skipped.append(base.skipped(shown, people))
            else:
                videos.append(video_of(people, dataset=dataset, manipulation=kind, path=shown, part=part))
    return with_takes(videos), skipped


def _check_folders(profile: Profile) -> None:
    """Raise InputError unless `real` and `fake` are two folders below the root, apart from one another."""
    base.check_inside(profile, "real", "fake")
    real, fake = Path(profile.real), Path(profile.fake)
    if real.is_relative_to(fake) or fake.is_relative_to(real):
        raise InputError(
            f"`real` {profile.real!r} and `fake` {profile.fake!r} of the profile lie within one another; name"
            " two folders apart"
        )


def _tops(profile: Profile, root: Path) -> tuple[list[tuple[str, int, Path]], list[Skipped]]:
    """Part, label and folder of each class folder; and folders beside the parts that are none."""
    places, skipped = [("", root)], list[Skipped]()
    if not (root / profile.real).is_dir() and not (root / profile.fake).is_dir():
        folders = [path for path in base.visible(root) if path.is_dir()]
        named = [(base.part_named(path.name), path) for path in folders]
        places = [(part, path) for part, path in named if part]
        skipped = [base.skipped(path.name, _NO_PART) for part, path in named if not part]
        if not places:
            there = ", ".join(path.name for path in folders) or "none"
            raise InputError(
                f"root {str(root)!r} has no folders {profile.real!r} and {profile.fake!r}, nor train and test"
                f" that hold them; there are: {there}; set the root, or `real` and `fake` of the profile"
            )
    for _, place in places:
        for name in (profile.real, profile.fake):
            if not (place / name).is_dir():
                raise InputError(
                    f"{str(place)!r} has no folder {name!r}; make it, or set `real` and `fake` of the profile"
                )
    classes = list(enumerate((profile.real, profile.fake)))
    return [(part, label, place / name) for part, place in places for label, name in classes], skipped


def _is_of_pictures(folder: Path) -> bool:
    """Whether a folder is one video: it holds pictures, and neither videos nor folders."""
    try:
        inside = base.visible(folder)
    except OSError:
        return False
    suffixes = {path.suffix.lower() for path in inside}
    return bool(suffixes & SUFFIXES) and not (
        suffixes & base.VIDEO_SUFFIXES or any(path.is_dir() for path in inside)
    )


def _manipulation(path: Path) -> str:
    """The manipulation of a video, given its path beneath the folder of manipulated ones."""
    return path.parts[0] if len(path.parts) > 1 else FAKE
