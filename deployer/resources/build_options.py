"""What a build says besides its context, its Dockerfile and its arguments, and what of it makes another image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployer.stack.service import Build


def further_inputs(build: Build) -> dict[str, str]:
    """The values that go into the image, by what a user calls them. How much memory a step may share, and whether it
    comes from the cache, are no part of what it makes.
    """
    labels = {f"labels.{name}": text or "" for name, text in build.labels.items()}
    hosts = {f"extra_hosts.{name}": ",".join(addresses) for name, addresses in build.extra_hosts.items()}
    return {**labels, **hosts, **({"network": build.network} if build.network else {})}


def options_of(build: Build) -> Mapping[str, Any]:
    """The parameters of `POST /build` that say it to the engine's builder."""
    options = {
        "labels": dict(build.labels),
        "networkmode": build.network,
        "extrahosts": [f"{name}:{each}" for name, addresses in build.extra_hosts.items() for each in addresses],
        "shmsize": build.shm_size,
        "nocache": build.no_cache,
    }
    return {name: value for name, value in options.items() if value}
