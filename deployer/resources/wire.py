"""What crosses the engine's edge: its JSON, and the few shapes that are made of its answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from deployer.errors import Diagnostic, OperationFailed

Json = Mapping[str, Any]
"""A body or an answer of the Engine API, as it is on the wire."""

_LOOPBACK = re.compile(r"127(?:\.\d{1,3}){3}")


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Where the engine is, what it speaks, and its own platform, "" where it does not say.

    `taken` is when its answers were kept that are given in its place, "" where it answers itself.
    """

    host: str
    version: str
    api: str
    platform: str = ""
    taken: str = ""

    @property
    def is_here(self) -> bool:
        """Whether its host is this machine, by its address alone: a socket, or the loopback, whatever the way there.

        What forwards a port or a socket to another machine cannot be told from that. A revision in git, in the place of
        an engine, is here.
        """
        return self.host.startswith(("unix://", "git:")) or is_loopback(urlsplit(self.host).hostname or "")

    def speaks(self, since: str) -> bool:
        """Whether it has what came with the version `since` of the API, such as 1.44; "" came with all."""
        return not since or api_version(self.api) >= api_version(since)


def api_version(text: str) -> tuple[int, ...]:
    """`1.44` as what can be compared. Raises ValueError for what is none."""
    return tuple(int(part) for part in text.split("."))


def is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or bool(_LOOPBACK.fullmatch(host))


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a container wrote, without its line end."""

    container: str
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A sign of life of a pull, build or push: `item` is a layer or step, `done` and `total` bytes, 0 if unknown. What
    is said `aloud` is for everybody to read, the rest only for who wants to know more.
    """

    item: str
    status: str
    done: int = 0
    total: int = 0
    aloud: bool = False


class EngineRefused(OperationFailed):
    """The engine answered, and its answer is no: `status` is the HTTP status, 0 where the no came inside a stream."""

    def __init__(self, diagnostic: Diagnostic, status: int = 0) -> None:
        self.status = status
        super().__init__(diagnostic)
