"""`python -m benchmarks.many_looks [RUNS]`: how often somebody among equals is said to differ.

Thirteen detectors of the same AUC on the same simulated videos: one the reference, twelve compared with it. A
run counts where any of them is shown to differ: by its own interval, and after max-t. It measures no time, so
it has no row in the table of `python -m benchmarks`.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from clipforensics.arguments import positive
from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.replicates import draw_replicates
from clipforensics.statistics.simultaneous import max_t
from clipforensics.statistics.uncertainty import Estimate

N_DETECTORS, N_REPLICATES, LEVEL = 13, 1000, 0.05
SHIFT = 1.07
"""Of manipulated videos above real ones, in standard deviations: AUC .775."""


@dataclass(frozen=True)
class Setting:
    """Videos of each class, and the correlation of any two detectors' scores within a class."""

    n_real: int
    n_fake: int
    correlation: float


SETTINGS = (Setting(10, 100, 0.5), Setting(20, 20, 0.5), Setting(20, 20, 0.8))


def differences(setting: Setting, number: int) -> dict[str, Estimate]:
    """One simulated run: video AUC of each of twelve minus that of the reference, in truth all 0."""
    rng, truth = np.random.default_rng([17, number]), np.repeat([0, 1], [setting.n_real, setting.n_fake])
    common = np.sqrt(setting.correlation) * rng.normal(size=len(truth))
    own = np.sqrt(1 - setting.correlation) * rng.normal(size=(N_DETECTORS, len(truth)))
    scores = {str(i): SHIFT * truth + common + noise for i, noise in enumerate(own)}
    draws = draw_replicates(truth, np.arange(len(truth)), n_replicates=N_REPLICATES, seed=number)
    reference, *others = bootstrap_auc(draws, scores)["all"]["video"].items()
    return {name: one - reference[1] for name, one in others}


def shares(setting: Setting, n_runs: int) -> dict[str, float]:
    """Share of runs in which anybody is shown to differ: each interval alone, Bonferroni's, and max-t."""
    found = {"alone": 0, "bonferroni": 0, "max-t": 0}
    for number in range(n_runs):
        members = differences(setting, number)
        least = min(one.interval().p for one in members.values())
        found["alone"] += least < LEVEL
        found["bonferroni"] += least * len(members) < LEVEL
        found["max-t"] += min(one.p for one in max_t(members).values()) < LEVEL
    return {name: count / n_runs for name, count in found.items()}


def lines(n_runs: int, settings: Sequence[Setting] = SETTINGS) -> Iterator[str]:
    """The table, in Markdown, row by row."""
    yield f"| real / manipulated, correlation; {n_runs} runs | each alone | Bonferroni | max-t |"
    yield "|---|---|---|---|"
    for setting in settings:
        found = shares(setting, n_runs)
        cells = " | ".join(f"{share:.3f}".removeprefix("0") for share in found.values())
        yield f"| {setting.n_real} / {setting.n_fake}, {setting.correlation:g} | {cells} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_looks", description=__doc__)
    parser.add_argument("runs", nargs="?", type=positive, default=1000, help="(default: %(default)s)")
    for line in lines(parser.parse_args(arguments).runs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
