"""The content of controls.json: every control beside every detector, in every cell of the run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clipforensics.comparison.by_protocol import Results
from clipforensics.comparison.unseen import POOLED, as_one, unseen_in
from clipforensics.controls.contract import Control
from clipforensics.controls.meeting import Meeting, meet_one, meet_several
from clipforensics.controls.scoring import ControlScores
from clipforensics.protocol.cells import Protocol, by_protocol, order_manipulations

Row = dict[str, Any]
Json = Mapping[str, Any]

ABOUT = (
    "video AUC of every detector minus each control that could explain a score alone, and of the probe on"
    " frames as stored minus each that takes an explanation away"
)


@dataclass(frozen=True)
class ControlledRun:
    """What detectors and controls left of every cell.

    Attributes:
        detectors: Where their scores lie; of the first training seed alone.
        scores: Where scores of controls lie.
        controls: By name.
        protocol: Section `protocol` of params.yaml.
        n_folds: Of grouped_kfold.
        options: Section `compare` of params.yaml without `reference`, and `aggregate`.
    """

    detectors: Results
    scores: ControlScores
    controls: Mapping[str, Control]
    protocol: Protocol
    n_folds: int
    options: Mapping[str, Any]

    def rows(self) -> Iterator[Row]:
        """A row a protocol, train set and test manipulation, and one for all that training never saw."""
        for name, splits in by_protocol(self.protocol.splits, self.n_folds).items():
            for train_set in self.protocol.train_sets:
                yield from self._of_train_set(name, splits, train_set)

    def _of_train_set(self, protocol: str, splits: Sequence[str], train_set: str) -> Iterator[Row]:
        test = self.detectors.read_videos(splits, train_set, "test")
        present = sorted(set(test["manipulation"][test["label"] == 1]))
        wanted = order_manipulations(self.protocol.test_manipulations, present, trained=train_set)
        unseen = unseen_in(test, train_set)
        place = {"protocol": protocol, "train_set": train_set}
        scores = {split: self._scores(split, train_set) for split in splits}
        parts = {
            part: {split: self.detectors.read_videos([split], train_set, part) for split in splits}
            for part in ("train", "test")
        }
        for manipulation in [*wanted, *([POOLED] if unseen else [])]:
            pooled = manipulation == POOLED
            met = self._meet(
                {split: as_one(one, unseen) if pooled else one for split, one in scores.items()},
                parts,
                manipulation,
            )
            about = {"manipulations": unseen} if pooled else {}
            family = f"controls {protocol} {train_set} {manipulation}"
            asks = {name: control.asks for name, control in self.controls.items()}
            body = met.row(asks, family, self.options["confidence"])
            yield {**place, "manipulation": manipulation, **about, **body}

    def _scores(self, split: str, train_set: str) -> dict[tuple[str, int], pd.DataFrame]:
        detectors = self.detectors.read_scores([split], train_set)
        return {**detectors, **self.scores.read([split], train_set)}

    def _meet(
        self,
        scores: Mapping[str, Mapping[tuple[str, int], pd.DataFrame]],
        parts: Mapping[str, Mapping[str, pd.DataFrame]],
        manipulation: str,
    ) -> Meeting:
        options = {name: self.options[name] for name in ("aggregate", "cluster")}
        if len(scores) > 1:
            return meet_several(scores, parts, manipulation, **options)
        ((split, of),) = scores.items()
        draws = {name: self.options[name] for name in ("n_replicates", "seed")}
        return meet_one(of, parts["test"][split], manipulation, **options, **draws)


def content(tested: ControlledRun, chosen: Sequence[Row], judged: Json) -> Row:
    """What controls.json says of a run that has controls.

    Args:
        tested: Scores of detectors and controls.
        chosen: As `scoring.fit_and_score` yields them.
        judged: The cell that first lines speak of: `protocol`, `train_set` and `manipulation`.
    """
    rows = list(tested.rows())
    return {
        "enabled": True,
        "judged": {name: judged[name] for name in ("protocol", "train_set", "manipulation")},
        "seed": tested.detectors.seeds[0],
        "bootstrap": {name: value for name, value in tested.options.items() if name != "aggregate"},
        "aggregate": tested.options["aggregate"],
        "controls": {
            name: {
                "title": one.title,
                "about": one.about,
                "asks": one.asks,
                "said": one.said,
                "draws": tested.scores.draws[name],
            }
            for name, one in tested.controls.items()
        },
        "rows": rows,
        "families": families(rows, tested.options["confidence"]),
        "chosen": list(chosen),
    }


def families(rows: Sequence[Json], confidence: float) -> list[Row]:
    """What was corrected together: a family a row, as comparison.json has them."""
    found: dict[str, list[float]] = {}
    methods: dict[str, str] = {}
    for row in rows:
        for one in (one for of in row["differences"].values() for one in of.values() if "family" in one):
            found.setdefault(one["family"], []).append(one["simultaneous"]["p"])
            methods[one["family"]] = "holm" if "training sets" in one["covers"] else "max-t"
    return [
        {
            "name": name,
            "about": ABOUT,
            "n": len(p),
            "method": methods[name],
            "level": confidence,
            "n_shown": sum(one < 1 - confidence for one in p),
        }
        for name, p in found.items()
    ]


def judged_cell(comparison: Json) -> Json:
    """The cell of the primary comparison; without one, the headline's."""
    return comparison.get("primary") or comparison["headline"]


def summary_line(content: Json) -> str:
    """One line for the terminal: AUC of every control in the judged cell."""
    cell = content["judged"]
    row = next(row for row in content["rows"] if all(row[key] == value for key, value in cell.items()))
    aucs = [
        f"{name} {one['auc']:.3f}" if one["auc"] is not None else f"{name} undefined"
        for name, one in row["controls"].items()
    ]
    return f"video AUC of controls on {cell['manipulation']}, {cell['protocol']}: {', '.join(aucs)}"
