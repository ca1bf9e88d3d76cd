"""The names that the agent answers to. Where it listens on this machine alone, a page from elsewhere, whose name was
made to mean this machine (DNS rebinding), could read what is shown here: it comes with that name.
"""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


def known_by(app: ASGIApp, names: Collection[str]) -> ASGIApp:
    """The same, for who asks for one of these names in `Host`, without a port; for all, where there are none."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        host = Headers(scope=scope).get("host", "") if scope["type"] == "http" else ""
        if not names or scope["type"] != "http" or _name(host) in names:
            await app(scope, receive, send)
            return
        known = ", ".join(sorted(names))
        text = (
            f"this listens on its own machine alone, and answers to {known}, not to {host!r}:\n"
            "let the proxy send one of these as Host, or give --listen an address that is not the loopback's\n"
        )
        await PlainTextResponse(text, HTTPStatus.BAD_REQUEST)(scope, receive, send)

    return answer


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
