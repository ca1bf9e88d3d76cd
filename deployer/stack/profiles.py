"""`profiles`: which services of a stack are part of it this time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from deployer.errors import Diagnostic, Place
from deployer.fields.parse import listing, mapping
from deployer.stack.service import ServiceKeys

EVERY = "*"


def inactive_services(
    services: Mapping[str, Any], chosen: Collection[str], named: Collection[str] = ()
) -> frozenset[str]:
    """The services all of whose profiles are inactive; one without profiles is always part of the stack.

    To name a service on the command line is to choose its profiles.
    """
    if EVERY in chosen:
        return frozenset()
    chosen = {*chosen, *(profile for name in named for profile in _profiles(services.get(name)))}
    return frozenset(
        name
        for name, service in services.items()
        if (profiles := _profiles(service)) and not any(each in chosen for each in profiles)
    )


def _profiles(service: Any) -> list[str]:
    """Those that are text: of anything else it is told later that it is a mistake."""
    return [each for each in listing((mapping(service) or {}).get("profiles")) or [] if isinstance(each, str)]


def inactive(what: str, service: ServiceKeys, place: Place) -> Diagnostic:
    """What names a service that is no part of the stack this time."""
    profiles = ", ".join(service.profiles)
    return Diagnostic(
        "inactive-service",
        f"{what}, which is in the profiles {profiles} only, and none of them is active",
        place,
        f"--profile {service.profiles[0]} makes it part of the stack; required: false in depends_on does without it",
    )
