"""DeepfakeBench's preprocessed sets: folders of frames, and a JSON that says what each is; DF40's too.

As its preprocessing/rearrange.py writes it (https://github.com/SCLBD/DeepfakeBench): data set -> label ->
part -> [compression ->] video -> label and frames. Frames are paths such as
`FaceForensics++/manipulated_sequences/Deepfakes/c23/frames/000_003/000.png`, behind whatever folder the data
lay in where the JSON was written: `datasets/rgb/`, or `deepfakes_detection_datasets/` in the JSONs of DF40
(https://github.com/YZY-stack/DF40: `DF40/blendface/cdf/frames/id0_id1_0000/000.png`). `strip` takes it off.

A record whose frames are numbered and lie in one folder is a video, with all pictures of that folder; that of
a manipulated one may have a mask, its folder below `masks` beside `frames`. Any
other frame is an item of its own (DF40's whole-face syntheses: `DF40_train/StyleGAN2/001/seed0188.png`, where
the folder 001 is a bin and nobody's id).

Who is in a video is said by its name, if the profile states a naming (`ffpp` for FaceForensics++, its actors
and DF40's `_ff`, `celebdf` for Celeb-DF and DF40's `_cdf`); else nobody is known.

The JSON puts many videos into several parts (all of Celeb-DF into train, its test videos into val and test
as well; all of DeepFakeDetection into all three). Then the last of train, val, test counts, so that nothing
tested is trained on. Where that leaves real footage or a training manipulation without a val, the official
protocol draws one from its train. Frames that the JSON calls real and manipulated, gives two names, or puts
into a part of another name as well are left out wherever they are named.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import Field

from clipforensics.core.faults import InputError
from clipforensics.core.records import PARTS, REAL, Skipped, Video
from clipforensics.naming.in_profiles import Stated, naming_of, people_in, video_of, with_takes
from clipforensics.naming.people import Naming, show
from clipforensics.sources import base

FORM = "data set -> label -> part -> [compression ->] video -> label and frames"

NAMES = {
    "FF-DF": "Deepfakes",
    "FF-F2F": "Face2Face",
    "FF-FS": "FaceSwap",
    "FF-NT": "NeuralTextures",
    "FF-FH": "FaceShifter",
    "DFD_fake": "DeepFakeDetection",
}
"""Labels that stand for manipulations with a name of their own."""

_REAL = re.compile(r".+[_-]real", re.IGNORECASE)
_FAKE = re.compile(r"(.+)_fake", re.IGNORECASE)
_SEVERAL = re.compile(r".+_fake[a-z]", re.IGNORECASE)  # DFDCP_FakeA, DFDCP_FakeB
_RECORD = {"label", "frames"}


class Profile(base.Profile):
    """Profile of DeepfakeBench's sets.

    Attributes:
        json_files: Its JSON files, absolute or relative to the root.
        strip: Beginnings of the frames' paths to take off, up to the root; the first that fits.
        compression: Only videos of this one, where the JSON tells several apart; empty: all.
        naming: How videos are named; `none`: their names say nothing of who is in them.
    """

    json_files: list[str]
    strip: list[str] = Field(default_factory=list)
    compression: str = ""
    naming: Stated = "none"


@dataclass(frozen=True, slots=True)
class Record:
    """One video of a JSON: its label there, part, compression (empty if there is none), name and frames."""

    label: str
    part: str
    compression: str
    video: str
    frames: list[str]


@dataclass(frozen=True, slots=True)
class _Item:
    """A folder of frames, or one frame, and what the JSON says of it; `record` is where."""

    path: str
    manipulation: str
    part: str
    compression: str
    video: str
    record: str
    take: str = ""


@dataclass
class _Items:
    """What the JSON names, by path: kept, or refused with the reason; and each skipped record by its name."""

    kept: dict[str, _Item] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, Skipped] = field(default_factory=dict)

    def add(self, item: _Item) -> None:
        """Keep an item, for the last part that it is named for; of a contradiction keep neither side."""
        known = self.kept.get(item.path)
        fault = self.refused.get(item.path) or _contradiction(known, item)
        if fault:
            self.refused[item.path] = fault
            self.kept.pop(item.path, None)
            for one in (known, item):
                if one:
                    self.skip(one.record, fault)
        elif known is None or PARTS.index(item.part) > PARTS.index(known.part):
            self.kept[item.path] = item

    def skip(self, record: str, fault: str) -> None:
        self.skipped.setdefault(record, base.skipped(record.replace("//", "/"), fault))


def records(path: Path, content: object) -> Iterator[Record]:
    """Every record of such a JSON, in its order.

    Args:
        path: For messages.
        content: The file's JSON.

    Raises:
        InputError: it is not nested like this.
    """
    for dataset, labels in _items(path, content, "it"):
        for label, parts in _items(path, labels, dataset):
            for part, videos in _items(path, parts, label):
                # rearrange.py overwrites the val part of DFDC with a single record of its test part.
                if isinstance(videos, Mapping) and isinstance(videos.get("frames"), list):
                    continue
                yield from _records(path, videos, label, part)


def parts_of_json(content: Any) -> list[str]:
    """Parts that such a JSON names, empty ones too; it must be nested as `records` wants it."""
    return list(dict.fromkeys(part for labels in content.values() for ps in labels.values() for part in ps))


def _records(path: Path, videos: object, label: str, part: str) -> Iterator[Record]:
    where = f"{label}/{part}"
    for name, value in _items(path, videos, where):
        if isinstance(value, Mapping) and value.keys() >= _RECORD:
            yield Record(label, part, "", name, _frames(path, value, f"{where}/{name}"))
            continue
        for video, record in _items(path, value, f"{where}/{name}"):  # of a compression
            if not isinstance(record, Mapping) or not record.keys() >= _RECORD:
                raise _fault(path, f"{where}/{name}/{video}", "is no video with label and frames")
            yield Record(label, part, name, video, _frames(path, record, f"{where}/{name}/{video}"))


def _frames(path: Path, record: Mapping[str, object], where: str) -> list[str]:
    frames = record["frames"]
    if not isinstance(frames, list) or not all(isinstance(f, str) and f.strip("/\\. ") for f in frames):
        raise _fault(path, where, "has frames that are no list of paths")
    return frames


def _items(path: Path, content: object, where: str) -> Iterator[tuple[str, object]]:
    if not isinstance(content, Mapping):
        raise _fault(path, where, "is no mapping")
    return iter(content.items())


def _fault(path: Path, where: str, what: str) -> InputError:
    return InputError(f"{path}: {show(where)} {what}; DeepfakeBench's JSON is {FORM}")


def find_videos(profile: Profile, root: Path, *, dataset: str) -> tuple[list[Video], list[Skipped]]:
    """List what the JSON files name, in their order; what several name once.

    Returns:
        Unprobed videos; records and frames that are not there, or cannot be placed.

    Raises:
        InputError: no file is named, or one is wrong.
    """
    if not profile.json_files:
        raise InputError(
            "`json_files` of the profile is empty; name at least one of DeepfakeBench's JSON files"
        )
    naming = naming_of(profile.naming, "", root)
    items = _Items()
    for name in profile.json_files:
        content = base.read_json(root / name, f"DeepfakeBench's JSON: {FORM}")
        for record in records(root / name, content):
            if profile.compression and record.compression not in ("", profile.compression):
                continue
            placed = _placed(record, profile.strip)
            if isinstance(placed, str):
                items.skip(_shown(record), placed)
                continue
            for item in placed:
                items.add(item)
    videos = []
    for item in items.kept.values():
        video = _video(item, naming, root, dataset)
        if isinstance(video, str):
            items.skipped[item.path] = base.skipped(item.path, video)
        else:
            videos.append(video)
    return with_takes(videos), list(items.skipped.values())


def _shown(record: Record) -> str:
    return "/".join((record.label, record.part, record.compression, record.video))


def _placed(record: Record, strip: list[str]) -> list[_Item] | str:
    """The items of a record, or why there is none."""
    manipulation = _manipulation(record.label)
    if manipulation is None:
        return f"label {record.label!r} says neither real nor manipulated; it must end in _real or _fake"
    paths = [_relative(frame, strip) for frame in record.frames]
    if not paths:
        return "has no frames in the JSON; preprocess it again"
    if None in paths:
        return f"its frames ({record.frames[0]!r}) lie outside the root; name their beginning in `strip`"
    pure = [path for path in paths if path is not None]
    about = (manipulation, record.part, record.compression, record.video, _shown(record))
    folders = {path.parent for path in pure}
    numbered = all(path.stem.isascii() and path.stem.isdigit() for path in pure)
    if numbered and len(folders) == 1 and (len(pure) > 1 or pure[0].parent.name == record.video):
        return [_Item(pure[0].parent.as_posix(), *about)]
    if numbered and len(pure) > 1:
        return "its frames lie in several folders; put them into one"
    return [_Item(path.as_posix(), *about, take=f"{record.video}.{path.stem}") for path in pure]


def _manipulation(label: str) -> str | None:
    """Name of the manipulation, `real`, or None if the label says neither."""
    if _REAL.fullmatch(label):
        return REAL
    fake = _FAKE.fullmatch(label)
    return NAMES.get(label) or (fake[1] if fake else label if _SEVERAL.fullmatch(label) else None)


def _relative(frame: str, strip: list[str]) -> PurePosixPath | None:
    """A frame's path relative to the root; None if it leads out of it."""
    path = frame.replace("\\", "/")
    beginning = next((one for one in strip if path.startswith(one)), "")
    pure = PurePosixPath(path.removeprefix(beginning).removeprefix("/" if beginning else ""))
    return None if pure.is_absolute() or ".." in pure.parts else pure


def _contradiction(known: _Item | None, item: _Item) -> str:
    """Why neither an item nor what is known of its path can be kept; empty if both can."""
    if item.part not in PARTS:
        return f"is put into part {item.part!r}; it must be one of {', '.join(PARTS)}; mend the JSON"
    if known is None:
        return ""
    if (known.manipulation == REAL) != (item.manipulation == REAL):
        kinds = f"{known.manipulation} ({known.record}) and {item.manipulation} ({item.record})"
        return f"its frames are both {kinds} in the JSON; mend it"
    if known.video != item.video:
        return (
            f"its frames are those of two videos, {show(known.video)} and {show(item.video)}; mend the JSON"
        )
    return ""


def _video(item: _Item, naming: Naming | None, root: Path, dataset: str) -> Video | str:
    manipulated = item.manipulation != REAL
    fault = base.identity_fault("path", item.path.replace("/", "")) or base.identity_fault("name", item.video)
    fault = fault or base.identity_fault("compression", item.compression)
    fault = fault or (base.manipulation_fault(item.manipulation) if manipulated else "")
    if fault:
        return fault
    if not base.is_there(root / item.path):
        return "the JSON names it, but it is not there; complete the download, or set `strip` of the profile"
    people = people_in(naming, item.video, int(manipulated))
    if isinstance(people, str):
        return people
    video = video_of(
        people,
        dataset=dataset,
        manipulation=item.manipulation,
        path=item.path,
        compression=item.compression,
        take=item.take,
        part=item.part,
    )
    return replace(video, mask=_mask(item, root)) if manipulated else video


def _mask(item: _Item, root: Path) -> str:
    """The folder of masks of a folder of frames; empty if there is none."""
    frames = PurePosixPath(item.path)
    mask = frames.parent.parent / "masks" / frames.name
    return mask.as_posix() if frames.parent.name == "frames" and (root / mask).is_dir() else ""
