"""Compare all detectors on every cell; name one of them in metrics/metrics.json."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clipforensics import comparison
from clipforensics.cells import Protocol, by_protocol, write_curve
from clipforensics.contest import check_entrant, read_contest
from clipforensics.faults import run_command
from clipforensics.files import write_json
from clipforensics.league.table import league, league_points, standings, validation_protocol
from clipforensics.matrix import matrix_table
from clipforensics.params import read_section, read_value
from clipforensics.tournament import Results, compare_protocol, headline_curves

PARAMS = Path("params.yaml")
SCORES = Path("data/scores")
SPLITS = Path("data/splits")
EVALUATIONS = Path("metrics/evaluate")
COMPARISON = Path("metrics/comparison.json")
METRICS = Path("metrics/metrics.json")
CURVES = Path("plots/roc")
BANDS = Path("plots/bands")
MATRIX = Path("plots/matrix.csv")
LEAGUE = Path("plots/league.csv")


def main() -> None:
    """Read the results of every cell that params.yaml names, compare, write."""
    (run, params), protocol = read_contest(PARAMS), read_section(PARAMS, "protocol", Protocol)
    detector = read_value(PARAMS, "", "detector", str)
    check_entrant(PARAMS, "detector", detector, run.detectors)
    results = Results(run.detectors, protocol.seeds, SCORES, SPLITS, EVALUATIONS)
    options = {**params.model_dump(), "aggregate": run.aggregate}
    protocols = by_protocol(protocol.splits, read_value(PARAMS, "split", "n_folds", int))
    at = (next(iter(protocols.values())), protocol.train_sets[0])
    validated = validation_protocol(list(protocols))
    order = standings(results.read_evaluations(protocols[validated], protocol.train_sets[0]))
    tables = compare_all(results, protocols, protocol, leader=order[0]["detector"], **options)
    place = {name: tables["cells"][0][name] for name in ("protocol", "train_set", "manipulation")}
    tables["league"] = league(order, tables["cells"], headline=place, validated=validated)
    headline = {"split": protocol.splits[0], **place}
    about = {"reference": params.reference, "headline": headline, "seeds": protocol.seeds}
    write_json(COMPARISON, {**about, "bootstrap": params.model_dump(), **tables})
    write_curve(MATRIX, matrix_table(tables["cells"]))
    write_curve(LEAGUE, league_points(tables["league"]))
    chosen_on = {row["detector"]: row["validation"] for row in standings(results.read_evaluations(*at))}
    # Of the headline's own models, not of those that give the league its order
    validation = {"video_auc": chosen_on[detector]["auc"]}
    metrics = comparison.headline_metrics(tables, place, detector)
    write_json(METRICS, {"detector": detector, **place, **metrics, "validation": validation})
    for (kind, level), table in headline_curves(results, *at, place["manipulation"], **options).items():
        write_curve((CURVES if kind == "roc" else BANDS) / f"{level}.csv", table)


def compare_all(
    results: Results, protocols: Mapping[str, list[str]], protocol: Protocol, *, leader: str, **options: Any
) -> dict[str, list[dict[str, Any]]]:
    """All tables of all protocols and train sets; on the headline's train set the leader is a rival too."""
    tables: dict[str, list[dict[str, Any]]] = {"cells": [], "metrics": [], "leak_gaps": [], "folds": []}
    for name, splits in protocols.items():
        for train_set in protocol.train_sets:
            options["leader"] = leader if train_set == protocol.train_sets[0] else None
            found = compare_protocol(results, splits, train_set, protocol.test_manipulations, **options)
            for table, rows in found.items():
                tables[table] += [{"protocol": name, "train_set": train_set, **row} for row in rows]
    return tables


if __name__ == "__main__":
    run_command(main)
