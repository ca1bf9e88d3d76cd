"""What is done before what: one function a source of edges, between the steps of the changes.

*Needs*: create and start after what is needed is created, started, healthy or completed. *Leaves*: remove only after
what uses it is gone. What forms a group has an order of its own (`groups`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import cast

from deployer.errors import Diagnostic, InvalidStack
from deployer.fields.references import parse_reference
from deployer.plan.beforehand import edges_before_stops, preceding
from deployer.plan.draft import DISRUPTIVE, STARTS, Draft, network_of
from deployer.plan.groups import edges_from_groups
from deployer.plan.model import Action, Call, Edge, Step, StepId

_GOING = (Action.REMOVE, Action.STOP)


def edges(drafts: Sequence[Draft], groups: Sequence[str]) -> tuple[Edge, ...]:
    """All edges but those between the steps of one change, which are done in their order.

    Raises InvalidStack for a circle.
    """
    found = {
        *edges_from_images(drafts),
        *edges_from_builds(drafts),
        *edges_from_registries(drafts),
        *edges_from_networks(drafts),
        *edges_from_volumes(drafts),
        *edges_from_namespaces(drafts),
        *edges_from_dependencies(drafts, groups),
        *edges_from_replicas(drafts, groups),
        *edges_from_removals(drafts, groups),
        *edges_from_one_shots(drafts),
        *edges_from_groups(drafts, groups),
        *edges_from_recovery(drafts),
        *edges_from_names(drafts),
        *edges_to_images_that_go(drafts),
    }
    found |= edges_before_stops(drafts, groups, found)
    ordered = tuple(sorted(found))
    _refuse_circles(drafts, ordered)
    return ordered


def edges_from_images(drafts: Sequence[Draft]) -> Iterator[Edge]:
    """A container is created after its image is built, pulled, loaded or given its name."""
    makers = _makers(drafts)
    makers |= {each: (index, draft.last) for index, draft in enumerate(drafts) for each in draft.provides}
    for index, draft in enumerate(drafts):
        step = draft.first(Call.CREATE)
        if step is not None:
            yield from ((makers[image], (index, step)) for image in sorted(draft.mounted_images & makers.keys()))
        if step is not None and draft.image in makers:
            yield makers[draft.image], (index, step)
            # A replacement that the new image may make needless touches nothing before that is known.
            first = draft.first(*DISRUPTIVE, Call.REMOVE)
            if first is not None:
                yield makers[draft.image], (index, min(first, step))


def _makers(drafts: Sequence[Draft]) -> dict[str, StepId]:
    """The last step of what brings an image, by the image's address."""
    return {
        draft.change.address: (index, draft.last)
        for index, draft in enumerate(drafts)
        if draft.has(Call.BUILD, Call.PULL, Call.LOAD, Call.TAG)
    }


def edges_from_builds(drafts: Sequence[Draft]) -> Iterator[Edge]:
    """A build begins after the builds and the images that it starts from."""
    makers = _makers(drafts)
    for index, draft in enumerate(drafts):
        step = draft.first(Call.BUILD)
        if step is not None:
            yield from ((makers[base], (index, step)) for base in draft.starts_from & makers.keys())


def edges_from_registries(drafts: Sequence[Draft]) -> Iterator[Edge]:
    """A registry that is a service of the stack is ready before anything is pulled from it or pushed to it; a push
    comes after its build, and before a pull of the same name.
    """
    made = {draft.change.address: (index, draft.last) for index, draft in enumerate(drafts) if draft.has(Call.TAG)}
    pushed = {
        parse_reference(step.target): (index, number)
        for index, draft in enumerate(drafts)
        for number, step in enumerate(draft.change.steps)
        if step.call is Call.PUSH
    }
    ready = [(draft.service.name, (index, _up(draft))) for index, draft in enumerate(drafts) if draft.service]
    for index, draft in enumerate(drafts):
        asks = draft.first(Call.PULL, Call.PUSH)
        if asks is not None:
            yield from ((up, (index, asks)) for name, up in ready if name in draft.registries and up[1] >= 0)
        for number, step in enumerate(draft.change.steps):
            maker = made.get(step.payload) if step.call is Call.TAG else None
            maker = pushed.get(parse_reference(step.target)) if step.call is Call.PULL else maker
            if maker and maker[0] != index:
                yield maker, (index, number)


def _up(draft: Draft) -> int:
    """The step after which the service of a draft can be used; -1 where it is not started by it."""
    start = draft.first(*STARTS)
    if start is None:
        return -1
    return start if draft.ready is None else draft.ready


def edges_from_networks(drafts: Sequence[Draft]) -> Iterator[Edge]:
    """A container is created in, or connected to, a network after that is made."""
    makers = {
        network_of(draft): (index, draft.last) for index, draft in enumerate(drafts) if draft.has(Call.CREATE_NETWORK)
    }
    for index, draft in enumerate(drafts):
        for name in draft.networks & makers.keys():
            step = draft.first(Call.CREATE, Call.CONNECT, Call.START)
            if step is not None:
                yield makers[name], (index, step)


def edges_from_volumes(drafts: Sequence[Draft]) -> Iterator[Edge]:
    makers = {
        draft.change.steps[0].target: (index, draft.last)
        for index, draft in enumerate(drafts)
        if draft.has(Call.CREATE_VOLUME)
    }
    for index, draft in enumerate(drafts):
        step = draft.first(Call.CREATE)
        for name in draft.volumes & makers.keys():
            if step is not None:
                yield makers[name], (index, step)


def edges_from_namespaces(drafts: Sequence[Draft]) -> Iterator[Edge]:
    """A container is created when those are there whose namespaces or mounts it has: the engine looks them up then."""
    makers = {
        draft.service.name: (index, step)
        for index, draft in enumerate(drafts)
        if draft.service and (step := draft.first(Call.CREATE)) is not None
    }
    for index, draft in enumerate(drafts):
        step = draft.first(Call.CREATE)
        if step is not None:
            yield from ((makers[name], (index, step)) for name in sorted(draft.joins & makers.keys()))


def edges_from_dependencies(drafts: Sequence[Draft], groups: Sequence[str]) -> Iterator[Edge]:
    """What a service waits for is started, ready or completed before the service is started, and before its old
    container stops.
    """
    of_service: dict[str, list[int]] = {}
    for index, draft in enumerate(drafts):
        if draft.service and draft.has(*STARTS):
            of_service.setdefault(draft.service.name, []).append(index)
    for index, draft in enumerate(drafts):
        if not draft.has(*STARTS):  # who only goes needs nobody any more
            continue
        shared = groups.count(groups[index]) > 1
        alone = not shared and not draft.forgets
        step = draft.first(*DISRUPTIVE) if alone else draft.first(*STARTS)
        for target, condition in draft.waits_for.items():
            for dependency in of_service.get(target, ()):
                other = drafts[dependency]
                done = other.first(*STARTS) if condition == "service_started" else other.ready
                if step is not None and done is not None:
                    yield (dependency, done), (index, step)


def edges_from_replicas(drafts: Sequence[Draft], groups: Sequence[str]) -> Iterator[Edge]:
    """The replicas of a service are replaced, or started anew, one after the other, so that some always run; but for
    one-shots that run again, whose old containers all go first.
    """
    of_service: dict[str, list[int]] = {}
    for index, draft in enumerate(drafts):
        anew = draft.change.action is Action.REPLACE or (draft.has(Call.STOP) and draft.has(Call.START))
        if draft.service and anew and groups.count(groups[index]) == 1 and not draft.forgets:
            of_service.setdefault(draft.service.name, []).append(index)
    for replicas in of_service.values():
        for one, next_one in pairwise(replicas):
            step = drafts[next_one].first(*DISRUPTIVE)
            if step is not None:
                yield (one, drafts[one].last), (next_one, step)


def edges_from_removals(drafts: Sequence[Draft], groups: Sequence[str]) -> Iterator[Edge]:
    """A network or a volume goes after all that use it; a service goes, or stops, after those that waited for it;
    where these are in a group, which removes nothing before all is ready, after those have stopped.
    """
    for index, draft in enumerate(drafts):
        if draft.has(Call.REMOVE_NETWORK, Call.REMOVE_VOLUME):
            removed = draft.change.steps[0].target
            for user, other in enumerate(drafts):
                uses = removed in (other.leaves if draft.has(Call.REMOVE_NETWORK) else other.volumes)
                step = next((at for at, step in enumerate(other.change.steps) if _parts(step, removed, uses)), None)
                if step is not None:
                    yield (user, step), (index, 0)
        if draft.change.action in _GOING and draft.old:
            for user, other in enumerate(drafts):
                if other.change.action in _GOING and other.old and draft.old.service in other.waits_for:
                    after = other.first(Call.STOP) if groups.count(groups[user]) > 1 else other.last
                    if after is not None:
                        yield (user, after), (index, 0)


def _parts(step: Step, removed: str, uses: bool) -> bool:
    """Whether a step parts a container from what is removed: it goes itself, or leaves that network and lives on."""
    return (step.call is Call.REMOVE and uses) or (step.call is Call.DISCONNECT and step.payload == removed)


def edges_from_one_shots(drafts: Sequence[Draft]) -> Iterator[Edge]:
    """What a one-shot has to run again for is made only after its old container is gone: whoever dies in between
    leaves no evidence that it ran.
    """
    for index, draft in enumerate(drafts):
        gone = draft.first(Call.REMOVE)
        for other_index, other in enumerate(drafts):
            made = other.first(Call.CREATE_VOLUME, Call.CREATE)
            if other.change.address.partition("[")[0] in draft.forgets and gone is not None and made is not None:
                yield (index, gone), (other_index, made)


def edges_from_recovery(drafts: Sequence[Draft]) -> Iterator[Edge]:
    """What a dead run left has names and ports that others need."""
    left = [index for index, draft in enumerate(drafts) if draft.change.action is Action.RECOVER and draft.change.steps]
    for index, draft in enumerate(drafts):
        if draft.change.action is not Action.RECOVER:
            step = draft.first(Call.CREATE, *DISRUPTIVE, Call.REMOVE, Call.REMOVE_NETWORK, Call.RENAME)
            if step is not None:
                yield from (((leftover, drafts[leftover].last), (index, step)) for leftover in left)


def edges_from_names(drafts: Sequence[Draft]) -> Iterator[Edge]:
    """A container takes a name after the one that has it has given it up."""
    takers = {draft.takes_name: index for index, draft in enumerate(drafts) if draft.takes_name}
    for index, draft in enumerate(drafts):
        taker = takers.get(draft.gives_name)
        if taker is not None and taker != index:
            given, taken = draft.gives_up_name, drafts[taker].takes_up_name
            if given is not None and taken is not None:
                yield (index, given), (taker, taken)


def edges_to_images_that_go(drafts: Sequence[Draft]) -> Iterator[Edge]:
    """Images go once all else has been done, and done well; and one after the other, for the engine (20.10) fails where
    two names of an image go at once.
    """
    going = [index for index, draft in enumerate(drafts) if draft.has(Call.REMOVE_IMAGE)]
    for index in going:
        for other, before in enumerate(drafts):
            if before.change.steps and other not in going:
                yield (other, before.last), (index, 0)
    yield from (((one, drafts[one].last), (next_one, 0)) for one, next_one in pairwise(going))


def _refuse_circles(drafts: Sequence[Draft], found: Sequence[Edge]) -> None:
    before = preceding(drafts, found)
    try:
        TopologicalSorter(before).prepare()
    except CycleError:
        import networkx as nx  # 150 ms: only where there is a circle to be shown

        every = sorted((earlier, later) for later, several in before.items() for earlier in several)
        graph: nx.DiGraph[StepId] = nx.DiGraph(every)
        circle = cast("list[Edge]", nx.find_cycle(graph))  # pyright: ignore[reportUnknownMemberType]
        addresses = list(dict.fromkeys(drafts[index].change.address for (index, _), _ in circle))
        message = f"these changes wait for each other: {' -> '.join([*addresses, addresses[0]])}"
        raise InvalidStack(
            Diagnostic("circle", message, hint="apply one of them first, in a change of its own")
        ) from None
