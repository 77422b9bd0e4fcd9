"""Train the baseline: a linear probe on frozen embeddings, its strength chosen on validation."""

import sys
from pathlib import Path
from typing import Annotated

from pydantic import Field

from clipforensics.cells import Cell, read_split
from clipforensics.detectors import baseline
from clipforensics.embeddings import EmbeddingStore
from clipforensics.faults import InputError, one_line_errors
from clipforensics.params import Section, read_section
from clipforensics.selection import Validation

PARAMS = Path("params.yaml")
SPLITS = Path("data/splits")
EMBEDDINGS = Path("data/embeddings")
OUT = Path("models/baseline")


class TrainProbe(Section):
    """Section `train_probe` of params.yaml."""

    inverse_l2: list[Annotated[float, Field(gt=0)]] = Field(min_length=1)
    class_weight: str = Field(pattern="^(balanced|none)$")
    max_iterations: int = Field(ge=1)


def main(split: str, train_set: str, seed: str) -> None:
    """Read embeddings of train and validation, fit, write the probe."""
    cell = Cell.parse(split, train_set, seed)
    params = read_section(PARAMS, "train_probe", TrainProbe)
    store = EmbeddingStore(EMBEDDINGS)
    train = store.rows.labelled(read_split(SPLITS / split / train_set / "train.csv"))
    val = store.rows.labelled(read_split(SPLITS / split / train_set / "val.csv"))
    probe = baseline.fit_probe(
        store.read(train.rows),
        train.labels,
        Validation(val.labels, val.videos),
        store.read(val.rows),
        **params.model_dump(),
    )
    baseline.save(probe, OUT / cell.name)
    best = max(auc for _, auc, _ in probe.trials)
    print(f"probe on {len(train.rows)} frames: C {probe.inverse_l2:g}, validation video AUC {best:.4f}")


if __name__ == "__main__":
    with one_line_errors():
        if len(sys.argv) != 4:
            raise InputError(
                "usage: python -m stages.train_probe SPLIT TRAIN_SET SEED, such as per_class FaceSwap 42"
            )
        main(*sys.argv[1:])
