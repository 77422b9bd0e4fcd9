"""The anchor: the linear probe on frames as they are stored, which the other controls are read beside.

It is the baseline once more, fitted here so that a run without that detector has it too.
"""

from typing import Any

from clipforensics.controls.contract import Control, Fitted, Known
from clipforensics.controls.probing import fit_on


def fit(known: Known, settings: Any, draw: int) -> Fitted:
    """The probe with true labels on stored frames."""
    return fit_on(known.embeddings, known)


CONTROL = Control(
    title="the probe on frames as stored",
    about="The linear probe on the frozen encoder's embeddings: what removals are compared with.",
    asks="anchor",
    said="",
    fit=fit,
)
