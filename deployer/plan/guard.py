"""What the plan must not touch: one guard a function, all of them heard before any is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from deployer.errors import NOTHING_TOUCHED, Diagnostic
from deployer.fields.copies import SECTIONS
from deployer.fields.mounts import needed_paths
from deployer.fields.platform import is_of
from deployer.fields.references import host_of
from deployer.plan.abilities import engine_too_old, limits_too_low, not_in_effect
from deployer.plan.contents import contents_elsewhere, signals_missed
from deployer.plan.copies import into_volume, volume_over
from deployer.plan.damaged import damaged
from deployer.plan.diff import PlaceOf
from deployer.plan.draft import Draft, meet
from deployer.plan.duplicates import duplicates
from deployer.plan.images import other_platform
from deployer.plan.missing import external_missing, modes_missing, owners_missing
from deployer.plan.model import Action, Call, Change, FieldChange
from deployer.plan.renamed import renamed_volumes
from deployer.plan.unasked import not_asked
from deployer.resources.desired import Desired, DesiredService, DesiredThing
from deployer.resources.observed import Observed, ObservedThing
from deployer.resources.pushes import runs
from deployer.resources.registries import allow_insecure


def refusals(desired: Desired, observed: Observed, place: PlaceOf, *, adopt: bool = False) -> Iterator[Diagnostic]:
    """Why the stack cannot be carried out on this engine as it is written; nothing where it can.

    `adopt` takes over what another origin made under the stack's name.
    """
    foreign = [] if adopt else list(another_origin(desired.stack, desired.origin, desired.folder, observed))
    yield from foreign
    if not foreign:
        yield from engine_too_old(desired, observed, place)
        yield from limits_too_low(desired, place)
        yield from names_taken(desired, observed, place)
        yield from external_missing(desired, observed, place)
        yield from modes_missing(desired, observed, place)
        yield from owners_missing(desired, observed, place)
        yield from volumes_changed(desired, observed, place)
        yield from images_never(desired, observed, place)
        yield from builds_for_others(desired, observed, place)
        yield from copies_into_volumes(desired, observed, place)
        yield from binds_elsewhere(desired, observed, place)
        yield from contents_elsewhere(desired, observed, place)
        yield from insecure_refused(desired, observed, place)


def origins(observed: Observed) -> dict[str, str]:
    """Whose the stack's name is, with what says so: the newest record, which stands above labels, else each label."""
    if observed.records.origin:
        return {observed.records.origin: "its records"}
    things = [thing for thing in (*observed.networks.values(), *observed.volumes.values()) if thing.ours]
    return {thing.origin: thing.name for thing in (*observed.containers, *things) if thing.origin}


def another_origin(
    stack: str, origin: str, folder: str, observed: Observed, *, goes: bool = False
) -> Iterator[Diagnostic]:
    """Two folders of one name must never fight. A project that Compose started in this very folder is the same one.

    Where the stack `goes`, it may be that one that is meant.
    """
    for other, what in origins(observed).items():
        if other not in (origin, f"folder:{folder}"):
            own_name = (
                "give this stack a name of its own, by `name:` or -p NAME; if it is the same one: apply --adopt; "
            )
            remove = f"to remove that other one: deployer -p {stack} destroy, in a folder without a stack file"
            yield Diagnostic(
                "another-origin",
                f"the stack {stack!r} on this engine is not the one of the stack file here ({what})"
                if goes
                else f"the name {stack!r} belongs to another stack on this engine ({what})",
                hint=remove if goes else own_name + remove,
                notes=(f"that one: {other}", f"this one: {origin}", NOTHING_TOUCHED),
            )


def names_taken(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    for service in desired.services.values():
        for number in range(1, service.replicas + 1):
            name = service.container_name(number)
            if name in observed.neighbours:
                own = service.asked["container_name"] == name
                yield Diagnostic(
                    "name-taken",
                    f"a container named {name} is there already, and it is not this stack's",
                    place("services", service.name, *(("container_name",) if own else ())),
                    f"rename or remove it: docker rm -f {name}{'; or give this one another name' if own else ''}",
                )
    for section, wanted, there in (
        ("networks", desired.networks, observed.networks),
        ("volumes", desired.volumes, observed.volumes),
    ):
        for thing in wanted.values():
            found = there.get(thing.name)
            if found and not thing.external and not found.ours and _belongs_to_another(found, section):
                yield Diagnostic(
                    "name-taken",
                    f"the {section[:-1]} {thing.name} is there already, and it is not this stack's",
                    place(section, thing.key),
                    "say `external: true` to use it as it is, or give this one another `name:`",
                )


def names_kept(drafts: Sequence[Draft], observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """A name that another container of the stack has, and does not give up by this plan."""
    given = {draft.gives_name for draft in drafts if draft.gives_up_name is not None}
    for draft in drafts:
        if draft.takes_name and draft.takes_name not in given and draft.service:
            holder = next(each for each in observed.containers if each.name == draft.takes_name)
            yield Diagnostic(
                "name-taken",
                f"{holder.address} is named {draft.takes_name}, and this plan leaves it that name",
                place("services", draft.service.name, "container_name"),
                "let the plan be about that one, too; or give this one another name",
                notes=(NOTHING_TOUCHED,),
            )


def _belongs_to_another(found: ObservedThing, section: str) -> bool:
    """A volume without any origin may hold data, made by hand for this stack: the plan names it and uses it."""
    return section == "networks" or found.origin is not None or bool(found.key)


def networks_in_use(
    changes: Sequence[Change],
    observed: Observed,
    going: Set[str] = frozenset(),
    staying: Set[tuple[str, str]] = frozenset(),
) -> Iterator[Diagnostic]:
    """A network cannot go while somebody else's container is in it, whose id is not among those that are `going`: that
    is known before anything stops: one that is stopped could never be started again without it. One that was never
    started knows its networks by name, so one that is made anew is as good. In those of `staying` the stack's own
    containers stay, too: pairs of their ids.
    """
    others = [each for each in observed.neighbours.values() if each.id not in going]
    for change in changes:
        for step in (step for step in change.steps if step.call is Call.REMOVE_NETWORK):
            there = next((each for each in observed.networks.values() if step.target in (each.name, each.id)), None)
            called = {there.id, *((there.name,) if change.action is Action.REMOVE else ())} if there else set[str]()
            users = sorted(each.name for each in others if not called.isdisjoint(each.networks))
            if change.action is Action.REMOVE:
                users += sorted(each.name for each in observed.containers if there and (each.id, there.id) in staying)
            if users:
                names = ", ".join(users)
                hint = f"take them out first: docker network disconnect {step.target} {users[0]}"
                yield _in_use(change, f"are in it: {names}", hint, _asking(change))


def volumes_in_use(changes: Sequence[Change], observed: Observed, going: Set[str]) -> Iterator[Diagnostic]:
    """A volume cannot go while somebody else's container has it, running or not: known before anything stops."""
    others = [each for each in observed.neighbours.values() if each.id not in going]
    for change in changes:
        for step in (step for step in change.steps if step.call is Call.REMOVE_VOLUME):
            users = sorted(each.name for each in others if ("volume", step.target) in each.mounts.values())
            if users:
                hint = f"remove them first: docker rm -f {' '.join(users)}; or leave out --volumes"
                yield _in_use(change, f"have {step.target}: {', '.join(users)}", hint)


def _asking(change: Change) -> FieldChange | None:
    """The difference that asks for a network to be made anew: one that the file has a line for, where there is one."""
    return next((field for field in change.fields if field.at), next(iter(change.fields), None))


def _in_use(change: Change, how: str, hint: str, asking: FieldChange | None = None) -> Diagnostic:
    why = f" ({asking.field} differs, so it is to be made anew)" if asking else ""
    message = f"{change.address} would have to go{why}, and other containers {how}"
    place = asking.at if asking else None
    return Diagnostic("in-use", message, place, hint, change.address, (NOTHING_TOUCHED,))


def volumes_changed(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """A volume cannot be changed, only made anew without its data: that is for a person to do."""
    for thing in desired.volumes.values():
        found = observed.volumes.get(thing.name)
        for field in _differing(thing, found) if found and not thing.external else ():
            yield Diagnostic(
                "volume-changed",
                f"volume {thing.key}: {field} is not what {thing.name} was made with, and a volume cannot be changed",
                place("volumes", thing.key, field),
                f"put the file back, or give it another key or name; to lose its data: docker volume rm {thing.name}",
                address=f"volume.{thing.key}",
            )


def _differing(thing: DesiredThing, found: ObservedThing) -> list[str]:
    return [
        name
        for name, value in thing.asked.items()
        if found.values[name] != value and not (name == "labels" and not found.ours)
    ]


def images_never(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    for service in desired.services.values():
        image = service.image
        pushed = any(runs({image.address: image}, push) for push in desired.pushes)
        there = observed.images.get(image.reference)
        if image.pull == "never" and there and (why := other_platform(image, there)):
            yield Diagnostic(
                "image-platform",
                f"the image {image.reference} is never to be pulled, and {why}, not for {image.platform}",
                place("services", service.name, "platform"),
                "let it be pulled, or take platform out",
            )
        if image.pull == "never" and image.reference and not there and not pushed:
            yield Diagnostic(
                "image-missing",
                f"the image {image.reference} is not on the engine, and it is never to be pulled",
                place("services", service.name, "image"),
                f"load or build it first, or pull it: docker pull {image.reference}",
            )


def builds_for_others(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """The classic builder makes images of the engine's own platform."""
    own = observed.engine.platform
    built = [each for each in desired.services.values() if each.image.address.startswith("build.")]
    wanted = [(("services", each.name, "platform"), each.image.platform) for each in built]
    wanted += [((*build.path, "platforms"), build.platform) for build in desired.builds.values()]
    for path, platform in wanted:
        if platform and own and not is_of(platform, own):
            yield Diagnostic(
                "not-supported-yet",
                f"{path[0]}.{path[1]} is to be built for {platform}, and the engine builds for its own platform, {own}",
                place(*path),
                "build it on an engine of that platform, push it, and run it from the registry",
            )


def copies_into_volumes(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """What is copied into a volume that the image declares would stay there; of an image that is not there yet, the
    copying itself finds it.
    """
    for service in desired.services.values():
        image = observed.images.get(service.image.reference)
        volumes: Mapping[str, Any] = (image.config.get("Volumes") if image else None) or {}
        for kind in SECTIONS:
            copies = service.written[kind].value if kind in service.written else ()
            for index, copy in enumerate(copies):
                if over := volume_over(copy.path, volumes):
                    yield into_volume(service.name, copy.path, over, place("services", service.name, kind, index))


def binds_elsewhere(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """A relative path is one of this machine: an engine elsewhere would mount what it has there, or an empty folder."""
    for service in desired.services.values() if not observed.engine.is_here else ():
        mounts = service.written["volumes"].value if "volumes" in service.written else ()
        for index, mount in enumerate(mounts):
            if mount.type == "bind" and not mount.source.startswith("/"):
                yield Diagnostic(
                    "bind-elsewhere",
                    f"services.{service.name} mounts {mount.source}, which is on this machine, "
                    f"and the engine is on another one ({observed.engine.host})",
                    place("services", service.name, "volumes", index),
                    "write the absolute path that it has there; or take a volume; or copy it into the image by a build",
                )


def binds_missing(services: Iterable[DesiredService], observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """What is mounted and is not there, of services that are to start: known before anything stops, where the engine's
    host is this one. Elsewhere the engine refuses the new container while the old one still runs.
    """
    for service in services:
        mounts = service.written["volumes"].value if "volumes" in service.written else ()
        for index, path in needed_paths(mounts, service.context.folder):
            if path in observed.missing_paths:
                yield Diagnostic(
                    "bind-source-missing",
                    f"services.{service.name} mounts {path}, which is not there",
                    place("services", service.name, "volumes", index),
                    "make it, or let the engine make a folder: `create_host_path: true` in `bind`",
                    notes=(NOTHING_TOUCHED,),
                )


def insecure_refused(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """The stack calls a registry insecure, and the engine would refuse it: that is known before anything is done."""
    for registry in desired.registries:
        if registry.name in observed.not_insecure:
            host = host_of(registry.address)
            yield Diagnostic(
                "registry-insecure",
                f"registries.{registry.name} is insecure, and the engine takes {host} only with TLS",
                place("registries", registry.name, "insecure"),
                allow_insecure(host),
                notes=(NOTHING_TOUCHED,),
            )


def warnings(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """What the plan names before it goes on."""
    yield from damaged(observed)
    yield from duplicates(observed)
    yield from ports_taken(desired, observed, place)
    yield from not_in_effect(desired, observed, place)
    yield from renamed_volumes(desired, observed, place)
    yield from signals_missed(desired, place)
    yield from not_asked(desired, observed, place)
    for thing in desired.volumes.values():
        found = observed.volumes.get(thing.name)
        if found and not thing.external and not found.ours and found.origin is None:
            yield Diagnostic(
                "volume-without-origin",
                f"the volume {thing.name} is there already; nothing says whose it is, and it is used as it is",
                place("volumes", thing.key),
                "say `external: true` if it is somebody else's",
            )


def ports_taken(desired: Desired, observed: Observed, place: PlaceOf) -> Iterator[Diagnostic]:
    """A port that a container of somebody else has now: it may be free by the time of the apply."""
    for service in desired.services.values():
        wanted = {(host, int(port), protocol) for host, port, _, protocol in service.asked["ports"] if port.isdigit()}
        for neighbour in observed.neighbours.values() if wanted else ():
            taken = sorted({each[1] for each in wanted if meet({each}, neighbour.ports)})
            if taken:
                ports = ", ".join(map(str, taken))
                yield Diagnostic(
                    "port-taken",
                    f"port {ports} of the host is taken by the container {neighbour.name}",
                    place("services", service.name, "ports"),
                    "stop that one, or publish on another port",
                )
