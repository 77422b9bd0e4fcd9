"""What the models of the league table cost: the records of their training, summed up a detector."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipforensics.protocol.cells import FOLDS, Cell
from clipforensics.training.costs import Cost, read_cost

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Spent:
    """What a detector's models cost, as far as it is known.

    Attributes:
        costs: Of the models that have a record for just these weights.
        n_models: Models of the headline's split: one a seed and fold.
        reasons: Why others have none, each reason once.
    """

    costs: tuple[Cost, ...]
    n_models: int
    reasons: tuple[str, ...] = ()

    @property
    def seconds(self) -> float | None:
        """Of training, mean of a model; of all candidates where settings were chosen among several."""
        return sum(cost.seconds for cost in self.costs) / len(self.costs) if self.costs else None

    @property
    def chosen_seconds(self) -> float | None:
        """The same of the candidates that were kept alone."""
        return sum(cost.chosen_seconds for cost in self.costs) / len(self.costs) if self.costs else None

    @property
    def samples_per_second(self) -> float | None:
        """All samples over all seconds; None where nothing was trained."""
        seconds = sum(cost.seconds for cost in self.costs)
        samples = sum(cost.samples for cost in self.costs)
        return samples / seconds if seconds and samples else None

    @property
    def peak_memory_bytes(self) -> int | None:
        """The most that any model needed."""
        return max((cost.peak_memory_bytes for cost in self.costs), default=None)

    @property
    def machines(self) -> list[str]:
        """Devices with the number of processes, each once."""
        found = (f"{c.device}, {c.processes} process{'es' * (c.processes != 1)}" for c in self.costs)
        return list(dict.fromkeys(found))


def headline_cells(comparison: Json) -> list[str]:
    """Names of the cells whose costs stand in the table: the headline's folds and all seeds.

    Args:
        comparison: Content of metrics/comparison.json.
    """
    head = comparison["headline"]
    folds = dict.fromkeys(
        row["fold"] for row in comparison.get("folds") or () if row.get("protocol") == head["protocol"]
    )
    splits = [f"{FOLDS}-{n}" for n in folds] if head["protocol"] == FOLDS else [head["protocol"]]
    return [Cell(split, head["train_set"], seed).name for split in splits for seed in comparison["seeds"]]


def read_spent(comparison: Json, weights: Path) -> dict[str, Spent]:
    """What each detector of the league table cost.

    Args:
        comparison: Content of metrics/comparison.json.
        weights: Folder of trained weights: `<split>/<train_set>-<seed>/<detector>/`.

    Raises:
        InputError: a record is none.
    """
    cells = headline_cells(comparison)
    return {row["detector"]: _of(row["detector"], cells, weights) for row in comparison.get("league") or ()}


def _of(detector: str, cells: Sequence[str], weights: Path) -> Spent:
    found = [read_cost(detector, cell, weights / cell / detector) for cell in cells]
    costs = tuple(cost for cost, _ in found if cost is not None)
    return Spent(costs, len(cells), tuple(dict.fromkeys(why for _, why in found if why)))
