"""What stands beside an interval that is known not to hold up, or that rests on counts alone."""

FEW_REALS = 20
"""Fewer independent reals than these say little of reals that score like fakes."""
HIGH_AUC = 0.9
"""From here on a single real that scores like a fake moves the AUC by more than its interval may be wide."""


def caution(n_real: int, n_fake: int, *, value: float, difference: bool = False, at_end: bool = False) -> str:
    """A sentence for the reader of an interval of an AUC, or of a difference of two; empty if there is none.

    Args:
        n_real: Independent reals: clusters that hold one.
        n_fake: The same of manipulated videos.
        value: The AUC; of a difference, the larger of both sides.
        difference: Whether the interval is of a difference.
        at_end: Whether the AUC, or a side of the difference, is exactly 0 or 1.
    """
    counts = f"{n_real} real and {n_fake} manipulated groups"
    if at_end and difference:
        return (
            f"one side is exactly 0 or 1: how sure that is follows from {counts} alone, not from the scores"
        )
    if at_end:
        return f"exactly {value:g}: the interval follows from {counts} alone, not from the scores"
    if n_real < FEW_REALS and max(value, 1 - value) >= HIGH_AUC:
        unseen = 0.9**n_real
        return (
            f"{n_real} independent reals: had 1 real in 10 scores like a fake's, none would be among them in"
            f" {unseen:.0%} of such tests, and the true AUC would be lower by up to .05"
        )
    return ""
