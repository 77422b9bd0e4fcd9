"""Score validation and test frames of one cell with one detector; the only stage that reads test."""

from pathlib import Path

from pydantic import Field

from clipforensics import evaluation
from clipforensics.about import ABOUT
from clipforensics.cells import Cell, Protocol, read_split, tested_manipulations, write_scores
from clipforensics.detectors.base import find_detector
from clipforensics.embeddings import EmbeddingStore
from clipforensics.faults import run_command
from clipforensics.files import read_json, write_json
from clipforensics.frames import FrameStore
from clipforensics.params import Section, read_section

PARAMS = Path("params.yaml")
SPLITS = Path("data/splits")
FRAMES = Path("data/frames")
EMBEDDINGS = Path("data/embeddings")
WEIGHTS = Path("data/weights")
SCORES = Path("data/scores")
ERRORS = Path("data/errors")
METRICS = Path("metrics/evaluate")


class Evaluate(Section):
    """Section `evaluate` of params.yaml."""

    aggregate: str = Field(pattern="^(mean|median|max)$")
    threshold: str = Field(pattern="^(eer|youden|fpr)$")
    fpr_budget: float = Field(ge=0, lt=1)
    calibration: str = Field(pattern="^(none|temperature|platt)$")
    worst_videos: int = Field(ge=0)


def main(detector: str, split: str, train_set: str, seed: str) -> None:
    """Read a trained detector and both stores, score, write scores, metrics and error lists."""
    cell = Cell.parse(split, train_set, seed)
    params = read_section(PARAMS, "evaluate", Evaluate)
    frames, embeddings = FrameStore.open(FRAMES), EmbeddingStore(EMBEDDINGS)
    folder = WEIGHTS / cell.name / detector
    tables = {part: read_split(SPLITS / split / train_set / f"{part}.csv") for part in ("val", "test")}
    module = find_detector(detector)
    scores = evaluation.score_parts(
        tables,
        frames.rows,
        lambda rows: module.score(folder, rows, frames=frames, embeddings=embeddings),
    )
    about = read_json(folder / ABOUT)
    wanted = read_section(PARAMS, "protocol", Protocol).test_manipulations
    manipulations = tested_manipulations(tables["test"], wanted, split=split, train_set=train_set)
    metrics, errors = evaluation.evaluate(scores, tables, manipulations=manipulations, **params.model_dump())
    head = {
        "detector": detector,
        "split": split,
        "train_set": train_set,
        "seed": cell.seed,
        "parameters": about["parameters"],
    }
    write_scores(SCORES / detector / f"{cell.name}.csv", scores)
    write_json(METRICS / detector / f"{cell.name}.json", {**head, **metrics})
    write_json(ERRORS / detector / f"{cell.name}.json", {**head, **errors})
    print(evaluation.summary_line(detector, metrics))


if __name__ == "__main__":
    run_command(main, example="lora grouped FaceSwap 42")
