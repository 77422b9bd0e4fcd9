"""What a run left, as params.yaml names it: settings, cells, tables and metrics of one project."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from clipforensics.adaptation.record import CHOICES, RECORD
from clipforensics.core.files import read_json
from clipforensics.core.params import read_section, read_value, read_yaml
from clipforensics.protocol.cells import Cell, Protocol

PARAMS, PROFILES = "params.yaml", "conf/data"
VIDEOS, SPLITS, SCORES = "data/videos.csv", "data/splits", "data/scores"
WEIGHTS = "data/weights"
EVALUATIONS, COMPARISON = "metrics/evaluate", "metrics/comparison.json"


@dataclass(frozen=True)
class Run:
    """One project after `dvc repro`.

    Attributes:
        project: Its folder.
        params: Content of params.yaml.
        dataset: Name of its data set.
        is_sample: Whether that is the built-in toy.
        detectors: All that were trained.
        protocol: Section `protocol`.
    """

    project: Path
    params: dict[str, Any]
    dataset: str
    is_sample: bool
    detectors: tuple[str, ...]
    protocol: Protocol

    def models(self) -> Iterator[tuple[str, Cell]]:
        """Every trained detector with its cell; never a glob, so that nothing stale is met."""
        return product(self.detectors, self.protocol.cells)

    def scores(self, detector: str, cell: Cell) -> Path:
        """Its table of frame scores."""
        return self.project / SCORES / detector / f"{cell.name}.csv"

    def part(self, split: str, train_set: str, part: str) -> Path:
        """Videos of train, val or test."""
        return self.project / SPLITS / split / train_set / f"{part}.csv"

    def evaluation(self, detector: str, cell: Cell) -> dict[str, Any]:
        """Its file in metrics/evaluate.

        Raises:
            InputError: the file is missing.
        """
        found: dict[str, Any] = read_json(self.project / EVALUATIONS / detector / f"{cell.name}.json")
        return found

    def settings(self, detector: str, cell: Cell) -> dict[str, Any]:
        """Settings of its method as it was trained; of candidates, the one that validation chose.

        Raises:
            InputError: a file that says them is missing.
        """
        folder = self.project / WEIGHTS / cell.name / detector
        found: dict[str, Any] = read_json(folder / RECORD)["settings"]
        if self.evaluation(detector, cell)["n_tried"] > 1:
            found |= read_json(folder / CHOICES)["chosen"]
        return found

    def comparison(self) -> dict[str, Any]:
        """metrics/comparison.json.

        Raises:
            InputError: the file is missing.
        """
        found: dict[str, Any] = read_json(self.project / COMPARISON)
        return found


def read_run(project: Path) -> Run:
    """Read what params.yaml says of the project's run.

    Raises:
        InputError: a setting is missing or wrong.
    """
    params = project / PARAMS
    dataset = read_value(params, "", "dataset", str)
    profile = read_yaml(project / PROFILES / f"{dataset}.yaml")
    detectors = read_value(params, "", "detectors", list)
    return Run(
        project=project,
        params=read_yaml(params),
        dataset=dataset,
        is_sample=profile.get("layout") == "sample",
        detectors=tuple(str(name) for name in detectors),
        protocol=read_section(params, "protocol", Protocol),
    )
