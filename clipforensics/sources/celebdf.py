"""Celeb-DF, v1 and v2: three folders of videos and the publisher's list of test videos.

As https://github.com/yuezunli/celeb-deepfakeforensics has it: Celeb-real ("celebrity videos downloaded from
YouTube"), YouTube-real ("additional videos downloaded from YouTube"), Celeb-synthesis ("synthesized videos
from Celeb-real") and List_of_testing_videos.txt (518 of v2). Lines of the list are
`1 YouTube-real/00170.mp4` and `0 Celeb-synthesis/id1_id0_0007.mp4`: there 1 is real. Videos may lie in a
folder `videos` within each, where DeepfakeBench's preprocessing wants them.

An identity is a celebrity, `id0` to `id61`: `id1_id0_0007` is clip 7 of id1 with the face of id0. Who is in
YouTube-real is not known. Nearly all celebrities are tied to one another by swaps, so of the splits by
identity only `grouped_cut` trains on much, and counts what it leaves out.
"""

import re
from pathlib import Path, PurePosixPath

from clipforensics.core.faults import InputError
from clipforensics.core.files import open_whole
from clipforensics.core.records import REAL, Skipped, Video
from clipforensics.naming import celebdf
from clipforensics.naming.in_profiles import video_of
from clipforensics.naming.people import People
from clipforensics.sources import base

LIST = "List_of_testing_videos.txt"

FAKES = "Celeb-synthesis"
"""The folder of the manipulated videos, and the name of their manipulation."""

FOLDERS = ("Celeb-real", "YouTube-real", FAKES)

_RULES = {
    "Celeb-real": "id<celebrity>_<four digits>",
    "YouTube-real": "five digits",
    FAKES: "id<target>_id<source>_<four digits>",
}
_LINE = re.compile(r"([01])\s+([^/\s]+)/(\S+)")


class Profile(base.Profile):
    """Profile of Celeb-DF; it has no keys of its own."""


def find_videos(profile: Profile, root: Path, *, dataset: str) -> tuple[list[Video], list[Skipped]]:
    """List both folders of real videos, then the manipulated ones, by sorted file name.

    With the list, the videos that it names (whatever their ending) are `test` and all others `train`;
    without it nothing is said.

    Returns:
        Unprobed videos; files that have no name of Celeb-DF, and listed videos that are not there.

    Raises:
        InputError: a folder is missing, or the list has a line of another form or one that calls a real
            folder's video manipulated.
    """
    listed = _read_list(root / LIST)
    videos: list[Video] = []
    skipped: list[Skipped] = []
    found: set[tuple[str, str]] = set()
    for place in FOLDERS:
        folder = _folder(root, place)
        for path in base.visible(folder):
            shown = path.relative_to(root).as_posix()
            people = _people(path.name, place)
            if not base.video_fault(path.name):
                found.add((place, path.stem))
            if isinstance(people, str):
                skipped.append(base.skipped(shown, people))
                continue
            part = "" if listed is None else "test" if (place, path.stem) in listed else "train"
            videos.append(
                video_of(
                    people,
                    dataset=dataset,
                    manipulation=FAKES if place == FAKES else REAL,
                    path=shown,
                    take=people.clip.rsplit("_", 1)[-1],
                    part=part,
                )
            )
    for place, name in sorted(name for clip, name in (listed or {}).items() if clip not in found):
        skipped.append(
            base.skipped(f"{place}/{name}", f"{LIST} names it, but it is not there; complete the download")
        )
    return videos, skipped


def _folder(root: Path, place: str) -> Path:
    folder = root / place
    if not folder.is_dir():
        there = ", ".join(path.name for path in base.visible(root) if path.is_dir()) or "no folders"
        raise InputError(
            f"root {str(root)!r} has no folder {place}; there are: {there}; set the root to the folder of"
            f" {', '.join(FOLDERS)}"
        )
    return folder / "videos" if (folder / "videos").is_dir() else folder


def _people(name: str, place: str) -> People | str:
    """Who is in a video of a folder, or why its name is none of that folder."""
    if fault := base.video_fault(name):
        return fault
    stem = Path(name).stem
    people = celebdf.read(stem)
    fits = people and people.clip == stem and people.label == int(place == FAKES)
    if people is None or not fits or bool(people.target) == (place == "YouTube-real"):
        return f"name {stem!r} must be {_RULES[place]} in {place}; rename or remove it"
    return people


def _read_list(path: Path) -> dict[tuple[str, str], tuple[str, str]] | None:
    """Folder and name without ending of each listed video -> folder and name there; None without a list.

    Endings are not compared: the videos may have been converted since.
    """
    if not path.exists():
        return None
    try:
        with open_whole(path) as file:
            lines = file.read().decode("utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); copy the publisher's list again") from error
    names = [
        _listed(line.strip(), f"{path}: line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    return {(place, PurePosixPath(name).stem): (place, name) for place, name in names}


def _listed(line: str, where: str) -> tuple[str, str]:
    """Folder and file name of one line."""
    match, remedy = _LINE.fullmatch(line), "copy the publisher's list again"
    if not match or match[2] not in FOLDERS:
        raise InputError(
            f"{where}: {line[:60]!r} must be 0 or 1, a blank and <folder>/<file>, the folder one of"
            f" {', '.join(FOLDERS)}; {remedy}"
        )
    if (match[1] == "1") == (match[2] == FAKES):
        raise InputError(
            f"{where}: {line[:60]!r} says the opposite of its folder: in this list 1 is real and 0 is not;"
            f" {remedy}"
        )
    return match[2], match[3]
