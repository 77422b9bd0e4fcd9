"""Training runs in processes of their own: forks of servers that have imported what every run needs.

Importing takes seconds, a run less than one. A fork of a process that has only imported starts as clean as
a new one, and what it changes (patched classes, environment, random state) ends with it. But forks of one
server hash strings alike and have numpy's unseeded generator in one state, which could hide that numbers
hang on it: so there are two servers, which take turns, and of two processes that train together each has its
own.
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch.distributed as dist

from clipforensics.adaptation import activations, pixel_training
from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.training.processes import together
from clipforensics.training.validation import Validation
from tests.support.pixel_methods import fast_settings, pixels_of, trained_model
from tests.support.repository import ROOT
from tests.support.training_tasks import Bench

TOO_LONG = 300
"""Seconds after which a run is ended: a peer that waits for a dead process fails its test, and no more."""


class Launcher:
    """Starts runs of one process or of several that train together, as torchrun does."""

    def __init__(self) -> None:
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("CLIPFORENSICS_", "DVC_"))}
        self.servers = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.support.train_apart"],
                cwd=ROOT,
                # bfloat16 on processors that report more than they can do
                env={**keep, "OMP_NUM_THREADS": "1", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            for _ in range(2)
        ]

    def run(self, folder: Path, options: dict[str, Any], *, processes: int = 1) -> list[int]:
        """Train in this folder with options as `train` takes them; exit codes in the order of the ranks.

        What the processes print goes to `printed-RANK.txt` of the folder.
        """
        self.servers.reverse()
        if processes == 1:
            return self._run(folder, options, [{}])
        # As torchrun: the store where they meet is the launcher's, at a port that the system chooses
        store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
        common = {
            "WORLD_SIZE": processes,
            "LOCAL_WORLD_SIZE": processes,
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": store.port,
            "TORCHELASTIC_USE_AGENT_STORE": True,
            "TORCHELASTIC_RESTART_COUNT": 0,
        }
        ranks = [{**common, "RANK": rank, "LOCAL_RANK": rank} for rank in range(processes)]
        return self._run(folder, options, ranks)

    def _run(self, folder: Path, options: dict[str, Any], ranks: list[dict[str, Any]]) -> list[int]:
        servers = self.servers[: len(ranks)]
        for server, rank in zip(servers, ranks, strict=True):
            environment = {name: str(value) for name, value in rank.items()}
            server.stdin.write(json.dumps([str(folder), options, environment]) + "\n")
            server.stdin.flush()
        return [int(server.stdout.readline()) for server in servers]

    def close(self) -> None:
        """End the servers and whatever they have started."""
        for server in self.servers:
            os.killpg(server.pid, signal.SIGKILL)
            server.communicate()


@contextmanager
def launching() -> Iterator[Launcher]:
    """A launcher whose servers are ended with the block."""
    launcher = Launcher()
    try:
        yield launcher
    finally:
        launcher.close()


def serve() -> None:
    """Fork a run for each line of the standard input, and answer with its exit code."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            become(*json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def become(folder: str, options: dict[str, Any], environment: dict[str, str]) -> NoReturn:
    """Be the process of a run: its environment, its output, its end."""
    signal.alarm(TOO_LONG)
    os.environ.update(environment)
    code = 1
    with (Path(folder) / f"printed-{environment.get('RANK', 0)}.txt").open("w") as printed:
        for stream in (1, 2):
            os.dup2(printed.fileno(), stream)
    try:
        train(Path(folder), options)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)  # as forked processes end: to take down all that was imported would take a second


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


def train(folder: Path, options: dict[str, Any]) -> None:
    """Train with scratch in FOLDER/scratch, whichever run fills it.

    The first process leaves scores of all frames and the learning curve in FOLDER/found.npz.

    Args:
        folder: Exists.
        options: `name` of the method, `settings` and `pixels` that differ from the shipped ones, and `dies`:
            [process, call, where] that is killed by the system at that call of `rank` (validation) or
            `below` (filling the cache).
    """
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
    serve()
