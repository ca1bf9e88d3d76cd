"""A slip in units of systemd that tutorials hand on: JSON is no file of variables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deployer.doctor.finding import Finding, problem
from deployer.errors import Place

_ENVIRONMENT_FILE = re.compile(r"[ \t]*EnvironmentFile[ \t]*=[ \t]*-?(?P<path>\S+\.json)[ \t]*")


def systemd_unit(text: str, file: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        if match := _ENVIRONMENT_FILE.fullmatch(line):
            message = (
                f"EnvironmentFile= names {match['path']}: JSON is no file of NAME=value lines, so nothing of it is read"
            )
            hint = "take the line out: dockerd reads /etc/docker/daemon.json by itself; then `systemctl daemon-reload`"
            yield problem("systemd", message, hint, Place(file, number, match.start("path") + 1, line))
