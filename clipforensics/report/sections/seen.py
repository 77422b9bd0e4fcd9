"""What training and validation have seen of a protocol's test: from counts, never from its name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from clipforensics.report.wording.names import listed, protocol_in_words
from clipforensics.report.wording.numbers import counted, known
from clipforensics.report.wording.tables import Json

Status = Literal["leaks", "clean", "unknown", "uncounted"]
"""Somebody is seen; nobody known is; of no video is it known who is in it; nobody counted."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Counts of test videos of one protocol; None where they were not counted.

    Attributes:
        n_real: Real test videos.
        n_fake: Manipulated ones of the headline's manipulation.
        real: Reals that show somebody from training.
        fake: Fakes that do.
        twin: Fakes with a twin in training.
        by_validation: Videos that show somebody from validation.
        unknown: Videos of which it is not known who is in them.
    """

    n_real: int
    n_fake: int
    real: int | None
    fake: int | None
    twin: int | None = None
    by_validation: int | None = None
    unknown: int | None = None

    @property
    def n(self) -> int:
        """All test videos."""
        return self.n_real + self.n_fake

    @property
    def status(self) -> Status:
        """What may be said; some unknown videos leave `clean` as it is, and the words name them."""
        if self.real is None or self.fake is None or not self.n:
            return "uncounted"
        if self.real or self.fake:
            return "leaks"
        return "unknown" if self.unknown is not None and self.unknown >= self.n else "clean"


NOT_COUNTED = Seen(0, 0, None, None)


def seen_of(comparison: Json, leakage: Mapping[str, Json], protocol: str | None) -> Seen:
    """The counts of a protocol, of the headline's train set and manipulation; folds and repeats summed up.

    Args:
        comparison: Content of metrics/comparison.json: where there is no audit, its `leaks` (of all
            manipulations) are taken.
        leakage: `<split> <train_set>` -> metrics/leakage/<split>/<train_set>.json.
        protocol: None for the only one of a file that names none.
    """
    head = comparison["headline"]
    found = [
        _of_audit(audit, head["manipulation"])
        for name, audit in leakage.items()
        if _is_of(name, protocol, head["train_set"]) and isinstance(audit.get("fake"), Mapping)
    ]
    if found:
        return _sum(found)
    row = ((comparison.get("leaks") or {}).get(protocol) or {}).get(head["train_set"])
    return NOT_COUNTED if row is None else _of_row(row)


def _is_of(name: str, protocol: str | None, train_set: str) -> bool:
    split, _, trained_on = name.partition(" ")
    return trained_on == train_set and protocol in (split, split.rpartition("-")[0])


def _of_audit(audit: Json, manipulation: str) -> Seen:
    """One split's."""
    fake = _row(audit, manipulation)
    real = audit.get("real") or {}
    own = audit.get("validation") or {}
    unknown = _added([real.get("unknown"), fake.get("unknown")])
    if unknown is None and (audit.get("unknown_identity") or {}).get("test") == 0:
        unknown = 0
    return Seen(
        int(known(real.get("n")) or 0),
        int(known(fake.get("n")) or 0),
        _whole(real.get("any_seen")),
        _whole(fake.get("any_seen")),
        _whole(fake.get("twin")),
        _added([(own.get("real") or {}).get("any_seen"), _row(own, manipulation).get("any_seen")]),
        unknown,
    )


def _row(audit: Json, manipulation: str) -> Json:
    """The manipulation's flags, or those of all fakes."""
    found: Json = (audit.get("manipulations") or {}).get(manipulation) or audit.get("fake") or {}
    return found


def _of_row(row: Json) -> Seen:
    keys = ("real_seen", "fake_seen", "twin", "val_seen", "unknown")
    return Seen(int(row["n_real"]), int(row["n_fake"]), *(_whole(row.get(key)) for key in keys))


def _sum(found: list[Seen]) -> Seen:
    totals = [_added(getattr(one, name) for one in found) for name in Seen.__slots__]
    return Seen(totals[0] or 0, totals[1] or 0, *totals[2:])


def _added(values: Iterable[object]) -> int | None:
    numbers = [_whole(value) for value in values]
    whole = [number for number in numbers if number is not None]
    return sum(whole) if whole and len(whole) == len(numbers) else None


def _whole(value: object) -> int | None:
    found = known(value)
    return None if found is None else int(found)


def seen_in_words(seen: Seen) -> str:
    """A clause: `no shared identity is known`, `training has seen 98 of 100 fakes and 8 of 10 reals`."""
    if seen.status == "uncounted":
        return "what leaks was not counted"
    if seen.status == "unknown":
        return "it is not known who is in its test videos, so leaks cannot be counted"
    if seen.status == "leaks":
        twins = f" ({seen.twin} by a twin)" if seen.twin else ""
        text = f"training has seen {seen.fake} of {counted(seen.n_fake, 'fake')}{twins}"
        text += f" and {seen.real} of {counted(seen.n_real, 'real')}"
    else:
        text = "no shared identity is known"
    if seen.by_validation:
        text += f", validation {seen.by_validation} of {counted(seen.n, 'test video')}"
    return text + (f", and of {seen.unknown} it is not known who is in them" if seen.unknown else "")


def status_in_words(seen: Seen) -> str:
    """The same in a word or three, for the head of a column."""
    return {
        "leaks": "leaks", "clean": "no shared identity known", "unknown": "identities unknown",
        "uncounted": "leaks not counted",
    }[seen.status]  # fmt: skip


def about_protocols(found: Mapping[str | None, Seen]) -> str:
    """One sentence on all protocols, the headline's first: `Per class: training has seen ...; grouped: ...`.

    Args:
        found: Protocol -> its counts.
    """
    said = [f"{protocol_in_words(name)}: {seen_in_words(seen)}" for name, seen in found.items() if name]
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}." if said else ""


def about_unknown(found: Mapping[str | None, Seen]) -> str:
    """Of how many test videos nobody knows who is in them, where that is any; else empty."""
    said = [
        f"{seen.unknown} of {counted(seen.n, 'test video')}"
        + (f" ({protocol_in_words(name)})" if len(found) > 1 and name else "")
        for name, seen in found.items()
        if seen.unknown
    ]
    if not said:
        return ""
    return (
        f"Of {listed(said)} it is not known who is in them: they may leak, and no number here would show it."
    )


def about_reals(seen: Seen) -> str:
    """How many test reals training has seen, which no stratum of fakes shows; or empty."""
    if not seen.real:
        return ""
    return (
        f"Of {counted(seen.n_real, 'test real')}, {seen.real} {'shows' if seen.real == 1 else 'show'}"
        " somebody from training: every stratum of fakes is set against these same reals, the clean ones too."
    )
