"""Which differences are looked at together, so that each is allowed for the others. Pure.

One comparison is primary (`primary`) and is tested as it stands. All others are secondary. They are declared
here, before any is seen, as families, each corrected at the level of the run by itself:

- `league PROTOCOL`: video AUC of every detector minus the reference, all fakes of the headline manipulation.
- `leader PROTOCOL`: the same minus the first of the league.
- `metrics PROTOCOL DETECTOR`: every metric of one detector minus the reference, both levels.
- `strata PROTOCOL`: the primary detector minus the reference in each leak stratum, at the primary's level.
- `leak gaps PROTOCOL`: what twins are worth to each detector, by video.
- `matrix`: video AUC of every detector minus the reference in all other cells, over protocols, train sets and
  manipulations; on different videos, so by Holm.
- `other data sets`: the same on manipulations of data sets that are only tested on, which are no part of
  `matrix`: what is corrected there does not depend on what else is tested.

Metrics, strata and gaps are of the headline and of the primary's cell. Frame AUC in strata, numbers of other
cells and validation are in no family: they are described, not tested. The league over all detectors tells
whether anybody differs; `metrics` is a family a detector, since it asks of one that is chosen what it loses
elsewhere, and a family over all would hide the losses of the one in the number of the others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from clipforensics.comparison.primary import Place, Primary, Row, better, place_of
from clipforensics.core.files import json_ready
from clipforensics.core.records import data_set_of
from clipforensics.protocol.cells import FOLDS
from clipforensics.statistics.holm import holm
from clipforensics.statistics.simultaneous import Corrected, max_t
from clipforensics.statistics.training_sets import OverTrainingSets
from clipforensics.statistics.uncertainty import Estimate

Kind = str
"""Where in a row a difference stands: `differences`, `to_leader`, or of a leak gap `detectors`."""

Tested = Estimate | OverTrainingSets

Collect = Callable[[Kind, Row, Mapping[str, Tested]], None]
"""Takes estimates by detector, of a row of which at least manipulation and level are known."""

TABLES = ("cells", "metrics", "leak_gaps")
"""Of comparison.json, those with differences."""

MATRIX = "matrix"
ELSEWHERE = "other data sets"
PRIMARY = "primary"
JUDGED = ("auc", "accuracy", "balanced_accuracy", "f1", "tpr", "fpr", "brier", "eer")
"""Metrics in which a detector may lose or gain."""

ABOUT = {
    "league": "video AUC of each detector minus the reference, all fakes",
    "leader": "video AUC of each detector minus the first of the league, all fakes",
    "metrics": "every metric of one detector minus the reference, both levels",
    "strata": "AUC of the primary detector minus the reference in each leak stratum",
    "leak gaps": "video AUC on fakes with a twin in training minus that on others, of each detector",
    MATRIX: "video AUC of each detector minus the reference on other manipulations and train sets",
    ELSEWHERE: "video AUC of each detector minus the reference on manipulations of other data sets",
}


@dataclass(frozen=True, slots=True)
class Member:
    """One difference of a family: in which number, where in its row, and whose."""

    place: Place
    kind: Kind
    detector: str


@dataclass
class Families:
    """Collects the estimates of all families while rows are made, then corrects them and marks the rows.

    Attributes:
        headline: Protocol, train set and manipulation.
        primary: None where the run has no primary comparison.
        confidence: Of every family.
        members: Estimates by family, as they come.
    """

    headline: tuple[str, str, str]
    primary: Primary | None
    confidence: float
    members: dict[str, dict[Member, Tested]] = field(default_factory=dict)

    def collector(self, protocol: str, train_set: str) -> Collect:
        """What takes the estimates of one protocol and train set."""
        where = {"protocol": protocol, "train_set": train_set}

        def collect(kind: Kind, row: Row, estimates: Mapping[str, Tested]) -> None:
            place = place_of({**where, **row})
            for detector, estimate in estimates.items():
                member = Member(place, kind, detector)
                name = self.family_of(member)
                if name and name != PRIMARY:
                    self.members.setdefault(name, {}).setdefault(member, estimate)

        return collect

    def _where(self, place: Place) -> str:
        """The protocol; of another train set or manipulation, whose draws are others, with these."""
        return place.protocol if place.cell[1:] == self.headline[1:] else " ".join(place.cell)

    def family_of(self, member: Member) -> str | None:
        """Name of the family that a difference belongs to, `primary`, or None."""
        place, protocol = member.place, member.place.protocol
        tested = place.cell in self._cells
        if member.kind == "detectors":
            return (
                f"leak gaps {self._where(place)}"
                if tested and place.level == "video" and _is_gap(place)
                else None
            )
        if _is_gap(place):
            return None
        if member.kind == "to_leader":
            return f"leader {protocol}" if place.cell[1:] == self.headline[1:] else None
        if self.primary and (member.detector, place) == (self.primary.detector, self.primary.place):
            return PRIMARY
        if (place.metric, place.level, place.stratum) == ("auc", "video", "all"):
            if place.cell[1:] == self.headline[1:]:
                return f"league {protocol}"
            return ELSEWHERE if data_set_of(place.manipulation) else MATRIX
        if not tested:
            return None
        if place.stratum == "all":
            return f"metrics {self._where(place)} {member.detector}"
        ours = self.primary and (member.detector, place.level) == (
            self.primary.detector, self.primary.place.level,
        )  # fmt: skip
        return f"strata {self._where(place)}" if ours else None

    def attach(self, tables: Mapping[str, Sequence[Row]]) -> list[Row]:
        """Correct every family, and write `family` and `simultaneous` into the rows of its members.

        Args:
            tables: `cells`, `metrics` and `leak_gaps` of comparison.json.

        Returns:
            `families` of comparison.json, in the order of `ABOUT`; those without a member that can be tested
            are left out.
        """
        corrected: dict[Member, tuple[str, Corrected]] = {}
        declared = []
        for name in sorted(self.members, key=_order):
            found = self._corrected(name)
            corrected |= {member: (name, one) for member, one in found.items()}
            if found:
                declared.append(self._declared(name, list(found.values())))
        for member, row in _differences(tables):
            if member in corrected:
                name, one = corrected[member]
                row |= {"family": name, "simultaneous": json_ready(one._asdict())}
            elif self.family_of(member) == PRIMARY and member.place.protocol != FOLDS:  # that is their mean
                row["family"] = PRIMARY
        return declared

    def _corrected(self, name: str) -> dict[Member, Corrected]:
        """By max-t where all members stand on the same draws; else, and over training sets, by Holm."""
        members = self.members[name]
        drawn = {member: one for member, one in members.items() if isinstance(one, Estimate)}
        if self._method(name) == "max-t":
            return max_t(drawn, confidence=self.confidence)
        return holm(members, confidence=self.confidence)

    def _method(self, name: str) -> str:
        over_sets = any(isinstance(one, OverTrainingSets) for one in self.members[name].values())
        return "holm" if name in (MATRIX, ELSEWHERE) or over_sets else "max-t"

    def judged(self, tables: Mapping[str, Sequence[Row]]) -> tuple[list[Row], list[Row]]:
        """What is shown, after correction, to a detector's discredit and to its credit; after `attach`.

        Args:
            tables: `cells`, `metrics` and `leak_gaps` of comparison.json.

        Returns:
            `losses` and `gains` of comparison.json: of all fakes of the headline and of the primary's cell,
            in the metrics of `JUDGED`; detector minus reference, in the metric's own direction.
        """
        found: tuple[list[Row], list[Row]] = ([], [])
        for member, row in _differences({"metrics": tables["metrics"]}):
            place = member.place
            if place.cell not in self._cells or place.metric not in JUDGED or "family" not in row:
                continue
            ends = row.get("simultaneous", row)
            if ends["p"] is not None and ends["p"] < 1 - self.confidence:
                shown = {name: ends[name] for name in ("low", "high", "p")}
                where = {"detector": member.detector, "metric": place.metric, "level": place.level}
                where |= dict(zip(("protocol", "train_set", "manipulation"), place.cell, strict=True))
                better_one = better(place.metric, row["value"])
                found[better_one].append({**where, "value": row["value"], **shown, "family": row["family"]})
        return found

    @property
    def _cells(self) -> set[tuple[str, str, str]]:
        return {self.headline} | ({self.primary.place.cell} if self.primary else set())

    def _declared(self, name: str, found: Sequence[Corrected]) -> Row:
        shown = sum(one.p < 1 - self.confidence for one in found)
        return {
            "name": name,
            "about": ABOUT[_kind(name)],
            "n": len(found),
            "method": self._method(name),
            "level": self.confidence,
            "n_shown": shown,
        }


def outside(tables: Mapping[str, Sequence[Row]], *, confidence: float) -> Row:
    """How many differences have an interval but no family, and how many of those leave 0 out; uncorrected."""
    p = {member: row["p"] for member, row in _differences(tables) if "family" not in row}
    known = [one for one in p.values() if one is not None]
    return {"n": len(known), "n_excluding_0": sum(one < 1 - confidence for one in known)}


def _differences(tables: Mapping[str, Sequence[Row]]) -> Iterable[tuple[Member, Row]]:
    """Every difference that the tables hold, with the row that it stands in."""
    for name in TABLES:
        for row in tables.get(name, ()):
            place = place_of(row)
            parts = {"differences": row["differences"]}
            if "to_leader" in row:
                parts["to_leader"] = row["to_leader"]["differences"]
            if _is_gap(place):
                parts["detectors"] = row["detectors"]
            for kind, by_detector in parts.items():
                yield from ((Member(place, kind, name), one) for name, one in by_detector.items())


def _is_gap(place: Place) -> bool:
    return "-" in place.stratum


def _kind(name: str) -> str:
    return next(kind for kind in ABOUT if name.startswith(kind))


def _order(name: str) -> int:
    return list(ABOUT).index(_kind(name))
