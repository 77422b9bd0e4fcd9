"""The server itself: uvicorn over the service, until a signal ends it."""

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from clipforensics.serving.app import Service, build_app
from clipforensics.serving.guard import Guard
from clipforensics.serving.jobs import Desk
from clipforensics.serving.limits import Limits
from clipforensics.serving.page import Page
from clipforensics.serving.worker import Worker

GRACE = 3
"""Seconds that answers under way may still take once the server is stopped."""


def run(
    workers: Sequence[Worker], limits: Limits, folder: Path, hosts: Sequence[str], sock: socket.socket
) -> None:
    """Answer requests until a signal ends it; the workers are dead then.

    Args:
        workers: Started.
        limits: Of the server.
        folder: For uploads.
        hosts: As the socket was asked for; then other names by which it is called.
        sock: Bound.
    """
    import uvicorn

    about, desk = workers[0].about, Desk(limits, workers)
    app = build_app(Service(desk, folder, about["model"], about["card"], Page.read()))
    config = uvicorn.Config(
        Guard(app, host=hosts[0], names=hosts[1:]),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
        ws="none",
    )
    with asyncio.Runner() as runner, contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it at its end
        loop = runner.get_loop()

        class Server(uvicorn.Server):
            """Lets nobody wait for a result once it is told to end: it would wait for them."""

            def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                super().handle_exit(sig, frame)
                loop.call_soon_threadsafe(desk.stop)

        runner.run(Server(config).serve(sockets=[sock]))
