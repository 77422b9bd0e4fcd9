"""What stages left of trained models and of videos, read as likelihood ratios are fitted on it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clipforensics.core.files import read_json
from clipforensics.core.records import read_videos
from clipforensics.likelihood.models import Model, videos_of
from clipforensics.metrics.pooling import Pooling
from clipforensics.protocol.cells import Cell
from clipforensics.protocol.tables import read_scores, read_split


@dataclass(frozen=True)
class Left:
    """Where stages left what they know of trained models.

    Attributes:
        scores: Folder of frame scores, `<detector>/<cell>.csv` each.
        splits: Folder of splits, `<split>/<train set>/<part>.csv`.
        evaluations: Folder of metrics, `<detector>/<cell>.json` each.
        aggregate: How frame scores become a video's.
    """

    scores: Path
    splits: Path
    evaluations: Path
    aggregate: Pooling

    def model(self, detector: str, cell: Cell) -> Model:
        """One model's scores by video, and what evaluate chose on validation."""
        table = read_scores(self.scores / detector / f"{cell.name}.csv")
        found: dict[str, Any] = self.evaluation(detector, cell)
        parts = {
            part: videos_of(table[table["part"] == part], self.part(cell, part), self.aggregate)
            for part in ("val", "test")
        }
        return Model(
            split=cell.split,
            **parts,
            usable=found["usable"]["video"],
            threshold=found["threshold"]["video"],
            tested=list(found["test"]),
        )

    def evaluation(self, detector: str, cell: Cell) -> Any:
        """Its metrics."""
        return read_json(self.evaluations / detector / f"{cell.name}.json")

    def part(self, cell: Cell, part: str) -> pd.DataFrame:
        """One part of its split: train, val or test."""
        return read_split(self.splits / cell.split / cell.train_set / f"{part}.csv")


def read_table(videos: Path, crops: Path) -> pd.DataFrame:
    """videos.csv by key, with `face_size`, that of the main person, where faces were looked for; 0: nobody.

    Args:
        videos: videos.csv.
        crops: crops.csv of the frame store.
    """
    found = read_videos(videos)
    table = pd.DataFrame([asdict(video) for video in found], index=[video.key for video in found])
    cut = pd.read_csv(crops, dtype={"key": str}, na_filter=False, encoding="utf-8")
    cut = cut.drop_duplicates("key").set_index("key")  # the main person stands first
    return table if cut.empty else table.join(cut["face_size"]).fillna({"face_size": 0})
