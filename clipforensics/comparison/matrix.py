"""The whole matrix compared: every protocol and train set, the league's order and leader, the headline."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clipforensics.comparison.by_protocol import Results, compare_protocol, headline_curves
from clipforensics.comparison.elsewhere import compare_own_reals
from clipforensics.comparison.families import Collect, Families, outside
from clipforensics.comparison.league import first_clean, league, standings, validation_protocol
from clipforensics.comparison.means import OnSets, compare_repeats, with_caution, with_fold_means
from clipforensics.comparison.meeting import Row
from clipforensics.comparison.primary import RULES, PrimarySection, primary_row, resolve_primary
from clipforensics.comparison.unseen import compare_unseen
from clipforensics.comparison.usable import usable_detectors
from clipforensics.protocol.cells import Protocol, by_protocol, order_manipulations, repeat_of

TABLES = ("cells", "metrics", "leak_gaps", "folds", "variance")


@dataclass(frozen=True)
class Matrix:
    """What is compared, and how.

    Attributes:
        results: What evaluate left of every cell.
        protocol: Section `protocol` of params.yaml; its first entries are the headline.
        n_folds: Of grouped_kfold.
        options: Section `compare` of params.yaml and `aggregate`, as `compare_protocol` takes them.
        named: Section `primary` of params.yaml.
    """

    results: Results
    protocol: Protocol
    n_folds: int
    options: dict[str, Any]
    named: PrimarySection = RULES

    @property
    def protocols(self) -> dict[str, list[str]]:
        """Name of each protocol to its splits; the first is the headline's."""
        return by_protocol(self.protocol.splits, self.n_folds)

    @property
    def headline(self) -> tuple[list[str], str]:
        """Splits of the headline's protocol, and its train set."""
        return next(iter(self.protocols.values())), self.protocol.train_sets[0]

    def compare(self) -> dict[str, Any]:
        """The content of comparison.json.

        The league is ordered by the validation that training knows least of; its first detector is compared
        with all others too, on the headline's train set. `leaks` counts by protocol and train set.
        """
        leaks = {
            name: {one: self.results.count_leaks(splits, one) for one in self.protocol.train_sets}
            for name, splits in self.protocols.items()
        }
        train_set = self.protocol.train_sets[0]
        here = {name: of[train_set] for name, of in leaks.items()}
        validated = validation_protocol({n: of["val_in_train"] / of["n_val"] for n, of in here.items()})
        order = standings(self.results.read_evaluations(self.protocols[validated], train_set))
        families = self._families(first_clean(here))
        tables = self._tables(order[0]["detector"], families)
        place = {name: tables["cells"][0][name] for name in ("protocol", "train_set", "manipulation")}
        looks = self._looks(tables, families)
        bootstrap = {name: value for name, value in self.options.items() if name != "aggregate"}
        return {
            "reference": bootstrap["reference"],
            "headline": {"split": self.protocol.splits[0], **place},
            "splits": self.protocols,
            "seeds": self.protocol.seeds,
            "bootstrap": bootstrap,
            "leaks": leaks,
            "usable": self._usable(families),
            **looks,
            **tables,
            "unseen": self._described(compare_unseen),
            "elsewhere": self._elsewhere(),
            "league": league(order, tables["cells"], headline=place, validated=validated, leaks=here),
        }

    def _families(self, clean: str | None) -> Families:
        """Which differences are looked at together, and which is the primary one; `clean`: the protocol."""
        splits, train_set = self.headline
        test = self.results.read_videos(splits, train_set, "test")
        wanted, present = self.protocol.test_manipulations, set(test["manipulation"][test["label"] == 1])
        first = order_manipulations(wanted, sorted(present), trained=train_set)[0]
        primary = resolve_primary(
            self.named,
            reference=self.options["reference"],
            detectors=self.results.detectors,
            protocols=list(self.protocols),
            train_sets=self.protocol.train_sets,
            manipulations=[first, *wanted],
            clean=clean,
        )
        return Families((next(iter(self.protocols)), train_set, first), primary, self.options["confidence"])

    def _usable(self, families: Families) -> dict[str, dict[str, Any]]:
        """By the validation of the headline's protocol and of the primary comparison's."""
        found = [self.results.read_evaluations(*self.headline)]
        if families.primary:
            place = families.primary.place
            found.append(self.results.read_evaluations(self.protocols[place.protocol], place.train_set))
        return usable_detectors(*found)

    def _looks(self, tables: dict[str, list[Row]], families: Families) -> dict[str, Any]:
        """Which number is primary, what was corrected for what, and what is shown; marks the tables' rows."""
        confidence, primary = families.confidence, families.primary
        declared = families.attach(tables)
        losses, gains = families.judged(tables)
        return {
            "primary": primary and primary_row(primary, tables, confidence=confidence),
            "families": declared,
            "outside_families": outside(tables, confidence=confidence),
            "losses": losses,
            "gains": gains,
        }

    def _tables(self, leader: str, families: Families) -> dict[str, list[Row]]:
        tables: dict[str, list[Row]] = {name: [] for name in TABLES}
        for name, splits in self.protocols.items():
            for train_set in self.protocol.train_sets:
                rival = leader if train_set == self.protocol.train_sets[0] else None
                wanted = self.protocol.test_manipulations
                collect = families.collector(name, train_set)
                found = self._of_protocol(splits, train_set, wanted, rival, collect)
                for table, rows in found.items():
                    tables[table] += [{"protocol": name, "train_set": train_set, **row} for row in rows]
        return tables

    def _elsewhere(self) -> dict[str, Any] | None:
        """What is told of other data sets beside their cells: leaks, AUCs against training's own reals."""
        counts = {
            name: {one: self.results.count_each(splits, one) for one in self.protocol.train_sets}
            for name, splits in self.protocols.items()
        }
        _, *others = next(iter(next(iter(counts.values())).values()))
        if not others:
            return None
        leaks = {
            name: {one: {where: of[where] for where in others} for one, of in found.items()}
            for name, found in counts.items()
        }
        return {"leaks": leaks, "against_own_reals": self._described(compare_own_reals)}

    def _described(self, compare: Callable[..., list[Row]]) -> list[Row]:
        """Rows that are described and not tested; none of repeats, of which nothing is pooled."""
        return [
            {"protocol": name, "train_set": train_set, **(with_caution(row) if len(splits) > 1 else row)}
            for name, splits in self.protocols.items()
            if len(splits) == 1 or repeat_of(splits[0]) is None
            for train_set in self.protocol.train_sets
            for row in compare(self.results, splits, train_set, **self.options)
        ]

    def _of_protocol(
        self, splits: list[str], train_set: str, wanted: list[str], leader: str | None, collect: Collect
    ) -> dict[str, list[Row]]:
        """One split as it is; folds pooled, with their means; repeats as means."""
        shown = {name: self.options[name] for name in ("reference", "confidence")}
        sets = {name: self.options[name] for name in ("aggregate", "cluster")}
        repeats = len(splits) > 1 and repeat_of(splits[0]) is not None
        if repeats:
            on_sets = OnSets(self.results, splits, train_set, **sets)
            return compare_repeats(on_sets, train_set, wanted, leader=leader, collect=collect, **shown)
        one = len(splits) == 1  # what is pooled over folds is described, not tested
        found = compare_protocol(
            self.results, splits, train_set, wanted, leader=leader, collect=collect if one else None,
            **self.options,
        )  # fmt: skip
        if one:
            return found
        return with_fold_means(found, OnSets(self.results, splits, train_set, **sets), **shown)

    def curves(self, comparison: dict[str, Any]) -> Iterator[tuple[str, str, pd.DataFrame]]:
        """Kind (`roc` or `band`), level and table of the headline's curves; of repeats, the first one's."""
        manipulation, (splits, train_set) = comparison["headline"]["manipulation"], self.headline
        drawn = splits[:1] if repeat_of(splits[0]) is not None else splits
        found = headline_curves(self.results, drawn, train_set, manipulation, **self.options)
        for (kind, level), table in found.items():
            yield kind, level, table
