"""What of a change is to be seen by whoever looks at a plan for a minute: what a new container has that none of the
service's had, work that is done once more, data that it no longer has, and connections that end.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence

from deployer.fields.container import BY_NAME
from deployer.fields.field import Value
from deployer.fields.ports import is_every
from deployer.plan.begins_empty import begins_empty
from deployer.plan.brief import in_brief, mount_texts
from deployer.plan.differences import Facts
from deployer.plan.draft import STARTS, Draft
from deployer.plan.model import Action, Call, Change, Danger, Shows
from deployer.plan.powers import gives_root, is_the_hosts, powers
from deployer.plan.way_out import way_out_moves
from deployer.resources.desired import DesiredService

Values = Mapping[str, Value]


def dangers(draft: Draft, service: DesiredService, facts: Facts) -> Iterator[tuple[Danger, str]]:
    """Each kind that there is, with what it is about."""
    there = facts.observed.of_service(service.name)
    if draft.has(Call.CREATE):
        before = [container.values for container in there]
        found = {
            Danger.POWER: _powers(service, before),
            Danger.HOST_PATH: ", ".join(_host_paths(service, before)),
            Danger.OPEN_PORT: _ports(service, before),
            Danger.LEFT_BEHIND: ", ".join(dict.fromkeys(each.told for each in begins_empty(service, facts))),
        }
        yield from ((kind, text) for kind, text in found.items() if text)
    elif draft.old and draft.has(Call.CONNECT, Call.DISCONNECT) and (moved := way_out_moves(service, draft.old, facts)):
        yield Danger.WAY_OUT, moved
    if service.completes and draft.has(Call.CREATE, *STARTS) and not _is_first(draft.change):
        yield Danger.RUNS_AGAIN, _why(draft.change)


def _is_first(change: Change) -> bool:
    return change.action is Action.CREATE and not change.fields


def _why(change: Change) -> str:
    return f"{change.reason}, if the image of {change.known_after} differs" if change.known_after else change.reason


def _powers(service: DesiredService, before: Sequence[Values]) -> str:
    had = {each for values in before for each in powers(values)}
    return ", ".join(in_brief(service, (each for each in powers(service.asked) if each not in had)))


def _host_paths(service: DesiredService, before: Sequence[Values]) -> list[str]:
    """Those outside of the stack's folder; those that give away much first. One that was only read may be written."""
    had = {(value[1], value[2]) for values in before for _, value in values["volumes"] if value[0] == "bind"}
    texts, folder = mount_texts(service), service.context.folder.rstrip("/")
    found: list[tuple[bool, str]] = []
    for target, (kind, path, read_only, *_) in service.asked["volumes"]:
        is_own = bool(folder) and path.startswith(f"{folder}/") and not is_the_hosts(path)
        if kind == "bind" and not is_own and not had & {(path, False), (path, read_only)}:
            root = " (root on the host)" if gives_root(path) and texts[target] != Shows.NOTHING.value else ""
            found.append((not is_the_hosts(path), f"{texts[target]}{root}"))
    return [text for _, text in sorted(found)]


def _ports(service: DesiredService, before: Sequence[Values]) -> str:
    """Those that can be reached from other machines."""
    had = [port for values in before for port in values["ports"]]
    new = frozenset(port for port in service.asked["ports"] if not _is_loopback(port[0]) and not _is_open(port, had))
    text = BY_NAME["ports"].kind.show(new).replace('"', "")
    shown = Shows.NOTHING.value if text and service.hides("ports") else text
    every = service.asked["publish_all"] and not any(values["publish_all"] for values in before)
    return ", ".join(filter(None, (shown, "publish_all" if every else "")))


def _is_loopback(address: str) -> bool:
    return bool(address) and ipaddress.ip_address(address).is_loopback


def _is_open(port: Value, had: Sequence[Value]) -> bool:
    """Whether the same port of the host, or, of a random one, of the container, was open there already."""
    same = {each[0] for each in had if _key(each) == _key(port)}
    everywhere = {family for address in same if is_every(address) for family in _families(address)}
    return port[0] in same or _families(port[0]) <= everywhere


def _key(port: Value) -> tuple[Value, ...]:
    _, published, target, protocol = port
    return (published, None if published else target, protocol)


def _families(address: str) -> set[int]:
    """Of the internet protocol; to name no address means both."""
    return {ipaddress.ip_address(address).version} if address else {4, 6}
