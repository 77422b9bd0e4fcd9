"""Likelihood ratios from validation scores, what they cost on test, worst conditions, abstention."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from clipforensics.core.faults import run_command
from clipforensics.core.files import json_ready, read_json, write_json
from clipforensics.core.params import read_section, read_value
from clipforensics.core.records import read_videos
from clipforensics.likelihood.assessment import Assessed, LikelihoodSection
from clipforensics.likelihood.models import Model, videos_of
from clipforensics.likelihood.summary import summarise
from clipforensics.protocol.cells import Cell, Protocol, by_protocol, pooled_splits
from clipforensics.protocol.tables import read_scores, read_split, write_curve
from clipforensics.statistics.settings import Compared, read_compared

PARAMS = Path("params.yaml")
SCORES = Path("data/scores")
SPLITS = Path("data/splits")
EVALUATIONS = Path("data/metrics/evaluate")
COMPARISON = Path("data/metrics/comparison.json")
VIDEOS = Path("data/videos.csv")
CROPS = Path("data/frames/crops.csv")
OUT = Path("data/metrics/likelihood.json")
CURVES = Path("plots/likelihood")


def main() -> None:
    """Read what evaluate left of every cell that params.yaml names, assess, write."""
    (run, bootstrap), protocol = read_compared(PARAMS), read_section(PARAMS, "protocol", Protocol)
    settings = read_section(PARAMS, "likelihood", LikelihoodSection)
    protocols = by_protocol(protocol.splits, read_value(PARAMS, "split", "n_folds", int))
    assessed = [
        Assessed(
            [read_model(run, detector, Cell(one, train_set, seed)) for one in splits],
            {"detector": detector, "protocol": name, "split": split, "train_set": train_set, "seed": seed},
            settings,
            bootstrap,
        )
        for name, split, splits in pooled_splits(protocols)
        for train_set in protocol.train_sets
        for seed in protocol.seeds
        for detector in run.detectors
    ]
    primary = read_json(COMPARISON)["primary"] or {}
    content, curves = summarise(assessed, read_table(), read_value(PARAMS, "", "dataset", str), primary)
    write_json(OUT, json_ready(content))
    for kind, table in curves.items():
        write_curve(CURVES / f"{kind}.csv", table)
    print(f"{OUT}: {len(content['rows'])} rows of likelihood ratios")


def read_model(run: Compared, detector: str, cell: Cell) -> Model:
    """One model's scores by video, and what evaluate chose on validation."""
    scores = read_scores(SCORES / detector / f"{cell.name}.csv")
    found: dict[str, Any] = read_json(EVALUATIONS / detector / f"{cell.name}.json")
    parts = {
        part: videos_of(
            scores[scores["part"] == part],
            read_split(SPLITS / cell.split / cell.train_set / f"{part}.csv"),
            run.aggregate,
        )
        for part in ("val", "test")
    }
    return Model(
        split=cell.split,
        **parts,
        usable=found["usable"]["video"],
        threshold=found["threshold"]["video"],
        tested=list(found["test"]),
    )


def read_table() -> pd.DataFrame:
    """videos.csv by key, with the size of the face where faces were looked for."""
    videos = read_videos(VIDEOS)
    table = pd.DataFrame([asdict(video) for video in videos], index=[video.key for video in videos])
    crops = pd.read_csv(CROPS, dtype={"key": str}, na_filter=False, encoding="utf-8").set_index("key")
    return table if crops.empty else table.join(crops["face_size"]).fillna({"face_size": 0})


if __name__ == "__main__":
    run_command(main)
