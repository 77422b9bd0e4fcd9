"""DeepfakeBench's JSON: data set -> label -> part -> [compression ->] video -> label and frames.

As its preprocessing/rearrange.py writes it (https://github.com/SCLBD/DeepfakeBench); DF40 publishes its
splits in the same form.
"""

from collections.abc import Mapping
from pathlib import Path

from clipforensics.audit.lists import Content, frame_name
from clipforensics.core.faults import InputError
from clipforensics.naming.people import parts_of
from clipforensics.sources.deepfakebench import parts_of_json, records


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
    listed = list(records(path, content))
    found: dict[str, Content] = {part: {} for part in parts_of_json(content)}
    for record in listed:
        frames = {frame_name(parts_of(frame)[-1].rsplit(".", 1)[0]) for frame in record.frames}
        found[record.part].setdefault((record.label, record.video), set()).update(frames)
    if not any(found.values()):
        raise InputError(f"{path}: holds no videos; give DeepfakeBench's JSON of a data set")
    return found
