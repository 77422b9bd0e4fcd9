"""Likelihood ratios from validation scores, what they cost on test, worst conditions, abstention."""

from pathlib import Path

from clipforensics.core.faults import run_command
from clipforensics.core.files import json_ready, read_json, write_json
from clipforensics.core.params import read_section, read_value
from clipforensics.likelihood.assessment import Assessed
from clipforensics.likelihood.reading import Left, read_table
from clipforensics.likelihood.settings import LikelihoodSection
from clipforensics.likelihood.summary import summarise
from clipforensics.protocol.cells import Cell, Protocol, by_protocol, pooled_splits
from clipforensics.protocol.tables import write_curve
from clipforensics.statistics.settings import read_compared

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
    left = Left(SCORES, SPLITS, EVALUATIONS, run.aggregate)
    assessed = [
        Assessed(
            [left.model(detector, Cell(one, train_set, seed)) for one in splits],
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
    content, curves = summarise(
        assessed, read_table(VIDEOS, CROPS), read_value(PARAMS, "", "dataset", str), primary
    )
    write_json(OUT, json_ready(content))
    for kind, table in curves.items():
        write_curve(CURVES / f"{kind}.csv", table)
    print(f"{OUT}: {len(content['rows'])} rows of likelihood ratios")


if __name__ == "__main__":
    run_command(main)
