"""The addresses that the agent answers at. They show, and do nothing but to ask for a round before its time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from deployer.gitops.serve import hooks, views
from deployer.gitops.serve.board import Board
from deployer.gitops.serve.hosts import known_by
from deployer.gitops.serve.metrics import CONTENT_TYPE, Metrics
from deployer.render.graph import Graph
from deployer.render.plan_html import as_html

_BODIES_AT_ONCE = 8
_STREAMS_AT_ONCE = 100
_BODY_SECONDS = 10.0
_TICK = 0.5
_BEAT = 15.0

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Serving:
    """What is served. `wake` asks for a round before its time. `secret` is that of the webhook, empty where none is
    taken; `branch` and `tags` say what is followed; the agent is well while it did something within `patience` seconds;
    `hosts` are the names that it answers to, all where there are none.
    """

    board: Board
    metrics: Metrics
    wake: Callable[[], None]
    secret: bytes = b""
    branch: str = ""
    tags: bool = False
    patience: float = 3600.0
    hosts: frozenset[str] = frozenset()


def app_of(serving: Serving, stopping: Callable[[], bool] = lambda: False) -> Starlette:
    """The application; streams end where it is `stopping`."""
    deliveries = hooks.Deliveries()
    bodies, streams = asyncio.Semaphore(_BODIES_AT_ONCE), asyncio.Semaphore(_STREAMS_AT_ONCE)
    board = serving.board

    async def overview(_: Request) -> Response:
        return _page(views.overview(board.now(), time.time()))

    async def log(_: Request) -> Response:
        return _page(views.log(board.now(), time.time()))

    async def stack(request: Request) -> Response:
        shown = board.now()
        found = views.find(shown, request.path_params["path"])
        if found is None:
            return _page(views.missing(shown, time.time()), HTTPStatus.NOT_FOUND)
        return _page(views.of_stack(shown, found, time.time()))

    async def plan(request: Request) -> Response:
        shown = board.now()
        found = views.find(shown, request.path_params["path"])
        if found is None or found.plan is None:
            return _page(views.missing(shown, time.time()), HTTPStatus.NOT_FOUND)
        # This page brings its own policy.
        return HTMLResponse(as_html(found.plan, found.graph or Graph(found.plan.stack, (), ())), headers=_HEADERS)

    async def api(_: Request) -> Response:
        return JSONResponse(views.as_object(board.now()), headers=_HEADERS)

    async def api_stack(request: Request) -> Response:
        shown = board.now()
        found = views.find(shown, request.path_params["path"])
        if found is None:
            return JSONResponse({"error": "no such stack"}, HTTPStatus.NOT_FOUND, _HEADERS)
        return JSONResponse(views.stack_as_object(found), headers=_HEADERS)

    async def healthz(_: Request) -> Response:
        silent = board.silent()
        if silent > serving.patience:
            return PlainTextResponse(f"nothing was done for {silent:.0f} seconds\n", HTTPStatus.SERVICE_UNAVAILABLE)
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        if not board.now().status.synced:
            return PlainTextResponse("the repository was not reached yet\n", HTTPStatus.SERVICE_UNAVAILABLE)
        return PlainTextResponse("ok\n")

    async def metrics(_: Request) -> Response:
        return Response(serving.metrics.text(), headers={"content-type": CONTENT_TYPE})

    async def events(_: Request) -> Response:
        if streams.locked():
            return _refused(HTTPStatus.TOO_MANY_REQUESTS)
        return StreamingResponse(_changes(board, streams, stopping), media_type="text/event-stream", headers=_HEADERS)

    async def hook(request: Request) -> Response:
        if not serving.secret:
            return _refused(HTTPStatus.NOT_FOUND)
        if bodies.locked():
            return _refused(HTTPStatus.TOO_MANY_REQUESTS)
        async with bodies:
            body = await _body(request)
        if isinstance(body, HTTPStatus):
            return _refused(body)
        headers = {name.lower(): value for name, value in request.headers.items()}
        if not hooks.is_genuine(headers, body, serving.secret):
            return _refused(HTTPStatus.UNAUTHORIZED)
        if not deliveries.is_new(body, serving.secret):
            return PlainTextResponse("this was delivered before\n")
        refs = hooks.refs_of(headers, body)
        if refs is None or not hooks.concerns(refs, serving.branch, serving.tags):
            return PlainTextResponse("nothing that is followed was pushed\n")
        serving.wake()
        return PlainTextResponse("a round follows\n", HTTPStatus.ACCEPTED)

    return Starlette(
        routes=[
            Route("/", overview),
            Route("/log", log),
            Route("/stacks/{path:path}", stack),
            Route("/plans/{path:path}", plan),
            Route("/page.css", _static("page.css", "text/css")),
            Route("/page.js", _static("page.js", "text/javascript")),
            Route("/api/stacks", api),
            Route("/api/stacks/{path:path}", api_stack),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            Route("/events", events),
            Route("/hooks", hook, methods=["POST"]),
        ],
        middleware=[Middleware(known_by, serving.hosts)],
    )


def _page(text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return HTMLResponse(text, status, {**_HEADERS, "content-security-policy": _POLICY})


def _static(name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def part(_: Request) -> Response:
        return Response(views.part(name), media_type=kind, headers=_HEADERS)

    return part


def _refused(status: HTTPStatus) -> Response:
    headers = {"retry-after": "1"} if status is HTTPStatus.TOO_MANY_REQUESTS else {}
    return PlainTextResponse(f"{status.phrase.lower()}\n", status, headers)


async def _body(request: Request) -> bytes | HTTPStatus:
    """The body, or why it is not read to its end."""
    said = request.headers.get("content-length", "0")
    if not said.isdecimal() or int(said) > hooks.LARGEST:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    found = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                found += chunk
                if len(found) > hooks.LARGEST:
                    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    except (TimeoutError, ClientDisconnect):
        return HTTPStatus.REQUEST_TIMEOUT
    return bytes(found)


async def _changes(board: Board, streams: asyncio.Semaphore, stopping: Callable[[], bool]) -> AsyncIterator[str]:
    """A line whenever the board is another one, and one now and then, so that whoever is gone is noticed."""
    async with streams:
        told, beat = -1, 0.0
        while not stopping():
            number = board.now().number
            if number != told:
                told, beat = number, time.monotonic()
                yield f"data: {number}\n\n"
            elif time.monotonic() - beat > _BEAT:
                beat = time.monotonic()
                yield ": here\n\n"
            await asyncio.sleep(_TICK)
