"""Image references and registries' addresses: which registry, which repository, which tag and digest a name means."""

from __future__ import annotations

import re
from dataclasses import dataclass

HUB = "docker.io"
"""Where images come from that name no registry."""

API_OF_THE_HUB = "registry-1.docker.io"
"""The host that answers for it."""

_OF_THE_HUB = "library/"

_HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::[\w][\w.-]{{0,127}})?(?:@[a-z0-9+._-]+:[0-9a-f]{{32,}})?", re.ASCII
)
_ADDRESS = re.compile(rf"(?P<host>{_HOST})(?P<namespace>(?:/{_PART})*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """An image's name in full; `tag` and `digest` are "" where none is written."""

    host: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        return f"{self.host}/{self.path}"

    def lies_at(self, address: str) -> bool:
        """Whether it is of the registry, or of the part of it, that has this address."""
        return self.name.startswith(f"{address}/")

    def at(self, mirror: str, digest: str = "") -> str:
        """The name that a mirror has it by; with a digest, of just that manifest."""
        named = f"@{digest}" if digest else f":{self.tag or 'latest'}"
        return f"{mirror}/{self.path}{named}"


def parse_reference(text: str) -> Reference:
    """As the engine reads it: what stands before the first slash is a host only if it looks like one."""
    name, _, digest = text.partition("@")
    head, slash, rest = name.partition("/")
    host, path = (head, rest) if slash and names_a_host(head) else (HUB, name)
    before, colon, tag = path.rpartition(":")
    path, tag = (before, tag) if colon else (path, "")
    host = HUB if host == f"index.{HUB}" else host
    if host == HUB and "/" not in path:
        path = _OF_THE_HUB + path
    return Reference(host, path, tag, digest)


def is_reference(text: str) -> bool:
    """Whether registries and engines know it as an image reference (github.com/distribution/reference)."""
    return bool(_REFERENCE.fullmatch(text))


def names_a_host(text: str) -> bool:
    """Whether the engine takes this for a host, and not for a name on Docker Hub."""
    return "." in text or ":" in text or text == "localhost"


def split_address(text: str) -> tuple[str, str] | None:
    """Host with port, and namespace, of a registry's address; None where it is none."""
    found = _ADDRESS.fullmatch(text)
    return (found["host"], found["namespace"].removeprefix("/")) if found else None


def host_of(address: str) -> str:
    return address.partition("/")[0]


def with_tag(reference: str) -> str:
    """The reference with the tag that the engine takes where none is written."""
    last = reference.rpartition("/")[2]
    return reference if ":" in last or "@" in last else f"{reference}:latest"
