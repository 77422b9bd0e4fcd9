"""Compare all detectors on every cell; name one of them in metrics/metrics.json."""

from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import Field

from clipforensics import comparison
from clipforensics.cells import Cell, Protocol, by_protocol, order_manipulations, read_scores, read_split
from clipforensics.evaluation import against_reals
from clipforensics.faults import InputError, one_line_errors
from clipforensics.files import read_json, write_json
from clipforensics.params import Section, check_section, read_section, read_yaml

PARAMS = Path("params.yaml")
SCORES = Path("data/scores")
SPLITS = Path("data/splits")
EVALUATIONS = Path("metrics/evaluate")
COMPARISON = Path("metrics/comparison.json")
METRICS = Path("metrics/metrics.json")
CURVES = Path("plots/roc")


class Compare(Section):
    """Section `compare` of params.yaml."""

    reference: str
    cluster: Literal["identity", "video"]
    n_replicates: int = Field(ge=1)
    seed: int = Field(ge=0)
    confidence: float = Field(gt=0, lt=1)


class Run(Section):
    """The top-level params: which detector is shown, which there are."""

    detector: str
    detectors: list[str] = Field(min_length=1)


def main() -> None:
    """Read the scores of every cell that params.yaml names, compare, write."""
    params, protocol = read_section(PARAMS, "compare", Compare), read_section(PARAMS, "protocol", Protocol)
    settings = read_yaml(PARAMS)
    run = check_section({k: v for k, v in settings.items() if k in Run.model_fields}, Run, str(PARAMS))
    for key, name in (("detector", run.detector), ("compare.reference", params.reference)):
        if name not in run.detectors:
            raise InputError(f"{PARAMS}: `{key}` is {name!r}; it must be one of `detectors`: {run.detectors}")
    aggregate, n_folds = settings["evaluate"]["aggregate"], settings["split"]["n_folds"]
    rows: list[dict[str, Any]] = []
    for name, members in by_protocol(protocol.splits, n_folds).items():
        for train_set in protocol.train_sets:
            scores, test = read_cell(run.detectors, members, train_set, protocol.seeds)
            present = sorted(set(test["manipulation"][test["label"] == 1]))
            for manipulation in order_manipulations(protocol.test_manipulations, present, trained=train_set):
                cells = comparison.compare_cell(
                    scores, test, manipulation, aggregate=aggregate, **params.model_dump()
                )
                rows += [{"protocol": name, "train_set": train_set, **row} for row in cells]
    write_all(run, protocol, rows, params, aggregate)


def read_cell(
    detectors: list[str], members: list[str], train_set: str, seeds: list[int]
) -> tuple[comparison.Scores, pd.DataFrame]:
    """Scores of all detectors and seeds of one train set on the same frames, and the test part.

    Folds are laid end to end: each video has the scores of the model that has not seen it.
    """
    cells = {seed: [Cell(split, train_set, seed).name for split in members] for seed in seeds}
    scores = {
        (d, seed): pd.concat([read_scores(SCORES / d / f"{c}.csv") for c in cells[seed]], ignore_index=True)
        for d in detectors
        for seed in seeds
    }
    tests = [read_split(SPLITS / split / train_set / "test.csv") for split in members]
    return scores, pd.concat(tests, ignore_index=True)


def write_all(
    run: Run, protocol: Protocol, rows: list[dict[str, Any]], params: Compare, aggregate: Any
) -> None:
    """Write the comparison, the metrics of the chosen detector, and the ROC of every detector."""
    split, train_set, manipulation = protocol.splits[0], rows[0]["train_set"], rows[0]["manipulation"]
    headline = {"protocol": rows[0]["protocol"], "train_set": train_set, "manipulation": manipulation}
    about = {"reference": params.reference, "headline": {"split": split, **headline}, "seeds": protocol.seeds}
    write_json(COMPARISON, {**about, "bootstrap": params.model_dump(), "cells": rows})
    cells = [Cell(split, train_set, seed).name for seed in protocol.seeds]
    files = [EVALUATIONS / run.detector / f"{cell}.json" for cell in cells]
    metrics = comparison.headline_metrics([read_json(file) for file in files], manipulation)
    write_json(METRICS, {"detector": run.detector, **headline, **metrics})
    for detector in run.detectors:
        scores = against_reals(read_scores(SCORES / detector / f"{cells[0]}.csv"), manipulation)
        for level in ("video", "frame"):
            write_curve(CURVES / level / f"{detector}.csv", comparison.roc_table(scores, level, aggregate))


def write_curve(path: Path, table: pd.DataFrame) -> None:
    """Write a curve for `dvc plots`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, lineterminator="\n", float_format="%.9g")


if __name__ == "__main__":
    with one_line_errors():
        main()
