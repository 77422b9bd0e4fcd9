"""The report's own tables beside what the audit makes of scores that another project published.

The report is the one whose protocol `conf/use/report.yaml` writes; its numbers are copied from it as printed.
The scores lie beside the checkout (`tests/support/shared_data.py`); tables are made only where they do.
"""

import contextlib
import functools
import io
import json
import tempfile
from pathlib import Path
from typing import Any

from clipforensics.audit import command as audit
from tests.support.shared_data import PEER_SCORES

METRICS = {"auc": "AUC", "eer": "EER", "accuracy": "ACC", "f1": "F1"}
LEVELS = ("video", "frame")
REPORT = {
    ("linear", "frame"): {"auc": 0.7602, "f1": 0.8823, "accuracy": 0.8019, "eer": 0.2606},
    ("linear", "video"): {"auc": 0.7750, "f1": 0.8925, "accuracy": 0.8182, "eer": 0.2100},
    ("lora", "frame"): {"auc": 0.8100, "f1": 0.8879, "accuracy": 0.8106, "eer": 0.2426},
    ("lora", "video"): {"auc": 0.8350, "f1": 0.9043, "accuracy": 0.8364, "eer": 0.2100},
}
"""What the report prints: frozen CLIP with a linear probe, and LoRA."""

NAMES = {"linear": "linear probe", "lora": "LoRA", "vpt": "visual prompt"}
STRATA = {
    "all": "all 100 fakes",
    "twin": "the 90 with a twin in training",
    "no_twin": "the 10 without",
}


@functools.cache
def audited() -> Any:
    """metrics.json of `clipforensics audit linear.csv lora.csv vpt.csv --train train.csv --naming ffpp`."""
    scores = [str(PEER_SCORES / f"{name}.csv") for name in NAMES]
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        train = str(PEER_SCORES / "train.csv")
        audit.main([*scores, "--train", train, "--naming", "ffpp", "--out", folder])
        return json.loads((Path(folder) / "metrics.json").read_text(encoding="utf-8"))


def metric_row(level: str, metric: str) -> Any:
    """The audit's row of one metric on all fakes, with every detector and difference."""
    (row,) = (r for r in audited()["metrics"] if (r["level"], r["metric"]) == (level, metric))
    return row


def cell_of(level: str, stratum: str) -> Any:
    (row,) = (c for c in audited()["cells"] if (c["level"], c["stratum"]) == (level, stratum))
    return row


def gap_of(level: str) -> Any:
    """With a twin minus without."""
    (row,) = (
        gap
        for gap in audited()["leak_gaps"]
        if (gap["level"], gap["minuend"], gap["subtrahend"]) == (level, "twin", "no_twin")
    )
    return row


def with_interval(found: dict[str, Any], name: str, form: str) -> str:
    low, high = (f"{found[end]:{form}}" for end in ("low", "high"))
    return f"{found[name]:{form}} [{low},\N{NO-BREAK SPACE}{high}]"


def beside_table() -> str:
    """Every number of the report's tables, and the same of the published scores."""
    lines = [
        "| | probe, report | published | LoRA, report | published | gain, report | published |",
        "|---|---|---|---|---|---|---|",
    ]
    for level in LEVELS:
        for metric, name in METRICS.items():
            probe, lora = (REPORT[detector, level][metric] for detector in ("linear", "lora"))
            row = metric_row(level, metric)
            ours = [with_interval(row["detectors"][d], "value", ".3f") for d in ("linear", "lora")]
            gain = with_interval(row["differences"]["lora"], "value", "+.3f")
            cells = (f"{probe:.4f}", ours[0], f"{lora:.4f}", ours[1], f"{lora - probe:+.4f}", gain)
            lines.append(f"| {level} {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def twins_table() -> str:
    """AUC of the published scores, by what training has seen of the fakes."""
    lines = [f"| | {' | '.join(NAMES.values())} |", "|---|---|---|---|"]
    for level in LEVELS:
        for stratum, words in STRATA.items():
            found = cell_of(level, stratum)["detectors"]
            aucs = [with_interval(found[name], "auc", ".3f") for name in NAMES]
            lines.append(f"| {level} AUC, {words} | {' | '.join(aucs)} |")
        gaps = [with_interval(gap_of(level)["detectors"][name], "auc", "+.3f") for name in NAMES]
        lines.append(f"| {level} AUC, with minus without | {' | '.join(gaps)} |")
    return "\n".join(lines)
