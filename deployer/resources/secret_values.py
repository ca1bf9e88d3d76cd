"""What of a container's variables nobody may see, so that it can be masked in what the container prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deployer.fields.around import hidden_in
from deployer.fields.field import Json, section
from deployer.fields.sensitive import holds_secret, user_infos
from deployer.resources.applied import decode, is_hash, text_around
from deployer.resources.body import CONTAINER_ROWS
from deployer.resources.identity import APPLIED


def secret_values(inspect: Json) -> frozenset[str]:
    """What is hidden of variables that are sensitive by their names, or that the container's label keeps as hashes, and
    the passwords of URLs in any.
    """
    return frozenset(value for value in _values(section(inspect, "Config")) if value)


def _values(config: Json) -> Iterator[str]:
    applied = decode(section(config, "Labels").get(APPLIED), CONTAINER_ROWS)
    kept: Mapping[str, Any] = (applied.fields.get("environment") or {}) if applied else {}
    for name, _, value in (each.partition("=") for each in config.get("Env") or ()):
        yield from (info.partition(":")[2] or info for info in user_infos(value))
        if holds_secret(name, value) or is_hash(kept.get(name)):
            text = text_around(applied, "environment", name) if applied else None
            yield from (hidden_in(value, text) if text else None) or (value,)
