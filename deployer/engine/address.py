"""What an engine's address may be, as users write it: one form for each way to reach one, or an error that shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deployer.errors import DeployerError, Diagnostic, Unreachable, WrongUsage

DEFAULT_SOCKET = Path("/var/run/docker.sock")

SOCKET_PATH = re.compile(r"/[\w./@+,=-]+", re.ASCII)
"""A socket that ssh can forward: it reads `:`, `%` and `$` in a path as more than themselves."""

_SSH = re.compile(
    r"(?:(?P<user>[\w.+][\w.+@\\-]*)@)?(?P<host>[\w][\w.-]*|\[[0-9A-Fa-f:.]+(?:%\w+)?\])(?::(?P<port>\d{1,5}))?(?P<path>/.*)?",
    re.ASCII,
)
"""Neither user nor host begins with a dash: ssh would take it for an option."""


@dataclass(frozen=True, slots=True)
class SshAddress:
    """`ssh://[user@]host[:port][/path/of/the/socket]`; what is "" is left to ssh and its configuration."""

    host: str
    user: str = ""
    port: str = ""
    socket: str = ""

    @property
    def login(self) -> tuple[str, ...]:
        """The arguments of ssh that name it; nothing in them can be taken for another option."""
        user = ("-l", self.user) if self.user else ()
        port = ("-p", self.port) if self.port else ()
        return (*user, *port, "--", self.host)

    @property
    def command(self) -> str:
        """How a person would go there."""
        port = f"-p {self.port} " if self.port else ""
        user = f"{self.user}@" if self.user else ""
        return f"ssh {port}{user}{self.host}"


def ssh_address(url: str) -> SshAddress | None:
    """The parts of an ssh:// URL; None where it is none that is safe to give to ssh."""
    found = _SSH.fullmatch(url.removeprefix("ssh://"))
    if not found:
        return None
    user, host, port, path = (found[name] or "" for name in ("user", "host", "port", "path"))
    path = path if path.strip("/") else ""
    if (path and not SOCKET_PATH.fullmatch(path)) or int(port or "1") not in range(1, 65536):
        return None
    return SshAddress(host.strip("[]"), user, port, path)


def checked(url: str, chosen_by: str) -> str:
    """The URL in its one form; one that cannot be an engine's is an error that says what would be."""
    raw = url.strip()
    if raw.startswith("/"):
        raise _wrong(raw, chosen_by, f"a socket is written unix://{raw}")
    scheme, separator, rest = raw.partition("://")
    if not separator:
        scheme, rest = "tcp", raw
    if scheme == "ssh":
        return _ssh(rest, chosen_by)
    if scheme == "unix":
        return f"unix://{rest or DEFAULT_SOCKET}" if rest.startswith("/") or not rest else f"unix:///{rest}"
    if scheme not in ("tcp", "http", "https"):
        hint = "an engine is at unix:///path/to/docker.sock, tcp://host:2376 or ssh://user@host"
        raise _wrong(raw, chosen_by, hint)
    return _tcp("https" if scheme == "https" else "tcp", rest, raw, chosen_by)


def error_for(chosen_by: str) -> type[DeployerError]:
    """A mistake in an option is wrong usage; elsewhere the command line is right, and the engine cannot be reached."""
    return WrongUsage if chosen_by.startswith("--") else Unreachable


def _ssh(rest: str, chosen_by: str) -> str:
    user, at, host = rest.rpartition("@")
    if ":" in user:
        hint = "leave the password out: ssh logs in with a key, as in ssh://user@host"
        raise _wrong(f"ssh://{user.partition(':')[0]}@{host}", chosen_by, hint)
    if not ssh_address(rest):
        hint = "write it as ssh://user@host, ssh://host:2222 or ssh://host/run/user/1000/docker.sock"
        raise _wrong(f"ssh://{user}{at}{host}", chosen_by, hint)
    return f"ssh://{rest.rstrip('/')}"


def _tcp(scheme: str, rest: str, raw: str, chosen_by: str) -> str:
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.password is not None:
        raise _wrong(f"{scheme}://{host}", chosen_by, "an engine is asked with TLS files, not with a password")
    if not host or port is None:
        raise _wrong(raw, chosen_by, "name host and port, as in tcp://192.168.1.7:2376")
    return f"{scheme}://{rest.rstrip('/')}"


def _wrong(url: str, chosen_by: str, hint: str) -> DeployerError:
    message = f"this is no address of an engine: {url} (from {chosen_by})"
    return error_for(chosen_by)(Diagnostic("engine-address", message, hint=hint))
