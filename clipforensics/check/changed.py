"""Whether footage and encoder are still those of the run: DVC does not look into their own folders."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from clipforensics.check.footage import Footage
from clipforensics.core.files import read_json
from clipforensics.core.records import Video, read_videos
from clipforensics.encoder.vision import EncoderSection, config_digest
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.pictures import n_bytes

REMEDY = "`dvc repro -s -f ingest`, then `dvc repro`, takes that in, and does nothing twice"


def find_change_of_encoder(encoder: EncoderSection, metas: Iterable[Path]) -> list[str]:
    """A line where a local encoder's config or preprocessing is not that of the embeddings; else none.

    Args:
        encoder: Section `encoder` of params.yaml.
        metas: Of the embeddings that `embed` and `embed_controls` wrote, where they have run.

    Raises:
        InputError: the encoder cannot be read.
    """
    known = {read_json(meta).get("config_sha256") for meta in metas if meta.is_file()} - {None}
    if not known or not Path(encoder.model).is_dir():
        return []
    if known == {config_digest(encoder.model, encoder.revision)}:
        return []
    return [
        f"the config or preprocessing of encoder.model {encoder.model!r} has changed since embed or"
        " embed_controls; `dvc repro -s -f embed embed_controls`, then `dvc repro`, takes that in"
    ]


def find_changes(footage: Footage, videos: Path, skipped: Path) -> list[str]:
    """A line for each data set whose files differ from those of the tables that ingest wrote.

    Files are compared by name and size; nothing is read. A data set that is not in the tables yet, or is
    rendered by the run itself, has not changed.

    Args:
        footage: As it is listed now.
        videos: The table of videos.
        skipped: The table of what was left out.
    """
    if footage.is_sample or not (videos.is_file() and skipped.is_file()):
        return []
    known = read_videos(videos)
    lines = []
    for one in footage.every:
        before = {video.path: video for video in known if video.dataset == one.dataset}
        if before and (said := _difference(one, before, _left_out(skipped, one.dataset))):
            lines.append(f"{one.dataset} has changed since ingest: {said}; {REMEDY}")
    return lines


def _difference(one: Footage, before: Mapping[str, Video], left_out: set[str]) -> str:
    now = {video.path for video in one.videos}
    kinds = {
        "new": sorted(now - before.keys() - left_out),
        "gone": sorted(before.keys() - now),
        "of another size": sorted(p for p in now & before.keys() if _size(one.root / p) != before[p].n_bytes),
    }
    return ", ".join(f"{len(paths)} {kind} ({_some(paths)})" for kind, paths in kinds.items() if paths)


def _some(paths: list[str]) -> str:
    return repr(paths[0]) if len(paths) == 1 else f"{paths[0]!r} and others"


def _size(path: Path) -> int:
    try:
        return n_bytes(path)
    except (OSError, UnreadableVideo):
        return -1


def _left_out(skipped: Path, dataset: str) -> set[str]:
    with skipped.open(newline="", encoding="utf-8") as file:
        return {row["path"] for row in csv.DictReader(file) if row["dataset"] == dataset}
