"""`python -m benchmarks.twin_gap [--runs N]`: how often the gap between twins and no twins is seen.

Ten reals, 90 fakes with a twin and ten without, a normal score a video. In each row the AUC of either stratum
is given; the columns say in which share of the data sets the pipeline's interval of the gap leaves out 0, in
which the permutation of twin status has p below .05, and how often the interval leaves out 0 where the AUC of
those without is exactly 1 (in brackets, in which share it is). Prints a table in Markdown; seeded.
"""

import argparse
from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from clipforensics.core.faults import InputError, one_line_errors
from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.permutation import permute_status, shares_won
from clipforensics.statistics.replicates import draw_replicates

N_REAL, N_TWIN, N_OTHER = 10, 90, 10
ROWS = ((0.85, 0.85), (0.93, 0.93), (0.91, 0.8), (0.91, 0.7), (0.91, 0.5))
BATCH = 50  # data sets that share one plan of draws
NO_EFFECT, HAIR = 0.05, 1e-12


def one_row(twin: float, other: float, runs: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each data set: interval leaves out 0, permutation has p < .05, AUC of those without is 1."""
    rng = np.random.default_rng([int(1000 * twin), int(1000 * other)])
    labels = np.repeat([0, 1], [N_REAL, N_TWIN + N_OTHER])
    shift = np.repeat([0.0, *np.sqrt(2) * ndtri([twin, other])], [N_REAL, N_TWIN, N_OTHER])
    status, keys = np.arange(N_TWIN + N_OTHER) < N_TWIN, np.arange(len(labels))
    subsets = {"twin": set(keys[N_REAL:][status]), "other": set(keys[N_REAL:][~status])}
    found = []
    for start in range(0, runs, BATCH):
        scores = {str(i): rng.normal(size=len(labels)) + shift for i in range(min(BATCH, runs - start))}
        draws = draw_replicates(labels, keys, n_replicates=n, seed=start)
        strata = bootstrap_auc(draws, scores, subsets=subsets)
        for name, values in scores.items():
            first, second = (strata[stratum]["video"][name] for stratum in subsets)
            one = (first - second).interval()
            p = permute_status(shares_won(values, labels), status, n=n, seed=start).p
            found.append((one.low > 0 or one.high < 0, p < NO_EFFECT, second.value > 1 - HAIR))
    seen, permuted, perfect = np.array(found).T
    return seen, permuted, perfect


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, and print the table.

    Raises:
        InputError: fewer than one run.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.twin_gap", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--runs", type=int, default=1000, help="data sets of each row")
    parser.add_argument("--draws", type=int, default=400, help="replicates, and permutations")
    given = parser.parse_args(arguments)
    if given.runs < 1:
        raise InputError(f"--runs {given.runs}: must be at least 1; 1000 are usual")
    print("| AUC with a twin | without | interval excludes 0 | permutation p < .05 | where AUC is 1 |")
    print("|--:|--:|--:|--:|--:|")
    for twin, other in ROWS:
        seen, permuted, perfect = one_row(twin, other, given.runs, given.draws)
        there = f"{seen[perfect].mean():.3f} ({perfect.mean():.2f})" if perfect.any() else "- (0)"
        print(f"| {twin} | {other} | {seen.mean():.3f} | {permuted.mean():.3f} | {there} |", flush=True)


if __name__ == "__main__":
    with one_line_errors():
        main()
