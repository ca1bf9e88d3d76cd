"""Where the stack file says what has failed: that is known by its code and its resource; a person looks at lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from deployer.errors import Diagnostic
from deployer.stack.model import Stack

_KEYS: Mapping[str, tuple[str, ...]] = {
    "port-taken": ("ports",),
    "address-taken": ("networks",),
    "address-outside": ("networks",),
    "no-address-left": ("networks",),
    "command-not-found": ("command", "entrypoint"),
    "user-not-found": ("user", "group_add"),
    "not-ready": ("command", "entrypoint"),
    "unhealthy": ("healthcheck",),
    "timeout": ("healthcheck",),
    "memory-in-use": ("mem_limit",),
    "bind-source-missing": ("volumes",),
    "volume-mount": ("volumes",),
    "image-not-found": ("image", "build"),
    "image-platform": ("platform",),
    "name-taken": ("container_name",),
}
"""By code, the keys of a service that it may be about: the first that is written."""

_SECTIONS = {kind: f"{kind}s" for kind in ("service", "network", "volume", "build", "image")}
_ADDRESS = re.compile(r"(\w+)\.(.+?)(?:\[\d+\])?")


def at_its_line(told: Diagnostic, stack: Stack) -> Diagnostic:
    """The same with its place; as it is where the file has no line for it, as for what it no longer names."""
    found = _ADDRESS.fullmatch(told.address)
    if told.place or not found or found[1] not in _SECTIONS:
        return told
    section, name = _SECTIONS[found[1]], found[2]
    if not stack.places.has(section, name):
        return told
    key = next((key for key in _KEYS.get(told.code, ()) if stack.places.has(section, name, key)), None)
    path = (section, name, key) if key else (section, name)
    return replace(told, place=stack.overlay.get(path) or stack.places.key(*path))
