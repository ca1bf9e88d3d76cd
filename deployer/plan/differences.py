"""All in which a container is not what its service asks for: its rows, image, networks, name and state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from deployer.fields.container_names import CONTAINER_NAME
from deployer.fields.field import Effect
from deployer.fields.references import with_tag
from deployer.plan.applied_by import made_by, revision_of_row
from deployer.plan.asked import image_place
from deployer.plan.contents import content_changes
from deployer.plan.diff import PlaceOf, field_changes, sides_of
from deployer.plan.followers import follower_changes
from deployer.plan.images import ImageNow, Recall, no_recall
from deployer.plan.model import STATE, Cause, FieldChange
from deployer.plan.namespaces import namespace_changes
from deployer.plan.next_image import next_image
from deployer.plan.owners import Owner, owners_of
from deployer.plan.recovery import has_completed, left_gone
from deployer.resources.desired import Desired, DesiredService
from deployer.resources.observed import Observed, ObservedContainer

NAME = "name"
"""The field of a container's name where the service says nothing of it."""

OF_THE_NAME = frozenset({NAME, CONTAINER_NAME.name})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the containers' plan rests on.

    `remade` are the engine's names of networks that this plan makes anew, `made` those of the volumes that it creates,
    each with its address; `replace` the services whose containers are to be made anew whatever differs; `owners` the
    containers of the services that were planned already; `recall` tells what builds and mounted files held; `going` are
    the services that the stack no longer names, and whose containers go.
    """

    desired: Desired
    observed: Observed
    images: Mapping[str, ImageNow]
    remade: frozenset[str]
    place: PlaceOf
    revision: int
    made: Mapping[str, str]
    replace: frozenset[str] = frozenset()
    owners: Mapping[str, Owner] = field(default_factory=lambda: MappingProxyType({}))
    recall: Recall = no_recall
    going: frozenset[str] = frozenset()


def missing(address: str, observed: Observed, was: str) -> tuple[str, tuple[FieldChange, ...]]:
    """Why something is to be made: it is new, or it was there when the last revision ended, and is gone."""
    if address not in observed.records.ended.resources:
        return "new", ()
    note = left_gone(address, observed)
    return "removed since", (
        FieldChange(STATE, "removed", was, (Cause.DRIFT,), Effect.REPLACE, applied=was, applied_known=True, note=note),
    )


def differences(service: DesiredService, container: ObservedContainer, facts: Facts) -> Iterator[FieldChange]:
    yield from _image(service, container, facts)
    yield from _mounted_images(service, container, facts)
    address = service.image.address
    following = next_image(address, facts.images[address], container, facts.observed)
    sides = sides_of(service, container, facts.observed, facts.place, following)
    rows = list(field_changes(sides))
    dead = {change.field: change for change in _dead_networks(service, container, facts)}
    yield from (_with_network(row, dead.pop(row.field, None)) for row in rows)
    yield from content_changes(service, container, sides.was, facts.recall)
    followed = owners_of(service, facts.owners, facts.observed)
    yield from namespace_changes(service, container, followed, facts.observed)
    yield from follower_changes(service, container, followed, facts.observed)
    yield from dead.values()
    yield from _name(service, container, facts) if all(row.field != CONTAINER_NAME.name for row in rows) else ()
    yield from _state(service, container, facts)


def _image(service: DesiredService, container: ObservedContainer, facts: Facts) -> Iterator[FieldChange]:
    """By id: a tag that moved is another image, an image under another tag is the same one."""
    now = facts.images[service.image.address]
    if now.id == container.image_id:
        return
    before = _image_text(container.image_reference, container.image_id)
    is_build = service.image.address.startswith("build.")
    causes = _image_causes(service, container, facts.observed)
    at = image_place(service, facts.place) if Cause.EDIT in causes else None
    after = (
        _image_text(now.reference, now.id)
        if now.id
        else "(built above)"
        if now.how == "built"
        else f"{now.reference} ({now.how} above)"
    )
    was = container.applied
    yield FieldChange(
        "image",
        before,
        after,
        causes,
        Effect.REPLACE,
        applied=was.image if was and not is_build else None,
        applied_known=was is not None and not is_build,
        applied_by=revision_of_row(container, facts.observed.records, "image") if Cause.DRIFT in causes else 0,
        at=at,
    )


def _image_text(reference: str, id: str) -> str:
    """`redis:7 @ 3f2a91`; of one that runs by its id, as a rollback has it, `sha256:3f2a91bb0c4d`."""
    return reference[:19] if reference.startswith("sha256:") else f"{reference} @ {id[7:13]}"


def _mounted_images(service: DesiredService, container: ObservedContainer, facts: Facts) -> Iterator[FieldChange]:
    """By id, too, where it is known which ones it was made with: a container keeps what it mounted (Engine 28)."""
    there = dict(container.values["volumes"])
    for target, value in service.asked["volumes"]:
        if value[0] == "image" and there.get(target) == value:
            was, now = container.mounted_images.get(value[1]), facts.images[f"image.{value[1]}"]
            if was and was != now.id:
                after = f"{now.reference} @ {now.id[7:13]}" if now.id else f"{now.reference} ({now.how} above)"
                before = f"{now.reference} @ {was[7:13]}"
                yield FieldChange(f"volumes.{target}", before, after, (Cause.IMAGE,), Effect.REPLACE)


def _image_causes(service: DesiredService, container: ObservedContainer, observed: Observed) -> tuple[Cause, ...]:
    """Another reference than was applied is an edit, a container of another one is drift; else the tag moved.

    Where the same image got another name, the container stayed, and its label has the old name: the newest revision
    that was reached since knows.
    """
    was, is_build = container.applied, service.image.address.startswith("build.")
    if was is None:
        return (Cause.UNKNOWN,)
    asked = service.image.address if is_build else service.image.reference
    revision, images = observed.asked()
    before = images.get(service.name, was.image) if revision > made_by(container) else was.image
    causes = [Cause.EDIT] if before != asked else []
    if not was.image.startswith("build.") and with_tag(container.image_reference) != was.image:
        causes.append(Cause.DRIFT)
    return tuple(causes) or ((Cause.BUILD,) if is_build else (Cause.IMAGE,))


def _dead_networks(service: DesiredService, container: ObservedContainer, facts: Facts) -> Iterator[FieldChange]:
    """A container keeps the id of a network that is gone, and cannot be started with it (Engine 20.10 and 28)."""
    for key, _ in service.asked["networks"]:
        name = service.context.networks.get(key, key)
        there, was = facts.observed.networks.get(name), container.network_ids.get(key)
        if was and (name in facts.remade or there is None or there.id != was):
            anew = name in facts.remade or there is None
            after = f"{key} ({'made anew' if anew else 'another one'})"
            note = f"with network.{key}" if anew else f"network {name} was removed and made again since"
            yield FieldChange(f"networks.{key}", key, after, (Cause.DEPENDENCY,), Effect.REPLACE, note=note)


def _with_network(row: FieldChange, dead: FieldChange | None) -> FieldChange:
    """What differs of how a container is in a network, where that is made anew besides: one field has one line."""
    return replace(row, causes=(*row.causes, *dead.causes), effect=dead.effect, note=dead.note) if dead else row


def _name(service: DesiredService, container: ObservedContainer, facts: Facts) -> Iterator[FieldChange]:
    name = service.container_name(container.number)
    if container.name != name:
        by = revision_of_row(container, facts.observed.records, NAME)
        causes, effect = (Cause.DRIFT,), Effect.IN_PLACE
        yield FieldChange(NAME, container.name, name, causes, effect, applied=name, applied_known=True, applied_by=by)


def _state(service: DesiredService, container: ObservedContainer, facts: Facts) -> Iterator[FieldChange]:
    if container.is_up or (has_completed(container, facts.observed) and service.may_exit):
        return
    after = "completed" if service.completes else "running"
    yield FieldChange(STATE, container.state, after, (Cause.DRIFT,), Effect.RESTART, applied=after, applied_known=True)
