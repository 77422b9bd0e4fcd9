"""Score validation and test frames of one cell with one detector; the only stage that reads test."""

from pathlib import Path

from clipforensics.adaptation.contract import find_detector
from clipforensics.adaptation.record import CHOICES, RECORD, n_tried
from clipforensics.core.faults import run_command
from clipforensics.core.files import read_json, write_json
from clipforensics.core.params import read_section
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.frames.store import FrameStore
from clipforensics.metrics import evaluation
from clipforensics.metrics.evaluation import EvaluateSection
from clipforensics.protocol.cells import Cell, Protocol, tested_manipulations
from clipforensics.protocol.tables import read_split, write_scores

PARAMS = Path("params.yaml")
SPLITS = Path("data/splits")
FRAMES = Path("data/frames")
EMBEDDINGS = Path("data/embeddings")
WEIGHTS = Path("data/weights")
SCORES = Path("data/scores")
ERRORS = Path("data/errors")
METRICS = Path("data/metrics/evaluate")


def main(detector: str, split: str, train_set: str, seed: str) -> None:
    """Read a trained detector and both stores, score, write scores, metrics and error lists."""
    cell = Cell.parse(split, train_set, seed)
    params = read_section(PARAMS, "evaluate", EvaluateSection)
    frames, embeddings = FrameStore.open(FRAMES), EmbeddingStore(EMBEDDINGS)
    folder = WEIGHTS / cell.name / detector
    tables = {part: read_split(SPLITS / split / train_set / f"{part}.csv") for part in ("val", "test")}
    module = find_detector(detector)
    scores = evaluation.score_parts(
        tables,
        frames.rows,
        lambda rows: module.score(folder, rows, frames=frames, embeddings=embeddings),
    )
    about = read_json(folder / RECORD)
    wanted = read_section(PARAMS, "protocol", Protocol).test_manipulations
    manipulations = tested_manipulations(tables["test"], wanted, split=split, train_set=train_set)
    metrics, errors = evaluation.evaluate(
        scores, tables, manipulations=manipulations, n_tried=looks(folder), **params.model_dump()
    )
    head = {
        "detector": detector,
        "split": split,
        "train_set": train_set,
        "seed": cell.seed,
        "parameters": about["parameters"],
    }
    write_scores(SCORES / detector / f"{cell.name}.csv", scores)
    write_json(METRICS / detector / f"{cell.name}.json", {**head, "n_tried": n_tried(folder), **metrics})
    write_json(ERRORS / detector / f"{cell.name}.json", {**head, **errors})
    print(evaluation.summary_line(detector, metrics))


def looks(folder: Path) -> int:
    """Chances that a detector had to do well by luck; the probe's penalties, nearly equal fits, are one."""
    tried = read_json(folder / CHOICES)["tried"] if (folder / CHOICES).is_file() else []
    return max(1, sum(row["ended"] != "optimum" for row in tried))


if __name__ == "__main__":
    run_command(main, example="--detector lora --split grouped --train_set FaceSwap --seed 42")
