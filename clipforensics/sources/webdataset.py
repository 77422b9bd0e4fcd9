"""WebDataset: tar shards whose files of one key are one sample (`000000.tar`: `0001.mp4`, `0001.json`).

As https://github.com/webdataset/webdataset groups them (tariterators.base_plus_ext): the key is the path up
to the first dot of the file's name, what follows is the extension, in lower case. A sample needs one video or
picture, and a label: a key of its `.json`, or the content of its `.cls`. Nothing is unpacked: files are read
in place, links and special files in a shard are left aside. Compressed shards (`.tar.gz`) are not read.

An identity is what the profile's `people` names in the JSON: the target first, then the source, then anybody
else. Without it nobody is known: WebDataset itself says nothing about people.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import Field

from clipforensics.core.faults import InputError
from clipforensics.core.records import REAL, Skipped, Video
from clipforensics.footage.content import SHARD, UnreadableVideo, members, open_content
from clipforensics.footage.pictures import SUFFIXES
from clipforensics.naming.choosing import labelled
from clipforensics.naming.in_profiles import video_of, with_takes
from clipforensics.naming.people import People
from clipforensics.sources import base

CLS = "cls"
FAKE = "fake"
"""Manipulation of fakes whose sample names none."""

MAX_JSON = 1 << 20
"""Bytes of a sample's JSON or cls."""

_KEY = re.compile(r"((?:.*/|)[^.]+)[.]([^/]*)", re.DOTALL)
_MEDIA = base.VIDEO_SUFFIXES | SUFFIXES


class Profile(base.Profile):
    """Profile of a WebDataset.

    Attributes:
        label: Key of a sample's JSON that holds its label; `cls`: the content of its `.cls` file.
        real: Values of it that mean real, as text.
        fake: Values of it that mean manipulated.
        manipulation: Key of the JSON that names a fake's manipulation; empty: all are called `fake`.
        people: Keys of the JSON that name identities: target, source, anybody else.
        part: Key of the JSON that holds `train`, `val` or `test`, or one of their other names
            (`base.PART_NAMES`); empty: nothing is said.
    """

    label: str
    real: list[str]
    fake: list[str]
    manipulation: str = ""
    people: list[str] = Field(default_factory=list)
    part: str = ""


@dataclass(frozen=True, slots=True)
class _Sample:
    """Files of one key in one shard, by extension."""

    shard: str
    key: str
    files: dict[str, str]


def find_videos(profile: Profile, root: Path, *, dataset: str) -> tuple[list[Video], list[Skipped]]:
    """List the samples of all shards below the root, by sorted name of the shard, in its order.

    Returns:
        Unprobed videos, whose path is that of the shard and the name in it; shards that cannot be read and
        samples that cannot be used.

    Raises:
        InputError: there is no shard, or `real` and `fake` share a value.
    """
    if set(profile.real) & set(profile.fake):
        raise InputError("`real` and `fake` of the profile share a value; a label means one of them")
    shards = [
        path for path in sorted(root.rglob(f"*{SHARD}*")) if path.suffix.lower() in (SHARD, ".gz", ".zst")
    ]
    if not any(path.suffix.lower() == SHARD for path in shards):
        raise InputError(
            f"root {str(root)!r} has no shards (*{SHARD}); set the root to the folder that holds them"
        )
    videos: list[Video] = []
    skipped: list[Skipped] = []
    for path in shards:
        shown = path.relative_to(root).as_posix()
        inside = profile.follow_links or path.resolve().is_relative_to(root.resolve())
        samples = _samples(path, shown) if inside else base.LEADS_OUT
        if isinstance(samples, str):
            skipped.append(base.skipped(shown, samples))
            continue
        for sample in samples:
            video = _video(sample, profile, root, dataset)
            if isinstance(video, Video):
                videos.append(video)
            else:
                skipped.append(base.skipped(f"{shown}/{sample.key}", video))
    return with_takes(videos), skipped


def _samples(path: Path, shown: str) -> list[_Sample] | str:
    """The samples of a shard in its order, or why it cannot be read."""
    if path.suffix.lower() != SHARD:
        return f"is compressed, so that its files cannot be read in place; make it a plain {SHARD}"
    try:
        files = members(path)
    except UnreadableVideo as error:
        return str(error)
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    found: dict[str, dict[str, str]] = {}
    for name in files:
        if match := _KEY.fullmatch(name):
            found.setdefault(match[1], {})[match[2].lower()] = name
    return [_Sample(shown, key, files) for key, files in found.items()]


def _video(sample: _Sample, profile: Profile, root: Path, dataset: str) -> Video | str:
    """The record of a sample, or why it cannot be used."""
    media = [name for name in sample.files.values() if PurePosixPath(name).suffix.lower() in _MEDIA]
    if len(media) != 1:
        return f"has {len(media)} videos and pictures ({', '.join(sorted(sample.files))}); a sample needs one"
    if fault := _name_fault(media[0]):
        return fault
    about = _about(sample, root / sample.shard)
    if isinstance(about, str):
        return about
    value = str(about.get(profile.label, ""))
    if value not in (*profile.real, *profile.fake):
        return f"label {profile.label!r} is {value!r}; name it in `real` or `fake` of the profile, or mend it"
    label = int(value in profile.fake)
    manipulation = str(about.get(profile.manipulation) or FAKE) if label else REAL
    people = _people(sample.key, [about.get(key) for key in profile.people], label)
    if label and (fault := base.manipulation_fault(manipulation)):
        return fault
    if isinstance(people, str):
        return people
    part = _part(about.get(profile.part)) if profile.part else ""
    if part is None:
        return f"part {about[profile.part]!r} must be one of {', '.join(base.PART_NAMES)}; mend it"
    return video_of(
        people,
        dataset=dataset,
        manipulation=manipulation,
        path=f"{sample.shard}/{media[0]}",
        part=part,
    )


def _part(value: object) -> str | None:
    """The part that a sample names, empty if it names none; None if it names another."""
    return "" if value in (None, "") else base.part_named(value) or None


def _name_fault(name: str) -> str:
    """Why a file of a shard cannot be named in a table."""
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or pure.as_posix() != name:
        return f"its name {name!r} must be a plain one below the shard; rename it"
    return next((fault for fault in map(base.file_fault, pure.parts) if fault), "")


def _about(sample: _Sample, shard: Path) -> dict[str, object] | str:
    """A sample's JSON, with the content of its `.cls` under that name, or why it cannot be read."""
    about: dict[str, object] = {}
    for extension in ("json", CLS):
        if extension not in sample.files:
            continue
        with open_content(shard / sample.files[extension]) as file:
            text = file.read(MAX_JSON + 1)
        if len(text) > MAX_JSON:
            return f"its .{extension} is larger than {MAX_JSON} bytes; mend it"
        try:
            content = json.loads(text) if extension == "json" else {CLS: text.decode("ascii").strip()}
        except (ValueError, RecursionError):
            return f"its .{extension} cannot be read; mend it"
        if not isinstance(content, Mapping):
            return "its .json is no mapping; mend it"
        about |= content
    return about


def _people(key: str, values: list[object], label: int) -> People | str:
    """Who is in a sample; numbers are names too."""
    names = [str(value) if isinstance(value, str | int) and value != "" else "" for value in values]
    for name in names:
        if fault := base.identity_fault("identity", name):
            return fault
        if "+" in name:
            return f"identity {name!r} holds `+`, which joins several; rename it"
    target, source, *others = (*names, "", "")
    clip = key.replace("/", ".")
    return labelled(People(clip, target, source, tuple(other for other in others if other)), label)
