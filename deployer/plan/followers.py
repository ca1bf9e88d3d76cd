"""Containers that have the mounts of another one, or are to start anew with it: what becomes of them with that one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deployer.errors import Diagnostic
from deployer.fields.attachments import has_fixed_mac
from deployer.fields.container_names import name_in
from deployer.fields.field import Effect
from deployer.fields.links import linked, target
from deployer.fields.volumes_from import givers
from deployer.plan.model import Cause, FieldChange
from deployer.plan.owners import MADE, Owner, of_neighbour, reason
from deployer.plan.recovery import has_completed
from deployer.plan.takes import TAKES_NO_MAC
from deployer.resources.desired import Desired, DesiredService
from deployer.resources.inspected import mounted
from deployer.resources.observed import MountedFrom, Observed, ObservedContainer


def follower_changes(
    service: DesiredService, container: ObservedContainer, followed: Mapping[str, Owner], observed: Observed
) -> Iterator[FieldChange]:
    if not (has_completed(container, observed) and service.may_exit):
        yield from _mounts_of_others(service, container, followed, observed)
        yield from _restarts(service, container, followed)
        yield from _links(service, container)


def followers_left(desired: Desired, observed: Observed, owners: Mapping[str, Owner]) -> Iterator[Diagnostic]:
    """Who would follow what this plan makes anew or starts anew, and is no part of the plan."""
    for name, owner in owners.items():
        for follower in sorted(desired.left_followers.get(name, ())) if owner.becomes else ():
            if any(container.is_alive for container in observed.of_service(follower)):
                yield Diagnostic(
                    "follower-left",
                    f"service.{follower} follows {name}, which is {owner.becomes}, and stays as it is",
                    hint=f"to let it follow: --only {follower}, too",
                    address=f"service.{follower}",
                )


def _restarts(
    service: DesiredService, container: ObservedContainer, followed: Mapping[str, Owner]
) -> Iterator[FieldChange]:
    """`depends_on.restart`, and links, as Compose has it: whatever this plan makes anew or starts anew takes along who
    runs; what the engine starts again by itself does not.
    """
    linked = {target(link) for link in service.asked["links"]}
    for name in sorted(service.restarts_with if container.is_alive else ()):
        owner = followed[name]
        if owner.becomes:
            key = "links" if name in linked else "depends_on"
            after = f"{name} ({owner.becomes})"
            yield FieldChange(f"{key}.{name}", name, after, (Cause.DEPENDENCY,), Effect.RESTART, note=reason(owner))


def _links(service: DesiredService, container: ObservedContainer) -> Iterator[FieldChange]:
    """A link names a container, and does not follow it to another name."""
    names = linked(container.raw)
    if container.values["links"] == service.asked["links"] and container.values["networks"]:
        asked = service.asked
        fixed = asked["mac_address"] or has_fixed_mac(asked["networks"])
        effect, forced = (Effect.REPLACE, f"; {TAKES_NO_MAC}") if fixed else (Effect.IN_PLACE, "")
        for name in sorted(map(target, asked["links"])):
            called = name_in(service.context, name, 1)
            if called not in names:
                note = f"its container is to be called {called}{forced}"
                yield FieldChange("links", name, f"{name} (renamed)", (Cause.DEPENDENCY,), effect, note=note)


def _mounts_of_others(
    service: DesiredService, container: ObservedContainer, followed: Mapping[str, Owner], observed: Observed
) -> Iterator[FieldChange]:
    """A container keeps the volumes that it found when it was made, whatever becomes of whom it has them from: nothing
    is to be done as long as that one has the same ones (Engine 20.10 and 28).
    """
    entries = service.asked["volumes_from"]
    if container.values["volumes_from"] != entries:
        return
    owners = [of_neighbour(whose, followed, observed) for whose in givers(entries)]
    given: dict[str, MountedFrom | None] = {}
    for owner in owners:
        given |= owner.mounts
    there = mounted(container.raw)
    own = _own_targets(service, container)
    others = {at for at, what in given.items() if at not in own and (what is None or there.get(at) != what)}
    others |= there.keys() - own - given.keys() - container.anonymous.keys() if entries else set[str]()
    if others or _by_an_id_that_goes(container, owners):
        shown = ", ".join(entries)
        why = [reason(owner) for owner in owners if owner.becomes == MADE]
        after = f"{shown} (other mounts: {', '.join(sorted(others))})" if others else f"{shown} ({MADE})"
        note = why[0] if why else "its mounts are others than when this one was made"
        yield FieldChange("volumes_from", shown, after, (Cause.DEPENDENCY,), Effect.REPLACE, note=note)


def _own_targets(service: DesiredService, container: ObservedContainer) -> set[str]:
    """Where a mount is its own, as it is asked for or as it is there; of its secrets, too."""
    rows = ("volumes", "tmpfs")
    own = {at for row in rows for values in (service.asked, container.values) for at, _ in values[row]}
    copied = {at for at, (_, name) in mounted(container.raw).items() if name in container.copies}
    return own | copied


def _by_an_id_that_goes(container: ObservedContainer, owners: list[Owner]) -> bool:
    """Compose names them by id: once that container is gone, nothing tells whose mounts these are."""
    named = {text.partition(":")[0] for text in container.raw["HostConfig"].get("VolumesFrom") or ()}
    made = any(owner.becomes == MADE for owner in owners)
    return made and any(len(name) == 64 for name in named) and not container.applied
