"""DeepfakeBench's JSON: data set -> label -> part -> [compression ->] video -> label and frames.

As its preprocessing/rearrange.py writes it (https://github.com/SCLBD/DeepfakeBench); DF40 publishes its
splits in the same form.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from clipforensics.audit.lists import Content, frame_name
from clipforensics.core.faults import InputError
from clipforensics.naming.people import parts_of, show

_RECORD = {"label", "frames"}


def is_deepfakebench(content: object) -> bool:
    """Whether a JSON content is nested as deep as DeepfakeBench's: FaceForensics++'s is a list."""
    return isinstance(content, Mapping)


def read_deepfakebench(path: Path, content: object) -> dict[str, Content]:
    """The parts of one such file.

    Args:
        path: For messages.
        content: The file's JSON.

    Returns:
        Part -> (label, video) -> frames. The label (`FF-F2F`, `FF-real`) stands for the manipulation; the
        frame is the picture's name without its ending, so that the same one under two roots is one.
        Compressions of one video are one video.

    Raises:
        InputError: the file is not nested like this.
    """
    found: dict[str, Content] = {}
    for dataset, labels in _items(path, content, "it"):
        for label, parts in _items(path, labels, dataset):
            for part, videos in _items(path, parts, label):
                into = found.setdefault(part, {})
                for video, frames in _videos(path, videos, f"{label}/{part}"):
                    into.setdefault((label, video), set()).update(frames)
    if not any(found.values()):
        raise InputError(f"{path}: holds no videos; give DeepfakeBench's JSON of a data set")
    return found


def _videos(path: Path, content: object, where: str) -> Iterator[tuple[str, set[str]]]:
    for name, value in _items(path, content, where):
        if isinstance(value, Mapping) and value.keys() >= _RECORD:
            yield name, _frames(path, value["frames"], f"{where}/{name}")
        else:  # a compression
            for video, record in _items(path, value, f"{where}/{name}"):
                if not isinstance(record, Mapping) or not record.keys() >= _RECORD:
                    raise _fault(path, f"{where}/{name}/{video}", "is no video with label and frames")
                yield video, _frames(path, record["frames"], f"{where}/{name}/{video}")


def _frames(path: Path, frames: object, where: str) -> set[str]:
    if not isinstance(frames, list) or not all(isinstance(f, str) and parts_of(f) for f in frames):
        raise _fault(path, where, "has frames that are no list of paths")
    return {frame_name(parts_of(frame)[-1].rsplit(".", 1)[0]) for frame in frames}


def _items(path: Path, content: object, where: str) -> Iterator[tuple[str, object]]:
    if not isinstance(content, Mapping):
        raise _fault(path, where, "is no mapping")
    return iter(content.items())


def _fault(path: Path, where: str, what: str) -> InputError:
    return InputError(
        f"{path}: {show(where)} {what}; DeepfakeBench's JSON is data set -> label -> part -> [compression ->]"
        " video -> label and frames"
    )
