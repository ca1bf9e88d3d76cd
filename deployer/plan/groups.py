"""Changes that are carried out, and put back, together: givers and takers of one host port or fixed address, who goes
and who is new and has its volume, all who leave a network that is made anew, and who follows a container that is made
or started anew.

All of them stop before any starts, and none of the old ones is removed before all of the new ones are ready.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deployer.fields.namespaces import all_joined
from deployer.plan.draft import Draft, meet, network_of
from deployer.plan.model import Action, Call, Edge


def groups_of(drafts: Sequence[Draft]) -> tuple[str, ...]:
    """The group of each draft: its own address, or that of the first one that it trades with."""
    leader = list(range(len(drafts)))

    def find(index: int) -> int:
        while leader[index] != index:
            index = leader[index]
        return index

    for one, giver in enumerate(drafts):
        for other, taker in enumerate(drafts):
            if one != other and trade(giver, taker):
                first, second = sorted((find(one), find(other)))
                leader[second] = first
    return tuple(_group_name(drafts[find(index)]) for index in range(len(drafts)))


def _group_name(draft: Draft) -> str:
    """What a dead run left bears the address of what it was to replace, and goes its own way."""
    address = draft.change.address
    return f"{address} (left behind)" if draft.change.action is Action.RECOVER else address


def trade(giver: Draft, taker: Draft) -> bool:
    """Whether the one waits for what the other has, or follows it, so that both are one group."""
    if Action.RECOVER in (giver.change.action, taker.change.action):
        return False
    if taker.has(Call.START) and giver.has(Call.STOP) and meet(giver.gives, taker.takes):
        return True
    if giver.gives_addresses & taker.takes_addresses:
        return True
    comes_for_it = (giver.change.action, taker.change.action) == (Action.REMOVE, Action.CREATE) and not giver.forgets
    if comes_for_it and giver.has(Call.STOP) and giver.volumes & taker.volumes:
        return True  # both would write to it for a while, where the one is the other under a new name
    if taker.takes_name and taker.takes_name == giver.gives_name and giver.gives_up_name is not None:
        return True
    if _joins(taker, giver) and giver.has(Call.STOP) and taker.has(Call.STOP):
        return (giver.change.action, taker.change.action) != (Action.REMOVE, Action.REMOVE)
    if giver.change.action is Action.REPLACE and _of(giver) & taker.joins and taker.has(Call.CREATE):
        return True  # which is created while the successor has its name for now
    remade = network_of(giver) if giver.change.action is Action.REPLACE and giver.has(Call.CREATE_NETWORK) else None
    return (
        remade is not None and taker.has(Call.DISCONNECT) and any(step.payload == remade for step in taker.change.steps)
    )


def _joins(draft: Draft, owner: Draft) -> bool:
    """Whether the old container of the one is in a namespace of the old one of the other, or starts anew with it."""
    in_it = draft.old is not None and owner.old is not None and owner.old.id in all_joined(draft.old.raw)
    return in_it or bool(_of(owner) & draft.follows)


def _of(draft: Draft) -> frozenset[str]:
    return frozenset({draft.service.name}) if draft.service else frozenset()


def members_of(groups: Sequence[str]) -> list[list[int]]:
    """The drafts of each group of several, by their indexes."""
    members: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    return [several for several in members.values() if len(several) > 1]


def edges_from_groups(drafts: Sequence[Draft], groups: Sequence[str]) -> Iterator[Edge]:
    """Each member with each other one."""
    for indexes in members_of(groups):
        for one in indexes:
            for other in indexes:
                if one != other:
                    yield from _between(one, drafts[one], other, drafts[other])


def _between(one: int, first: Draft, other: int, second: Draft) -> Iterator[Edge]:
    """Within a group: stop, then make networks anew, then create and start; ready, then remove the old ones, but for
    that of a one-shot that runs again, which goes before all.
    """
    for earlier, later in (
        (first.first(Call.STOP), (Call.START,)),
        (first.first(Call.DISCONNECT), (Call.REMOVE_NETWORK,)),
        (first.first(Call.CREATE_NETWORK), (Call.CREATE, Call.START)),
        (None if second.forgets else first.ready, (Call.REMOVE,)),
    ):
        after = second.first(*later)
        if earlier is not None and after is not None:
            yield (one, earlier), (other, after)
    stops, after = second.first(Call.STOP), first.first(Call.STOP)
    if _joins(second, first) and stops is not None and after is not None:
        yield (other, stops), (one, after)
    yield from _addresses_between(one, first, other, second)


def _addresses_between(one: int, first: Draft, other: int, second: Draft) -> Iterator[Edge]:
    """An address is given up before it is taken; who gave it up is removed only when it is in its new place."""
    for network, _ in first.gives_addresses & second.takes_addresses:
        given, taken = first.gives_up(network), second.takes_in(network)
        removed = None if first.forgets else first.first(Call.REMOVE)
        if given is not None and taken is not None:
            yield (one, given), (other, taken)
        if taken is not None and removed is not None:
            yield (other, taken), (one, removed)
