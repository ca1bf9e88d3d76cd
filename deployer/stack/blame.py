"""Where the stack file says what has failed: that is known by its code and its resource; a person looks at lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from deployer.errors import Diagnostic
from deployer.stack.model import Stack
from deployer.stack.service import said

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

_SECTIONS = {kind: f"{kind}s" for kind in ("service", "network", "volume", "image")}
_ADDRESS = re.compile(r"(\w+)\.(.+?)(?:\[\d+\])?")


def at_its_line(told: Diagnostic, stack: Stack) -> Diagnostic:
    """The same with its place; as it is where the file has no line for it, as for what it no longer names."""
    found = _ADDRESS.fullmatch(told.address)
    path = _path(found[1], found[2], stack) if found and not told.place else ()
    if not path or not stack.places.has(*path):
        return told
    key = next((key for key in _KEYS.get(told.code, ()) if stack.places.has(*path, key)), None)
    path = (*path, key) if key else path
    return replace(told, place=stack.overlay.get(path) or stack.places.key(*path))


def _path(kind: str, name: str, stack: Stack) -> tuple[str, ...]:
    """Where the file says a thing, if it does; an image that is no entry of `images`, where a service names it."""
    if kind == "build":
        return stack.path_of_build(name)
    if kind == "image" and name not in stack.images:
        running = (key for key, service in stack.services.items() if said(service, "image") == name)
        return next((("services", key, "image") for key in running), ())
    return (_SECTIONS[kind], name) if kind in _SECTIONS else ()
