"""What both pages show of one video, ready for their template."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from clipforensics.casework import tables, wording
from clipforensics.casework.examining import Examination
from clipforensics.casework.moments import MOST_PEOPLE, Moment
from clipforensics.casework.timeline import NARROW, WIDE, Pooled, Track, among, timeline
from clipforensics.faces.face import Face
from clipforensics.report.figures.axes import NOTHING, series
from clipforensics.report.sections.gallery import data_uri
from clipforensics.report.wording.names import capital
from clipforensics.report.wording.numbers import counted, number
from clipforensics.report.wording.printable import printable
from clipforensics.scoring.detector import Detector

Json = Mapping[str, Any]

FRAME_SIDE, CROP_SIDE = 560, 256
"""Longest side of a frame, and of a crop, on the page, pixels."""

Figures = tuple[tuple[str, Markup], ...]
"""A drawing for a desk and one for a phone, each with its class."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One telling frame: what stands above it, the frame with its boxes, the crop, the heatmap."""

    rank: str
    about: str
    frame: Markup
    crop: str
    heat: str
    alt: str


@dataclass(frozen=True, slots=True)
class Shots:
    """One person's telling frames."""

    name: str
    shots: tuple[Shot, ...]


def view_of(seen: Examination, detector: Detector, record: Json) -> dict[str, Any]:
    """Names that the templates use.

    Args:
        seen: The video.
        detector: By which it was judged.
        record: Content of case.json.
    """
    verdict, validated = seen.verdict, detector.validated
    model, point = record["model"], record["model"]["validation"]
    return {
        "name": printable(seen.name),
        "title": model["title"],
        "is_toy": validated.is_toy,
        "headline": wording.headline(verdict),
        "reason": printable(wording.reason(verdict)),
        "about_score": wording.about_score(verdict, validated.pooling),
        "score_words": wording.SCORE,
        "worth": list(wording.worth(verdict, validated)),
        "propositions": [*validated.propositions.items()],
        "priors": tables.priors_table(verdict),
        "warnings": [f"{capital(text)}." for text in verdict.warnings if "is a toy" not in text],
        "over_time": over_time(seen),
        "about_time": about_time(seen),
        "groups": shots_of(seen),
        "has_faces": any(face is not None for face in seen.case.seen.faces),
        "unshown": _unshown(len(verdict.people) - MOST_PEOPLE),
        "untraced": seen.untraced,
        "maps_words": wording.MAPS,
        "people": tables.people_table(verdict),
        "validation": list(wording.of_validation(point, validated, point["auc"])),
        "among": among_validation(seen, detector),
        "rates": tables.rates_table(point),
        "frames": tables.frames_table(seen),
        "exhibit": tables.exhibit_table(record["exhibit"]),
        "file": tables.file_tables(record["file"]) if record["file"] else [],
        "claims": record["c2pa"]["said"],
        "claimed": [tables.claims_table(one) for one in record["c2pa"].get("manifests", ())],
        "checks": tables.checks_table(record["c2pa"]) if record["c2pa"].get("manifests") else None,
        "model": tables.model_table(model),
        "record": record,
    }


def _unshown(n: int) -> str:
    """What is said of people beyond those whose frames are shown."""
    return f"{n} more {'person is' if n == 1 else 'people are'} in the tables alone." if n > 0 else ""


def over_time(seen: Examination) -> Figures:
    """The timeline; nothing where fewer than two frames were scored."""
    verdict = seen.verdict
    if verdict.score is None or verdict.threshold is None or len({one.frame for one in verdict.frames}) < 2:
        return ()
    pooled = Pooled(verdict.score, verdict.low, verdict.high, verdict.threshold)
    timed = all(seen.seconds(one.frame) is not None for one in verdict.frames)
    last = seen.case.exhibit.n_frames - 1
    end = seen.seconds(last) if timed else last
    cut = number(verdict.threshold)
    said = f"scores of {counted(len(verdict.frames), 'frame')} over time, threshold {cut}"
    return tuple(
        (
            kind,
            timeline(
                _tracks(seen, timed=timed),
                pooled,
                end=float(end or 0),
                unit="time, s" if timed else "frame",
                label=said,
                width=width,
            ),
        )
        for kind, width in (("wide", WIDE), ("narrow", NARROW))
    )


def _tracks(seen: Examination, *, timed: bool) -> list[Track]:
    found = []
    for person in dict.fromkeys(one.person for one in seen.verdict.frames):
        rows = [one for one in seen.verdict.frames if one.person == person]
        at = [float((seen.seconds(one.frame) if timed else one.frame) or 0) for one in rows]
        found.append(Track(capital(tables.person_name(person)), at, [one.score for one in rows]))
    return found


def about_time(seen: Examination) -> list[str]:
    """The names of the coloured lines, where there is more than one."""
    people = list(dict.fromkeys(one.person for one in seen.verdict.frames))
    return [capital(tables.person_name(person)) for person in people[:5]] if len(people) > 1 else []


def among_validation(seen: Examination, detector: Detector) -> Figures:
    """This video's score among validation's; nothing where it has none."""
    verdict, of = seen.verdict, detector.validated.abstainer
    if verdict.score is None or verdict.threshold is None:
        return ()
    pooled = Pooled(verdict.score, verdict.low, verdict.high, verdict.threshold)
    said = (
        f"this video's score, {number(verdict.score)}, among those of real and manipulated validation videos"
    )
    both = of.real.scores, of.manipulated.scores
    sizes = (("wide", WIDE), ("narrow", NARROW))
    return tuple((kind, among(*both, pooled, label=said, width=width)) for kind, width in sizes)


def shots_of(seen: Examination) -> list[Shots]:
    """Telling frames, person by person."""
    found: dict[int, list[Shot]] = {}
    for one in seen.moments:
        found.setdefault(int(seen.case.seen.people[one.row]), []).append(_shot(seen, one))
    several = len(found) > 1
    return [
        Shots(capital(tables.person_name(person)) if several else "", tuple(shots))
        for person, shots in found.items()
    ]


RANKS = {
    "highest": "Highest score",
    "high": "High score",
    "low": "Low score",
    "lowest": "Lowest score",
    "only": "Score",
}


def _shot(seen: Examination, one: Moment) -> Shot:
    frame, score = int(seen.case.seen.frames[one.row]), float(seen.case.scores[one.row])
    seconds = seen.seconds(frame)
    when = f"frame {frame}" if seconds is None else f"frame {frame}, {seconds:.2f} s"
    alt = f"{when}, score {number(score)}"
    return Shot(
        rank=f"{RANKS[one.rank]} {number(score)}",
        about=when,
        frame=_framed(one, seen, alt),
        crop=data_uri(one.crop, size=CROP_SIDE),
        heat="" if one.heat is None else data_uri(one.heat, size=CROP_SIDE),
        alt=alt,
    )


def _framed(one: Moment, seen: Examination, alt: str) -> Markup:
    """The full frame with a box around the person, thin ones around others."""
    height, width = one.frame.shape[:2]
    face = seen.case.seen.faces[one.row]
    order = list(dict.fromkeys(seen.case.seen.people.tolist()))
    boxes = [_box(other, width, order, "other") for other in one.others]
    boxes += [] if face is None else [_box(face, width, order, "")]
    return Markup(
        '<svg class="shot" viewBox="0 0 {w} {h}" role="img" aria-label="{alt}">'
        '<image href="{uri}" width="{w}" height="{h}"/>{boxes}</svg>'
    ).format(w=width, h=height, alt=alt, uri=data_uri(one.frame, size=FRAME_SIDE), boxes=NOTHING.join(boxes))


def _box(face: Face, width: int, order: list[int], kind: str) -> Markup:
    """A box in the colour of the person's line, with the number above it (beneath where it is at the top)."""
    place = order.index(face.person) if face.person in order else len(order)
    number_of, colour = series(place)
    size = max(9, round(width / 28))
    y = face.y - size / 3 if face.y > size * 1.5 else face.y + face.height + size
    return Markup(
        '<rect class="box {kind} series-{place}" x="{x}" y="{top}" width="{w}" height="{h}" fill="none"'
        ' stroke="{colour}" stroke-width="{stroke:g}"/>'
        '<text class="boxed" x="{x}" y="{y:g}" font-size="{size}" fill="{colour}">{person}</text>'
    ).format(
        kind=kind, place=number_of, x=face.x, top=face.y, w=face.width, h=face.height, colour=colour,
        stroke=round(width / (400 if kind else 160), 2), y=round(y, 1), size=size, person=face.person,
    )  # fmt: skip
