"""`clipforensics serve --model MODEL`: a packaged detector as a page and a JSON service on this machine."""

import argparse
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

from clipforensics.arguments import positive, whole
from clipforensics.core.faults import InputError
from clipforensics.scoring.command import add_model_options
from clipforensics.scoring.places import find_package
from clipforensics.serving.guard import is_loopback
from clipforensics.serving.limits import Limits
from clipforensics.serving.scorer import Setting
from clipforensics.serving.worker import Worker

EXTRA = {
    "fastapi": "fastapi",
    "uvicorn": "uvicorn",
    "python_multipart": "python-multipart",
    "markdown_it": "markdown-it-py",
}
"""What this command needs beside the rest: module -> package."""

MODEL_OPTIONS = ("model", "revision", "encoder", "face_detector")


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until Ctrl-C.

    Raises:
        InputError: the model or the port cannot be had, or an optional package is missing.
    """
    given = parse(arguments)
    check_extra()
    from clipforensics.serving.running import run

    limits = Limits(given.max_megabytes, given.max_seconds, given.time_limit, given.workers, given.waiting)
    with closing(listen(given.host, given.port)) as sock, private_folder() as folder:
        print(f"loading the model {given.model} ...", flush=True)  # takes many seconds
        find_package(given.model, given.revision)  # a wrong name is told before anything is loaded
        workers = start_workers(given, folder, limits)
        try:
            announce(given.host, sock, limits, workers[0])
            run(workers, limits, folder, [given.host, *given.allow_host], sock)
        finally:
            for worker in workers:
                worker.kill()


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="clipforensics serve",
        description="A packaged detector as a page and a JSON service, here alone unless --host says else.",
        epilog="Uploads are deleted once scored, results forgotten within half an hour. Ctrl-C ends it.",
    )
    add_model_options(parser)
    limits = Limits()
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s: this machine alone)")
    add("--allow-host", action="append", default=[], metavar="NAME",
        help="name by which a proxy or others call it, beside addresses; may be given again")  # fmt: skip
    add("--port", type=port, default=8000, help="0: any that is free (%(default)s)")
    add("--max-megabytes", type=positive, default=limits.megabytes, metavar="N",
        help="largest upload (%(default)s)")  # fmt: skip
    add("--max-seconds", type=positive, default=limits.seconds, metavar="N",
        help="longest video (%(default)s)")  # fmt: skip
    add("--time-limit", type=positive, default=limits.time_limit, metavar="N",
        help="seconds of work on one video (%(default)s)")  # fmt: skip
    add("--workers", type=positive, default=limits.workers, metavar="N",
        help="videos scored at once, each by a process with a model of its own (%(default)s)")  # fmt: skip
    add("--waiting", type=whole, default=limits.waiting, metavar="N",
        help="videos that may wait; of more, one is refused (%(default)s)")  # fmt: skip
    return parser.parse_args(arguments)


def port(text: str) -> int:
    """A port, else ValueError or argparse's own error with the rule."""
    if not 0 <= (value := int(text)) < 1 << 16:
        raise argparse.ArgumentTypeError(f"must lie between 0 and 65535, is {text}")
    return value


def check_extra() -> None:
    """Whether the optional packages are there.

    Raises:
        InputError: one is not.
    """
    missing = [package for module, package in EXTRA.items() if find_spec(module) is None]
    if missing:
        raise InputError(
            f"`clipforensics serve` needs {', '.join(missing)}; run `pip install 'clipforensics[serve]'`"
        )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        InputError: it cannot.
    """
    sock = None
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError as error:
        if sock is not None:
            sock.close()
        raise InputError(
            f"--host {host} --port {port}: {error.strerror or error}; name another, or --port 0 for any"
        ) from error
    return sock


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for uploads that nobody else can enter (0700), gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="clipforensics-serve-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start_workers(given: argparse.Namespace, folder: Path, limits: Limits) -> list[Worker]:
    """Processes with the model loaded.

    Raises:
        InputError: it cannot be.
    """
    named = {name: getattr(given, name) for name in MODEL_OPTIONS}
    model = [f"--{name.replace('_', '-')}={value}" for name, value in named.items() if value is not None]
    model += ["--fetch"] if given.fetch else []
    workers = [Worker(Setting(model, folder, limits.seconds)) for _ in range(limits.workers)]
    try:
        with ThreadPoolExecutor(len(workers)) as threads:
            list(threads.map(Worker.start, workers))
    except BaseException:
        for worker in workers:
            worker.kill()
        raise
    return workers


def announce(host: str, sock: socket.socket, limits: Limits, worker: Worker) -> None:
    """Say where it is, and who can reach it."""
    model, number = worker.about["model"], sock.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    print(f"{model['model']} ({model['method']}) at http://{shown}:{number} (JSON: /openapi.json)")
    print(
        f"takes up to {limits.megabytes} MB, {limits.seconds} s; works on {limits.workers} at once, on each"
        f" at most {limits.time_limit} s; {limits.waiting} may wait. Ctrl-C ends it"
    )
    if model["is_toy"]:
        print("warning: this detector is a toy: it has only ever seen rendered cartoon faces")
    if not is_loopback(host):
        print(
            f"warning: --host {host} lets others on the network in: there is no login and no encryption;"
            " put a proxy with both before it",
            file=sys.stderr,
        )
    sys.stdout.flush()
