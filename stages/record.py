"""Copy the large results of this run into metrics/, where git keeps them."""

import shutil
from itertools import product
from pathlib import Path

from clipforensics.core.faults import InputError, run_command
from clipforensics.core.params import read_section, read_value
from clipforensics.protocol.cells import Cell, Protocol

PARAMS = Path("params.yaml")
MADE = Path("data/metrics")
KEPT = Path("metrics")
AUDITS = ("leakage", "leakage/content", "leakage/faces")
WHOLE_RUN = (
    *("comparison.json", "controls.json", "explanations.json", "faces.json"),
    *("likelihood.json", "robustness.json"),
)


def main() -> None:
    """Copy the files of every cell that params.yaml names (never a glob), and those of the whole run."""
    protocol = read_section(PARAMS, "protocol", Protocol)
    detectors = read_value(PARAMS, "", "detectors", list)
    cells = [Cell(*c).name for c in product(protocol.splits, protocol.train_sets, protocol.seeds)]
    audited = protocol.splits, protocol.train_sets
    names = [
        *WHOLE_RUN,
        *(f"evaluate/{detector}/{cell}.json" for detector, cell in product(detectors, cells)),
        *(f"{folder}/{split}/{train_set}.json" for folder, split, train_set in product(AUDITS, *audited)),
    ]
    for name in names:
        copy(MADE / name, KEPT / name)
    print(f"{KEPT}: {len(names)} files")


def copy(source: Path, target: Path) -> None:
    """Copy the content alone: what DVC has linked into the workspace is read-only."""
    if not source.is_file():
        raise InputError(f"{source} does not exist; run `dvc repro`")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


if __name__ == "__main__":
    run_command(main)
