"""What failed, in the first lines: unusable, below chance, far below validation, nothing found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from clipforensics.report.reading.lookup import find_cell
from clipforensics.report.wording.names import listed, name_of, protocol_in_words
from clipforensics.report.wording.numbers import NO_BREAK, interval, known, number
from clipforensics.report.wording.tables import Json, detectors_of

FALL = 0.1
"""A test AUC that is lower than validation's by more than this has fallen far, if the intervals lie apart."""

NAMED = 3
"""So many detectors are named in a sentence with their numbers; the others are counted."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One kind of failure: its key (the class of its line), and the sentence."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Trial:
    """One detector where it was tried.

    Attributes:
        name: The detector.
        test: `auc`, `low`, `high` of the test.
        validation: The same of validation, as far as known.
    """

    name: str
    test: Json
    validation: Json

    @property
    def fell(self) -> bool:
        """Whether the test lies far below validation: by more than `FALL`, and its interval wholly below."""
        auc, high, before = (
            known(self.test.get("auc")),
            known(self.test.get("high")),
            known(self.validation.get("auc")),
        )
        if auc is None or high is None or before is None:
            return False
        low = known(self.validation.get("low"))
        return before - auc > FALL and high < (before if low is None else low)

    @property
    def is_below_chance(self) -> bool:
        """Whether the whole interval lies below .5."""
        high = known(self.test.get("high"))
        return high is not None and high < 0.5

    @property
    def is_at_chance(self) -> bool:
        """Whether the interval holds .5."""
        low, high = known(self.test.get("low")), known(self.test.get("high"))
        return low is not None and high is not None and low <= 0.5 <= high


def unusable(comparison: Json, evaluations: Sequence[Json]) -> dict[str, str]:
    """Detector -> why no threshold, calibration or verdict of it can be used; those of the headline's split.

    Args:
        comparison: Content of metrics/comparison.json; its `usable` decides.
        evaluations: Contents of metrics/evaluate of the headline's split, asked where it says nothing.
    """
    found: dict[str, str] = {}
    decided = comparison.get("usable") or {}
    for name, row in decided.items():
        if not row["usable"]:
            found[name] = str(row.get("reason") or "")
    for one in evaluations:
        row = (one.get("usable") or {}).get("video")
        if row and not row["usable"] and one["detector"] not in decided:
            found.setdefault(one["detector"], str(row.get("reason") or ""))
    return found


def trials(cell: Json | None, evaluations: Sequence[Json]) -> list[Trial]:
    """Every detector of a cell, with what validation said of it: means over the seeds."""
    found = []
    for name, values in ((cell or {}).get("detectors") or {}).items():
        rows = [validation_of(one) for one in evaluations if one["detector"] == name]
        found.append(Trial(name, values or {}, _mean(rows)))
    return found


def validation_of(evaluation: Json) -> Json:
    """Validation's video AUC of one evaluation, with its interval where the file has one."""
    own: Json = (evaluation.get("usable") or {}).get("video") or {}
    if known(own.get("auc")) is not None:
        return own
    point: Json = (evaluation.get("validation") or {}).get("video") or {}
    return {"auc": point.get("auc")}


def _mean(rows: Sequence[Json]) -> dict[str, float]:
    """Means of what every row knows."""
    means = {}
    for key in ("auc", "low", "high"):
        values = [value for row in rows if (value := known(row.get(key))) is not None]
        if values and len(values) == len(rows):
            means[key] = sum(values) / len(values)
    return means


def failures(
    comparison: Json, evaluations: Sequence[Json], partner: str | None, beside: Sequence[Json] = ()
) -> list[Failure]:
    """What failed on the headline's test and under the protocol beside it, by kind, the worst first.

    Args:
        comparison: Content of metrics/comparison.json.
        evaluations: Contents of metrics/evaluate of the headline's split.
        partner: The protocol beside the headline's, or None.
        beside: Contents of metrics/evaluate of that protocol.
    """
    on = str(comparison["headline"]["manipulation"])
    tests = [(on, find_cell(comparison, stratum="all", level="video"), evaluations)]
    if partner:
        cell = find_cell(comparison, stratum="all", level="video", protocol=partner)
        tests.append((f"{on}, {protocol_in_words(partner)}", cell, beside))
    found = [_unusable(unusable(comparison, evaluations), len(detectors_of(comparison)))]
    tried = [(where, trials(cell, runs)) for where, cell, runs in tests]
    found += [one for where, some in tried for one in _by_chance(some, where)]
    found += [_fallen(some, where) for where, some in tried]
    found += [_silent(runs, on, where) for where, _, runs in tests]
    return [one for one in found if one.text]


def _fallen(tried: Sequence[Trial], on: str) -> Failure:
    return _told(
        "fall", tried, lambda one: one.fell,
        f"Far below validation on {on}, where its interval ends below what validation promised: {{}}.",
        lambda one: f"{name_of(one.name)} {number(one.validation['auc'])} on validation, {_auc(one)} on test",
    )  # fmt: skip


def _unusable(reasons: Mapping[str, str], n: int) -> Failure:
    if not reasons:
        return Failure("unusable", "")
    alike = {reason: [name for name in reasons if reasons[name] == reason] for reason in reasons.values()}
    who = _some([f"{_named(names)}{f' ({reason})' if reason else ''}" for reason, names in alike.items()])
    verb = "is" if len(reasons) == 1 else "are"
    of_all = " (every detector of this run)" if len(reasons) == n else ""
    return Failure(
        "unusable",
        f"Unusable: {who}{of_all}. No threshold, probability or verdict of what {verb} so means anything.",
    )


def _named(names: Sequence[str]) -> str:
    return _some([name_of(name) for name in names])


def _by_chance(tried: Sequence[Trial], on: str) -> list[Failure]:
    def told(one: Trial) -> str:
        return f"{name_of(one.name)} {_auc(one)}"

    return [
        _told("below", tried, lambda one: one.is_below_chance,
              f"Below chance on {on}, where fakes score lower than reals: {{}}.", told),
        _told("coin", tried, lambda one: one.is_at_chance, f"Not shown to beat a coin on {on}: {{}}.", told),
    ]  # fmt: skip


def _told(
    kind: str,
    tried: Sequence[Trial],
    is_one: Callable[[Trial], bool],
    text: str,
    tell: Callable[[Trial], str],
) -> Failure:
    said = [tell(one) for one in tried if is_one(one)]
    return Failure(kind, text.format(_some(said)) if said else "")


def _silent(evaluations: Sequence[Json], manipulation: str, on: str) -> Failure:
    """Who finds no fake at the threshold in use, or calls every real manipulated, in every model it has."""
    rates: dict[str, list[tuple[float | None, float | None]]] = {}
    for one in evaluations:
        point = (one["test"].get(manipulation, {}).get("video") or {}).get("at_validation") or {}
        rates.setdefault(one["detector"], []).append((known(point.get("tpr")), known(point.get("fpr"))))
    nothing = [name_of(name) for name, some in rates.items() if all(tpr == 0 for tpr, _ in some)]
    everything = [name_of(name) for name, some in rates.items() if all(fpr == 1 for _, fpr in some)]
    said = []
    if nothing:
        said.append(f"finds none of the fakes (TPR 0): {_some(nothing)}")
    if everything:
        said.append(f"calls every real manipulated (FPR 1): {_some(everything)}")
    where = "" if on == manipulation else f" ({on})"
    return Failure(
        "silent", f"At the threshold chosen on validation{where}, {'; '.join(said)}." if said else ""
    )


def _some(said: list[str]) -> str:
    """The first few, and how many others."""
    if len(said) <= NAMED:
        return listed(said)
    return f"{', '.join(said[:NAMED])} and {len(said) - NAMED} more"


def _auc(one: Trial) -> str:
    bounds = interval(one.test.get("low"), one.test.get("high"))
    return number(one.test.get("auc")) + (f"{NO_BREAK}{bounds}" if bounds else "")
