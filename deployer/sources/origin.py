"""Where a stack comes from: what tells two stacks of one name apart, and two checkouts of one repository not."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

_DEFAULT_PORTS = {"ssh": 22, "git+ssh": 22, "ssh+git": 22, "https": 443, "http": 80, "git": 9418}
_SCP = re.compile(r"(?:[^@/]*@)?(?P<host>\[[^\]/]+\]|[^:/\[\]]+):(?P<path>.+)", re.DOTALL)
_BRACKETED = re.compile(r"\[(?:[^@\]/]*@)?(?P<host>[^:\]/]+):(?P<port>\d+)\]:(?P<path>.+)", re.DOTALL)
_SECTION = re.compile(r'\[\s*([\w.-]+)\s*(?:"((?:[^"\\]|\\.)*)")?\s*\]')
_SETTING = re.compile(r"([A-Za-z][\w-]*)\s*=(.*)", re.DOTALL)
_LARGEST = 1024 * 1024


def origin(stack_file: Path) -> str:
    """The git remote `origin` as `host/path//file`; without one, `machine:<id>:<folder>`.

    `file` is the path in the repository, so every checkout of it has the same origin, by ssh or by https. A remote
    that is a folder of this machine is `machine:<id>:<folder>//file`.
    """
    folder = stack_file.parent.resolve()
    repository = _repository(folder)
    if repository:
        top, config = repository
        url = _remote_url(config)
        if url:
            inside = (folder / stack_file.name).relative_to(top).as_posix()
            return f"{remote_name(url) or _machine(_local(url, top))}//{inside}"
    return _machine(folder)


def remote_here(folder: Path) -> str | None:
    """The URL of the remote `origin` of the checkout that a folder lies in."""
    repository = _repository(folder.resolve())
    return _remote_url(repository[1]) if repository else None


def origin_in(url: str, inside: str) -> str:
    """The same of a stack file by its path in the repository that a remote's URL, or absolute path, leads to."""
    return f"{remote_name(url) or _machine(_local(url, Path('/')))}//{inside}"


def remote_name(url: str) -> str | None:
    """A remote as `host/path`, the same for all its spellings; None for one that is a folder of this machine."""
    if "://" in url:
        return _from_url(url)
    scp = _BRACKETED.fullmatch(url) or _SCP.fullmatch(url)
    if not scp:
        return None
    port = int(scp.groupdict().get("port") or 22)
    return _name(scp["host"], port, 22, scp["path"])


def _from_url(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    default = _DEFAULT_PORTS.get(parts.scheme)
    return _name(parts.hostname, port or default, default, unquote(parts.path))


def _name(host: str, port: int | None, default: int | None, path: str) -> str:
    host = host.strip("[]").lower()
    host = f"[{host}]" if ":" in host else host
    path = "/".join(part for part in path.split("/") if part not in ("", "."))
    return f"{host}{'' if port == default else f':{port}'}/{path.removesuffix('.git').rstrip('/')}"


def _local(url: str, top: Path) -> Path:
    path = unquote(urlsplit(url).path) if url.startswith("file://") else url
    return Path(os.path.realpath(top / path))


def _machine(folder: Path) -> str:
    return f"machine:{hashlib.sha256(_machine_id().encode()).hexdigest()[:12]}:{folder}"


def _machine_id() -> str:
    """The machine's id; it is to stay unknown to others, so only its hash leaves this module."""
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        text = _read(Path(path)).strip()
        if re.fullmatch(r"[0-9a-f]{32}", text):
            return text
    return os.uname().nodename


def checkout(folder: Path) -> Path | None:
    """The top folder of the git checkout that a folder lies in."""
    found = _repository(folder)
    return found[0] if found else None


def _repository(folder: Path) -> tuple[Path, Path] | None:
    """The top folder of the git checkout that a folder lies in, and the repository's config file."""
    for top in (folder, *folder.parents):
        entry = top / ".git"
        if os.path.isdir(entry):
            if os.path.isfile(entry / "HEAD"):
                return top, entry / "config"
        elif os.path.isfile(entry):
            return _linked(top, entry)
    return None


def _linked(top: Path, entry: Path) -> tuple[Path, Path] | None:
    """A worktree or a submodule: `.git` is a file that names its folder, a worktree's names the repository's."""
    key, _, path = _read(entry).strip().partition(":")
    if key != "gitdir" or not path.strip():
        return None
    git_folder = top / path.strip()
    common = _read(git_folder / "commondir").strip()
    return top, git_folder / common / "config" if common else git_folder / "config"


def _read(path: Path) -> str:
    """The start of a small file, or nothing where it cannot be read: then there is no such fact."""
    try:
        if not os.path.isfile(path):
            return ""
        with open(path, "rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def _remote_url(config: Path) -> str | None:
    """The first `url` of the remote `origin` in a git config file."""
    text = re.sub(r"\\\r?\n", "", _read(config))
    inside = False
    for line in text.splitlines():
        rest = line.strip()
        section = _SECTION.match(rest)
        if section:
            inside = _is_origin(section[1], section[2])
            rest = rest[section.end() :].strip()
        setting = _SETTING.match(rest)
        if inside and setting and setting[1].lower() == "url":
            return _config_value(setting[2]) or None
    return None


def _is_origin(section: str, subsection: str | None) -> bool:
    if subsection is None:
        return section.lower() == "remote.origin"  # the form that git wrote long ago and still reads
    return section.lower() == "remote" and re.sub(r"\\(.)", r"\1", subsection) == "origin"


def _config_value(text: str) -> str:
    """A value of a git config: quotes group, backslashes escape, `#` and `;` outside of quotes start a comment."""
    value: list[str] = []
    quoted = False
    for match in re.finditer(r"\\(.)|.", text.strip()):
        character = match[0]
        if match[1]:
            value.append(match[1])
        elif character == '"':
            quoted = not quoted
        elif character in "#;" and not quoted:
            break
        else:
            value.append(character)
    return "".join(value).strip()
