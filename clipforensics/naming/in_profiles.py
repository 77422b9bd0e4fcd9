"""The naming that a data set's profile states, if any, and the record of a video by it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video
from clipforensics.naming import identity_table
from clipforensics.naming.choosing import TABLE, choose, read_one
from clipforensics.naming.people import Naming, People, bare, without_ending

Stated = Literal["none", "ffpp", "celebdf"]
"""Key `naming` of a profile; `none`: names say nothing of who is in a video."""


def naming_of(stated: Stated, identities: str, root: Path) -> Naming | None:
    """The naming of a profile.

    Args:
        stated: Key `naming`.
        identities: Key `identities`: a table `video,identity[,identity...]`, maybe relative to the root.
        root: The data set's.

    Returns:
        None where neither says anything.

    Raises:
        InputError: both do, or the table is wrong.
    """
    if identities and stated != "none":
        raise InputError(f"`naming` {stated} and `identities` {identities!r} of the profile: remove one")
    if identities:
        read = identity_table.reader_of_files(identity_table.read_rows(root / identities))
        return Naming(TABLE, read, identity_table.RULE)
    return choose(stated) if stated != "none" else None


def people_in(naming: Naming | None, name: str, label: int) -> People | str:
    """Who is in a video of a known label, or why its name cannot be taken: the rule and what to do.

    Args:
        naming: As the profile states it, if at all.
        name: Of the file or folder that is the video, maybe with its folders; a picture may be one too.
        label: 0 real, 1 manipulated.
    """
    if naming is None:
        return People(bare(name), label=label)
    people = read_one(naming, name if naming.name == TABLE else without_ending(name), label)
    if not isinstance(people, str):
        return people
    if naming.name == TABLE:
        return "has no row in `identities`; give it one, without identities where nobody knows them"
    return (
        f"name {PurePosixPath(name).name!r} ({people}) must be {naming.rule}; rename or remove it, or change"
        " `naming` of the profile"
    )


def video_of(
    people: People,
    *,
    dataset: str,
    manipulation: str,
    path: str,
    compression: str = "",
    take: str = "",
    part: str = "",
) -> Video:
    """The unprobed record of a video; where nobody is known the name of its clip is its take."""
    return Video(
        dataset=dataset,
        manipulation=manipulation,
        compression=compression,
        target=people.target,
        source=people.source,
        take=take or ("" if people.target else people.clip),
        label=int(people.label or 0),
        target_youtube="",
        source_youtube="",
        path=path,
        others="+".join(people.others),
        part=part,
    )


def with_takes(videos: Sequence[Video]) -> list[Video]:
    """Give videos that would share a key their file's stem as take; if they share that too, their path."""
    return _told_apart(_told_apart(videos, whole=False), whole=True)


def _told_apart(videos: Sequence[Video], *, whole: bool) -> list[Video]:
    count = Counter(video.key for video in videos)
    return [replace(v, take=_take(v.path, whole)) if count[v.key] > 1 else v for v in videos]


def _take(path: str, whole: bool) -> str:
    pure = PurePosixPath(path)
    return ".".join(pure.with_suffix("").parts) if whole else pure.stem
