"""A training run of its own: `python -m tests.support.train_apart FOLDER OPTIONS`, or under torchrun.

OPTIONS is JSON: `name` of the method, `settings` and `pixels` that differ from the shipped ones, and `dies`:
[process, call, where] that is killed by the system at that call of `rank` (validation) or `below` (filling
the cache). The first process leaves scores of all frames and the learning curve in FOLDER/found.npz. Scratch
is FOLDER/scratch, whichever run fills it.
"""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np

from clipforensics.adaptation import activations, pixel_training
from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.training.processes import together
from clipforensics.training.validation import Validation
from tests.support.pixel_methods import fast_settings, pixels_of, trained_model
from tests.support.training_tasks import Bench


def die_at(call: int, where: str) -> None:
    """Kill this process in the call of that number, from 1."""
    owner = Validation if where == "rank" else AdaptedEncoder
    calls, method = [], getattr(owner, where)

    def run_or_die(self, *args):
        calls.append(1)
        if len(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(self, *args)

    setattr(owner, where, run_or_die)


def main(folder: Path, options: dict) -> None:
    pixel_training.SCORE_BATCH = activations.BATCH = 4  # several batches for the processes to share
    activations.TOGETHER = 2
    bench = Bench.make(folder / str(os.getpid()))  # alike everywhere; transformers saves in one process only
    with together() as processes:
        if options.get("dies", [-1])[0] == processes.rank:
            die_at(*options["dies"][1:])
        name = options["name"]
        settings = fast_settings(name, **options.get("settings", {}))
        model, progress = trained_model(
            name,
            bench,
            folder / "scratch",
            settings=settings,
            processes=processes,
            **options.get("pixels", {}),
        )
        rows = bench.everything
        scores = pixel_training.score_rows(model, lambda part: pixels_of(bench)[part], rows)
        if processes.first:
            curve = [list(row.values()) for row in progress.curve]
            np.savez(folder / "found.npz", scores=scores, curve=curve, processes=processes.count)


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
