"""DFDC: names say nothing; `metadata.json` has the label of each, and of a manipulated one its original.

The person of a video is not named, only its clip: the original's name stands for the target, a real video's
own name for the person in it. So one actor's several clips count as several people, the source is never
known, and what is found of leaks is a lower bound.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.core.files import open_whole
from clipforensics.naming.people import People, bare, show

RULE = "a key of --metadata (DFDC's metadata.json), with label REAL or FAKE and, if fake, its original"

_LABELS = {"REAL": 0, "FAKE": 1}


def read_metadata(paths: Sequence[Path]) -> dict[str, People]:
    """DFDC's metadata files, one a folder of videos, to the people of each clip.

    Returns:
        Name without its ending -> people; a fake without an `original` has no known target.

    Raises:
        InputError: a file cannot be read or is not such metadata, or two say different things of a video.
    """
    found: dict[str, People] = {}
    for path in paths:
        for name, row in _rows(path).items():
            people = _people(path, name, row)
            if found.setdefault(people.clip, people) != people:
                raise InputError(f"{path}: {show(name)} is another video in an earlier --metadata; mend one")
    return found


def reader(metadata: Mapping[str, People]) -> Callable[[str], People | None]:
    """A function from a name to its people; None for a name that no metadata has."""
    return lambda name: metadata.get(bare(name))


def _rows(path: Path) -> dict[str, object]:
    try:
        with open_whole(path) as file:
            content = json.load(file)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}; check --metadata") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON ({error}); give DFDC's metadata.json") from error
    if not isinstance(content, dict) or not content:
        raise InputError(f"{path}: holds no videos; give DFDC's metadata.json")
    return content


def _people(path: Path, name: str, row: object) -> People:
    label = _LABELS.get(str(row.get("label"))) if isinstance(row, Mapping) else None
    original = row.get("original") if isinstance(row, Mapping) else None
    if label is None or not (original is None or isinstance(original, str)):
        raise InputError(f"{path}: {show(name)} has no label REAL or FAKE; give DFDC's metadata.json")
    clip = bare(name)
    return People(clip, clip if label == 0 else bare(original or ""), label=label)
