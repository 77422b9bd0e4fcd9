"""The one comparison that a run is for, chosen by a rule or named in params.yaml, best before any test score.

It alone is tested at the full level; every other difference is secondary (`families`). ICH E9 "Statistical
Principles for Clinical Trials" (1998), 2.2.2, asks for one primary variable, stated in advance.

`auto` is a rule that no score has a say in, so that a run with other detectors or splits needs no second
setting: the first of `detectors` that is not the reference; the protocol in whose test nobody is known from
training or validation, by count, which is what a claim about unseen faces stands on, or where the run has
none the headline's; the headline's train set and manipulation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section
from clipforensics.core.records import REST
from clipforensics.protocol.cells import FOLDS

Row = dict[str, Any]

AUTO = "auto"

LOWER_IS_BETTER = ("brier", "ece", "eer", "fpr")
"""Metrics of errors: a smaller one is a better one."""


class PrimarySection(Section):
    """Section `primary` of params.yaml.

    Attributes:
        detector: That is compared with `compare.reference`, or `auto`.
        metric: In which.
        level: Of videos or of frames.
        stratum: Of which test fakes; metrics other than auc are of all.
        protocol: Under which, or `auto`.
        train_set: Of which models, or `auto`.
        manipulation: Of which test fakes, or `auto`.
    """

    detector: str
    metric: Literal[
        "auc", "ap", "eer", "partial_auc", "accuracy", "balanced_accuracy", "f1", "tpr", "fpr", "brier"
    ]
    level: Literal["video", "frame"]
    stratum: Literal["all", "twin", "no_twin", "seen_identity", "clean", "clean_of_both", "unknown"]
    protocol: str
    train_set: str
    manipulation: str


RULES = PrimarySection(
    detector=AUTO, metric="auc", level="video", stratum="all", protocol=AUTO, train_set=AUTO,
    manipulation=AUTO,
)  # fmt: skip
"""Everything by rule, as params.yaml has it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which number of a run: two detectors have it, and so have their difference.

    Attributes:
        protocol: Under which.
        train_set: Of which models.
        manipulation: Of which test fakes.
        level: `video` or `frame`.
        stratum: Of these fakes; of a leak gap both its sides, `twin-no_twin`.
        metric: `auc` or another.
    """

    protocol: str
    train_set: str
    manipulation: str
    level: str = "video"
    stratum: str = "all"
    metric: str = "auc"

    @property
    def cell(self) -> tuple[str, str, str]:
        """Protocol, train set and manipulation."""
        return self.protocol, self.train_set, self.manipulation


@dataclass(frozen=True, slots=True)
class Primary:
    """The primary comparison, rules resolved.

    Attributes:
        detector: The one that is compared.
        reference: What it is compared with.
        place: In which number.
        named: Keys of section `primary` that differ from `RULES`.
    """

    detector: str
    reference: str
    place: Place
    named: tuple[str, ...] = ()


def resolve_primary(
    section: PrimarySection,
    *,
    reference: str,
    detectors: Sequence[str],
    protocols: Sequence[str],
    train_sets: Sequence[str],
    manipulations: Sequence[str],
    clean: str | None = None,
) -> Primary | None:
    """Names for rules, after a check against the rest of params.yaml.

    Args:
        section: As written.
        reference: `compare.reference`.
        detectors: All that meet.
        protocols: Of the run, the headline's first.
        train_sets: The headline's first.
        manipulations: That are tested, the headline's first; with `rest` among them any other may be named.
        clean: The protocol in whose test nobody is known from training or validation; None: there is none,
            or it is not known yet.

    Returns:
        None where the rule finds nobody, since the reference meets nobody.

    Raises:
        InputError: a name is none of the run's, or the metric is not measured in the stratum.
    """
    others = [name for name in detectors if name != reference]
    if section.metric != "auc" and section.stratum != "all":
        raise InputError(
            f"`primary.stratum` is {section.stratum!r} and `primary.metric` {section.metric!r}: strata have"
            " only auc; write `stratum: all` or `metric: auc`"
        )
    if section.detector == AUTO and not others:
        return None
    _check("detector", section.detector, others, "a detector other than compare.reference")
    _check("protocol", section.protocol, protocols, "a protocol of protocol.splits")
    _check("train_set", section.train_set, train_sets, "one of protocol.train_sets")
    if REST not in manipulations:
        _check("manipulation", section.manipulation, manipulations, "one of protocol.test_manipulations")
    place = Place(
        protocol=_named(section.protocol, clean or protocols[0]),
        train_set=_named(section.train_set, train_sets[0]),
        manipulation=_named(section.manipulation, manipulations[0]),
        level=section.level,
        stratum=section.stratum,
        metric=section.metric,
    )
    named = tuple(key for key, rule in RULES.model_dump().items() if getattr(section, key) != rule)
    return Primary(_named(section.detector, others[0] if others else ""), reference, place, named)


def primary_row(primary: Primary, tables: Mapping[str, Sequence[Row]], *, confidence: float) -> Row:
    """What stands as `primary` in comparison.json.

    Args:
        primary: The comparison.
        tables: `cells` and `metrics` of comparison.json.
        confidence: Of the intervals.

    Returns:
        Who and where, and which of that params.yaml `named`; `value`, `low`, `high`, `p` of detector minus
        reference (null with the reason `undefined` where there is none); `shown`, whether p is below
        1 - confidence; `power` where it is not;
        `n_real` and `n_fake`, rows of the level.

    Raises:
        InputError: the run has no such number.
    """
    table = "cells" if primary.place.metric == "auc" else "metrics"
    row = next((row for row in tables[table] if place_of(row) == primary.place), None)
    if row is None:
        raise InputError(
            f"`primary`: this run has no {' '.join(asdict(primary.place).values())}; name what it has"
            " (protocol, train_set, manipulation, level, stratum, metric) in section `primary`"
        )
    found = _difference(row, primary.detector)
    lost = found["p"] is None
    pooled = primary.place.protocol == FOLDS and "fold_mean" not in row
    return {
        "detector": primary.detector,
        "reference": primary.reference,
        **asdict(primary.place),
        "named": list(primary.named),
        **{name: found[name] for name in ("value", "low", "high", "p")},
        "shown": not lost and found["p"] < 1 - confidence and not pooled,
        "power": found.get("power"),
        **{name: row[name] for name in ("n_real", "n_fake")},
        **{name: found[name] for name in ("covers", "caution") if found.get(name)},
        **({"undefined": row.get("undefined", "")} if lost else {}),
    }


def _difference(row: Row, detector: str) -> Row:
    """Of a row whose folds have a mean, that; else as it stands: folds that are pooled show nothing."""
    mean = row.get("fold_mean") or {}
    ends = ((mean.get("intervals") or {}).get("differences") or {}).get(detector)
    if ends is not None:
        return {"value": mean["differences"][detector], **ends}
    found = row["differences"][detector]
    return {"value": found.get("auc", found.get("value")), **found}


def place_of(row: Mapping[str, Any]) -> Place:
    """Of a row of `cells`, `metrics` or `leak_gaps`."""
    gap = f"{row['minuend']}-{row['subtrahend']}" if "minuend" in row else "all"
    return Place(
        row["protocol"],
        row["train_set"],
        row["manipulation"],
        row["level"],
        row.get("stratum", gap),
        row.get("metric", "auc"),
    )


def better(metric: str, difference: float) -> bool:
    """Whether a difference, detector minus reference, is to the detector's credit."""
    return difference < 0 if metric in LOWER_IS_BETTER else difference > 0


def _named(written: str, by_rule: str) -> str:
    return by_rule if written == AUTO else written


def _check(key: str, written: str, known: Sequence[str], rule: str) -> None:
    if written != AUTO and written not in known:
        raise InputError(
            f"`primary.{key}` is {written!r}; it must be {rule}: {', '.join(known)}; or {AUTO}, which"
            " chooses by a rule"
        )
