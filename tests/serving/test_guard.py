"""Who may talk to the server: names that are not ours and pages of other addresses may not."""

import asyncio
import json

import pytest

from clipforensics.serving.guard import Guard, is_loopback


def asked(method="GET", host="127.0.0.1:8000", *, listens="127.0.0.1", names=(), **headers):
    """The guard's answer: 200 if it let the request through."""
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.append(message)

    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    hosts = [(b"host", one.encode()) for one in ([host] if isinstance(host, str) else host)]
    scope = {"type": "http", "method": method, "scheme": "http", "headers": [*hosts, *given]}
    asyncio.run(Guard(app, host=listens, names=names)(scope, None, send))
    assert dict(sent[0]["headers"])[b"x-content-type-options"] == b"nosniff"
    if sent[0]["status"] != 200:
        assert json.loads(sent[1]["body"])["detail"]
    return sent[0]["status"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "localhost.", "[::1]:8000", "127.9.9.9"]
)
def test_this_machine_by_its_own_names_is_let_in(host):
    assert asked(host=host) == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.5:8000", "", "a b",
     "localhost:80:80", "localhost/x", "localhost@evil.example", "[::1", "127.0.0.1:8000,evil.example"],
)  # fmt: skip
def test_a_name_that_was_made_to_point_here_is_not(host):
    assert asked(host=host) == 400


def test_no_host_or_two_are_not():
    assert asked(host=[]) == 400
    assert asked(host=["localhost", "evil.example"]) == 400


def test_on_the_network_numbers_and_its_own_names_are_let_in_and_no_others():
    for host in ("192.168.1.5:8000", "[fe80::1]", "desk.lan", "DESK.lan:8000", "localhost"):
        assert asked(host=host, listens="0.0.0.0", names=["desk.lan"]) == 200
    assert asked(host="evil.example", listens="0.0.0.0", names=["desk.lan"]) == 400
    assert asked(host="192.168.1.5", names=["desk.lan"]) == 400  # where it listens to this machine alone


def test_behind_a_proxy_it_goes_by_the_name_that_it_was_given():
    assert asked("POST", host="desk.lan", names=["desk.lan"], origin="https://desk.lan") == 200
    assert asked("POST", host="desk.lan", names=["desk.lan"], origin="https://other.lan") == 403
    assert asked("POST", host="desk.lan") == 400


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
def test_pages_of_other_addresses_change_nothing(method):
    assert asked(method) == 200  # a program
    assert asked(method, origin="http://127.0.0.1:8000", sec_fetch_site="same-origin") == 200
    for origin in (
        "http://evil.example",
        "null",
        "http://[",
        "http://127.0.0.1:9000",
        "http://localhost:8000",
    ):
        assert asked(method, origin=origin) == 403
    for site in ("cross-site", "same-site"):
        assert asked(method, sec_fetch_site=site) == 403


def test_pages_of_other_addresses_may_ask_but_are_given_no_leave_to_read():
    assert asked("GET", origin="http://evil.example", sec_fetch_site="cross-site") == 200


def test_an_address_is_this_machines_alone_or_not():
    assert [is_loopback(one) for one in ("127.0.0.1", "::1", "[::1]", "localhost")] == [True] * 4
    assert [is_loopback(one) for one in ("0.0.0.0", "::", "10.0.0.1", "desk", "")] == [False] * 5
