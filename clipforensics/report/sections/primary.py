"""The comparison that counts: is it shown that the adaptation generalises, and what could this test show?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clipforensics.report.reading.lookup import State, as_judged, difference, find_cell, protocol
from clipforensics.report.sections.seen import Seen, seen_in_words
from clipforensics.report.wording.names import (
    LESS_IS_BETTER,
    STRATA,
    capital,
    listed,
    metric_in_words,
    name_of,
    protocol_in_words,
)
from clipforensics.report.wording.numbers import NO_BREAK, counted, interval, known, number, signed
from clipforensics.report.wording.tables import Json

RUNS = {0.8: "four of five runs", 0.9: "nine of ten runs", 0.5: "one of two runs"}

CLEAN = frozenset({"clean", "clean_of_both"})
"""Strata of fakes of which training knows nobody; their reals may be known to it all the same."""


@dataclass(frozen=True, slots=True)
class Primary:
    """One comparison of two detectors.

    Attributes:
        row: Its `value`, `low`, `high`, `p`, `power`, `n_real`, `n_fake` and where it stands, as in `primary`
            of metrics/comparison.json.
        is_named: Whether it is the run's primary comparison; else the headline's difference stands in.
    """

    row: Json
    is_named: bool

    def __getitem__(self, key: str) -> Any:
        """A value of the row; None where it has none."""
        return self.row.get(key)

    @property
    def state(self) -> State:
        """Whether it is shown that the detector is better (`above`) or worse than the reference.

        Where the file says `shown: false`, as of pooled folds, no interval makes it so.
        """
        low, high = known(self["low"]), known(self["high"])
        if known(self["value"]) is None or low is None or high is None:
            return "unknown"
        if low <= 0 <= high or self["shown"] is False:
            return "open"
        return "above" if (low > 0) != (self["metric"] in LESS_IS_BETTER) else "below"

    @property
    def holds_zero(self) -> bool:
        """Whether it is open because the interval holds 0."""
        low, high = known(self["low"]), known(self["high"])
        return self.state == "open" and low is not None and high is not None and low <= 0 <= high

    @property
    def gap(self) -> str:
        """`+.060 [.010, .110]`."""
        bounds = interval(self["low"], self["high"]) or "(no interval)"
        return f"{signed(self['value'])}{NO_BREAK}{bounds}"

    @property
    def is_known_to_training(self) -> bool:
        """Whether the manipulation was trained on."""
        return str(self["manipulation"]) in str(self["train_set"]).split("+")


def primary_of(comparison: Json, candidate: str) -> Primary | None:
    """The run's primary comparison if it is of this detector, else the headline's difference of it.

    Args:
        comparison: Content of metrics/comparison.json.
        candidate: A detector of `differences`.
    """
    named = comparison.get("primary")
    if named and named.get("detector") == candidate:
        return Primary(named, True)
    cell = find_cell(comparison, stratum="all", level="video")
    found = as_judged(difference(cell, candidate))
    if cell is None or not found:
        return None
    head: dict[str, Any] = {key: comparison["headline"][key] for key in ("train_set", "manipulation")}
    place = {**head, "protocol": protocol(comparison), "level": "video", "stratum": "all", "metric": "auc"}
    who = {"detector": candidate, "reference": comparison["reference"]}
    numbers = {"value": found.get("auc"), "n_real": cell["n_real"], "n_fake": cell["n_fake"]}
    return Primary({**found, **place, **who, **numbers}, False)


def about_primary(one: Primary, seen: Seen) -> str:
    """Whether it is shown that the detector generalises better than the reference.

    Only a difference on videos of which training has seen nobody can show that, so on others a lead is called
    a lead and no more. These are trained models, not methods: another training run may differ.

    Args:
        one: The comparison.
        seen: What training has seen of its protocol's test videos.
    """
    who, whom = name_of(one["detector"]), name_of(one["reference"])
    what = f"{metric_in_words(one['metric'])} by {one['level']}"
    unsaid = f"Whether {who} generalises better than {whom} cannot be said"
    if known(one["value"]) is None:
        return f"{unsaid}: the difference in {what} is undefined."
    if one.state == "unknown":
        return f"{unsaid}: {one.gap} {what}."
    if one.state == "open":
        why = (
            "and the interval holds 0. That is no evidence that they are equal."
            if one.holds_zero
            else "which is described, not tested."
        )
        return (
            f"It is not shown that {who} generalises better than {whom}: {one.gap} {what} on"
            f" {_where(one)}, where {seen_in_words(seen)}, {why}"
        )
    better = "better" if one.state == "above" else "worse"
    if one.is_known_to_training:
        tail = f"was trained on {one['manipulation']}, so this says nothing about new manipulations"
        return f"{capital(who)} does {better} than {whom}, {one.gap} {what} on {_where(one)}, but it {tail}."
    if _is_clean(one, seen):
        known_of = ", as far as identities are known" if seen.has_unknown else ""
        return (
            f"{capital(who)} generalises {better} than {whom}, as these trained models show it{known_of}:"
            f" {one.gap} {what} on {_where(one)}, by an interval that excludes 0."
        )
    return (
        f"{capital(who)} does {better} than {whom}, {one.gap} {what} on {_where(one)}:"
        f" whether it generalises {better} is not shown by that, since {seen_in_words(seen)}."
    )


def about_caution(one: Primary) -> str:
    """Why the interval is known not to hold up, or the number not to be tested; else empty."""
    text = str(one["caution"] or "").removesuffix(".")
    return f"Caution: {text}." if text else ""


def _is_clean(one: Primary, seen: Seen) -> bool:
    """Whether training and validation, which chose the model, know nobody of the comparison's test videos."""
    if one["stratum"] == "clean_of_both" and seen.real == 0:
        return not seen.real_by_validation
    if seen.by_validation:
        return False
    return seen.status == "clean" or (one["stratum"] in CLEAN and seen.real == 0)


def _where(one: Primary) -> str:
    """`NeuralTextures, fakes without a twin, per class (10 reals, 100 fakes)`."""
    stratum = "" if one["stratum"] == "all" else f", fakes: {STRATA.get(one['stratum'], one['stratum'])}"
    under = f", {protocol_in_words(one['protocol'])}" if one["protocol"] else ""
    sizes = f"{counted(one['n_real'], 'real')}, {counted(one['n_fake'], 'fake')}"
    return f"{one['manipulation']}{stratum}{under} ({sizes})"


def about_power(power: Mapping[str, Any] | None, value: object) -> str:
    """What the test could have shown, and how many reals the observed difference needs; else empty.

    Args:
        power: Field `power` of a difference that is not shown.
        value: The difference.
    """
    smallest = known((power or {}).get("detectable"))
    if power is None or smallest is None:
        return ""
    level = known(power.get("level"))
    runs = RUNS.get(level or 0.0, f"{100 * (level or 0.0):.0f}% of runs")
    text = f"This test would have shown a difference of {number(smallest, 2)} in {runs}"
    reals, fakes = power.get("n_real"), power.get("n_fake")
    if power.get("by_seeds"):
        return (
            f"{text}; no number of videos shows the observed {signed(value)} while training seeds differ as"
            " these do: train more seeds."
        )
    if known(reals) is None:
        return f"{text}; the observed {signed(value)} is too small for any test of up to a million videos."
    also = f" and {counted(fakes, 'fake')}" if known(fakes) is not None else ""
    return f"{text}; the observed {signed(value)} would need {counted(reals, 'real')}{also}."


def about_looks(comparison: Json) -> str:
    """Which number is primary, and how many others are only looked at."""
    named, families = comparison.get("primary"), comparison.get("families") or ()
    if named:
        what = f"{name_of(named['detector'])} minus {name_of(comparison['reference'])}"
        what += f" under {protocol_in_words(named['protocol'])}" if named.get("protocol") else ""
        text = f"Primary is {what}, {_chosen(named)}; all others are secondary."
    else:
        text = "No comparison is primary: this is the headline's, and all others are secondary."
    if not families:
        return f"{text} Their intervals are not corrected for how many they are."
    n, shown = (sum(int(known(one.get(key)) or 0) for one in families) for key in ("n", "n_shown"))
    number_of = "one family" if len(families) == 1 else f"{len(families)} families"
    are = "are" if shown > 1 else "is"
    return f"{text} Of {counted(n, 'secondary difference')} in {number_of}, {shown or 'none'} {are} shown."


def _chosen(primary: Json) -> str:
    """Who chose it; that nobody had seen the scores can only be said of a rule that does not read them."""
    if not primary.get("named"):
        return "by a rule that no score has a say in"
    return f"named in params.yaml ({listed([key.replace('_', ' ') for key in primary['named']])})"


def about_variance(comparison: Json, candidate: str) -> str:
    """The mean difference over repeated splits or folds, which holds what the training sets add, or empty."""
    head = comparison["headline"]
    for row in comparison.get("variance") or ():
        found = (row.get("differences") or {}).get(candidate) or {}
        same = all(row.get(key, head[key]) == head[key] for key in ("train_set", "manipulation"))
        if not same or row.get("level") != "video" or known(found.get("auc")) is None:
            continue
        bounds = interval(found.get("low"), found.get("high")) or "(no interval)"
        covers = found.get("covers") or "videos"
        return (
            f"Mean over the {'folds' if 'fold' in row['protocol'] else 'repeated splits'}"
            f" ({protocol_in_words(row['protocol'])}): {signed(found['auc'])}{NO_BREAK}{bounds} video AUC,"
            f" by an interval that covers {covers}."
        )
    return ""
