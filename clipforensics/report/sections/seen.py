"""What training and validation have seen of a protocol's test: from counts, never from its name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from clipforensics.core.records import data_set_of
from clipforensics.protocol.cells import repeat_of
from clipforensics.report.wording.names import listed, protocol_in_words
from clipforensics.report.wording.numbers import counted, known
from clipforensics.report.wording.tables import Json

Status = Literal["leaks", "clean", "unknown", "uncounted"]
"""Training has seen somebody; nobody known; of no test or no training video is it known who; not counted."""


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
        unknown_train: The same of training, and `unknown_val` of validation; of several splits the most.
        real_by_validation: Reals that show somebody from validation.
        n_train: Training videos; of several splits the most.
        n_splits: Over how many splits this was counted.
        is_repeated: Whether these are repeats, each with a test of its own: a video counts once a repeat.
    """

    n_real: int
    n_fake: int
    real: int | None
    fake: int | None
    twin: int | None = None
    by_validation: int | None = None
    unknown: int | None = None
    unknown_train: int | None = None
    unknown_val: int | None = None
    real_by_validation: int | None = None
    n_train: int | None = None
    n_splits: int = 1
    is_repeated: bool = False

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
        return "unknown" if self.is_test_unknown or self.is_training_unknown else "clean"

    @property
    def is_test_unknown(self) -> bool:
        """Whether of no test video it is known who is in it."""
        return self.unknown is not None and self.unknown >= self.n

    @property
    def is_training_unknown(self) -> bool:
        """Whether of no training video it is known who is in it."""
        return bool(self.n_train) and (self.unknown_train or 0) >= (self.n_train or 0)

    @property
    def has_unknown(self) -> bool:
        """Whether of any video of test, training or validation it is not known who is in it."""
        return bool(self.unknown or self.unknown_train or self.unknown_val)


NOT_COUNTED = Seen(0, 0, None, None)


def seen_of(comparison: Json, leakage: Mapping[str, Json], protocol: str | None) -> Seen:
    """The counts of a protocol, of the headline's train set and manipulation; of folds and repeats the sum.

    Args:
        comparison: Content of metrics/comparison.json: where there is no audit, its `leaks` (of all
            manipulations) are taken.
        leakage: `<split> <train_set>` -> metrics/leakage/<split>/<train_set>.json.
        protocol: None for the only one of a file that names none.
    """
    head = comparison["headline"]
    where = data_set_of(head["manipulation"])
    found = [
        _of_audit(audit, head["manipulation"])
        for name, audit in leakage.items()
        if _is_of(name, protocol, head["train_set"])
        and isinstance(_counts_of(audit, where).get("fake"), Mapping)
    ]
    is_repeated = any(repeat_of(split) for split in (comparison.get("splits") or {}).get(protocol) or ())
    if found:
        return replace(_sum(found), is_repeated=is_repeated)
    leaks = (comparison.get("elsewhere") or {}).get("leaks") if where else comparison.get("leaks")
    row = ((leaks or {}).get(protocol) or {}).get(head["train_set"])
    row = row.get(where) if row and where else row
    return NOT_COUNTED if row is None else replace(_of_row(row), is_repeated=is_repeated)


def _counts_of(audit: Json, where: str) -> Json:
    """The counts of the test of another data set; of the one that is trained on, where that is empty."""
    found: Json = ((audit.get("elsewhere") or {}).get(where) or {}) if where else audit
    return found


def _is_of(name: str, protocol: str | None, train_set: str) -> bool:
    split, _, trained_on = name.partition(" ")
    return trained_on == train_set and protocol in (split, split.rpartition("-")[0])


def _of_audit(audit: Json, manipulation: str) -> Seen:
    """One split's."""
    where = data_set_of(manipulation)
    counts, whole = _counts_of(audit, where), audit.get("unknown_identity") or {}
    fake, real = _row(counts, manipulation), counts.get("real") or {}
    own = counts.get("validation") or {}
    unknown = _added([real.get("unknown"), fake.get("unknown")])
    if not where and unknown is None and whole.get("test") == 0:
        unknown = 0
    own_real = (own.get("real") or {}).get("any_seen")
    return Seen(
        int(known(real.get("n")) or 0),
        int(known(fake.get("n")) or 0),
        _whole(real.get("any_seen")),
        _whole(fake.get("any_seen")),
        _whole(fake.get("twin")),
        _added([own_real, _row(own, manipulation).get("any_seen")]),
        unknown,
        _whole(whole.get("train")),
        _whole(whole.get("val")),
        _whole(own_real),
        _added(((audit.get("sizes") or {}).get("train") or {}).values()),
    )


def _row(audit: Json, manipulation: str) -> Json:
    """The manipulation's flags, or those of all fakes."""
    found: Json = (audit.get("manipulations") or {}).get(manipulation) or audit.get("fake") or {}
    return found


def _of_row(row: Json) -> Seen:
    keys = ("real_seen", "fake_seen", "twin", "val_seen", "unknown", "train_unknown", "val_unknown")
    real, fake, twin, by_validation, unknown, train, val = (_whole(row.get(key)) for key in keys)
    return Seen(int(row["n_real"]), int(row["n_fake"]), real, fake, twin, by_validation, unknown, train, val)


SUMMED = ("n_real", "n_fake", "real", "fake", "twin", "by_validation", "unknown", "real_by_validation")
"""Counts of test videos, each of one split; training and validation videos are the same ones in several."""


def _sum(found: list[Seen]) -> Seen:
    total = {name: _added(getattr(one, name) for one in found) for name in SUMMED}
    return Seen(
        total["n_real"] or 0,
        total["n_fake"] or 0,
        total["real"],
        total["fake"],
        total["twin"],
        total["by_validation"],
        total["unknown"],
        _most(one.unknown_train for one in found),
        _most(one.unknown_val for one in found),
        total["real_by_validation"],
        _most(one.n_train for one in found),
        n_splits=len(found),
    )


def _most(values: Iterable[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)


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
        whose = "its test" if seen.is_test_unknown else "the training"
        return f"it is not known who is in {whose} videos, so leaks cannot be counted"
    if seen.status == "leaks":
        twins = f" ({seen.twin} by a twin)" if seen.twin else ""
        text = f"training has seen {seen.fake} of {counted(seen.n_fake, 'fake')}{twins}"
        text += f" and {seen.real} of {counted(seen.n_real, 'real')}"
        text += f", validation {_by_validation(seen)}" if seen.by_validation else ""
        text += REPEATED if seen.is_repeated else ""
    elif seen.by_validation:
        text = f"no identity shared with training is known, but validation has seen {_by_validation(seen)}"
        text += REPEATED if seen.is_repeated else ""
    else:
        text = "no shared identity is known"
    return text + (
        f", and of {unknown_in_words(seen)} it is not known who is in them" if seen.has_unknown else ""
    )


REPEATED = ", a video counted once a repeat"


def _by_validation(seen: Seen) -> str:
    return f"{seen.by_validation} of {counted(seen.n, 'test video')}"


def unknown_in_words(seen: Seen) -> str:
    """Of how many videos it is not known who is in them: `12 test and 5 training videos`."""
    most = "up to " if seen.n_splits > 1 else ""
    named = [
        (seen.unknown, "", "test"),
        (seen.unknown_train, most, "training"),
        (seen.unknown_val, most, "validation"),
    ]
    found = [(n, f"{prefix}{n} {part}") for n, prefix, part in named if n]
    return f"{listed([text for _, text in found])} video{'' if [n for n, _ in found] == [1] else 's'}"


def status_in_words(seen: Seen) -> str:
    """The same in a few words, for the head of a column."""
    if seen.status == "clean" and seen.by_validation:
        return "seen by validation only"
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
    """Of how many test, training and validation videos nobody knows who is in them; empty where of none."""
    said = [
        _whole_unknown(seen) + (f" ({protocol_in_words(name)})" if len(found) > 1 and name else "")
        for name, seen in found.items()
        if seen.has_unknown
    ]
    if not said:
        return ""
    return (
        f"Of {listed(said)} it is not known who is in them: they may leak, and no number here would show it."
    )


def _whole_unknown(seen: Seen) -> str:
    """`3 of 30 test videos and 5 training videos`."""
    once = " (a video counted once a repeat)" if seen.is_repeated else ""
    tested = [f"{seen.unknown} of {counted(seen.n, 'test video')}{once}"] if seen.unknown else []
    rest = replace(seen, unknown=0)
    return listed([*tested, *([unknown_in_words(rest)] if rest.has_unknown else [])])


def about_reals(seen: Seen) -> str:
    """How many test reals training has seen, which no stratum of fakes shows; or empty."""
    if not seen.real:
        return ""
    return (
        f"Of {counted(seen.n_real, 'test real')}, {seen.real} {'shows' if seen.real == 1 else 'show'}"
        " somebody from training: every stratum of fakes is set against these same reals, the clean ones too."
    )
