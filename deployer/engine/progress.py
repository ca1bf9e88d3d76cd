"""What pulls and builds report: their errors raised (docker-py lets them pass), the rest as Progress."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

from deployer.engine.refusals import refused
from deployer.engine.streams import Stream
from deployer.errors import Diagnostic
from deployer.resources.wire import EngineRefused, Json, Progress

LAST_LINES = 20
"""How much of a build's output goes with its error."""

_STEP = re.compile(r"(Step \d+/\d+) : ")
_BUILDER = re.compile(r" ---> |Removing intermediate container |Step \d+/\d+ : ")
"""How the builder's own lines begin. They are sent whole, but may follow output that had no line end."""
_LOADED = re.compile(r"Loaded image(?: ID)?: (\S+)")
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
"""The engine paints what a step writes to its error stream red."""


def follow_pull(stream: Stream, progress: Callable[[Progress], None]) -> None:
    """Report every layer until the pull is done."""
    for message in stream.objects():
        if error := _error_in(message):
            raise refused(stream.doing, error)
        if status := message.get("status"):
            progress(_of_layer(str(message.get("id") or ""), str(status), message))


def follow_load(stream: Stream, progress: Callable[[Progress], None]) -> list[str]:
    """Report every layer until all is loaded; gives the names, or ids, of the images."""
    loaded: list[str] = []
    for message in stream.objects():
        if error := _error_in(message):
            raise refused(stream.doing, error)
        if status := message.get("status"):
            progress(_of_layer(str(message.get("id") or ""), str(status), message))
        if found := _LOADED.match(str(message.get("stream") or "")):
            loaded.append(found[1])
    return loaded


def follow_push(stream: Stream, progress: Callable[[Progress], None]) -> str:
    """Report every layer until the push is done; gives the digest of what was pushed."""
    digest = ""
    for message in stream.objects():
        if error := _error_in(message):
            raise refused(stream.doing, error)
        digest = str((message.get("aux") or {}).get("Digest") or digest)
        if status := message.get("status"):
            progress(_of_layer(str(message.get("id") or ""), str(status), message))
    if not digest:
        raise EngineRefused(Diagnostic("push-failed", f"could not {stream.doing}: the engine named no digest"))
    return digest


def follow_build(stream: Stream, progress: Callable[[Progress], None]) -> str:
    """Report every line of output under its step; gives the image's id. A failure carries step and last lines, and
    says itself that the disk is full where the step's program has said so.
    """
    step, image, output, last = "", "", _Lines(), deque[str](maxlen=LAST_LINES)
    for message in stream.objects():
        if error := _error_in(message):
            said = (*last, *output.rest())
            full = next((f": {line}" for line in said if "no space left on device" in line.lower()), "")
            notes = (step, *said) if step else ()
            raise refused(stream.doing, error + full, notes=notes, otherwise="build-failed")
        image = str((message.get("aux") or {}).get("ID") or image)
        if status := message.get("status"):  # the pull of a base image
            progress(_of_layer(_name_of(step), " ".join(filter(None, [message.get("id"), str(status)])), message))
        for line in output.ended_by(_COLORS.sub("", str(message.get("stream") or ""))):
            if _STEP.match(line):
                step = line
                last.clear()
            elif not _BUILDER.match(line):
                last.append(line)
            progress(Progress(_name_of(step), line))
    if not image:
        raise EngineRefused(Diagnostic("build-failed", f"could not {stream.doing}: the engine named no image"))
    return image


class _Lines:
    """Lines put together from pieces of output; a progress bar's carriage returns end lines, too."""

    def __init__(self) -> None:
        self._rest = ""

    def ended_by(self, piece: str) -> list[str]:
        between = "\n" if self._rest and _BUILDER.match(piece) else ""
        *lines, self._rest = re.split(r"\r\n|\n|\r", self._rest + between + piece)
        return [line for line in lines if line.strip()]

    def rest(self) -> list[str]:
        return [self._rest] if self._rest.strip() else []


def _name_of(step: str) -> str:
    found = _STEP.match(step)
    return found[1] if found else ""


def _of_layer(item: str, status: str, message: Json) -> Progress:
    detail = message.get("progressDetail") or {}
    return Progress(item, status, int(detail.get("current") or 0), int(detail.get("total") or 0))


def _error_in(message: Json) -> str:
    detail = message.get("errorDetail") or {}
    return str(detail.get("message") or message.get("error") or "")
