"""Join the user's Ray cluster or begin one of this machine alone, or say in one line why that cannot be."""

import importlib.util
import logging
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from clipforensics.core.faults import InputError

ADDRESS = "RAY_ADDRESS"
"""Ray's own variable; `auto`: the cluster that this machine is a node of."""

OUT_OF_MEMORY = ("RAY_task_oom_retries", "3")
"""Ray's own: times that a task is done again that its memory monitor killed.

Unset it is for ever, whatever else is said of retries, so a video that fills a node would never be given up.
"""

ALONE = "local"
"""The address by which Ray begins a cluster of this machine."""

OF_ITS_OWN = {
    "RAY_AUTH_MODE": "token",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # by which Ray listens on 127.0.0.1 only, on Linux too
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_prestart_worker_first_driver": "0",  # or it would begin a process for each processor
}
"""Ray's own, for such a one."""

STORE = 80 * 2**20
"""Bytes of its store of objects, about the least that Ray allows."""

LONGEST = 28
"""Characters that a temporary folder may have for it: Ray puts sockets in it, whose paths must be short."""

SECONDS = 5.0
"""How long the cluster's port may take to answer."""

WANTS_IT = (
    "the cluster wants a token, or another one: export RAY_AUTH_MODE=token, and the cluster's own as"
    " RAY_AUTH_TOKEN or in the file RAY_AUTH_TOKEN_PATH"
)


def check_installed(asks: str) -> None:
    """
    Args:
        asks: Who wants Ray, in words.

    Raises:
        InputError: it is not installed.
    """
    if importlib.util.find_spec("ray") is None:
        raise _missing(asks, "it is not installed")


def load(asks: str, module: str = "ray") -> Any:
    """Ray, or a module of its; nothing of it is loaded before somebody asks.

    Args:
        asks: Who does, in words.
        module: Its name.

    Raises:
        InputError: it is not installed.
    """
    os.environ.setdefault(*OUT_OF_MEMORY)  # read when Ray is loaded
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise _missing(asks, error) from error


def _missing(asks: str, why: object) -> InputError:
    return InputError(f"{asks}, and Ray cannot be loaded ({why}); `pip install 'clipforensics[ray]'`")


def join(asks: str) -> Any:
    """The module `ray`, connected to the cluster that RAY_ADDRESS names.

    A process that has joined one already stays there.

    Args:
        asks: As for `load`.

    Raises:
        InputError: Ray is not installed, no cluster answers, or it does not let us in.
    """
    ray = load(asks)
    if not ray.is_initialized():
        address = os.environ.get(ADDRESS, "").strip() or "auto"
        _check_answers(address)
        _init(ray, address)
    return ray


@contextmanager
def joined_or_begun(asks: str, cpus: int) -> Iterator[Any]:
    """The module `ray`, connected to the cluster that RAY_ADDRESS names or, where it is unset, to a new one.

    That one is this machine alone; it ends with the body, and nobody else reaches it.

    Args:
        asks: As for `load`.
        cpus: Processors that it has to give; its GPUs are those that CUDA_VISIBLE_DEVICES leaves, or all.

    Raises:
        InputError: as `join`, or Ray does not start.
    """
    own = not os.environ.get(ADDRESS, "").strip()
    if own:
        os.environ.update(OF_ITS_OWN, RAY_AUTH_TOKEN=secrets.token_hex(16))  # read when Ray is loaded
    ray = load(asks)
    short = "/tmp" if len(tempfile.gettempdir()) > LONGEST else None  # as Ray itself takes it on a Mac  # noqa: S108
    with tempfile.TemporaryDirectory(prefix="ray", dir=short, ignore_cleanup_errors=True) as folder:
        try:
            if own:
                size = {"num_cpus": cpus, "object_store_memory": STORE}
                _init(ray, ALONE, include_dashboard=False, _temp_dir=folder, **size)
            yield join(asks)
        finally:
            ray.shutdown()


def where() -> str:
    """On which Ray `joined_or_begun` works, in words."""
    address = os.environ.get(ADDRESS, "").strip()
    return f"on the Ray cluster of {ADDRESS} {address}" if address else "on this machine alone"


def _check_answers(address: str) -> None:
    """Before Ray tries for two minutes."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if "/" in address or not host or not port.isdigit():
        raise InputError(
            f"{ADDRESS} is {address!r}; it must be host:port of the cluster's head, such as 10.0.0.1:6379, or"
            " unset on a node of the cluster"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS).close()
    except OSError as error:
        raise InputError(
            f"no Ray cluster answers at {ADDRESS} {address} ({error}); start it (`ray start --head`), or"
            " correct the address"
        ) from error


def _init(ray: Any, address: str, **options: Any) -> None:
    with _captured() as said:
        try:
            ray.init(address=address, logging_level=logging.WARNING, log_to_driver=False, **options)
        except (Exception, SystemExit) as error:  # Ray raises whatever it meets, and ends what it gave up
            if address == ALONE:
                raise InputError(f"Ray does not start on this machine: {_in_a_line(error)}") from error
            raise InputError(
                f"the Ray cluster at {address} cannot be joined: {_why(error, said())}"
            ) from error


def _why(error: BaseException, said: str) -> str:
    if "Auth" in said or "uthentication" in f"{type(error)} {error}":
        return WANTS_IT
    if "Could not find any running" in str(error):
        return f"none runs on this machine; start one (`ray start --head`), or set {ADDRESS}"
    return f"{_in_a_line(error)}; is it of the same version, {_version()}?"


def _in_a_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]


def _version() -> str:
    return str(sys.modules["ray"].__version__)


@contextmanager
def _captured() -> Iterator[Any]:
    """Hold back what libraries below Python write to stderr; gives a function that says it."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)

        def said() -> str:
            file.seek(0)
            return file.read().decode(errors="replace")

        try:
            yield said
        finally:
            os.dup2(kept, 2)
            os.close(kept)
