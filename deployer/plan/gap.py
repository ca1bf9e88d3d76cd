"""For how long a change takes a service away: what the engine waits for, in seconds, as far as that can be foreseen.

stop     up to `stop_grace_period`; nobody knows beforehand how soon a program ends, but for one that is killed at once
start    about a second
ready    its first health check, an `interval` after the start; without a check it counts as back when it runs
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

from deployer.fields.container import BY_NAME
from deployer.fields.field import Value
from deployer.plan.draft import Draft
from deployer.plan.images import ImageNow
from deployer.plan.model import Action, Call, Edge, Gap, Part, Step, StepId
from deployer.plan.next_image import config_of
from deployer.resources.observed import Observed, ObservedContainer

_NAMED = 3
"""So many of those that are waited for are named."""

STARTING = Part("start", 1, 1)
_SECOND = 1_000_000_000
_INTERVAL = 30 * _SECOND
"""The engine's default for a health check's interval."""
_START_INTERVAL = 5 * _SECOND
_HAS_START_INTERVAL = (1, 44)
"""Since this version of its API (Engine 25) an engine checks more often while `start_period` lasts."""


@dataclass(frozen=True, slots=True)
class Span:
    """When something is done, in seconds from the beginning: at the earliest, and at the latest."""

    least: float = 0
    most: float = 0

    def then(self, part: Part | None) -> Span:
        return Span(self.least + part.least, self.most + part.most) if part else self

    def or_later(self, other: Span) -> Span:
        return Span(max(self.least, other.least), max(self.most, other.most))


def with_gaps(
    drafts: Sequence[Draft],
    groups: Sequence[str],
    edges: Sequence[Edge],
    observed: Observed,
    images: Mapping[str, ImageNow],
) -> list[Draft]:
    """The drafts, each saying for how long its service is away; that of a network is its containers' longest. `images`
    are by address, none where every container keeps its own.
    """
    if not any(_goes_down(draft) for draft in drafts):
        return list(drafts)
    parts = {(index, at): part for index, draft in enumerate(drafts) for at, part in _parts(draft, observed, images)}
    ends = _ends(drafts, edges, parts)
    going = {draft.old.id for draft in drafts if draft.old and draft.change.action is Action.REMOVE}
    staying = [each for each in observed.containers if each.is_up and each.id not in going]
    whom = partial(_waited_for, drafts=drafts, edges=edges, ends=ends)
    group_of = {draft.old.id: group for draft, group in zip(drafts, groups, strict=True) if draft.old}
    gaps: dict[int, Gap | None] = {}
    for index, draft in enumerate(drafts):
        others = [each for each in staying if group_of.get(each.id) != groups[index]]
        gaps[index] = _gap(index, draft, parts, ends, others, whom)
    longest: dict[str, Gap] = {}
    for group, gap in ((groups[index], gap) for index, gap in gaps.items() if gap):
        longest[group] = max(longest.get(group, gap), gap, key=lambda each: each.most)
    for index, draft in enumerate(drafts):
        anew = draft.has(Call.CREATE_NETWORK) and draft.has(Call.REMOVE_NETWORK)
        gap = longest.get(groups[index]) if anew else gaps[index]
        gap = replace(gap, parts=(), others=0) if anew and gap else gap
        draft.change = replace(draft.change, gap=gap)
    return list(drafts)


def _goes_down(draft: Draft) -> bool:
    """Whether something that runs is stopped, and what takes its place is started, in one change."""
    stops = draft.has(Call.STOP, Call.RESTART) and draft.old is not None and draft.old.is_up
    return stops and draft.ready is not None and not draft.has(Call.AWAIT_COMPLETED)


def _gap(
    index: int,
    draft: Draft,
    parts: Mapping[StepId, Part],
    ends: Mapping[StepId, Span],
    others: Sequence[ObservedContainer],
    waited_for: Callable[[int, range], str],
) -> Gap | None:
    if not _goes_down(draft):
        return None
    old, down, up = draft.old, draft.first(Call.STOP, Call.RESTART), draft.ready
    assert old
    assert down is not None
    assert up is not None
    begin, end = ends[index, down], ends[index, up]
    stop = parts[index, down]
    least = end.least - begin.least + stop.least
    most = end.most - begin.most + stop.most
    own = [parts[index, at] for at in range(down, up + 1) if (index, at) in parts]
    waits = most - _sum(own).most
    if waits > 0:
        what = f"wait for {waited_for(index, range(down + 1, up + 1))}"
        own.append(Part(what, least - _sum(own).least, waits))
    return Gap(least, most, tuple(own), sum(each.service == old.service for each in others))


def _waited_for(
    index: int, steps: range, drafts: Sequence[Draft], edges: Sequence[Edge], ends: Mapping[StepId, Span]
) -> str:
    """Whom a change waits for while its service is away: those that are later than itself, by service or address."""
    late = (
        first[0]
        for first, second in edges
        if second[0] == index and second[1] in steps and ends[first].most > ends[index, second[1] - 1].most
    )
    addresses = (drafts[each].change.address for each in sorted(set(late)))
    names = list(dict.fromkeys(each.removeprefix("service.").partition("[")[0] for each in addresses))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _sum(parts: Sequence[Part]) -> Span:
    total = Span()
    for part in parts:
        total = total.then(part)
    return total


def _ends(drafts: Sequence[Draft], edges: Sequence[Edge], parts: Mapping[StepId, Part]) -> dict[StepId, Span]:
    """When each step is done, if all that can go on at once does."""
    before: dict[StepId, list[StepId]] = {}
    for index, draft in enumerate(drafts):
        for at in range(len(draft.change.steps)):
            before[index, at] = [(index, at - 1)] if at else []
    for first, second in edges:
        before[second].append(first)
    ends: dict[StepId, Span] = {}
    for step in TopologicalSorter(before).static_order():
        begin = Span()
        for earlier in before[step]:
            begin = begin.or_later(ends[earlier])
        ends[step] = begin.then(parts.get(step))
    return ends


def _parts(draft: Draft, observed: Observed, images: Mapping[str, ImageNow]) -> list[tuple[int, Part]]:
    """The steps of a change that take time while its service is away."""
    found: list[tuple[int, Part]] = []
    for at, step in enumerate(draft.change.steps):
        part = _part(draft, at, step, observed, images)
        if part:
            found.append((at, part))
    return found


def _part(draft: Draft, at: int, step: Step, observed: Observed, images: Mapping[str, ImageNow]) -> Part | None:
    match step.call:
        case Call.STOP if draft.old and draft.old.is_alive:
            return stopping(draft.old)
        case Call.RESTART if draft.old and draft.old.is_alive:
            stop = stopping(draft.old)
            return Part(f"{stop.what} and start", stop.least + STARTING.least, stop.most + STARTING.most, stop.said_by)
        case Call.START:
            return STARTING
        case Call.AWAIT_READY if at == draft.ready:
            return _first_check(draft, observed, images)
        case _:
            return None


def stopping(container: ObservedContainer) -> Part:
    """Until it has ended: at the latest when the engine kills it."""
    grace = int(container.values.get("stop_grace_period", 0))
    if grace == 0 or container.values.get("stop_signal") == "SIGKILL":
        return Part("stop", 0, 0)
    return Part("stop", 0, max(grace, 0), "stop_grace_period")


def first_check(check: Mapping[str, Value], api: str) -> Part | None:
    """Until the first check has passed; None where there is none."""
    if not check.get("test") or check["test"] == ("NONE",):
        return None
    often = check.get("start_period", 0) > 0 and _numbers(api) >= _HAS_START_INTERVAL
    name, default = ("start_interval", _START_INTERVAL) if often else ("interval", _INTERVAL)
    seconds = (check.get(name) or default) / _SECOND
    return Part("first health check", seconds, seconds, f"healthcheck.{name}")


def _first_check(draft: Draft, observed: Observed, images: Mapping[str, ImageNow]) -> Part | None:
    """Of the check that the new container has; that of the old image stands for one that is not there yet, and what it
    has a say in is so only if the new one keeps it.
    """
    service, api = draft.service, observed.engine.api
    if service is None:
        return first_check(dict(draft.old.values.get("healthcheck", ())) if draft.old else {}, api)

    def on(config: Mapping[str, Any]) -> Part | None:
        return first_check(dict(BY_NAME["healthcheck"].on_image(service.asked, config)), api)

    now = images.get(service.image.address)
    config = config_of(now, observed) if now else None
    if config is not None:
        return on(config)
    known = observed.images.get(draft.old.image_id if draft.old else service.image.reference)
    part = on(known.config if known else {})
    return replace(part, if_kept=True) if part and now and part != on({}) else part


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in version.split(".") if each.isdigit())
