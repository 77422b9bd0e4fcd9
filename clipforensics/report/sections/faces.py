"""Faces: how many videos have none or several, by class; and whether the classes differ in that."""

from collections.abc import Mapping, Sequence
from typing import Any

from scipy.stats import fisher_exact

from clipforensics.report.wording.names import label_of, listed
from clipforensics.report.wording.numbers import count, counted, p_value, percent
from clipforensics.report.wording.tables import Column, Entry, Group, Json, Table

CLEAR = 0.01
"""Below this p of Fisher's exact test a share that differs between the classes is told in the first lines."""

COUNTS = {"n_without_face": "without any face", "n_several": "with several faces in one frame"}


def about_faces(faces: Json | None, cut: Mapping[str, Any]) -> str:
    """What frames are cut around, and what was left out for it; empty for a run that does not say.

    Args:
        faces: metrics/faces.json, or None.
        cut: Section `extract_frames` of params.yaml.
    """
    if faces is None:
        return ""
    rows = faces["rows"]
    if not rows:
        return "Frames are cut around their middle: no faces were looked for."
    n, without, several, frames, missing = (
        sum(row[name] for row in rows)
        for name in ("n_videos", "n_without_face", "n_several", "n_frames", "n_missing")
    )
    whole = "their whole frames are used" if cut.get("without_face") == "whole" else "they are left out"
    times = f"{cut.get('margin', 1):g} times"
    shape = (
        f"upright, {times} InsightFace's template" if cut.get("align") else f"{times} the face's longer side"
    )
    return (
        f"Frames are cut around the {cut.get('person')} person of each video: a square, {shape}. Of"
        f" {counted(n, 'video')}, no face was found in {count(without)} ({whole}) and several in one frame in"
        f" {count(several)}; {count(missing)} of {counted(frames, 'sampled frame')} without that person"
        f" {'is' if missing == 1 else 'are'} left out."
    )


def about_clue(faces: Json | None) -> str:
    """Which of the counts differ between real and manipulated videos beyond chance; empty where none does.

    By Fisher's exact test over videos, which takes them for independent.
    """
    rows = (faces or {}).get("rows") or []
    said = [text for name, words in COUNTS.items() if (text := _differs(rows, name, words))]
    if not said:
        return ""
    return (
        f"Videos {listed(said)}: how many faces are found differs between the classes, so a detector may go"
        " by what comes with that instead of what was manipulated."
    )


def _differs(rows: Sequence[Json], name: str, words: str) -> str:
    n, found = (
        [sum(row[k] for row in rows if row["label"] == label) for label in (0, 1)] for k in ("n_videos", name)
    )
    if not all(n):
        return ""
    p = float(fisher_exact([found, [n[0] - found[0], n[1] - found[1]]]).pvalue)
    if p >= CLEAR:
        return ""
    real, fake = (percent(found[label] / n[label]) for label in (0, 1))
    return f"{words} are {real} of the real and {fake} of the manipulated (p {p_value(p)})"


def faces_table(faces: Json | None) -> Table | None:
    """Counts by class and the sizes of faces; None where no faces were looked for."""
    rows = (faces or {}).get("rows") or []
    if not rows:
        return None
    columns = (
        Column("", numeric=False), Column("videos"), Column("without a face"), Column("with several at once"),
        Column("frames sampled"), Column("without the person"), Column("smallest", "face size, pixels"),
        Column("median", "face size, pixels"), Column("largest", "face size, pixels"),
    )  # fmt: skip
    body = tuple(_cells(row) for row in rows)
    note = "Face size: the longer side of the box in the full frame, the median over a video's frames."
    return Table("Faces found", columns, (Group("", body),), notes=(note,))


def _cells(row: Json) -> tuple[Entry, ...]:
    sizes = row["face_size"] or {}
    numbers = [row[name] for name in ("n_videos", "n_without_face", "n_several", "n_frames", "n_missing")]
    numbers += [sizes.get(name) for name in ("smallest", "median", "largest")]
    return (Entry(label_of(row["manipulation"])), *(Entry(count(value)) for value in numbers))
