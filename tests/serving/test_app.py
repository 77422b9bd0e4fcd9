"""The service without a network: its description, and what each of its records becomes."""

import asyncio
import json

import pytest

from clipforensics.serving.app import MEANINGS, Service, build_app, said, show, show_limits
from clipforensics.serving.faults import Refused
from clipforensics.serving.jobs import Desk, Job
from clipforensics.serving.limits import Limits
from clipforensics.serving.models import Job as JobShown
from clipforensics.serving.models import LimitsShown
from clipforensics.serving.page import Page
from clipforensics.serving.uploads import Upload

LIMITS = Limits(megabytes=1, seconds=5, time_limit=20, workers=1, waiting=0)


class Idle:
    """Stands for a worker that is ready."""

    is_alive = True

    def stop(self):
        self.is_alive = False

    kill = stop


@pytest.fixture
def desk():
    return Desk(LIMITS, [Idle()])


@pytest.fixture
def app(desk, tmp_path):
    return build_app(Service(desk, tmp_path, {"version": "1.2"}, "<p>card", Page.read()))


def ask(app, method, path, body=b"", **headers):
    """Status, headers and JSON of one request."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
        "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8000),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, json.loads(b"".join(one["body"] for one in sent[1:]))


def test_the_description_names_every_address_and_failure(app):
    paths = app.openapi()["paths"]
    assert {
        path: {method: sorted(told["responses"]) for method, told in of.items()} for path, of in paths.items()
    } == {
        "/healthz": {"get": ["200", "400"]},
        "/v1/model": {"get": ["200", "400"]},
        "/v1/score": {"post": ["200", "400", "403", "408", "413", "415", "422", "500", "503", "504"]},
        "/v1/jobs": {"post": ["202", "400", "403", "408", "413", "415", "422", "503"]},
        "/v1/jobs/{name}": {"get": ["200", "400", "404"], "delete": ["204", "400", "403", "404"]},
    }
    assert "HTTPValidationError" not in json.dumps(app.openapi())


def test_a_failure_is_described_with_its_meaning_and_busy_with_when_to_come_back():
    assert {status: one["description"] for status, one in said(*MEANINGS).items()} == MEANINGS
    assert [status for status, one in said(*MEANINGS).items() if "headers" in one] == [503]
    assert list(said(404)) == [400, 404]


@pytest.mark.parametrize(
    ("method", "path", "status", "error", "allow"),
    [
        ("GET", "/nothing", 404, "not found", None),
        ("GET", "/v1/jobs/", 404, "not found", None),
        ("GET", "/v1/jobs/x", 404, "unknown job", None),
        ("PUT", "/v1/jobs/x", 405, "not allowed", "DELETE, GET"),
        ("GET", "/v1/score", 405, "not allowed", "POST"),
    ],
)
def test_a_wrong_address_or_method_is_told(app, method, path, status, error, allow):
    found, headers, problem = ask(app, method, path)
    assert (found, problem["error"], headers.get("allow")) == (status, error, allow)


@pytest.mark.parametrize(("length", "closes"), [("100", False), (str(1 << 40), True), (None, True)])
def test_a_body_that_might_go_on_for_ever_is_not_waited_for(app, length, closes):
    headers = {} if length is None else {"content_length": length}
    status, found, problem = ask(app, "POST", "/v1/score", b"{}", content_type="application/json", **headers)
    assert (status, problem["error"]) == (415, "not multipart")
    assert (found.get("connection") == "close") is closes


def test_busy_says_when_to_come_back(app, desk):
    with desk.place():
        status, headers, problem = ask(app, "POST", "/v1/score")
    assert (status, problem["error"], headers["retry-after"]) == (503, "busy", "5")


def test_it_is_well_while_a_worker_lives(app, desk):
    assert ask(app, "GET", "/healthz")[2]["status"] == "ok"
    desk._workers[0].stop()
    assert ask(app, "GET", "/healthz")[2]["status"] == "no worker"


def test_limits_are_shown_as_described():
    shown = LimitsShown.model_validate(show_limits(LIMITS))
    assert (shown.megabytes, shown.seconds, shown.time_limit, shown.workers, shown.waiting) == (
        1,
        5,
        20,
        1,
        0,
    )


def test_a_job_that_failed_is_shown_with_its_reason_and_status(desk, tmp_path):
    job = Job(Upload(tmp_path / "upload", "a.mp4"), "here")
    desk.submit(job)
    waiting = JobShown.model_validate(show(desk, job))
    assert (waiting.name, waiting.state, waiting.before, waiting.status) == ("a.mp4", "waiting", 0, None)
    job.state, job.refusal = "failed", Refused(422, "unreadable", "is empty")
    failed = JobShown.model_validate(show(desk, job))
    assert (failed.status, failed.problem.error, failed.problem.detail) == (422, "unreadable", "is empty")
    assert failed.verdict is None
