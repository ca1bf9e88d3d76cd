"""Containers that others follow: what becomes of those whose namespaces or mounts a service has, or that it is to start
anew with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from deployer.fields.container_names import name_in
from deployer.fields.field import Context, Effect, section
from deployer.fields.mount_forms import target_path
from deployer.fields.namespaces import owners
from deployer.fields.volumes_from import givers
from deployer.plan.draft import Draft
from deployer.plan.model import ASKED_ANEW, STATE, Action, Call, Cause, Change, FieldChange
from deployer.plan.recovery import is_half_done
from deployer.resources.desired import DesiredService
from deployer.resources.inspected import mounted
from deployer.resources.observed import MountedFrom, Observed, ObservedContainer
from deployer.stack.ways import needed_first

MADE = "made anew"
STARTED = "started anew"


@dataclass(frozen=True, slots=True)
class Owner:
    """A container that others follow.

    `reference` is how a create body names it; `id` is "" where this plan makes it anew, `started_at` where it starts
    it; `mounts` is what others have of it, by target, None of a volume whose name is not known yet. `becomes` tells
    that this plan makes it anew or starts it anew, `why` names the change, and the one that began it all.
    """

    reference: str
    id: str = ""
    started_at: str = ""
    mounts: Mapping[str, MountedFrom | None] = field(default_factory=lambda: MappingProxyType({}))
    becomes: str = ""
    why: str = ""
    root: str = ""


def followed(service: DesiredService) -> list[str]:
    """The services whose namespaces or mounts it has, and those that it starts anew with."""
    joined = [name for _, kind, name in owners(service.asked) if kind == "service"]
    mounts = [name for kind, name in givers(service.asked["volumes_from"]) if kind == "service"]
    return list(dict.fromkeys((*joined, *mounts, *sorted(service.restarts_with))))


def owners_first(services: Mapping[str, DesiredService]) -> Iterator[DesiredService]:
    """The services, each after those that it follows."""
    names = needed_first(services, lambda name: [each for each in followed(services[name]) if each in services])
    return (services[name] for name in names)


def owner_after(
    service: DesiredService,
    planned: Sequence[Draft | str],
    observed: Observed,
    before: Mapping[str, Owner],
) -> Owner:
    """The first container of a service as it will be when this plan is carried out; `before` are those of the services
    that it follows.
    """
    stays = [each for each in planned if isinstance(each, str) or each.change.action is not Action.REMOVE]
    first = stays[0] if stays else ""
    found = _of_draft(first, service, observed, before) if isinstance(first, Draft) else None
    found = found or living(service.name, service.context, observed)
    return _with_reason(found, service, [each for each in stays if isinstance(each, Draft)], observed, before)


def _of_draft(draft: Draft, service: DesiredService, observed: Observed, before: Mapping[str, Owner]) -> Owner | None:
    action, old = draft.change.action, draft.old
    if action in (Action.CREATE, Action.REPLACE):
        create = next(step for step in draft.change.steps if step.call is Call.CREATE)
        followed = owners_of(service, before, observed)
        return Owner(create.target, mounts=_mounts(create.payload.body, service, observed, followed))
    if old is None:
        return None
    reference = _name_of(old, service.context)
    return Owner(reference, old.id, "" if draft.has(Call.START) else old.started_at, dict(mounted(old.raw)))


def _mounts(
    body: Mapping[str, Any], service: DesiredService, observed: Observed, before: Mapping[str, Owner]
) -> dict[str, MountedFrom | None]:
    """What a container that is made of this body will have."""
    image = observed.images.get(service.image.reference)
    found: dict[str, MountedFrom | None] = dict.fromkeys(section(image.config, "Volumes") if image else ())
    for entry in givers(service.asked["volumes_from"]):
        found |= of_neighbour(entry, before, observed).mounts
    host = section(body, "HostConfig")
    for bind in host.get("Binds") or ():
        source, target = bind.split(":")[:2]
        found[target_path(target)] = ("bind", source)
    for mount in host.get("Mounts") or ():
        if mount["Type"] in ("volume", "bind"):
            source = mount.get("Source")
            found[target_path(mount["Target"])] = (mount["Type"], source) if source else None
    return found


def of_neighbour(whose: tuple[str, str], owners: Mapping[str, Owner], observed: Observed) -> Owner:
    """A service's container, the one that is there where none was planned; or one of somebody else."""
    kind, name = whose
    if kind == "service":
        return owners[name]
    there = observed.neighbours.get(name)
    return Owner(name, there.id, there.started_at, dict(there.mounts)) if there else Owner(name)


def _with_reason(
    owner: Owner, service: DesiredService, drafts: list[Draft], observed: Observed, before: Mapping[str, Owner]
) -> Owner:
    """What the plan makes of it, if that is anything that a follower notices, and why."""
    events = [(each, _becomes(each, service, observed)) for each in drafts]
    events = [event for event in events if event[1]]
    draft, becomes = next((event for event in events if event[1] == MADE), events[0] if events else (None, ""))
    if draft is None:
        return owner
    forcing = _forcing(draft.change)
    own = [each for each in forcing if each.causes != (Cause.DEPENDENCY,)]
    causes = (before[name] for name in followed(service) if name in before and before[name].becomes)
    root = next((each.root for each in causes), "") if forcing and not own else ""
    said = [str(each.before) if each.field == STATE else each.field for each in own or forcing]
    why = draft.change.reason if draft.change.action is Action.CREATE or not said else ", ".join(said)
    address = draft.change.address
    return replace(owner, becomes=becomes, why=address, root=root or f"{address}: {why}")


def _forcing(change: Change) -> list[FieldChange]:
    """The fields without which it would be neither made anew nor started anew; none where somebody asked for it."""
    heaviest = max((each.effect.weight for each in change.fields), default=0)
    if change.reason == ASKED_ANEW and heaviest < Effect.REPLACE.weight:
        return []
    return [each for each in change.fields if each.effect.weight == heaviest]


def _becomes(draft: Draft, service: DesiredService, observed: Observed) -> str:
    """A further replica is nothing that who follows the service would notice."""
    first = draft.change.action is Action.CREATE and living_container(service.name, observed) is None
    if first or draft.change.action is Action.REPLACE:
        return MADE
    return STARTED if draft.has(Call.START) and draft.change.action is not Action.CREATE else ""


def reason(owner: Owner) -> str:
    """In words whom a change follows, and the change that began it all: `with service.db[1]: user`."""
    if not owner.becomes:
        return ""
    direct = owner.root.startswith(f"{owner.why}:")
    return f"with {owner.root}" if direct else f"with {owner.why}, and that with {owner.root}"


def living(service: str, context: Context, observed: Observed) -> Owner:
    """The first container of a service as it is."""
    found = living_container(service, observed)
    if found is None:
        return Owner(name_in(context, service, 1))
    return Owner(_name_of(found, context), found.id, found.started_at, dict(mounted(found.raw)))


def _name_of(found: ObservedContainer, context: Context) -> str:
    """Its name, which its successors will have, too, unless it is to be renamed."""
    return found.name if found.name == name_in(context, found.service, found.number) else found.id


def living_container(service: str, observed: Observed) -> ObservedContainer | None:
    return next((each for each in observed.of_service(service) if not is_half_done(each, observed)), None)


def owners_of(service: DesiredService, owners: Mapping[str, Owner], observed: Observed) -> Mapping[str, Owner]:
    """The containers of the services that it follows, those that are there where none was planned."""
    names = followed(service)
    return {name: owners[name] if name in owners else living(name, service.context, observed) for name in names}
