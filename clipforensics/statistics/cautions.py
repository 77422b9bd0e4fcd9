"""What stands beside an interval that is known not to hold up, or that rests on counts alone.

From the simulations that docs/explanation/intervals.md shows.
"""

FEW_REALS = 20
"""Up to so many independent reals the difference of two detectors fares ill at a high AUC."""
HIGH_AUC = 0.95
"""From here on, or as far from the other end."""


def at_end(value: float, n_real: int, n_fake: int) -> str:
    """Of an AUC of exactly 0 or 1, and of any difference with one: its interval does not see the scores.

    Args:
        value: The AUC.
        n_real: Independent reals: clusters that hold one.
        n_fake: The same of manipulated videos.
    """
    counts = f"{n_real} real and {n_fake} manipulated groups"
    return f"an AUC of exactly {value:g}: how sure it is follows from {counts} alone, not from the scores"


def difference(first: float, second: float, n_real: int) -> str:
    """Of two detectors on the same videos; empty where nothing is known against the interval.

    Args:
        first: AUC of one.
        second: AUC of the other.
        n_real: Independent reals.
    """
    furthest = max(first, second, 1 - first, 1 - second)
    if n_real > FEW_REALS or furthest < HIGH_AUC:
        return ""
    return (
        f"an AUC within .05 of 0 or 1 and only {n_real} independent reals: such intervals hold the true"
        " difference in 87 to 99 of 100 simulated tests, not in 95"
    )
