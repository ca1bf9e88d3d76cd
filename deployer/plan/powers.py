"""What takes away the walls between a container and its host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deployer.fields.container import BY_NAME
from deployer.fields.field import Value
from deployer.fields.namespaces import NAMESPACES

HOSTS_OWN = (*(namespace.row for namespace in NAMESPACES), "uts", "userns_mode", "cgroup")
"""The rows that can give a container a namespace of its host's."""

_LET_LOOSE = ("unconfined", "label=disable", "label:disable")
_BELONGS_TO_THE_HOST = frozenset(
    f"/{name}"
    for name in (
        *("", "bin", "boot", "dev", "etc", "home", "lib", "lib64", "opt", "proc", "root", "run", "sbin", "sys", "usr"),
        *("var", "var/lib", "var/lib/docker", "var/run"),
    )
)
_LEADS_TO_ENGINE = frozenset(f"/{name}" for name in ("", "run", "var", "var/lib", "var/lib/docker", "var/run"))
_ENGINES = ("docker.sock", "containerd.sock", "podman.sock", "crio.sock")


def powers(asked: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """Each one by its row, of the canonical values of a service or a container; of `privileged` there is no more to
    say.
    """
    if asked["privileged"]:
        yield "privileged", ""
    yield from ((row, "host") for row in HOSTS_OWN if asked[row] == "host")
    yield from (("cap_add", name) for name in sorted(asked["cap_add"]))
    yield from (
        ("devices", text) for text in sorted(BY_NAME["devices"].shown(at, said) for at, said in asked["devices"])
    )
    yield from (("security_opt", option) for option in sorted(map(str, asked["security_opt"])) if is_loose(option))


def is_loose(option: Value) -> bool:
    return str(option).endswith(_LET_LOOSE)


def is_the_hosts(path: str) -> bool:
    """Whether a folder is the host's own, or the path a socket, by which somebody there is spoken to."""
    return path in _BELONGS_TO_THE_HOST or path.endswith(".sock")


def gives_root(path: str) -> bool:
    """Whether the socket of an engine is there: who reaches that can do anything on the host, also read-only."""
    return path in _LEADS_TO_ENGINE or path.endswith(_ENGINES)
