"""Compare all detectors on every cell; put one of them into metrics/headline."""

from pathlib import Path

from clipforensics.comparison.by_protocol import Results
from clipforensics.comparison.headline import headline_of
from clipforensics.comparison.league import league_points
from clipforensics.comparison.matrix import Matrix
from clipforensics.comparison.plots import matrix_table
from clipforensics.comparison.primary import PrimarySection
from clipforensics.core.faults import run_command
from clipforensics.core.files import write_json
from clipforensics.core.params import read_section, read_value
from clipforensics.protocol.cells import Protocol
from clipforensics.protocol.tables import write_curve
from clipforensics.statistics.settings import check_detector, read_compared

PARAMS = Path("params.yaml")
SCORES = Path("data/scores")
SPLITS = Path("data/splits")
EVALUATIONS = Path("data/metrics/evaluate")
COMPARISON = Path("data/metrics/comparison.json")
HEADLINE = Path("metrics/headline")
CURVES = Path("plots/roc")
BANDS = Path("plots/bands")
MATRIX = Path("plots/matrix.csv")
LEAGUE = Path("plots/league.csv")


def main() -> None:
    """Read the results of every cell that params.yaml names, compare, write."""
    (run, params), protocol = read_compared(PARAMS), read_section(PARAMS, "protocol", Protocol)
    detector = read_value(PARAMS, "", "detector", str)
    check_detector(PARAMS, "detector", detector, run.detectors)
    matrix = Matrix(
        results=Results(run.detectors, protocol.seeds, SCORES, SPLITS, EVALUATIONS),
        protocol=protocol,
        n_folds=read_value(PARAMS, "split", "n_folds", int),
        options={**params.model_dump(), "aggregate": run.aggregate},
        named=read_section(PARAMS, "primary", PrimarySection),
    )
    comparison = matrix.compare()
    write_json(COMPARISON, comparison)
    for name, numbers in headline_of(comparison, detector).items():
        write_json(HEADLINE / f"{name}.json", numbers)
    write_curve(MATRIX, matrix_table(comparison["cells"]))
    write_curve(LEAGUE, league_points(comparison["league"]))
    for kind, level, table in matrix.curves(comparison):
        write_curve((CURVES if kind == "roc" else BANDS) / f"{level}.csv", table)


if __name__ == "__main__":
    run_command(main)
