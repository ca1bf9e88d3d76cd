"""What changes of a container without a new one: its limits, its networks, its name, whether it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from deployer.fields.attachments import endpoint_again, fixed_addresses, names_of
from deployer.fields.container import BY_NAME
from deployer.fields.field import Effect, Json, Value
from deployer.plan import steps
from deployer.plan.contents import is_content, signals, taken_up
from deployer.plan.diff import networks_left
from deployer.plan.differences import OF_THE_NAME, Facts
from deployer.plan.draft import Draft, addresses_of, networks_of
from deployer.plan.model import STATE, Action, Call, Change, FieldChange, Step
from deployer.plan.readiness import await_ready
from deployer.plan.recovery import has_taken_over, is_held
from deployer.plan.way_out import way_out_moves
from deployer.resources import applied
from deployer.resources.body import endpoints
from deployer.resources.desired import DesiredService
from deployer.resources.inspected import host_ports, static_addresses
from deployer.resources.observed import ObservedContainer


def plan_in_place(
    service: DesiredService, container: ObservedContainer, fields: list[FieldChange], facts: Facts
) -> Draft:
    """A change that the living container takes, started again where that needs it."""
    fields = [_with_caution(change, service, container) for change in fields]
    rejoins = any(change.effect is Effect.RESTART and change.field != STATE for change in fields)
    changing = [
        change
        for change in fields
        if not is_content(change) and (change.effect is not Effect.RESTART or change.field == STATE)
    ]
    changed = {change.field.split(".")[0] for change in changing} | {
        row for row in service.written if any(_is_of(change, row, service) for change in changing)
    }
    name = service.container_name(container.number)
    renamed = not changed.isdisjoint(OF_THE_NAME)
    joined = list(_networks(service, container, changing, facts, renamed=renamed))
    breaks = _breaks(service, container, joined)
    runbook = [*_update(service, container, changed), *joined]
    held = renamed and is_held(name, facts.observed, container)
    renames = steps.rename_in_turn(container, name) if held else (steps.rename(container, name),) if renamed else ()
    # Who has the name may give it up only after this one, which follows it, is ready again.
    runbook += renames[:-1] if held else renames
    restarts = STATE in changed or rejoins
    if restarts:
        wait = await_ready(service, container.id, fresh=True, name=container.name)
        runbook += steps.restart(container, wait) if rejoins else steps.start(container, wait)
    runbook += renames[-1:] if held else ()
    runbook += (sent := signals(service, container, fields, facts.place))
    breaking = _breaking(breaks, way_out_moves(service, container, facts) if joined else "")
    signalled = [step.payload for step in sent if step.call is Call.KILL]
    action, detail = _how(fields, rejoins, signalled, breaking, steps.start_is(container))
    if action is Action.RENAME and has_taken_over(container) and not held:
        action, detail = Action.RECOVER, f"rename {container.name} to {name}"
    secrecy = applied.Secrecy(facts.observed.records.salt, service.sensitive, service.hidden)
    rows = {row.name: secrecy.stored(row, service.asked[row.name]) for row in BY_NAME.values() if row.name in changed}
    rows |= taken_up(service) if any(map(is_content, fields)) else {}
    updates = (container.id, rows) if rows else None
    change = Change(
        container.address,
        action,
        fields[0].field,
        tuple(fields),
        tuple(runbook),
        detail=detail,
        updates=updates,
        breaks=tuple(breaks),
    )
    moved = {step.payload for step in runbook if step.call is Call.DISCONNECT}
    moved |= {step.payload[0] for step in runbook if step.call is Call.CONNECT}
    return Draft(
        change,
        service,
        container.number,
        container,
        networks=networks_of(service),
        waits_for=service.depends_on if restarts else {},
        follows=_followed(service, fields) if rejoins else frozenset(),
        takes=host_ports(container.raw) if restarts else frozenset(),
        gives_addresses=frozenset(each for each in static_addresses(container.raw) if each[0] in moved),
        takes_addresses=frozenset(each for each in addresses_of(service) if restarts or each[0] in moved),
        gives_name=container.name,
        takes_name=name if held else "",
    )


def _is_of(change: FieldChange, row: str, service: DesiredService) -> bool:
    """Whether a difference is one of a row, by the name under which that was written."""
    said = service.written.get(row)
    name = said.name if said else row
    return change.field == name or change.field.startswith(f"{name}.")


def _with_caution(change: FieldChange, service: DesiredService, container: ObservedContainer) -> FieldChange:
    """The difference, with what its change may do to the container if that runs."""
    if change.effect is not Effect.IN_PLACE or not container.is_up:
        return change
    rows = (row for row in BY_NAME.values() if row.caution and _is_of(change, row.name, service))
    said = (row.caution(container.values[row.name], service.asked[row.name]) for row in rows if row.caution)
    caution = next(filter(None, said), "")
    return replace(change, note=caution) if caution else change


def _how(
    fields: list[FieldChange], rejoins: bool, signalled: list[str], breaking: str, start: Action
) -> tuple[Action, str]:
    """What a change that needs no new container is called, and what becomes of the living one; `start` is what a start
    of it is.
    """
    only = {change.field for change in fields}
    follows = all(change.effect is Effect.RESTART and change.field != STATE for change in fields)
    if follows or (rejoins and all(map(is_content, fields))):
        return Action.RESTART, ""
    if only == {STATE}:
        return start, ""
    action = Action.RENAME if only <= OF_THE_NAME else Action.UPDATE
    if rejoins:
        return action, "in place, then restarted"
    sent = f"{' and '.join(signalled)} sent" if signalled else "in place"
    if STATE in only:
        return action, f"{sent}, then {'unpaused' if start is Action.UNPAUSE else 'started'}"
    if breaking:
        return action, f"{sent}; {breaking}"
    return action, f"{sent}, no restart{' unless the program ends by it' if signalled else ''}"


def _breaking(breaks: Mapping[str, bool], way_out: str) -> str:
    """Whose connections a change of its networks ends, in words."""
    address = "" if all(breaks.values()) else ", its address may change"
    through = f"connections through {' and '.join(breaks)} break{address}" if breaks else ""
    outside = f"connections {way_out} break" if way_out else ""
    return "; ".join(filter(None, (through, outside)))


def _update(service: DesiredService, container: ObservedContainer, changed: set[str]) -> Iterator[Step]:
    """All that the engine's update takes goes in one call."""
    rows = [row for row in BY_NAME.values() if row.name in changed and row.engine.startswith("HostConfig.")]
    body = {key: value for row in rows for key, value in row.update_body(service.asked).items()}
    # 0 is taken and changes nothing: a limit that was not there cannot be taken away again.
    before = {key: value for row in rows for key, value in row.update_body(container.values).items() if value}
    if body:
        yield steps.update(container, body, before)


def _networks(
    service: DesiredService, container: ObservedContainer, changing: list[FieldChange], facts: Facts, *, renamed: bool
) -> Iterator[Step]:
    """Those that differ are left and joined; all of them where the links differ, which are a part of each. Of one that
    is `renamed`, also those where Compose has made its old name an alias.
    """
    named = (change.field.partition(".")[2] for change in changing if change.field.startswith("networks."))
    left = networks_left(service, facts.observed)
    keys = {left.get(key, key) for key in named}
    want, have = dict(service.asked["networks"]), dict(container.values["networks"])
    if any(change.field in ("links", "external_links") for change in changing):
        keys |= want.keys()
    raw, there = container.raw["NetworkSettings"]["Networks"], dict(endpoints(service))
    keys |= {key for key in have if renamed and _is_alias(container.name, have[key], raw, service, key)}
    for key in sorted(keys):
        name = service.context.networks.get(key, key)
        if key in have:
            yield steps.leave(container, name, {**endpoint_again(raw[name]), "Aliases": names_of(have[key])})
        if key in want:
            yield steps.join(container, name, there[name])


def _breaks(service: DesiredService, container: ObservedContainer, joined: list[Step]) -> dict[str, bool]:
    """The networks that a living container leaves and joins again, by key, each with whether it asks for an address
    of its own there: any other one may be somebody else's by then.
    """
    left = {step.payload for step in joined if step.call is Call.DISCONNECT}
    again = {step.payload[0] for step in joined if step.call is Call.CONNECT and step.payload[0] in left}
    entries = service.asked["networks"] if container.is_alive else ()
    names = service.context.networks
    return {key: bool(fixed_addresses(entry)) for key, entry in entries if names.get(key, key) in again}


def _is_alias(name: str, entry: Value, raw: Json, service: DesiredService, key: str) -> bool:
    """Whether the engine has a name among the aliases in a network that nobody asked for."""
    aliases: list[str] = raw[service.context.networks.get(key, key)].get("Aliases") or []
    return name in aliases and name not in names_of(entry)


def _followed(service: DesiredService, fields: list[FieldChange]) -> frozenset[str]:
    """The services that it is started anew with."""
    named = {change.field.partition(".")[2] for change in fields if change.effect is Effect.RESTART}
    return service.restarts_with & named
