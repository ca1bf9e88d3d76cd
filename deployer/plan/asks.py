"""What a new container asks for, field by field: all for programs and reviews, the rest of its line in brief."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from deployer.fields import container
from deployer.fields.attachments import DEFAULT
from deployer.fields.copies import SECTIONS
from deployer.fields.field import Effect, Field
from deployer.fields.mounts import is_nameless
from deployer.fields.namespaces import NAMESPACES
from deployer.fields.sensitive import mask_user_info
from deployer.plan.asked import image_place
from deployer.plan.brief import image_in_brief, is_in_brief, mount_texts
from deployer.plan.differences import Facts
from deployer.plan.model import Cause, FieldChange, Shows
from deployer.plan.shown import line_of_value, shows
from deployer.resources.applied import Secrecy
from deployer.resources.desired import DesiredService
from deployer.resources.observed import ObservedContainer

_VALUES = (
    *("entrypoint", "command", "user", "networks", *(each.row for each in NAMESPACES), *SECTIONS),
    *("mem_limit", "mem_reservation", "cpus", "pids_limit", "read_only", "restart"),
)
"""The rows that are told with their values; of all others that are not on the container's line their names."""

_BY_ENTRY = ("networks", *SECTIONS)
_LONGEST = 50
"""Characters of a command, on a line that has more to say."""


def asks(service: DesiredService, secrecy: Secrecy, facts: Facts, causes: tuple[Cause, ...]) -> Iterator[FieldChange]:
    """Each field, and each entry of a keyed one, that the stack file says, as a change from nothing. `causes` are why
    the container is not there.
    """
    at = image_place(service, facts.place)
    yield FieldChange("image", None, image_in_brief(service), causes, Effect.REPLACE, at=at)
    for row in container.FIELDS:
        for entry, value in _entries(service, row):
            yield replace(_asked(service, secrecy, facts, row, entry, value), causes=causes)


def settings(service: DesiredService) -> str:
    """What its line does not say: `command ["serve"], user 1001, secrets token; also environment`."""
    said = [row for row in container.FIELDS if not is_in_brief(service, row.name) and list(_entries(service, row))]
    told = sorted((row for row in said if row.name in _VALUES), key=lambda row: _VALUES.index(row.name))
    values = ", ".join(f"{service.written[row.name].name} {_in_brief(service, row)}" for row in told)
    names = ", ".join(sorted({service.written[row.name].name for row in said if row not in told}))
    return "; ".join(filter(None, (values, f"{'also ' if values else ''}{names}" if names else "")))


def data_there(service: DesiredService, facts: Facts) -> Iterator[tuple[str, str]]:
    """The volumes of a service without any container that are there already, each with what that means: it begins with
    the data that is in them.
    """
    keys = {name: key for key, name in service.context.volumes.items()}
    mounts = () if facts.observed.of_service(service.name) else service.asked["volumes"]
    named = (mount[1] for _, mount in mounts if mount[0] == "volume" and not is_nameless(mount))
    for name in (each for each in dict.fromkeys(named) if each in facts.observed.volumes):
        had = {each.service for each in facts.observed.containers if _has(each, name)}
        users, gone = (
            " and ".join(f"service.{each}" for each in sorted(some)) for some in (had - facts.going, had & facts.going)
        )
        whose = f"shared with {users}" if users else "its data is used"
        before = f"; {gone}, which had it, {'go' if ' and ' in gone else 'goes'}" if gone else ""
        yield f"volume.{keys.get(name, name)}", f"{name} is there already: {whose}{before}"


def _has(container: ObservedContainer, volume: str) -> bool:
    return any(mount[:2] == ("volume", volume) for _, mount in container.values["volumes"])


def _entries(service: DesiredService, row: Field) -> list[tuple[str, Any]]:
    """What the file says of a row, by entry; nothing of what is at its default, as the default network alone is."""
    value = service.asked.get(row.name, row.unset)
    if row.name == "image" or row.name not in service.written or value == row.unset:
        return []
    if not row.kind.keyed:
        return [("", value)]
    return [] if row.name == "networks" and [key for key, _ in value] == [DEFAULT] else list(value)


def _asked(service: DesiredService, secrecy: Secrecy, facts: Facts, row: Field, entry: str, value: Any) -> FieldChange:
    name = service.written[row.name].name
    around = service.around.get((row.name, entry))
    sensitive = secrecy.hides(row.name, entry, value)
    text = mount_texts(service)[entry] if row.name == "volumes" else mask_user_info(row.shown(entry, value))
    return FieldChange(
        f"{row.name if row.name == 'networks' else name}.{entry}" if entry else name,
        None,
        None if sensitive else text,
        (Cause.EDIT,),
        Effect.REPLACE,
        at=line_of_value(service, facts.place, row, entry, frozenset()),
        sensitive=sensitive,
        quoted=row.kind.quoted,
        shows=(Shows.UNSET, shows(row, entry, value)) if sensitive else (Shows.NOTHING, Shows.NOTHING),
        around=(None, around.text if sensitive and around else None),
    )


def _in_brief(service: DesiredService, row: Field) -> str:
    if row.name in _BY_ENTRY:
        return " ".join(entry for entry, _ in service.asked[row.name])
    if service.hides(row.name):
        return Shows.NOTHING.value
    text = mask_user_info(row.shown("", service.asked[row.name]))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
