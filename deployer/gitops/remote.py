"""Which repository is meant, and what opens it. Nothing that is secret is shown, or in an argument."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from deployer.errors import Diagnostic, WrongUsage
from deployer.fields.sensitive import mask_user_info

PROTOCOLS = ("file", "http", "https", "ssh")
_SCP = re.compile(r"(?:[\w.+-]+@)?[\w.-]+:(?!//)[^\s]+")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository by the URL that git is given, which holds no password; `user` is the one in it."""

    url: str
    user: str = ""

    @property
    def name(self) -> str:
        """What `git clone` would call its folder."""
        return re.split(r"[/:]", self.url.rstrip("/"))[-1].removesuffix(".git") or "repository"

    @property
    def path(self) -> str:
        """Where it lies on this machine; "" of one that is elsewhere."""
        path = self.url.removeprefix("file://")
        return path if path.startswith("/") else ""

    @property
    def folder(self) -> str:
        """A name for its folder among others: of two repositories there are two."""
        readable = re.sub(r"[^A-Za-z0-9.-]+", "-", self.name).strip("-.") or "repository"
        return f"{readable}-{hashlib.sha256(self.url.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A user's name and password for http and https, or the file of a private key for ssh."""

    user: str = ""
    password: str = ""
    key: Path | None = None

    def __repr__(self) -> str:
        return "Credentials(not shown)"


def remote_of(said: str) -> Remote:
    """The repository of a URL, an scp-like address or a path. Raises WrongUsage for what is none of these, and where a
    password is said in it: a process list shows it.
    """
    if "://" in said:
        return _of_url(said)
    if said.startswith("-") or not said or "::" in said.split("/")[0]:
        raise _wrong(f"{mask_user_info(said)!r} is no repository", "name it by https://, ssh://, file:// or a path")
    if _SCP.fullmatch(said) and not Path(said).exists():
        return Remote(said, said.partition("@")[0] if "@" in said else "")
    return Remote(str(Path(said).absolute()))


def _of_url(said: str) -> Remote:
    try:
        parts = urlsplit(said)
        user, password = unquote(parts.username or ""), parts.password
    except ValueError:
        raise _wrong(f"{mask_user_info(said)!r} is no URL", "name the repository as git clone takes it") from None
    if parts.scheme not in PROTOCOLS:
        hint = f"these can: {', '.join(f'{each}://' for each in PROTOCOLS)}"
        raise _wrong(f"{mask_user_info(said)}: a repository cannot be had by {parts.scheme}://", hint)
    if password is not None:
        hint = "give it by --credentials FILE, or in the variable DEPLOYER_GIT_CREDENTIALS"
        raise _wrong(f"{mask_user_info(said)}: the URL has a password in it, which every process list shows", hint)
    if parts.scheme in ("http", "https"):
        said = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return Remote(said, user)


def credentials_of(text: str, remote: Remote, file: Path | None = None) -> Credentials:
    """What a file, or a variable, holds: a private key for ssh, `user:password`, or a token. Raises WrongUsage."""
    text = text.strip()
    if "PRIVATE KEY-----" in text:
        if file is None:
            raise _wrong("a private key is in the variable", "put it into a file, and name that by --credentials")
        return Credentials(key=file.absolute())
    if not text or len(text.splitlines()) > 1:
        hint = "it holds a private key for ssh, or one line: user:password, or a token"
        raise _wrong("the credentials cannot be read", hint)
    user, colon, password = text.partition(":")
    if not colon:
        user, password = remote.user or "git", text
    parts = urlsplit(remote.url)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise _wrong(f"{remote.url} would carry the password in the clear", "use https://")
    return Credentials(user, password)


def in_environment(remote: Remote, credentials: Credentials) -> Mapping[str, str]:
    """The variables by which git has a password: no argument, and for this host alone."""
    parts = urlsplit(remote.url)
    if not credentials.password or parts.scheme not in ("http", "https"):
        return {}
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{parts.scheme}://{parts.netloc}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {_basic(credentials)}",
    }


def secrets_of(credentials: Credentials) -> tuple[str, ...]:
    """What no message may hold."""
    return (credentials.password, _basic(credentials)) if credentials.password else ()


def _basic(credentials: Credentials) -> str:
    return base64.b64encode(f"{credentials.user}:{credentials.password}".encode()).decode()


def _wrong(message: str, hint: str) -> WrongUsage:
    return WrongUsage(Diagnostic("repository", message, hint=hint))
