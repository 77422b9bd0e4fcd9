"""What it does to a number that it is the best of several. Pure."""

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm


def expected_maximum(n: int) -> float:
    """Mean of the largest of n independent standard normal numbers; 0 for one.

    Integral of x d(Phi(x)^n), as order statistics have it (David and Nagaraja, Order Statistics, 2003).

    Raises:
        ValueError: n is less than 1.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, is {n}; give the number of candidates")

    def density(x: float) -> float:
        return x * n * float(np.exp(norm.logpdf(x) + (n - 1) * norm.logcdf(x)))

    mean, _ = quad(density, -10, 10, limit=200)
    return float(mean)


def quantile(confidence: float) -> float:
    """Of the standard normal distribution: half the width of its central interval."""
    return float(norm.ppf((1 + confidence) / 2))
