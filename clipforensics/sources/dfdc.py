"""DFDC (Deepfake Detection Challenge): folders of videos, each with a metadata.json; test with a labels.csv.

As Kaggle hands it out (https://www.kaggle.com/c/deepfake-detection-challenge/data): folders
`dfdc_train_part_0` to `_49` (or `train_sample_videos`) hold videos and
`{"owxbbpjpch.mp4": {"label": "FAKE", "split": "train", "original": "wynotylpnm.mp4"}}`; a real one has no
original. The test set's folder has a labels.csv (`filename,label`, 1 is manipulated), as
https://github.com/SCLBD/DeepfakeBench reads it (preprocessing/rearrange.py). They may lie one or two folders
deeper: the archives unpack to `dfdc_train_part_00/dfdc_train_part_0`.

An identity is not published. The original clip stands for the target, a real video's own name for the person
in it: one actor's several clips count as several people, and the source is never known. Of the test set not
even the original is. So what is found of leaks is a lower bound. The method of manipulation is not
published either: all fakes are of the manipulation `fake`.
"""

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.core.files import open_whole
from clipforensics.core.records import REAL, Skipped, Video
from clipforensics.naming import dfdc
from clipforensics.naming.in_profiles import video_of
from clipforensics.naming.people import People, bare, show
from clipforensics.sources import base

METADATA, LABELS = "metadata.json", "labels.csv"
FAKE = "fake"

_DEEPEST = 3
"""Folders below the root in which a metadata.json is looked for."""


class Profile(base.Profile):
    """Profile of DFDC; it has no keys of its own."""


def find_videos(profile: Profile, root: Path, *, dataset: str) -> tuple[list[Video], list[Skipped]]:
    """List the videos of every folder with metadata, by sorted name.

    Returns:
        Unprobed videos; files that the metadata does not have, and videos of it that are not there.

    Raises:
        InputError: there is no metadata, or one is wrong or contradicts another.
    """
    folders = sorted({path.parent for name in (METADATA, LABELS) for path in _below(root, name)})
    if not folders:
        raise InputError(
            f"root {str(root)!r} has no {METADATA} {_DEEPEST} folders deep or less; set the root to that of"
            " dfdc_train_part_0 and so on"
        )
    labelled = [folder for folder in folders if (folder / LABELS).exists()]
    described = [folder / METADATA for folder in folders if folder not in labelled]
    people = dfdc.read_metadata(described)
    videos: list[Video] = []
    skipped: list[Skipped] = []
    for folder in folders:
        rows = _labels(folder / LABELS) if folder in labelled else _rows(folder / METADATA, people)
        for name in sorted(rows.keys() | {p.name for p in base.visible(folder) if p.is_file()}):
            if name in (METADATA, LABELS):
                continue
            path = folder / name
            shown = "/".join((*folder.relative_to(root).parts, name))
            if fault := base.video_fault(name) or _fault(path, rows):
                skipped.append(base.skipped(shown, fault))
                continue
            one, part = rows[name]
            kind = FAKE if one.label else REAL
            take = one.clip if one.label else ""
            videos.append(video_of(one, dataset=dataset, manipulation=kind, path=shown, take=take, part=part))
    return videos, skipped


def _below(root: Path, name: str) -> Iterator[Path]:
    for depth in range(_DEEPEST + 1):
        yield from root.glob("*/" * depth + name)


def _fault(path: Path, rows: dict[str, tuple[People, str]]) -> str:
    if path.name not in rows:
        return f"the {METADATA} or {LABELS} beside it does not have it; copy that again, or remove the video"
    return (
        ""
        if base.is_there(path)
        else "the metadata beside it has it, but it is not there; complete the download"
    )


def _rows(path: Path, people: dict[str, People]) -> dict[str, tuple[People, str]]:
    """File name -> people and part; a `split` that is none of the parts says nothing."""
    content = base.read_json(path, "DFDC's metadata.json")
    rows = {}
    for name, row in content.items():
        rows[name] = people[bare(name)], base.part_named(row.get("split"))
    return rows


def _labels(path: Path) -> dict[str, tuple[People, str]]:
    """File name -> people, of whom a label is known, and test."""
    try:
        with open_whole(path) as binary, TextIOWrapper(binary, "utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read ({error}); copy it again") from error
    found: dict[str, tuple[People, str]] = {}
    for number, row in enumerate(rows, start=2):
        name, label = row.get("filename"), row.get("label")
        if not name or label not in ("0", "1"):
            raise InputError(
                f"{path}: line {number}: must have filename and label, 0 (real) or 1 (fake); copy it again"
            )
        clip = bare(name)
        one = People(clip, "" if label == "1" else clip, label=int(label)), "test"
        if found.setdefault(name, one) != one:
            raise InputError(f"{path}: line {number}: {show(name)} has another label above; keep one row")
    return found
