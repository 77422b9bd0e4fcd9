"""Join the user's Ray cluster, or say in one line why that cannot be."""

import logging
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from clipforensics.core.faults import InputError

ADDRESS = "RAY_ADDRESS"
"""Ray's own variable; unset or `auto`: the cluster that this machine is a node of."""

OUT_OF_MEMORY = ("RAY_task_oom_retries", "3")
"""Ray's own: times that a task is done again that its memory monitor killed.

Unset it is for ever, whatever else is said of retries, so a video that fills a node would never be given up.
"""

SECONDS = 5.0
"""How long the cluster's port may take to answer."""

WANTS_IT = (
    "the cluster wants a token, or another one: export RAY_AUTH_MODE=token, and the cluster's own as"
    " RAY_AUTH_TOKEN or in the file RAY_AUTH_TOKEN_PATH"
)


def join() -> Any:
    """The module `ray`, connected to the cluster that RAY_ADDRESS names.

    A process that has joined one already stays there.

    Raises:
        InputError: Ray is not installed, no cluster answers, or it does not let us in.
    """
    os.environ.setdefault(*OUT_OF_MEMORY)  # read when Ray is loaded
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise InputError(
            f"CLIPFORENSICS_ENGINE is ray, and Ray cannot be loaded ({error});"
            " `pip install 'clipforensics[ray]'`, or unset it"
        ) from error
    for handler in logging.getLogger("ray.data").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setLevel(logging.CRITICAL)  # what it says is in Ray's own logs
    if not ray.is_initialized():
        address = os.environ.get(ADDRESS, "").strip() or "auto"
        _check_answers(address)
        _init(ray, address)
    return ray


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


def _init(ray: Any, address: str) -> None:
    with _captured() as said:
        try:
            ray.init(address=address, logging_level=logging.WARNING, log_to_driver=False)
        except (Exception, SystemExit) as error:  # Ray raises whatever it meets, and ends what it gave up
            why = _why(error, said())
            raise InputError(f"the Ray cluster at {address} cannot be joined: {why}") from error


def _why(error: BaseException, said: str) -> str:
    if "Auth" in said or "uthentication" in f"{type(error)} {error}":
        return WANTS_IT
    if "Could not find any running" in str(error):
        return f"none runs on this machine; start one (`ray start --head`), or set {ADDRESS}"
    return f"{' '.join(str(error).split())[:300]}; is it of the same version, {_version()}?"


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
