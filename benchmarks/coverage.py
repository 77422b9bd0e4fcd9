"""`python -m benchmarks.coverage [--runs N] [--tiny] [NAME ...]`: how often intervals hold the truth.

Draws data sets of known AUC, a score a video, and asks each interval whether it holds the truth: for the AUC
of a detector, the paired difference of two, and the gap between two strata of the fakes. It prints what
benchmarks/COVERAGE.md holds: each method's worst cell, and all cells of the pipeline's intervals.
Seeded by the cell, so that the same command prints the same tables. NAME is a population.
"""

import argparse
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from scipy.special import ndtr, ndtri

from clipforensics.comparison.delong import delong_difference, delong_interval
from clipforensics.core.faults import InputError, one_line_errors
from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.replicates import draw_replicates
from clipforensics.statistics.uncertainty import Estimate, Interval

POPULATIONS = {
    "normal": "both classes normal, equal variances",
    "unequal": "normal, fakes with twice the standard deviation of reals",
    "heavy tails": "Student's t with 3 degrees of freedom",
    "5 % outlying": "normal, but 1 real in 20 is drawn from the fakes' scores",
    "10 % outlying": "the same, 1 real in 10",
    "20 % outlying": "the same, 1 real in 5",
    "identities": "normal, .3 of the variance is the identity's, which reals share with fakes",
}
SIZES = ((10, 10), (10, 100), (20, 20), (100, 100))
AUCS = (0.6, 0.75, 0.85, 0.95, 0.99)
STEP = 0.05  # by which the second detector's AUC is less
ALIKE = 0.5  # share of the variance that both detectors have in common
GROUP = 0.3  # share of the variance that is the identity's
BATCH = 25  # data sets that share one plan of draws
ESTIMATES = ("AUC", "difference", "gap")


@dataclass(frozen=True)
class Cell:
    """One population, its sizes, and the AUC that its first detector has (outlying reals left aside)."""

    population: str
    n_real: int
    n_fake: int
    auc: float

    @property
    def seed(self) -> int:
        """The same for the same cell, another for another."""
        return zlib.crc32(repr(self).encode())

    @property
    def outlying(self) -> float:
        """Share of the reals that score like fakes."""
        return float(self.population.split(" %")[0]) / 100 if "outlying" in self.population else 0.0

    def design(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Label and identity group of each video, and which fakes are of the smaller stratum (a tenth, at
        most 10 of 100; half of 10 or 20)."""
        truth = np.repeat([0, 1], [self.n_real, self.n_fake])
        small = self.n_fake // 10 if self.n_fake >= 100 else self.n_fake // 2
        fakes, groups = np.arange(self.n_fake), np.arange(len(truth))
        if self.population == "identities":  # groups of two reals; fakes of each, and of people with no real
            of_fake = (
                fakes // 2
                if self.n_fake <= self.n_real
                else np.where(fakes < 30, fakes % 10, 10 + fakes // 2)
            )
            of_real = np.arange(self.n_real) // (2 if self.n_fake <= self.n_real else 1)
            groups = np.r_[of_real, of_fake]
        return truth, groups, np.isin(np.arange(len(truth)), np.arange(len(truth) - small, len(truth)))

    def true_auc(self, auc: float, fakes: np.ndarray) -> float:
        """Over the pairs of the reals with these fakes (bool, one a video)."""
        if self.population != "identities":
            return (1 - self.outlying) * auc + self.outlying / 2
        truth, groups, _ = self.design()
        alike = float((groups[truth == 0][:, None] == groups[fakes]).mean())
        return (1 - alike) * auc + alike * float(ndtr(shift_of(self, auc) / np.sqrt(2 * (1 - GROUP))))


@dataclass(frozen=True)
class Held:
    """What came of the intervals of one method.

    Attributes:
        cell: Where.
        estimate: One of ESTIMATES.
        method: Whose interval.
        covered: Share of the intervals that hold the truth; NaN if there is none.
        missing: Share of the data sets without an interval.
        width: Mean of the intervals'.
    """

    cell: Cell
    estimate: str
    method: str
    covered: float
    missing: float
    width: float


def shift_of(cell: Cell, auc: float) -> float:
    """How far fakes score above reals, on average, for this AUC."""
    if cell.population == "heavy tails":
        return t_shift(auc)
    return float(np.sqrt(5 if cell.population == "unequal" else 2) * ndtri(auc))


@cache
def t_shift(auc: float) -> float:
    """The same for Student's t with 3 degrees of freedom: a quantile of the difference of two of them."""
    half = np.random.default_rng(0).standard_t(3, 2_000_000) - np.random.default_rng(1).standard_t(
        3, 2_000_000
    )
    return float(np.quantile(half, auc))


def simulate(cell: Cell, runs: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Scores of both detectors, each of shape (runs, n_videos)."""
    truth, groups, _ = cell.design()
    shape = (runs, len(truth))
    heavy = cell.population == "heavy tails"

    def noise() -> np.ndarray:
        return rng.standard_t(3, shape) if heavy else rng.normal(size=shape)

    outlying = (rng.random(shape) < cell.outlying) & (truth == 0)
    of_group = rng.normal(size=(runs, groups.max() + 1))[:, groups]
    common, found = noise(), []
    for auc in (cell.auc, cell.auc - STEP):
        # A sum of two t is no t: heavy tails are shared by whole videos instead.
        own = (
            np.where(rng.random(shape) < ALIKE, common, noise())
            if heavy
            else (common + noise()) * np.sqrt(0.5)
        )
        if cell.population == "identities":
            own = np.sqrt(GROUP) * of_group + np.sqrt(1 - GROUP) * own
        spread = np.where((truth == 1) & (cell.population == "unequal"), 2.0, 1.0)
        found.append(spread * own + shift_of(cell, auc) * ((truth == 1) | outlying))
    return found


def intervals_of(cell: Cell, runs: int, n_replicates: int) -> Iterator[tuple[str, str, float, Interval]]:
    """Estimate, method, truth and interval, of every data set."""
    truth, groups, small = cell.design()
    rng, everything = np.random.default_rng(cell.seed), np.arange(len(truth))
    fakes = truth == 1
    subsets = {"all": None, "large": set(everything[fakes & ~small]), "small": set(everything[small])}
    aucs = [cell.true_auc(auc, fakes) for auc in (cell.auc, cell.auc - STEP)]
    gap = cell.true_auc(cell.auc, fakes & ~small) - cell.true_auc(cell.auc, small)
    for start in range(0, runs, BATCH):
        tables = simulate(cell, min(BATCH, runs - start), rng)
        draws = draw_replicates(truth, everything, clusters=groups, n_replicates=n_replicates, seed=start)
        scores = {
            f"{d}{n}": row for d, table in zip("ab", tables, strict=True) for n, row in enumerate(table)
        }
        found = {
            name: levels["video"] for name, levels in bootstrap_auc(draws, scores, subsets=subsets).items()
        }
        for n, (first, second) in enumerate(zip(*tables, strict=True)):
            ours, theirs = found["all"][f"a{n}"], found["all"][f"b{n}"]
            strata = found["large"][f"a{n}"] - found["small"][f"a{n}"]
            three = (aucs[0], ours), (aucs[0] - aucs[1], ours - theirs), (gap, strata)
            for name, (value, one) in zip(ESTIMATES, three, strict=True):
                yield name, "pipeline", value, one.interval()
                yield name, "percentile", value, percentile(one)
            yield "AUC", "DeLong", aucs[0], delong_interval(first, truth)
            yield "difference", "DeLong", aucs[0] - aucs[1], delong_difference(first, second, truth)


def percentile(one: Estimate) -> Interval:
    """The 2.5th and 97.5th percentile of the same draws; none where they do not vary."""
    low, high = np.quantile(one.draws, [0.025, 0.975])
    lost = float("nan") if high - low < 1e-12 else 0.0
    return Interval(one.value, low + lost, high + lost, lost)


def measure_all(chosen: Sequence[Cell], runs: int, n_replicates: int, jobs: int) -> list[Held]:
    """Of several cells, in so many processes, which change nothing but the time."""
    one = partial(measure, runs=runs, n_replicates=n_replicates)
    if jobs == 1:
        return [held for cell in chosen for held in one(cell)]
    with ProcessPoolExecutor(jobs) as pool:
        return [held for several in pool.map(one, chosen) for held in several]


def measure(cell: Cell, runs: int, n_replicates: int) -> list[Held]:
    """How often each interval of a cell holds the truth; the largest cells have an eighth of the runs."""
    runs = max(runs // (8 if cell.n_real > 100 else 1), 1)
    rows: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for estimate, method, value, one in intervals_of(cell, runs, n_replicates):
        there = not np.isnan(one.low)
        held = float(one.low - 1e-12 <= value <= one.high + 1e-12) if there else np.nan
        rows.setdefault((estimate, method), []).append((held, one.high - one.low))
    found = []
    for (estimate, method), pairs in rows.items():
        held, widths = (
            np.array(column)[~np.isnan([p[0] for p in pairs])] for column in zip(*pairs, strict=True)
        )
        share, width = (float(v.mean()) if len(v) else float("nan") for v in (held, widths))
        found.append(Held(cell, estimate, method, share, 1 - len(held) / len(pairs), width))
    return found


def cells(populations: Sequence[str], *, tiny: bool) -> list[Cell]:
    """All cells of these populations; the tiny form has one of each."""
    sizes, aucs = (SIZES[:1], AUCS[3:4]) if tiny else (SIZES, AUCS)
    found = [Cell(p, *size, auc) for p in populations for size in sizes for auc in aucs]
    large = [Cell(p, 1000, 1000, 0.95) for p in populations if p in ("normal", "heavy tails")]
    return found if tiny else found + large


def table_of_cells(found: Sequence[Held], estimate: str) -> str:
    """The pipeline's interval of one estimate: a row a population and sizes, a column an AUC."""
    lines = [
        f"| {estimate}: population, reals / fakes | {' | '.join(f'{a:g}' for a in AUCS)} |",
        "|---|" + "--:|" * 5,
    ]
    chosen = [h for h in found if (h.estimate, h.method) == (estimate, "pipeline")]
    for place in dict.fromkeys((h.cell.population, h.cell.n_real, h.cell.n_fake) for h in chosen):
        row = {h.cell.auc: h for h in chosen if (h.cell.population, h.cell.n_real, h.cell.n_fake) == place}
        shown = [shown_share(row[auc]) if auc in row else "" for auc in AUCS]
        lines.append(f"| {place[0]}, {place[1]} / {place[2]} | {' | '.join(shown)} |")
    return "\n".join(lines)


def shown_share(held: Held) -> str:
    """`.948`, with the share that has no interval where it is a hundredth or more: `.948 (.37 none)`."""
    none = f" ({held.missing:.2f} none)".replace("0.", ".") if held.missing >= 0.005 else ""
    return f"{held.covered:.3f}{none}".replace("0.", ".") if held.covered < 1 else f"1.00{none}"


def table_of_methods(found: Sequence[Held]) -> str:
    """A row an estimate and method: over all cells that it has, its worst and mean share, and its width."""
    lines = ["| interval of | method | lowest | mean | cells below .93 | no interval, at most | mean width |"]
    lines.append("|---|---|--:|--:|--:|--:|--:|")
    for estimate, method in dict.fromkeys((h.estimate, h.method) for h in found):
        ours = [h for h in found if (h.estimate, h.method) == (estimate, method)]
        shares = np.array([h.covered for h in ours if not np.isnan(h.covered)])
        numbers = f"{shares.min():.3f} | {shares.mean():.3f} | {(shares < 0.93).sum()} of {len(ours)}"
        widths = np.nanmean([h.width for h in ours])
        lines.append(
            f"| {estimate} | {method} | {numbers} | {max(h.missing for h in ours):.2f} | {widths:.2f} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, and print the tables.

    Raises:
        InputError: there is no population of that name, or fewer than one run.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.coverage", description=__doc__.splitlines()[0]
    )
    parser.add_argument("populations", nargs="*", metavar="POPULATION", help=", ".join(POPULATIONS))
    parser.add_argument(
        "--runs", type=int, default=400, help="data sets of each cell; an eighth of 1000/1000"
    )
    parser.add_argument("--replicates", type=int, default=400, help="of the bootstrap")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--tiny", action="store_true", help="least sizes: shows that it runs, no more")
    given = parser.parse_args(arguments)
    for name in given.populations:
        if name not in POPULATIONS:
            raise InputError(f"{name!r} is no population; those there are: {', '.join(POPULATIONS)}")
    if given.runs < 1:
        raise InputError(f"--runs {given.runs}: must be at least 1; 400 are usual")
    chosen = cells(given.populations or list(POPULATIONS), tiny=given.tiny)
    found = measure_all(chosen, given.runs, given.replicates, given.jobs)
    print(table_of_methods(found))
    for estimate in ESTIMATES:
        print(f"\n{table_of_cells(found, estimate)}")


if __name__ == "__main__":
    with one_line_errors():
        main()
