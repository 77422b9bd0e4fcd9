"""Tables of the pages: people, frames, the file, its claims, the package."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from clipforensics.casework.examining import Examination
from clipforensics.casework.wording import share
from clipforensics.report.wording.names import RULES
from clipforensics.report.wording.nested import flatten, plain_text
from clipforensics.report.wording.numbers import NONE, count, number
from clipforensics.report.wording.tables import Column, Entry, Group, Table
from clipforensics.scoring.judging import probability
from clipforensics.scoring.results import PersonScore, Verdict
from clipforensics.scoring.telling import ratio

Json = Mapping[str, Any]

PRIORS = (0.001, 0.01, 0.1, 0.5, 0.9)
"""Shares of manipulated videos for which the probability is shown."""


def person_name(person: int) -> str:
    """`person 0`, or `whole frames` where nobody was looked for or found."""
    return "whole frames" if person < 0 else f"person {person}"


def people_table(verdict: Verdict) -> Table | None:
    """Everybody who was scored; None for one person."""
    if len(verdict.people) < 2:
        return None
    rows = [_person(one) for one in verdict.people]
    names = ("", "score", "LR", "frames", "from", "to", "face, pixels")
    return _table("People in the video, each with the score of their own frames", names, rows)


def _person(one: PersonScore) -> tuple[str | Entry, ...]:
    ends = count(one.first_frame), count(one.last_frame)
    worth = ratio(one.evidence.log10_lr) if one.evidence else NONE
    name = Entry(person_name(one.person), "judged" if one.is_main else "")
    return name, number(one.score), worth, count(one.n_frames), *ends, count(one.face_size)


def priors_table(verdict: Verdict) -> Table | None:
    """The probability for other shares of manipulated videos; None where there is no likelihood ratio."""
    if verdict.evidence is None:
        return None
    rows = [(f"{share(prior)} of them", number(probability(verdict.evidence, prior)[0])) for prior in PRIORS]
    names = ("of the videos in question are manipulated", "probability by the likelihood ratio")
    return _table("If another share of the videos in question is manipulated", names, rows)


def frames_table(seen: Examination) -> Table:
    """Every frame that was looked at, and every person in it."""
    by_frame: dict[int, list[int]] = {}
    for row, one in enumerate(seen.verdict.frames):
        by_frame.setdefault(one.frame, []).append(row)
    rows = [
        cells
        for frame in seen.case.seen.sampled.tolist()
        for cells in ([_frame(seen, frame, row) for row in by_frame.get(frame, [])] or [_empty(seen, frame)])
    ]
    names = ("frame", "time, s", "person", "score", "left", "top", "width", "height", "sureness")
    about = "Every frame that was looked at; boxes in pixels of the full frame"
    return _table(about, names, rows)


def _frame(seen: Examination, frame: int, row: int) -> tuple[str | Entry, ...]:
    one = seen.verdict.frames[row]
    box = [count(side) for side in one.box] if one.box else [NONE] * 4
    whom = NONE if one.person < 0 else str(one.person)
    return count(frame), _time(seen, frame), whom, number(one.score), *box, number(one.sureness)


def _empty(seen: Examination, frame: int) -> tuple[str | Entry, ...]:
    return count(frame), _time(seen, frame), "nobody who is scored", *[NONE] * 6


def _time(seen: Examination, frame: int) -> str:
    seconds = seen.seconds(frame)
    return NONE if seconds is None else f"{seconds:.3f}"


def rates_table(point: Json) -> Table:
    """Error rates on validation by every rule for a threshold."""
    video = point["video"]
    rows = [
        (
            Entry(RULES[rule], "in force" if rule == point["rule"] else ""),
            number(found["threshold"]),
            share(found["validation_fpr"]),
            share(found["validation_tpr"]),
        )
        for rule, found in video["thresholds"].items()
    ]
    names = ("threshold by", "threshold", "real called manipulated", "manipulated found")
    return _table("Rates on the validation videos on which the threshold was chosen", names, rows)


def exhibit_table(exhibit: Json) -> Table:
    """What was examined."""
    rows = [
        ("name", exhibit["name"]),
        ("SHA-256", exhibit["sha256"]),
        ("size", f"{count(exhibit['n_bytes'])} bytes"),
        ("codec", exhibit["codec"]),
        ("frame", f"{exhibit['width']} x {exhibit['height']} pixels, as a player shows it"),
        ("frames", count(exhibit["n_frames"])),
        ("frame rate", f"{exhibit['frame_rate']:g} a second" if exhibit["frame_rate"] else NONE),
        ("duration", _seconds(exhibit["seconds"])),
        *[(f"picture {name}", digest) for name, digest in exhibit.get("pictures", {}).items()],
    ]
    return pairs_table("The exhibit", rows)


def file_tables(file: Json) -> list[Table]:
    """What a file says of itself: container and video, then every stream, then tags."""
    rows = [
        ("container format", file["format"]),
        ("duration", _seconds(file["seconds"])),
        ("time of the first packet", _seconds(file["start"])),
        ("bit rate", _bits(file["bit_rate"])),
        ("creation time (a tag)", file["created"] or "not tagged"),
        ("streams", count(file["n_streams"])),
        ("frame rate", f"{file['frame_rate'] or NONE} a second on average"),
        ("time from frame to frame", _steps(file)),
        ("time base", f"{file['time_base'] or NONE} s"),
        ("stored frame", f"{file['coded_width']} x {file['coded_height']} pixels"),
        ("pixel's sides", file["sample_aspect"] or "not tagged"),
        ("pixel format", file["pixel_format"] or NONE),
        ("colour", f"range {file['colour_range']}, space {file['colour_space']}"),
        ("codec tag", file["codec_tag"] or "none"),
        ("frames by the header", count(file["n_promised"]) if file["n_promised"] else "not said"),
        ("packets of the video", f"{count(file['n_packets'])}, of which {count(file['n_keys'])} key frames"),
        (
            "key frames",
            f"one in {file['key_interval']:g} packets, at most {file['longest_key_interval']} apart",
        ),
    ]
    return [pairs_table("Container and video", rows), _tracks(file["tracks"]), _tags(file)]


def _tracks(tracks: Iterable[Json]) -> Table:
    rows = [
        (
            str(i),
            one["kind"],
            one["codec"] or NONE,
            one["profile"] or NONE,
            _bits(one["bit_rate"]),
            _sound(one),
        )
        for i, one in enumerate(tracks)
    ]
    return _table("Streams", ("stream", "kind", "codec", "profile", "bit rate", "sound"), rows, texts=True)


def _sound(track: Json) -> str:
    return f"{track['sample_rate']} Hz, {track['channels']} channels" if track["sample_rate"] else NONE


def _tags(file: Json) -> Table:
    rows = [("container", name, text) for name, text in file["tags"].items()]
    rows += [
        (f"stream {i}", name, text)
        for i, one in enumerate(file["tracks"])
        for name, text in one["tags"].items()
    ]
    return _table(
        "Tags, as their writer put them there", ("of", "tag", "text"), rows or [("none", "", "")], texts=True
    )


def claims_table(manifest: Json) -> Table:
    """What one C2PA manifest claims."""
    rows = [
        ("made by", ", ".join(manifest["made_by"])),
        ("title", manifest["title"] or NONE),
        ("signed by", manifest["signed_by"] or NONE),
        ("signed at", manifest["signed_at"] or "no time stamp"),
        *[("action", text) for text in manifest["actions"]],
        *[("ingredient", text) for text in manifest["ingredients"]],
        ("assertions", ", ".join(manifest["assertions"]) or NONE),
    ]
    return pairs_table(f"Claims of manifest {manifest['label']}", rows)


def checks_table(claims: Json) -> Table:
    """Every check of the seal."""
    rows = [("failed", *one) for one in claims["problems"]] + [("passed", *one) for one in claims["passed"]]
    return _table("Checks of the seal", ("", "check", "in words"), rows, texts=True)


def model_table(model: Json) -> Table:
    """The package by its digests."""
    encoder = model["encoder"]
    rows = [
        ("method", model["title"]),
        *([("on the hub", f"{model['name']} at commit {model['commit']}")] if model["commit"] else []),
        ("SHA-256 of the package", model["sha256"]),
        ("encoder", f"{encoder['model']}, revision {encoder['revision']}, embedding {encoder['embedding']}"),
        *[(name, digest) for name, digest in model["files"].items()],
    ]
    return pairs_table("The detector's package, each file by its SHA-256", rows)


def leaves_table(caption: str, content: Json) -> Table:
    """Every value of a nested mapping under its way in case.json: `around.margin`."""
    return pairs_table(caption, [(way, plain_text(value)) for way, value in flatten(content)])


def pairs_table(caption: str, rows: Iterable[tuple[str, str]]) -> Table:
    """Names and values, a pair a row."""
    body = tuple((Entry(name), Entry(text)) for name, text in rows)
    return Table(caption, (Column("", numeric=False), Column("", numeric=False)), (Group("", body),))


def _table(
    caption: str, names: Sequence[str], rows: Iterable[Sequence[str | Entry]], *, texts: bool = False
) -> Table:
    """Columns of numbers behind a first one of names; or texts alone."""
    columns = tuple(Column(name, numeric=bool(i) and not texts) for i, name in enumerate(names))
    body = tuple(tuple(cell if isinstance(cell, Entry) else Entry(cell) for cell in row) for row in rows)
    return Table(caption, columns, (Group("", body),))


def _seconds(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f} s"


def _bits(value: int) -> str:
    return f"{count(value)} bits a second" if value else "not said"


def _steps(file: Json) -> str:
    low, high = file["shortest_step"], file["longest_step"]
    if low is None:
        return NONE
    return f"{low:.4f} s" if f"{low:.4f}" == f"{high:.4f}" else f"{low:.4f} to {high:.4f} s"
