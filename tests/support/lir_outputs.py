"""What the package `lir` (Netherlands Forensic Institute) makes of made-up scores: a peer for LRs.

Its numbers are kept in tests/likelihood/lir_outputs.json, made with the version that the file names:

    pip install lir==1.3.1 && python -m tests.support.lir_outputs
"""

import importlib.metadata
import json
from pathlib import Path

import numpy as np

KEPT = Path(__file__).parents[1] / "likelihood" / "lir_outputs.json"

SHAPES = {
    "overlapping": (20, 30, 1.0),
    "few": (10, 10, 1.5),
    "many": (300, 200, 0.5),
    "parted": (12, 12, 9.0),
}
"""n_real, n_fake, and how far the classes lie apart."""

PRIORS = np.linspace(-2, 2, 9)


def made_up(name):
    """Logits, labels, and logits of other videos."""
    n_real, n_fake, apart = SHAPES[name]
    rng = np.random.default_rng([1, n_real, n_fake])
    labels = np.repeat([0, 1], [n_real, n_fake])
    return rng.normal(size=n_real + n_fake) + apart * labels, labels, np.linspace(-3, 5, 17)


def of_lir(name):
    """The numbers of lir for one shape."""
    from lir.algorithms.bayeserror import elub
    from lir.algorithms.isotonic_regression import IsotonicCalibrator
    from lir.algorithms.logistic_regression import LogitCalibrator
    from lir.data.models import LLRData
    from lir.metrics import cllr, cllr_min
    from lir.plotting.expected_calibration_error import calculate_ece

    logits, labels, others = made_up(name)
    pav = IsotonicCalibrator(add_misleading=1).fit(logits, labels)
    found = {"pav": pav.transform(others), "pav_elub": elub(pav.transform(logits), labels)}
    llrs = 0.4 * logits  # what is taken for log10 LRs below
    data = LLRData(features=llrs, labels=labels)
    found |= {"elub": elub(llrs.copy(), labels), "cllr": cllr(data), "cllr_min": cllr_min(data)}
    odds = 10**PRIORS
    found["ece"] = calculate_ece(10**llrs, labels, odds / (1 + odds))
    if name != "parted":  # without errors the largest likelihood has no slope
        fitted = LogitCalibrator(C=np.inf, tol=1e-12, max_iter=10_000).fit(logits, labels)
        found["logistic"] = fitted.transform(others)
    return {key: np.asarray(value, dtype=float).ravel().tolist() for key, value in found.items()}


if __name__ == "__main__":
    content = {"lir": importlib.metadata.version("lir"), **{name: of_lir(name) for name in SHAPES}}
    KEPT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
