"""Variables of the environment that say how this machine works: each is read by some stage, perhaps late."""

import os

from clipforensics.check.problems import Problems
from clipforensics.machine import kept, workers
from clipforensics.machine.cluster import choosing
from clipforensics.machine.cluster.joining import check_installed
from clipforensics.machine.cluster.mapping import ASKS
from clipforensics.machine.devices import choose_device
from clipforensics.training import launching


def check_environment(problems: Problems) -> None:
    """Ask each variable as the stages will; nothing is joined or started.

    Args:
        problems: Receives what is wrong.
    """
    for ask in (
        workers.n_workers,
        _engine,
        kept.limit,
        choose_device,
        lambda: launching.launcher(os.environ),
    ):
        with problems.caught():
            ask()


def _engine() -> None:
    if choosing.engine() == choosing.RAY:
        check_installed(ASKS)
