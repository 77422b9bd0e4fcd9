"""Validation AUC of every trained method at every learning rate of one grid.

How the rates in params.yaml were chosen on the sample, and how others can be on other footage:

    python -m benchmarks.learning_rates [METHOD ...]

Reads what `dvc repro` left of the run of params.yaml: frames, embeddings, and the train and validation
parts of the league's split (`league.table.validation_protocol`), first train set and seed. No test video of
that split is read. The best has the highest validation rank (video AUC, then frame AUC); of equals, the
lowest rate.
"""

import sys
import tempfile
from pathlib import Path

from clipforensics.adaptation.contract import find_detector
from clipforensics.comparison.league import validation_protocol
from clipforensics.core.faults import InputError, one_line_errors
from clipforensics.core.params import read_section, read_value
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.encoder.vision import EncoderSection
from clipforensics.frames.store import FrameStore
from clipforensics.protocol.cells import Protocol, by_protocol
from clipforensics.protocol.tables import read_split
from clipforensics.training.budget import TrainSection
from clipforensics.training.task import Task

PARAMS = Path("params.yaml")
RATES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
METHODS = (
    *("clip_adapter", "coop", "text_lora", "mlp"),
    *("lora", "layer_norm", "bitfit", "reprogramming", "effort", "last_blocks", "full"),
)


def make_task(scratch: Path) -> Task:
    """The league's cell without its test part."""
    protocol = read_section(PARAMS, "protocol", Protocol)
    protocols = by_protocol(protocol.splits, read_value(PARAMS, "split", "n_folds", int))
    split = protocols[validation_protocol(list(protocols))][0]
    frames, folder = (
        FrameStore.open(Path("data/frames")),
        Path("data/splits") / split / protocol.train_sets[0],
    )
    train, val = (frames.rows.labelled(read_split(folder / f"{part}.csv")) for part in ("train", "val"))
    encoder = read_section(PARAMS, "encoder", EncoderSection).model_dump()
    budget = read_section(PARAMS, "train", TrainSection)
    embeddings = EmbeddingStore(Path("data/embeddings"))
    return Task(frames, embeddings, train, val, encoder, budget, protocol.seeds[0], scratch)


def rank_at(method: str, rate: float) -> tuple[float, float]:
    """Validation (video AUC, frame AUC) of a training at this rate; (0, 0) if training refused."""
    found = find_detector(method)
    settings = read_section(PARAMS, f"methods.{method}", found.settings).model_copy(
        update={"learning_rate": rate}
    )
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder, "scratch")
        scratch.mkdir()
        try:
            return found.fit(make_task(scratch), settings, Path(folder, "weights")).rank
        except InputError as error:
            print(f"{method} at {rate:g}: {error}", file=sys.stderr)
            return 0.0, 0.0


def main(methods: list[str]) -> None:
    """Print a Markdown table, the chosen rate in bold."""
    print(
        "| method |", " | ".join(f"{rate:g}" for rate in RATES), "|\n|---|" + "--:|" * len(RATES), flush=True
    )
    if unknown := set(methods) - set(METHODS):
        raise InputError(f"{sorted(unknown)}: no method with a learning rate; there are {', '.join(METHODS)}")
    for method in methods or METHODS:
        ranks = [rank_at(method, rate) for rate in RATES]
        best = ranks.index(max(ranks))
        cells = [f"{video:.3f} ({frame:.3f})" for video, frame in ranks]
        if max(ranks) > (0, 0):
            cells[best] = f"**{cells[best]}**"
        print(f"| {method} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    with one_line_errors():
        main(sys.argv[1:])
