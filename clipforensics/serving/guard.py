"""Who may talk to the server: pages of other addresses may not, whatever name they give themselves.

There is no login. What stands between a web page elsewhere and this server is that browsers say whose page
sends a request (Origin, Sec-Fetch-Site), and which name it was sent to (Host): a name that was made to point
here (DNS rebinding) is none of ours.
"""

import ipaddress
import json
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from clipforensics.serving.faults import Refused

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Of every answer; the page has a policy of its own."""

Scope = Mapping[str, Any]
App = Callable[..., Any]


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def is_address(host: str) -> bool:
    """Whether it is a number, which nobody can make point elsewhere."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


class Guard:
    """ASGI middleware: checks the request's Host and Origin, and puts `HEADERS` on every answer."""

    def __init__(self, app: App, *, host: str, names: Iterable[str] = ()) -> None:
        """Guard an app.

        Args:
            app: It.
            host: Address or name that the server listens on.
            names: By which it may be called as well.
        """
        self._app, self._local = app, is_loopback(host)
        own = () if self._local else (socket.gethostname(),)
        self._names = {name.lower() for name in (host, *names, *own)}

    async def __call__(self, scope: Scope, receive: App, send: App) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with_headers = _adding(send)
        try:
            self._check(scope)
        except Refused as refusal:
            await _refuse(refusal, with_headers)
            return
        await self._app(scope, receive, with_headers)

    def _check(self, scope: Scope) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        host = headers.get("host", "")
        if len(hosts) != 1 or not self._is_ours(_name_of(host)):
            raise Refused(
                400, "bad host", "the Host header names another machine; use the address that was printed"
            )
        if scope["method"] in SAFE:
            return
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        elsewhere = origin is not None and origin.partition("://")[2].lower() != host.lower()
        if elsewhere or site not in ("same-origin", "none"):
            raise Refused(403, "cross-origin", "it was sent by a page of another address")

    def _is_ours(self, name: str) -> bool:
        if is_loopback(name) or name in self._names:
            return True
        return not self._local and is_address(name)


def _name_of(host: str) -> str:
    """Without the port; empty where it is no host."""
    try:
        found = urlsplit(f"//{host}")
        _ = found.port
    except ValueError:
        return ""
    if found.path or found.query or found.fragment or found.username is not None:
        return ""
    return (found.hostname or "").rstrip(".")


def _adding(send: App) -> App:
    async def sending(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message.get("headers", ())}
            added = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in there]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return sending


async def _refuse(refusal: Refused, send: App) -> None:
    body = json.dumps(refusal.to_dict()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
               (b"connection", b"close")]  # fmt: skip
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
