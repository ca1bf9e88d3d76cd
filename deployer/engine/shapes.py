"""What an answer must be like to be the engine's: only what is read of it is asked for, so that it may say more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

Shape = Any
"""A type; [shape] for a list; {key: shape} for a mapping: `?key` may be absent or null, `*` stands for every key, `?*`
for every key whose value may be null.
"""

_ENDPOINT = {"?Aliases": [str], "?NetworkID": str, "?IPAMConfig": {}}
_BINDING = {"?HostPort": str, "?HostIp": str}

CONTAINER = {
    "Id": str,
    "Name": str,
    "Image": str,
    "State": {"Status": str, "Running": bool, "ExitCode": int, "?StartedAt": str, "?Health": {"?Status": str}},
    "Config": {"Image": str, "?Hostname": str, "?Labels": {"*": str}, "?Volumes": {}, "?ExposedPorts": {}},
    "HostConfig": {
        "?NetworkMode": str,
        "?Binds": [str],
        "?Mounts": [{"Type": str, "Target": str}],
        "?PortBindings": {"?*": [_BINDING]},
    },
    "NetworkSettings": {"?Networks": {"?*": _ENDPOINT}, "?Ports": {"?*": [_BINDING]}},
    "?Mounts": [{"Destination": str, "?Type": str, "?Name": str}],
}
CONTAINERS = [
    {
        "Id": str,
        "?Names": [str],
        "?ImageID": str,
        "?Labels": {"*": str},
        "?Ports": [{"Type": str, "?PublicPort": int, "?IP": str}],
        "?Mounts": [{"?Name": str}],
        "?NetworkSettings": {"?Networks": {"*": {"NetworkID": str}}},
    }
]
IMAGE = {"Id": str, "?RepoTags": [str], "?RepoDigests": [str], "?Config": {}}
NETWORK = {"Id": str, "Name": str, "?Labels": {"*": str}, "?Created": str}
NETWORKS = [NETWORK]
VOLUME = {"Name": str, "?Labels": {"*": str}, "?CreatedAt": str}
VOLUMES = {"?Volumes": [VOLUME]}
MADE: Shape = {"Id": str}
"""What the engine says of what it has just made."""
INFO: Shape = {"?RegistryConfig": {}}


def misfit(answer: Any, shape: Shape, path: str = "") -> str:
    """Where an answer is not of the shape, and what is there; "" where it is."""
    if isinstance(shape, dict):
        return _in_mapping(answer, cast("Mapping[str, Shape]", shape), path)
    if isinstance(shape, list):
        if not isinstance(answer, list):
            return _told(answer, "a list", path)
        (inner,) = cast("list[Shape]", shape)
        items = enumerate(cast("list[Any]", answer))
        return next(filter(None, (misfit(item, inner, f"{path}[{at}]") for at, item in items)), "")
    return "" if type(answer) is shape else _told(answer, _NAMES[shape], path)


def _in_mapping(answer: Any, shape: Mapping[str, Shape], path: str) -> str:
    if not isinstance(answer, dict):
        return _told(answer, "a mapping", path)
    found = cast("dict[str, Any]", answer)
    for name, inner in shape.items():
        optional, key = name.startswith("?"), name.removeprefix("?")
        for each in found if key == "*" else (key,):
            if each not in found and not optional:
                return f"{_below(path, each)} is missing"
            if found.get(each) is None and optional:
                continue
            if wrong := misfit(found[each], inner, _below(path, each)):
                return wrong
    return ""


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


_NAMES: Mapping[type, str] = {str: "text", int: "a number", bool: "true or false"}


def _told(answer: Any, wanted: str, path: str) -> str:
    kinds = {dict: "a mapping", list: "a list", type(None): "null", float: "a number", **_NAMES}
    return f"{path or 'the answer'} is {kinds[type(answer)]}, not {wanted}"
