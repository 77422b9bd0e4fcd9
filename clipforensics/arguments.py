"""Numbers on a command line: argparse calls one for each value and prints its refusal in one line."""

import argparse
import math


def finite(text: str) -> float:
    """A number other than NaN and infinity, else ValueError."""
    if not math.isfinite(value := float(text)):
        raise ValueError
    return value


def share(text: str) -> float:
    """A number between 0 and 1, both excluded, else ValueError or argparse's own error with the rule."""
    if not 0 < (value := float(text)) < 1:
        raise argparse.ArgumentTypeError(f"must lie between 0 and 1, is {text}")
    return value


def whole(text: str) -> int:
    """A whole number from 0, else ValueError or argparse's own error with the rule."""
    if (value := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, is {text}")
    return value


def positive(text: str) -> int:
    """A whole number from 1, else ValueError or argparse's own error with the rule."""
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, is {text}")
    return value
