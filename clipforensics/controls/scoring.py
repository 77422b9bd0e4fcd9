"""Controls fitted on one split and train set, and their scores in the form of a detector's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clipforensics.comparison.meeting import Scores
from clipforensics.controls.contract import Control, Inputs, Known
from clipforensics.core.files import json_ready
from clipforensics.metrics.evaluation import score_parts
from clipforensics.protocol.tables import read_scores, write_scores

Row = dict[str, Any]

PREFIX = "control "
"""Before a control's name where it stands beside detectors: none of those has a blank in its name."""


@dataclass(frozen=True)
class ControlScores:
    """Where scores of controls lie: `<control>/<split>/<train_set>-<draw>.csv`, draws numbered from 1.

    Attributes:
        folder: Of all.
        draws: Control to how many there are.
    """

    folder: Path
    draws: Mapping[str, int]

    def path(self, name: str, split: str, train_set: str, draw: int) -> Path:
        """Of one table."""
        return self.folder / name / split / f"{train_set}-{draw}.csv"

    def read(self, splits: Sequence[str], train_set: str) -> Scores:
        """(`control <name>`, draw) to the table of its frames, all splits end to end, with the column
        `split`.

        Each draw stands where a detector has a training seed.
        """
        return {
            (PREFIX + name, draw): pd.concat(
                [
                    read_scores(self.path(name, split, train_set, draw)).assign(split=split)
                    for split in splits
                ],
                ignore_index=True,
            )
            for name, n_draws in self.draws.items()
            for draw in range(1, n_draws + 1)
        }


def fit_and_score(
    controls: Mapping[str, Control],
    known: Known,
    tables: Mapping[str, pd.DataFrame],
    settings: Any,
    out: ControlScores,
    *,
    split: str,
    train_set: str,
) -> Iterator[Row]:
    """Fit every control of one split and train set, and write the scores of validation and test.

    Args:
        controls: By name.
        known: What they are fitted on.
        tables: The parts `val` and `test` of the split.
        settings: Section `controls`.
        out: Where scores go.
        split: As in `protocol.splits`.
        train_set: As in `protocol.train_sets`.

    Yields:
        One row a control and draw: what validation chose, and its AUC there.
    """
    for name, control in controls.items():
        for draw in range(1, out.draws[name] + 1):
            fitted = control.fit(known, settings, draw)
            scores = score_parts(tables, known.index, fitted.score)
            write_scores(out.path(name, split, train_set, draw), scores)
            place = {"split": split, "train_set": train_set, "control": name, "draw": draw}
            rank = dict(zip(("video_auc", "frame_auc"), fitted.rank, strict=True))
            yield json_ready({**place, "chosen": dict(fitted.chosen), "validation": rank})


def fit_on_splits(
    controls: Mapping[str, Control],
    inputs: Inputs,
    splits: Iterable[tuple[str, str, Mapping[str, pd.DataFrame]]],
    settings: Any,
    out: ControlScores,
) -> list[Row]:
    """`fit_and_score` of every split and train set, one after another.

    Args:
        controls: By name.
        inputs: What they are fitted on.
        splits: Split, train set, and its parts; test videos are scored, and never fitted on.
        settings: Section `controls`.
        out: Where scores go.
    """
    return [
        row
        for split, train_set, parts in splits
        for row in fit_and_score(
            controls,
            inputs.known(parts),
            {part: parts[part] for part in ("val", "test")},
            settings,
            out,
            split=split,
            train_set=train_set,
        )
    ]
