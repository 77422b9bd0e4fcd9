"""What a test of so many videos can show, in words.

Its three answers (power, smallest difference, videos needed) ask one function, `power_of`, so they agree.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from clipforensics.statistics.binormal import Design
from clipforensics.statistics.power import MOST_VIDEOS

OTHERS = (0.2, 0.8)
"""Correlations at which the power is told as well, since nobody knows it before."""


ENDLESS = 10**12
"""Videos of a class than which more change nothing, where those of the other stay as few as they are."""

FEW_PAIRS = 4000
"""Pairs of a real and a fake up to which power is simulated."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        design: The test.
        difference: True difference that it is to show.
        power: With which chance.
        identities: People whom the videos show; None: every video another one.
    """

    design: Design
    difference: float
    power: float
    identities: int | None = None

    @property
    def independent(self) -> Design:
        """The test with the videos that count: of one person no more than one real and one fake.

        That is the worst case. Where videos of a person are less alike than copies the power is higher.
        """
        most = self.identities or MOST_VIDEOS
        sizes = {name: min(getattr(self.design, name), most) for name in ("n_real", "n_fake")}
        return replace(self.design, **sizes)


def lines(question: Question) -> Iterator[str]:
    """The answer in words, a sentence or two a line.

    Raises:
        InputError: the better detector would have no AUC below 1, or too few videos count.
    """
    test, d = question.independent, question.difference
    runs = _runs(power_of(test, d))  # before anything is said: what no test can have is refused
    yield (
        f"{test.n_real} real and {test.n_fake} manipulated videos that count; AUC {_short(test.auc)} against"
        f" {_short(test.auc + d)}; scores correlated {_short(test.correlation)} within a class."
    )
    if question.identities:
        yield (
            f"Of {question.identities} people each counts once a class: the worst case, in which further"
            " videos of a person are copies."
        )
    spread = ", ".join(
        f"{_runs(power_of(replace(test, correlation=r), d))} at a correlation of {_short(r)}" for r in OTHERS
    )
    yield (f"Power: the test shows a true difference of {_short(d)} in {runs} of 100 runs ({spread}).")
    least = detectable(test, question.power, asked=d)
    wanted = f"with {_short(question.power)} power"
    yield (
        f"Smallest difference shown {wanted}: {_short(least)}."
        if least is not None
        else f"No difference is shown {wanted}: not even an AUC of 1 against {_short(test.auc)}."
    )
    yield from _needs(question)


@cache
def power_of(design: Design, difference: float) -> float:
    """Chance that the test shows it: simulated where videos are few and the formula is rough."""
    return design.simulated_power(difference) if _is_few(design) else design.power(difference)


def detectable(design: Design, power: float, *, asked: float) -> float | None:
    """The smallest difference that the test shows with this power, by `power_of`; None where none is.

    Where it is simulated, in steps of .001, and never on the other side of `asked` than `power_of` says.

    Args:
        design: The test.
        power: That is asked for.
        asked: A difference, whose power is told beside.
    """
    guess = design.detectable(power)
    if not _is_few(design):
        return guess
    is_enough = power_of(design, asked) >= power
    low = 0 if is_enough else math.floor(asked * 1000)
    high = math.ceil(asked * 1000) if is_enough else math.floor((1 - design.auc - 1e-6) * 1000)
    if not is_enough and (high <= low or power_of(design, high / 1000) < power):
        return None
    guess = 1.0 if guess is None else guess
    found = _smallest(lambda n: power_of(design, n / 1000) >= power, low, high, round(guess * 1000))
    return min(found / 1000, asked) if is_enough else found / 1000


def _needs(question: Question) -> Iterator[str]:
    """Videos that the difference needs: in the ratio given, as many of both, and more of one class alone."""
    test, d = question.independent, question.difference
    if power_of(test, d) >= question.power:
        yield f"These videos are enough to show {_short(d)} with {_short(question.power)} power."
        return
    larger, other = max(test.n_real, test.n_fake), min(test.n_real, test.n_fake)
    grown = {
        "in this ratio": (
            lambda n: _sized(test, n * test.n_real / larger, n * test.n_fake / larger),
            larger,
        ),
        "as many of both": (lambda n: _sized(test, n, n), other),
        f"with {test.n_real} real": (lambda n: _sized(test, test.n_real, n), test.n_fake),
        f"with {test.n_fake} manipulated": (lambda n: _sized(test, n, test.n_fake), test.n_real),
    }
    if larger == other:
        del grown["as many of both"]
    yield f"To show {_short(d)} with {_short(question.power)} power it needs independent videos:"
    for how, (grow, too_few) in grown.items():
        found = fewest(grow, d, question.power, low=too_few)
        said = f"{found.n_real} real and {found.n_fake} manipulated" if found else _too_many(grow, question)
        yield f"  {how}: {said}"


def _too_many(grow: Callable[[float], Design], question: Question) -> str:
    """Why a million videos are not enough: a class that stays as it is holds it back, or they are too few."""
    is_held_back = min(grow(ENDLESS).n_real, grow(ENDLESS).n_fake) < MOST_VIDEOS
    if is_held_back and power_of(grow(ENDLESS), question.difference) < question.power:
        return "no number is enough"
    return "more than a million of a class, and no further is looked"


def fewest(
    grow: Callable[[float], Design], difference: float, power: float, *, low: int = 2
) -> Design | None:
    """The smallest design of a growing row that has the power; None where a million videos do not.

    Args:
        grow: Number of videos of the class that grows -> design.
        difference: True difference.
        power: That is asked for, by `power_of`.
        low: Number of videos that is known to be too small.
    """
    if power_of(grow(MOST_VIDEOS), difference) < power:
        return None
    guess = _smallest(lambda n: grow(n).power(difference) >= power, low, MOST_VIDEOS, 2 * low)
    return grow(_smallest(lambda n: power_of(grow(n), difference) >= power, low, MOST_VIDEOS, guess))


def _smallest(is_enough: Callable[[int], bool], low: int, high: int, guess: int) -> int:
    """The smallest number that is enough, between one that is not and one that is; sought from a guess on."""
    step, at = max(1, guess // 16), min(max(guess, low + 1), high - 1)
    while high - low > 1:
        low, high = (low, at) if is_enough(at) else (at, high)
        away = high - step if at == high else low + step
        step *= 2
        at = away if low < away < high else (low + high) // 2
    return high


def _is_few(design: Design) -> bool:
    return design.n_real * design.n_fake <= FEW_PAIRS


def _sized(test: Design, n_real: float, n_fake: float) -> Design:
    """The test with so many videos, at least two of each class."""
    return replace(test, n_real=max(2, round(n_real)), n_fake=max(2, round(n_fake)))


def _runs(power: float) -> str:
    """A share as runs of a hundred."""
    return f"{power * 100:.0f}"


def _short(value: float) -> str:
    """A share with two decimals, or three where it has them: .78, .075."""
    text = f"{value:.3f}".removesuffix("0")
    return text.removeprefix("0")
