"""A command that is killed at a request."""

from __future__ import annotations

import subprocess

from tests.e2e.project import Project, ended
from tests.e2e.proxy import Proxy, Request


def killed_at(project: Project, proxy: Proxy, call: str, when: str, *command: str, records: bool = False) -> None:
    """An apply that is killed, as `kill -9` does, at the first request that makes this call."""
    process: list[subprocess.Popen[str]] = []

    def kill(request: Request) -> None:
        hit = (
            request.path.endswith(call) and request.method == "DELETE"
            if records
            else (not request.is_record and (request.path.endswith(call) or request.method == call))
        )
        if process and hit:
            process.pop().kill()
            proxy.cut()

    setattr(proxy, when, kill)
    started = project.start(*(command or ("apply",)), "--yes", "--engine", proxy.url)
    process.append(started)
    result = ended(started)
    assert result.code == -9, f"it got by: {result}"
