"""Faces: how many videos have none or several, by class; and whether the classes differ in that."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import fisher_exact, mannwhitneyu

from clipforensics.core.records import data_set_of
from clipforensics.report.wording.names import label_of, listed
from clipforensics.report.wording.numbers import count, counted, p_value, percent
from clipforensics.report.wording.tables import Column, Entry, Group, Json, Table

CLEAR = 0.01
"""Below this p of Fisher's exact test a share that differs between the classes is told in the first lines."""

COUNTS = {"n_without_face": "without any face", "n_several": "with several faces in one frame"}


def about_faces(faces: Json | None, cut: Mapping[str, Any]) -> str:
    """What frames are cut around, and what was left out for it, in the data set that is trained on; empty for
    a run that does not say.

    Args:
        faces: metrics/faces.json, or None.
        cut: Section `extract_frames` of params.yaml.
    """
    if faces is None:
        return ""
    rows = _own(faces)
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
    nobody = "anybody" if cut.get("person") == "every" else "that person"
    return (
        f"{_whom(rows, cut)}: a square, {shape}. Of"
        f" {counted(n, 'video')}, no face was found in {count(without)} ({whole}) and several in one frame in"
        f" {count(several)}; {count(missing)} of {counted(frames, 'sampled frame')} without {nobody}"
        f" {'is' if missing == 1 else 'are'} left out."
    )


def _whom(rows: Sequence[Json], cut: Mapping[str, Any]) -> str:
    """Around whom frames are cut."""
    if cut.get("person") == "every":
        people = _people(rows, (0, 1))
        return (
            "Training sees the largest person of each video, and a frame's score is the highest of its"
            f" people ({count(sum(people))} in {counted(len(people), 'video')}). Each is cut out apart"
        )
    if cut.get("person") == "mask":
        by_size = sum(row["masks"]["by_size"] for row in rows)
        return (
            "Frames are cut around the person of each video on whom the manipulation mask lies (a real video"
            f" has that of a fake made of it; {counted(by_size, 'video')} in which no mask says who"
            f" {'shows' if by_size == 1 else 'show'} the largest)"
        )
    return f"Frames are cut around the {cut.get('person')} person of each video"


def about_clue(faces: Json | None) -> str:
    """Which of the counts differ between real and manipulated videos beyond chance, and whether masks were
    used that nobody has of a new clip; empty where neither is so.

    By Fisher's exact test over videos of the data set that is trained on, which takes them for independent;
    the number of people likewise by that of Mann and Whitney.
    """
    rows = _own(faces)
    return " ".join(filter(None, (_about_masks(rows), _about_counts(rows), _about_people(rows))))


def _own(faces: Json | None) -> list[Json]:
    """Rows of the data set that is trained on; none where nobody was looked for in it."""
    return [row for row in (faces or {}).get("rows") or [] if not data_set_of(row["manipulation"])]


def _about_masks(rows: Sequence[Json]) -> str:
    if not any("masks" in row for row in rows):
        return ""
    return (
        "Frames show whom the data set's masks mark as manipulated. Nobody has a mask of a new clip: these"
        " numbers are a diagnosis, not what a user gets."
    )


def _about_counts(rows: Sequence[Json]) -> str:
    said = [text for name, words in COUNTS.items() if (text := _differs(rows, name, words))]
    if not said:
        return ""
    return (
        f"Videos {listed(said)}: how many faces are found differs between the classes, so a detector may go"
        " by what comes with that instead of what was manipulated."
    )


def _people(rows: Sequence[Json], labels: Sequence[int]) -> list[int]:
    """People in each video of these classes that has any."""
    counts = [row.get("people", {}) for row in rows if row["label"] in labels]
    return [int(n) for of in counts for n, videos in of.items() for _ in range(videos)]


def _about_people(rows: Sequence[Json]) -> str:
    """Whether the highest of a frame's scores is of more people in one class than in the other."""
    real, fake = _people(rows, (0,)), _people(rows, (1,))
    if not real or not fake or len({*real, *fake}) == 1:
        return ""
    p = float(mannwhitneyu(real, fake).pvalue)
    if p >= CLEAR:
        return ""
    return (
        f"A real video has {np.mean(real):.1f} people on average, a manipulated one {np.mean(fake):.1f}"
        f" (p {p_value(p)}): a frame's score is the highest of its people and rises with their number, so"
        " part of what tells the classes apart may be how many people they show."
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
