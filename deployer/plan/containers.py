"""The containers of each service: which of them stay, which change and how, which go."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from operator import itemgetter

from deployer.fields.attachments import endpoint_again
from deployer.fields.container_names import SUCCESSOR
from deployer.fields.field import Effect, Json, section
from deployer.fields.mounts import images_of
from deployer.fields.namespaces import all_joined, owners
from deployer.fields.volumes_from import givers
from deployer.plan import steps
from deployer.plan.asks import asks, data_there, settings
from deployer.plan.begins_empty import begins_empty
from deployer.plan.brief import brief, mounts
from deployer.plan.copies import copies_of
from deployer.plan.dangers import dangers
from deployer.plan.differences import NAME, Facts, differences, missing
from deployer.plan.draft import Draft, addresses_of, networks_of
from deployer.plan.ignored import as_others_left
from deployer.plan.in_place import plan_in_place
from deployer.plan.model import ASKED_ANEW, STATE, STAYS, Action, Call, Cause, Change, FieldChange, LostData, Step
from deployer.plan.nameless import carried_over
from deployer.plan.one_shots import Loss, losses
from deployer.plan.owners import owners_of
from deployer.plan.readiness import await_ready
from deployer.plan.recovery import as_it_was, carried, explained, is_half_done, is_held, with_what_is_done
from deployer.resources.applied import Secrecy
from deployer.resources.body import container_body, further_endpoints
from deployer.resources.desired import DesiredService
from deployer.resources.identity import container_address
from deployer.resources.inspected import host_ports, is_removed_when_it_stops, static_addresses
from deployer.resources.observed import ObservedContainer
from deployer.resources.standing import Standing

_NEEDS_IT = "needs a new container"
_RUNS_AGAIN = "runs again"
_NO_WAY_BACK = "stop-first, with no way back: it was made to be removed when it stops"


def plan_service(service: DesiredService, facts: Facts) -> Iterator[Draft | str]:
    """A draft for each container that changes, the address of each that does not."""
    found = [each for each in facts.observed.of_service(service.name) if not is_half_done(each, facts.observed)]
    kept, surplus = found[: service.replicas], found[service.replicas :]
    planned = [(container, _existing(service, container, facts)) for container in kept]
    _weigh([draft for _, draft in planned if draft])
    made = [(container.number, draft or container.address) for container, draft in planned]
    taken = {container.number for container in kept}
    free = (number for number in range(1, service.replicas + len(taken) + 1) if number not in taken)
    made += [(number, _fresh(service, number, facts)) for number in islice(free, service.replicas - len(kept))]
    for _, each in sorted(made, key=itemgetter(0)):
        yield _with_dangers(each, service, facts) if isinstance(each, Draft) else each
    for container in surplus:
        yield plan_removal(container, f"the stack wants {service.replicas}", facts.remade)


def _with_dangers(draft: Draft, service: DesiredService, facts: Facts) -> Draft:
    draft.change = replace(draft.change, dangers=tuple(dangers(draft, service, facts)))
    return draft


def plan_removal(
    container: ObservedContainer,
    reason: str,
    remade: frozenset[str] = frozenset(),
    *,
    data: bool | None = None,
    protected: Collection[str] = (),
) -> Draft:
    """`data` takes its volumes without a name along, but where one is protected: all of them stay then. It is None
    where nobody was asked. The engine itself takes those of a container that it removes when that stops.
    """
    own = sorted(container.anonymous.items())
    taken = bool(data and own) and not any(name in protected for _, name in own)
    goes = taken or (is_removed_when_it_stops(container.raw) and container.is_alive)
    runbook = steps.remove_with_data(container) if taken else steps.remove(container, _endpoints(container, remade))
    change = Change(
        container.address,
        Action.REMOVE,
        reason,
        steps=runbook,
        detail=f"with its data at {', '.join(target for target, _ in own)}" if goes and own else "",
        loses=tuple(LostData(name) for _, name in own) if goes else (),
        notes=() if goes else tuple(_left_behind(own, may_take=data is False)),
    )
    return Draft(
        change,
        old=container,
        leaves=_networks_of(container),
        volumes=_volumes_of(container),
        gives=host_ports(container.raw),
        gives_addresses=static_addresses(container.raw),
        gives_name=container.name,
    )


def _left_behind(volumes: Iterable[tuple[str, str]], *, may_take: bool = False) -> Iterator[tuple[str, str]]:
    """Volumes without a name that stay when their container goes: nothing else says that they are there."""
    more = "; to remove it, too: --volumes" if may_take else ""
    return ((f"volumes.{target}", f"{STAYS}until docker volume rm {name}{more}") for target, name in volumes)


def _fresh(service: DesiredService, number: int, facts: Facts) -> Draft:
    name = service.container_name(number)
    held = is_held(name, facts.observed)
    called = name + SUCCESSOR if held else name
    new = _new(service, number, facts, anonymous=carried(service.name, number, facts.observed))
    wait = await_ready(service, called, fresh=True)
    runbook = (*_look(new, called), *steps.create(called, new, further_endpoints(service), wait))
    runbook += (steps.take_name(name),) if held else ()
    address = container_address(service.name, number)
    reason, fields = missing(address, facts.observed, "completed" if service.completes else "running")
    secrecy = Secrecy(facts.observed.records.salt, service.sensitive, service.hidden)
    change = Change(
        address,
        Action.CREATE,
        reason,
        fields,
        runbook,
        detail=brief(service),
        mounts=mounts(service),
        asks=tuple(asks(service, secrecy, facts, fields[0].causes if fields else (Cause.EDIT,))),
        settings="" if facts.observed.of_service(service.name) or fields else settings(service),
        notes=(*data_there(service, facts), *_empty(service, facts)),
    )
    return _draft(change, service, number, None, new, takes_name=name if held else "")


def _empty(service: DesiredService, facts: Facts) -> Iterator[tuple[str, str]]:
    """The volumes in which a service begins with nothing, in the place of one that goes."""
    return (each.note for each in dict.fromkeys(begins_empty(service, facts)) if each.had_by)


def _existing(service: DesiredService, container: ObservedContainer, facts: Facts) -> Draft | None:
    service = as_others_left(service, container, facts.observed)
    fields = explained(differences(service, container, facts), container, facts.observed)
    lost = list(losses(service, container, facts))
    if lost:
        return _run_again(service, container, fields, lost, facts)
    asked = service.name in facts.replace
    if not fields and not asked:
        return None
    if asked or any(change.effect is Effect.REPLACE for change in fields) or container.status == "dead":
        return _replacement(service, container, fields, facts)
    return plan_in_place(service, container, fields, facts)


def _replacement(
    service: DesiredService, container: ObservedContainer, fields: list[FieldChange], facts: Facts
) -> Draft:
    name = service.container_name(container.number)
    old = as_it_was(container, facts.observed)
    taken_over = carried_over(service, old)
    new = _new(service, container.number, facts, old, anonymous=taken_over)
    wait = await_ready(service, name + SUCCESSOR, fresh=False)
    connects = further_endpoints(service)
    off = _endpoints(container, facts.remade)
    if off or (facts.remade and all_joined(container.raw)):
        # Whose namespace it is in may be in such a network: that one stops, and is made anew, after this one stops.
        runbook = steps.replace_stop_first(old, name, new, connects, wait, off=off)
    else:
        runbook = steps.replace_stop_first(old, name, new, connects, wait, _look(new, name + SUCCESSOR))
    runbook = with_what_is_done(runbook, container, old)
    if container.name == name + SUCCESSOR:  # it took over from one that is gone, and its own successor needs that name
        runbook = (steps.rename(old, name), *runbook)
    waiting = facts.images[service.image.address].id == ""
    asked = service.name in facts.replace
    only_image = waiting and not asked and all(change.field == "image" for change in fields)
    how = _RUNS_AGAIN if service.completes else "stop-first"
    how = _NO_WAY_BACK if is_removed_when_it_stops(old.raw) else how
    change = Change(
        container.address,
        Action.REPLACE,
        ASKED_ANEW if asked else fields[0].field,
        tuple(fields),
        runbook,
        detail=f"{how}; {ASKED_ANEW}" if asked and fields else how,
        known_after=service.image.address if only_image else None,
        unless_image=container.image_id if only_image else "",
        notes=tuple(_left_behind(sorted(old.anonymous.items() - taken_over.items()))),
    )
    takes_name = name if is_held(name, facts.observed, container) else ""
    return _draft(change, service, container.number, container, new, takes_name=takes_name)


def _weigh(drafts: Sequence[Draft]) -> None:
    """Where some of the fields of a service's new containers could be changed in place, the others say that it is they
    that could not: on each of its containers alike.
    """
    replaced = [draft for draft in drafts if draft.change.action is Action.REPLACE and not draft.forgets]
    if len({field.effect is Effect.REPLACE for draft in replaced for field in draft.change.fields}) > 1:
        for draft in replaced:
            draft.change = replace(draft.change, fields=tuple(map(_weighed, draft.change.fields)))


def _weighed(field: FieldChange) -> FieldChange:
    needs = field.effect is Effect.REPLACE
    return replace(field, note="; ".join(filter(None, (field.note, _NEEDS_IT)))) if needs else field


def _run_again(
    service: DesiredService, container: ObservedContainer, fields: list[FieldChange], lost: list[Loss], facts: Facts
) -> Draft:
    name = service.container_name(container.number)
    held = is_held(name, facts.observed, container)
    called = name + SUCCESSOR if held else name
    new = _new(service, container.number, facts, anonymous=carried_over(service, container))
    wait = await_ready(service, called, fresh=True)
    runbook = steps.run_again(container, called, new, further_endpoints(service), wait, _look(new, called))
    runbook += (steps.take_name(name),) if held else ()
    why = dict.fromkeys(change for _, change in lost)
    change = Change(
        container.address,
        Action.REPLACE,
        lost[0][1].field,
        (*why, *(change for change in fields if change.field not in (STATE, NAME))),
        runbook,
        detail=f"{_RUNS_AGAIN}; its old container goes first",
    )
    draft = _draft(change, service, container.number, container, new, takes_name=name if held else "")
    draft.forgets = frozenset(address for address, _ in lost)
    return draft


def _new(
    service: DesiredService,
    number: int,
    facts: Facts,
    old: ObservedContainer | None = None,
    *,
    anonymous: Mapping[str, str],
) -> steps.NewContainer:
    followed = owners_of(service, facts.owners, facts.observed)
    body = container_body(
        facts.desired,
        service,
        number,
        salt=facts.observed.records.salt,
        revision=facts.revision,
        anonymous=anonymous,
        replaces=old.id if old else "",
        was=Standing(old.status, old.values["restart"], old.health) if old else None,
        references={name: owner.reference for name, owner in followed.items()},
    )
    return steps.NewContainer(body, service.image.address, copies_of(service))


def _look(new: steps.NewContainer, name: str) -> tuple[Step, ...]:
    """Before anything stops, look whether another program's container has the ports."""
    wanted = host_ports(new.body)
    ports = ", ".join(str(port) for port in sorted({port for _, port, _ in wanted}))
    return (Step(Call.LOOK_PORTS, name, wanted, detail=f"({ports})"),) if wanted else ()


def _draft(
    change: Change,
    service: DesiredService,
    number: int,
    old: ObservedContainer | None,
    new: steps.NewContainer,
    takes_name: str = "",
) -> Draft:
    mounted: Iterable[tuple[str, tuple[str, str]]] = service.asked["volumes"]
    return Draft(
        change,
        service,
        number,
        old,
        image=service.image.address,
        mounted_images=frozenset(f"image.{reference}" for reference in images_of(service.asked["volumes"])),
        networks=networks_of(service),
        leaves=_networks_of(old) if old else frozenset(),
        volumes=frozenset(value[1] for _, value in mounted if value[0] == "volume") - {""},
        gives=host_ports(old.raw) if old else frozenset(),
        takes=host_ports(new.body),
        gives_addresses=static_addresses(old.raw) if old else frozenset(),
        takes_addresses=addresses_of(service),
        gives_name=old.name if old else "",
        takes_name=takes_name,
        joins=_joined(service),
        waits_for=service.depends_on,
    )


def _joined(service: DesiredService) -> frozenset[str]:
    """The services whose containers must be there when it is created: the engine keeps what it finds then."""
    namespaces = frozenset(name for _, kind, name in owners(service.asked) if kind == "service")
    return namespaces | frozenset(name for kind, name in givers(service.asked["volumes_from"]) if kind == "service")


def _networks_of(container: ObservedContainer) -> frozenset[str]:
    return frozenset(section(container.raw, "NetworkSettings.Networks"))


def _volumes_of(container: ObservedContainer) -> frozenset[str]:
    return frozenset(value[1] for _, value in container.values["volumes"] if value[0] == "volume") - {""}


def _endpoints(container: ObservedContainer, networks: frozenset[str]) -> dict[str, Json]:
    """How the container is in those networks, for taking it back there."""
    raw = section(container.raw, "NetworkSettings.Networks")
    return {name: endpoint_again(settings) for name, settings in raw.items() if name in networks}
