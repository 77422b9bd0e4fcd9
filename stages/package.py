"""Write every trained detector as a folder to hand on: weights, preprocessing, thresholds, model card."""

from itertools import product
from pathlib import Path
from typing import cast

from clipforensics.core.faults import run_command
from clipforensics.core.files import read_json
from clipforensics.core.params import read_section, read_value
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.likelihood.reading import Left, read_table
from clipforensics.likelihood.settings import LikelihoodSection
from clipforensics.metrics.pooling import Pooling
from clipforensics.protocol.cells import Protocol
from clipforensics.publishing.drawing import read_footage
from clipforensics.publishing.folder import PackageSection, write_package
from clipforensics.publishing.model import Records, read_model

PARAMS = Path("params.yaml")
PROFILES = Path("conf/data")
WEIGHTS = Path("data/weights")
EVALUATIONS = Path("data/metrics/evaluate")
LEAKAGE = Path("data/metrics/leakage")
SCORES = Path("data/scores")
SPLITS = Path("data/splits")
VIDEOS = Path("data/videos.csv")
CROPS = Path("data/frames/crops.csv")
EMBEDDINGS = Path("data/embeddings")
COMPARISON = Path("data/metrics/comparison.json")
FACES = Path("data/metrics/faces.json")
CONTROLS = Path("data/metrics/controls.json")
OUT = Path("models")


def main() -> None:
    """Read what is known of every cell that params.yaml names (never a glob), write its folder."""
    params, protocol = (
        read_section(PARAMS, "package", PackageSection),
        read_section(PARAMS, "protocol", Protocol),
    )
    detectors = read_value(PARAMS, "", "detectors", list)
    records, footage, weighing = (
        read_records(),
        read_footage(PARAMS, PROFILES, FACES),
        read_section(PARAMS, "likelihood", LikelihoodSection),
    )
    models = [read_model(*one, records, footage) for one in product(detectors, protocol.cells)]
    for model in models:
        write_package(model, OUT / model.detector / model.cell.name, params, weighing)
    print(f"{OUT}: {len(models)} folders, one a detector and cell")


def read_records() -> Records:
    """Where the stages left what they know, and what all cells share of it."""
    aggregate = cast(Pooling, read_value(PARAMS, "evaluate", "aggregate", str))
    return Records(
        WEIGHTS,
        Left(SCORES, SPLITS, EVALUATIONS, aggregate),
        LEAKAGE,
        read_json(COMPARISON),
        read_json(CONTROLS),
        read_table(VIDEOS, CROPS),
        EmbeddingStore(EMBEDDINGS),
    )


if __name__ == "__main__":
    run_command(main)
