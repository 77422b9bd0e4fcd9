"""Everything that likelihood.json says of one detector, protocol, train set and seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clipforensics.likelihood.abstention import fit_abstainer, outcomes
from clipforensics.likelihood.calibrate import METHODS
from clipforensics.likelihood.conditions import all_errors, by_condition
from clipforensics.likelihood.costs import Costs, cllr_interval, costs
from clipforensics.likelihood.curves import cross_entropy, tippett
from clipforensics.likelihood.models import Model, Ratios, Videos, describe, fit_ratios, together
from clipforensics.likelihood.rates import rate
from clipforensics.likelihood.settings import LikelihoodSection
from clipforensics.likelihood.words import in_words
from clipforensics.metrics.auc import Floats, Ints
from clipforensics.statistics.replicates import draw_replicates
from clipforensics.statistics.settings import CompareSection

Row = dict[str, Any]

PRIORS_A_DECADE = 10
"""Points of the cross entropy in each factor of ten of the prior odds."""


@dataclass(frozen=True)
class Assessed:
    """One detector and seed of one protocol and train set: a model, or one a fold, whose tests are pooled.

    LRs of several folds may be pooled as scores may not: each fold's are calibrated by its own validation.
    Repeats are assessed apart: they test the same videos again.

    Attributes:
        models: One, or one a fold.
        place: `detector`, `protocol`, `split` (the repeat's name, else the protocol's), `train_set` and
            `seed`, which begin every row.
        settings: Section `likelihood`.
        bootstrap: Section `compare`: of the interval of Cllr.
    """

    models: Sequence[Model]
    place: Mapping[str, Any]
    settings: LikelihoodSection
    bootstrap: CompareSection

    @property
    def tested(self) -> list[str]:
        """Test manipulations of any fold, in order."""
        return list(dict.fromkeys(name for model in self.models for name in model.tested))

    def rows(self) -> list[Row]:
        """Costs and bounds, a row a method and test manipulation."""
        found = []
        for method in METHODS:
            fitted = [fit_ratios(model, method) for model in self.models]
            for name in self.tested:
                found.append({**self._at(name), "method": method, **self._costs(name, fitted)})
        return found

    def curves(self, manipulation: str) -> dict[str, pd.DataFrame]:
        """`tippett` (llr, h1, h2) and `ece` (prior, ece, pav, neutral); empty where there are no LRs."""
        fitted = [fit_ratios(model, self.settings.method) for model in self.models]
        if any(ratios.reason for ratios in fitted):
            return {}
        test, llrs = self._test(manipulation), self._pooled(manipulation, fitted, bounded=True)
        if len(set(test.labels.tolist())) < 2:
            return {}
        ends = self.settings.prior_log10_odds
        priors = np.linspace(-ends, ends, 2 * round(ends * PRIORS_A_DECADE) + 1)
        return {
            "tippett": pd.DataFrame(tippett(llrs, test.labels)._asdict()),
            "ece": pd.DataFrame(cross_entropy(llrs, test.labels, priors)._asdict()),
        }

    def conditions(self, manipulation: str, videos: pd.DataFrame) -> Row:
        """Error rates by condition, the worst first; `videos`: videos.csv with its keys as index."""
        test = self._test(manipulation)
        called = self._called(manipulation)
        options = {"confidence": self.bootstrap.confidence}
        rows, absent = by_condition(
            test.scores, test.labels, test.groups, called, videos.loc[test.keys], **options
        )
        whole = all_errors(test.labels, test.groups, called, **options)
        errors = {name: one._asdict() for name, one in whole.items()}
        lost = [{"condition": name, "reason": why} for name, why in absent.items()]
        return {**self._at(manipulation), **errors, "rows": rows, "absent": lost}

    def abstention(self, manipulation: str) -> Row:
        """What conformal abstention makes of the test, by identity group."""
        decisions, can_call = [], []
        for model in self.models:
            val, test = model.val, model.test.against(manipulation)
            made = fit_abstainer(val.scores, val.labels, val.groups, alpha=self.settings.alpha)
            can_call.append({"split": model.split, **made.can_call})
            decisions.append(dict(zip(test.keys.tolist(), made.decide(test.scores).tolist(), strict=True)))
        of = {key: word for some in decisions for key, word in some.items()}
        test = self._test(manipulation)
        words = np.array([of[key] for key in test.keys.tolist()], dtype=np.str_)
        found = outcomes(words, test.labels, test.groups, confidence=self.bootstrap.confidence)
        return {**self._at(manipulation), "can_call": can_call, **found}

    def _at(self, manipulation: str) -> Row:
        named = manipulation in str(self.place["train_set"]).split("+")
        usable = all(model.usable["usable"] for model in self.models)
        return {**self.place, "manipulation": manipulation, "h1_names_it": named, "usable": usable}

    def _test(self, manipulation: str) -> Videos:
        return together([model.test.against(manipulation) for model in self.models])

    def _called(self, manipulation: str) -> np.ndarray:
        """Whether each test video stands above its own model's threshold."""
        parts = [model.test.against(manipulation) for model in self.models]
        above = [
            part._replace(scores=(part.scores >= model.threshold).astype(np.float64))
            for part, model in zip(parts, self.models, strict=True)
        ]
        return together(above).scores == 1

    def _pooled(self, manipulation: str, fitted: Sequence[Ratios], *, bounded: bool) -> Floats:
        """log10 LR of each test video, by its own model."""
        parts = [model.test.against(manipulation) for model in self.models]
        llrs = [
            part._replace(scores=(ratios.bounded if bounded else ratios.unbounded)(part.scores))
            for part, ratios in zip(parts, fitted, strict=True)
        ]
        return together(llrs).scores

    def _costs(self, manipulation: str, fitted: Sequence[Ratios]) -> Row:
        test = self._test(manipulation)
        n_real, n_fake = (int((test.labels == label).sum()) for label in (0, 1))
        counts = {"n_real": n_real, "n_fake": n_fake, "n_groups": len(np.unique(test.groups))}
        validation = [describe(*both) for both in zip(fitted, self.models, strict=True)]
        reasons = [ratios.reason for ratios in fitted if ratios.reason]
        row: Row = {**counts, **dict.fromkeys(MEASURED), "validation": validation}
        if reasons:
            return {**row, "undefined": "; ".join(reasons)}
        llrs = self._pooled(manipulation, fitted, bounded=True)
        free = costs(self._pooled(manipulation, fitted, bounded=False), test.labels)
        return {**row, **self._measured(llrs, test), **_unbounded(free), **_bounds(fitted)}

    def _measured(self, llrs: Floats, test: Videos) -> Row:
        """Costs of the LRs that are reported, with the interval of Cllr, and how many mislead."""
        found, options = costs(llrs, test.labels), self.bootstrap
        draws = draw_replicates(
            test.labels,
            test.keys,
            clusters=test.groups if options.cluster == "identity" else None,
            n_replicates=options.n_replicates,
            seed=options.seed,
        )
        interval = cllr_interval(llrs, draws, confidence=options.confidence)
        row: Row = {**found._asdict(), "cllr_low": interval.low, "cllr_high": interval.high, "p": interval.p}
        row |= _misleading(llrs, test.labels, test.groups, options.confidence)
        return {**row, "undefined": interval.undefined} if interval.undefined else row


MEASURED = ("cllr", "cllr_low", "cllr_high", "cllr_min", "cllr_cal", "elub_low", "elub_high")
"""Numbers of a row that are null where there are no LRs."""


def _misleading(llrs: Floats, labels: Ints, groups: Ints, confidence: float) -> Row:
    """Reals whose LR supports H1, manipulated whose LR supports H2: in any strength."""
    h1, h2 = labels == 1, labels == 0
    return {
        "misleading_real": rate(llrs[h2] > 0, groups[h2], confidence=confidence)._asdict(),
        "misleading_fake": rate(llrs[h1] < 0, groups[h1], confidence=confidence)._asdict(),
    }


def _unbounded(found: Costs) -> Row:
    return {f"unbounded_{name}": value for name, value in found._asdict().items()}


def _bounds(fitted: Sequence[Ratios]) -> Row:
    """The bounds (of several folds the outermost), and the most that may be said under them."""
    bounds = [ratios.bounds for ratios in fitted if ratios.bounds]
    low, high = min(one.low for one in bounds), max(one.high for one in bounds)
    return {
        "elub_low": low,
        "elub_high": high,
        "strongest": {"H1": in_words(high), "H2": in_words(low)},
    }
