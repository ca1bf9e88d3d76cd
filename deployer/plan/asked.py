"""Where the stack file asks for a change as a whole: at its resource, or where it says how many there are of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deployer.errors import Place
from deployer.fields.references import with_tag
from deployer.plan.diff import PlaceOf
from deployer.plan.draft import Draft
from deployer.plan.model import Action
from deployer.resources.desired import Desired, DesiredService
from deployer.resources.observed import Observed

_SECTIONS = {"network": "networks", "volume": "volumes"}


def with_lines(drafts: Sequence[Draft], desired: Desired, observed: Observed, place: PlaceOf) -> None:
    """Let each change say where it is asked for. What the file does not name has no line: what goes, what a dead run
    left, and the default network.
    """
    for draft in drafts:
        draft.change = replace(draft.change, at=_line(draft, desired, observed, place))


def image_place(service: DesiredService, place: PlaceOf) -> Place | None:
    """The line that names the image: in `images` for an entry of it, else in the service."""
    kind, _, key = service.image.address.partition(".")
    named = service.written.get("image")
    if kind == "image" and named and key == named.value and with_tag(key) != service.image.reference:
        return place("images", key, "from")
    return place("services", service.name, "image" if named else "build")


def _line(draft: Draft, desired: Desired, observed: Observed, place: PlaceOf) -> Place | None:
    change = draft.change
    kind, _, name = change.address.partition(".")
    if kind == "service":
        return _of_service(draft, desired, observed, place)
    if change.action in (Action.REMOVE, Action.KEPT, Action.RECOVER):
        return None
    if kind in _SECTIONS:
        thing = (desired.networks if kind == "network" else desired.volumes).get(name)
        return place(_SECTIONS[kind], name) if thing and thing.said else None
    if kind == "build":
        return place(*desired.builds[name].path) if name in desired.builds else None
    if kind == "push":
        push = next((each for each in desired.pushes if each.address == change.address), None)
        return place(*push.path, "push") if push else None
    return image_line(change.address, desired, place) if kind == "image" else None


def _of_service(draft: Draft, desired: Desired, observed: Observed, place: PlaceOf) -> Place | None:
    name = draft.service.name if draft.service else draft.old.service if draft.old else ""
    service = desired.services.get(name)
    if service is None:
        return None
    grows = draft.change.action is Action.CREATE and not draft.change.fields and observed.of_service(name)
    if service.counted and (grows or draft.change.action is Action.REMOVE):
        return place("services", name, *service.counted.split("."))
    return place("services", name)


def image_line(address: str, desired: Desired, place: PlaceOf) -> Place | None:
    """The first service that runs it, or mounts it, says which one it is."""
    for service in desired.services.values():
        if service.image.address == address:
            return image_place(service, place)
        for target, mount in service.asked["volumes"]:
            if mount[0] == "image" and address == f"image.{mount[1]}":
                return place("services", service.name, "volumes", target)
    return place("images", address.partition(".")[2])
