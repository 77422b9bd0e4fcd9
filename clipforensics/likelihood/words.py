"""Likelihood ratios in words, and the two propositions that they weigh."""

import math
from collections.abc import Sequence

SCALE = (
    (6.0, "extremely strong support"),
    (4.0, "very strong support"),
    (3.0, "strong support"),
    (2.0, "moderately strong support"),
    (1.0, "moderate support"),
    (math.log10(2), "weak support"),
)
"""log10 LR from which on, and the words: ENFSI Guideline for Evaluative Reporting in Forensic Science (2015),
its table of verbal equivalents. An LR between 1/2 and 2, for which it has no row, supports neither."""

NEITHER = "no support for either"


def in_words(llr: float) -> str:
    """`moderate support for H1`, `weak support for H2`, or `no support for either`.

    Args:
        llr: log10 of a likelihood ratio, already held within its bounds.
    """
    strength = next((words for least, words in SCALE if abs(llr) >= least - 1e-12), "")
    return f"{strength} for {'H1' if llr > 0 else 'H2'}" if strength else NEITHER


def propositions(dataset: str, trained: Sequence[str]) -> dict[str, str]:
    """H1 and H2, as far as these LRs know them: by the footage that they were fitted on.

    Args:
        dataset: Name of the data set.
        trained: Manipulations of the train set.
    """
    made = " or ".join(trained)
    return {
        "H1": f"The video was manipulated by {made}, as the manipulated validation videos of {dataset} were.",
        "H2": f"The video is unmanipulated footage like the real validation videos of {dataset}.",
    }
