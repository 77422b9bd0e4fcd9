"""The service: its addresses, what each answers, and OpenAPI of both."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipforensics.serving.faults import Refused
from clipforensics.serving.jobs import KEPT, KEPT_SECONDS, Desk
from clipforensics.serving.jobs import Job as Work
from clipforensics.serving.limits import MAX_PIXELS, Limits
from clipforensics.serving.models import Answer, Health, Job, Model, Problem
from clipforensics.serving.page import Page
from clipforensics.serving.uploads import FIELD, receive

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

ABOUT = """
What a packaged detector says of a video: opinion, evidence as a likelihood ratio, score, and why none.
An opinion is no proof; the model's limits are under `/v1/model`.
"""

ABOUT_PRIOR = "Share of manipulated videos among those in question, for the probability."

FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [FIELD],
                "properties": {
                    FIELD: {"type": "string", "format": "binary", "description": "Video or picture."}
                },
            }
        }
    },
}

MEANINGS = {
    400: "The form is broken, or holds no file; or the Host header is another machine's",
    403: "Sent by a page of another address",
    404: "No such job, or no longer kept",
    408: "The upload stopped coming",
    413: "Larger than is taken",
    415: "No form",
    422: "Unreadable, too long, or frames too large; or `prior` is no share",
    500: "The process that scored it died",
    503: "Busy: too many under way; or the server is being stopped",
    504: "Not done within the time limit",
}


@dataclass(frozen=True)
class Service:
    """What the app answers from.

    Attributes:
        desk: Where jobs go.
        folder: For uploads.
        model: As `models.Model`, without limits.
        card: Of the model, HTML.
        page: The page.
    """

    desk: Desk
    folder: Path
    model: Mapping[str, Any]
    card: str
    page: Page


def build_app(service: Service) -> "FastAPI":
    """The service as an ASGI app; works while its lifespan does."""
    from fastapi import FastAPI

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        service.desk.open()
        yield
        await service.desk.close()

    class App(FastAPI):
        def openapi(self) -> dict[str, Any]:
            return _cleared(super().openapi())

    app = App(
        title="clipforensics",
        description=ABOUT,
        version=service.model["version"],
        lifespan=living,
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    _add_faults(app, service.desk.limits)
    _add_about(app, service)
    _add_scoring(app, service)
    _add_jobs(app, service)
    return app


def said(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI of these failures."""
    found: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem, "description": MEANINGS[status]} for status in (400, *statuses)
    }
    if 503 in statuses:
        found[503]["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        }
    return found


def _add_faults(app: "FastAPI", limits: Limits) -> None:
    from fastapi import Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from starlette.exceptions import HTTPException

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        headers = {"retry-after": "5"} if error.status == 503 else {}
        if request.method == "POST" and not _is_short(request, limits):
            headers["connection"] = "close"
        return JSONResponse(error.to_dict(), error.status, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        return JSONResponse({"error": "bad request", "detail": f"{where}: {first['msg']}"}, 422)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> JSONResponse:
        word = {404: "not found", 405: "not allowed"}.get(error.status_code, "bad request")
        headers = {"allow": _allowed(app, request.url.path)} if error.status_code == 405 else error.headers
        return JSONResponse({"error": word, "detail": str(error.detail)}, error.status_code, headers)


def _is_short(request: "Request", limits: Limits) -> bool:
    """Whether what is left of a body may be thrown away as it comes, so that its sender can read the answer.

    Of any other the connection is closed: it might go on for ever.
    """
    length = request.headers.get("content-length", "")
    return length.isascii() and length.isdigit() and int(length) <= 4 * limits.n_bytes


def _allowed(app: "FastAPI", path: str) -> str:
    """Methods of an address, over all its routes."""
    from starlette.routing import Route

    routes = (route for route in app.routes if isinstance(route, Route))
    return ", ".join(sorted({m for r in routes if r.path_regex.fullmatch(path) for m in r.methods or ()}))


def _add_about(app: "FastAPI", service: Service) -> None:
    from fastapi.responses import HTMLResponse, JSONResponse, Response

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page() -> Response:
        return HTMLResponse(service.page.html, headers={"content-security-policy": service.page.policy})

    @app.get("/card", response_class=HTMLResponse, include_in_schema=False)
    async def card() -> Response:
        return HTMLResponse(service.card)

    @app.get("/healthz", response_model=Health, responses=said(), summary="Whether videos are taken")
    async def health() -> Response:
        counts = service.desk.counts
        status = "ok" if counts["workers"] else "no worker"
        return JSONResponse({"status": status, **counts})

    @app.get("/v1/model", response_model=Model, responses=said(), summary="Which detector, and its limits")
    async def model() -> Response:
        return JSONResponse({**service.model, "limits": show_limits(service.desk.limits)})


def show_limits(limits: Limits) -> dict[str, int]:
    """As `models.LimitsShown`."""
    return {
        "megabytes": limits.megabytes,
        "seconds": limits.seconds,
        "time_limit": limits.time_limit,
        "max_pixels": MAX_PIXELS,
        "workers": limits.workers,
        "waiting": limits.waiting,
        "kept": KEPT,
        "kept_seconds": KEPT_SECONDS,
    }


def _add_scoring(app: "FastAPI", service: Service) -> None:
    from fastapi import Query, Request
    from fastapi.responses import JSONResponse, Response

    desk = service.desk

    @app.post(
        "/v1/score",
        response_model=Answer,
        responses=said(403, 408, 413, 415, 422, 500, 503, 504),
        openapi_extra={"requestBody": FORM},
        summary="Score a video, and wait for it",
    )
    async def score(
        request: Request, prior: float | None = Query(None, gt=0, lt=1, description=ABOUT_PRIOR)
    ) -> Response:
        job = await _received(request, service, prior, draw=False)
        try:
            await _unless_gone(request, job.over.wait())
        finally:
            desk.drop(job)
        if job.answer is None:
            assert job.refusal is not None
            raise job.refusal
        return JSONResponse(job.answer["verdict"])


def _add_jobs(app: "FastAPI", service: Service) -> None:
    from fastapi import Query, Request
    from fastapi.responses import JSONResponse, Response

    desk = service.desk

    @app.post(
        "/v1/jobs",
        status_code=202,
        response_model=Job,
        responses=said(403, 408, 413, 415, 422, 503),
        openapi_extra={"requestBody": FORM},
        summary="Have a video scored, with figures; ask for it at its id",
    )
    async def begin(
        request: Request, prior: float | None = Query(None, gt=0, lt=1, description=ABOUT_PRIOR)
    ) -> Response:
        job = await _received(request, service, prior, draw=True)
        return JSONResponse(show(desk, job), 202, {"location": f"/v1/jobs/{job.id}"})

    @app.get(
        "/v1/jobs/{name}", response_model=Job, responses=said(404), summary="How far it is, or its result"
    )
    async def state(name: str) -> Response:
        return JSONResponse(show(desk, desk.find(name)))

    @app.delete(
        "/v1/jobs/{name}", status_code=204, responses=said(403, 404), summary="End its work and forget it"
    )
    async def end(name: str) -> Response:
        desk.drop(desk.find(name))
        return Response(status_code=204)


def show(desk: Desk, job: Work) -> dict[str, Any]:
    """A job as `models.Job`."""
    answer, refusal = job.answer or {}, job.refusal
    return {
        "id": job.id,
        "name": job.upload.name,
        "state": job.state,
        "before": desk.before(job),
        "stage": job.stage,
        "seconds": round(job.seconds, 3),
        "verdict": answer.get("verdict"),
        "words": answer.get("words"),
        "figures": answer.get("figures"),
        "problem": refusal.to_dict() if refusal else None,
        "status": refusal.status if refusal else None,
    }


async def _received(request: "Request", service: Service, prior: float | None, *, draw: bool) -> Work:
    from starlette.requests import ClientDisconnect

    headers = request.headers
    with service.desk.place(), _told(ClientDisconnect):
        upload = await receive(
            request.stream(),
            headers.get("content-type", ""),
            headers.get("content-length"),
            service.folder,
            service.desk.limits,
        )
        client = request.client.host if request.client else ""
        job = Work(upload, client, prior, draw)
        service.desk.submit(job)
    return job


@contextmanager
def _told(gone: type[Exception]) -> Iterator[None]:
    """Of a client that is gone nothing is logged."""
    try:
        yield
    except gone as error:
        raise Refused(408, "upload stalled", "the client went away") from error


async def _unless_gone(request: "Request", waiting: Awaitable[Any]) -> None:
    """Wait, but not longer than the client does."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    tasks = [asyncio.ensure_future(waiting), asyncio.ensure_future(gone())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _cleared(found: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI without what FastAPI adds by itself and this service never answers."""
    for path in found["paths"].values():
        for operation in path.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        found["components"]["schemas"].pop(name, None)
    return found
