"""For how long a change takes a service away: what the engine waits for, in seconds, as far as that can be foreseen.

stop     up to `stop_grace_period`; nobody knows beforehand how soon a program ends, but for one that is killed at once
start    about a second
ready    its first health check, an `interval` after the start, or more where that fails; without a check it counts as
         back when it runs
plus     what it lasts besides, of which nobody knows how long it takes: one-shots, builds and pulls
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import Any

from deployer.fields.container import BY_NAME
from deployer.fields.field import Value
from deployer.plan.away import Down, downs_of
from deployer.plan.beforehand import preceding, reached
from deployer.plan.draft import Draft
from deployer.plan.images import ImageNow
from deployer.plan.model import Action, Call, Edge, Gap, Part, Step, StepId
from deployer.plan.next_image import config_of
from deployer.resources.observed import Observed, ObservedContainer
from deployer.resources.wire import EngineInfo

_NAMED = 3
"""So many of those that are waited for are named."""

_UNFORESEEN = (Call.AWAIT_COMPLETED, Call.BUILD, Call.PULL, Call.LOAD, Call.PUSH)

STARTING = Part("start", 1, 1)
_CHECK = "first health check"
_SECOND = 1_000_000_000
_INTERVAL = 30 * _SECOND
"""The engine's default for a health check's interval."""
_START_INTERVAL = 5 * _SECOND
_HAS_START_INTERVAL = "1.44"
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
    downs = {
        index: several for index, draft in enumerate(drafts) if (several := downs_of(index, draft, drafts, observed))
    }
    if not downs:
        return list(drafts)
    parts = {down.step: stopping(down.container) for several in downs.values() for down in several}
    parts |= {(index, at): part for index, draft in enumerate(drafts) for at, part in _parts(draft, observed, images)}
    course = _Course(drafts, edges, parts, _ends(drafts, edges, parts), preceding(drafts, edges))
    going = {draft.old.id for draft in drafts if draft.old and draft.change.action is Action.REMOVE}
    going |= {step.target for draft in drafts if draft.change.action is Action.RECOVER for step in draft.change.steps}
    staying = [each for each in observed.containers if each.is_up and each.id not in going]
    group_of = {draft.old.id: group for draft, group in zip(drafts, groups, strict=True) if draft.old}
    gaps: dict[int, Gap] = {}
    for index, several in downs.items():
        others = [each for each in staying if group_of.get(each.id) != groups[index]]
        same = (each for at, each in downs.items() if groups[at] == groups[index] and drafts[at].old)
        alike = [down.container for each in same for down in each]
        gap, down = max(
            ((_gap(index, down, course), down) for down in several),
            key=lambda found: (found[0].most, parts[found[1].step].most),
        )
        service = down.container.service
        gaps[index] = replace(
            gap,
            others=_many(service, others) + _back_before(down, course),
            at_once=_many(service, alike) if drafts[index].old else 1,
            instead_of=() if drafts[index].old else tuple(down.container.address for down in several),
        )
    for index, draft in enumerate(drafts):
        anew = draft.has(Call.CREATE_NETWORK) and draft.has(Call.REMOVE_NETWORK)
        gap = _longest([gap for at, gap in gaps.items() if groups[at] == groups[index]]) if anew else gaps.get(index)
        draft.change = replace(draft.change, gap=gap)
    _say_who_comes(drafts)
    return list(drafts)


def _say_who_comes(drafts: Sequence[Draft]) -> None:
    """At each container that goes, those that take its place."""
    comes: dict[str, list[str]] = {}
    for change in (draft.change for draft in drafts):
        for address in change.gap.instead_of if change.gap else ():
            comes.setdefault(address, []).append(change.address)
    for draft in drafts:
        if draft.change.action is Action.REMOVE and (several := comes.get(draft.change.address)):
            said = (draft.change.detail, f"its place goes to {', '.join(several)}")
            draft.change = replace(draft.change, detail="; ".join(filter(None, said)))


def _many(service: str, containers: Iterable[ObservedContainer]) -> int:
    return sum(each.service == service for each in containers)


def _back_before(down: Down, course: _Course) -> int:
    """How many replicas do not run now, and are ready, by the same plan, before this one stops."""
    done = reached([down.step], course.before)
    return sum(
        (index, draft.ready) in done
        and draft.service is not None
        and draft.service.name == down.container.service
        and not (draft.old and draft.old.is_up)
        for index, draft in enumerate(course.drafts)
    )


def _longest(gaps: Sequence[Gap]) -> Gap | None:
    if not gaps:
        return None
    longest = max(gaps, key=lambda each: each.most)
    plus = tuple(dict.fromkeys(name for each in gaps for name in each.plus))
    return Gap(longest.least, longest.most, plus=plus, or_more=any(each.or_more for each in gaps))


@dataclass(frozen=True, slots=True)
class _Course:
    """How the plan goes on: which steps take time, when each is done, and which each one waits for."""

    drafts: Sequence[Draft]
    edges: Sequence[Edge]
    parts: Mapping[StepId, Part]
    ends: Mapping[StepId, Span]
    before: Mapping[StepId, set[StepId]]


def _gap(index: int, down: Down, course: _Course) -> Gap:
    up = course.drafts[index].ready
    assert up is not None
    begin, end, stop = course.ends[down.step], course.ends[index, up], course.parts[down.step]
    least = end.least - begin.least + stop.least
    most = end.most - begin.most + stop.most
    steps = range(down.step[1] + 1 if down.step[0] == index else 0, up + 1)
    own = [stop, *(course.parts[index, at] for at in steps if (index, at) in course.parts)]
    meanwhile = reached([(index, up)], course.before) - reached([down.step], course.before)
    plus = _unforeseen(meanwhile, course)
    checks = [part for step, part in course.parts.items() if step in meanwhile and part.what == _CHECK]
    waits = most - _sum(own).most
    if waits > 0:
        late = _late(index, steps, down, course)
        what = f"wait until {_listed(late)} runs" if late and {*late} <= {*plus} else f"wait for {_listed(late)}"
        own.append(Part(what, least - _sum(own).least, waits))
    return Gap(least, most, tuple(own), plus=plus, or_more=bool(checks))


def _late(index: int, steps: range, down: Down, course: _Course) -> list[str]:
    """Whom a change waits for while its service is away: those that are later than itself, by service or address."""
    ends, begin = course.ends, course.ends[down.step]
    late = {
        first[0]
        for first, second in course.edges
        if second[0] == index and second[1] in steps and ends[first].most > ends.get((index, second[1] - 1), begin).most
    }
    return _names(late - {down.step[0]} or late, course.drafts)


def _unforeseen(meanwhile: Iterable[StepId], course: _Course) -> tuple[str, ...]:
    """What is done while a service is away, or may not be done before, and takes nobody knows how long."""
    steps = ((at, course.drafts[at].change.steps[step]) for at, step in sorted(meanwhile))
    return tuple(_names((at for at, step in steps if step.call in _UNFORESEEN), course.drafts))


def _names(indexes: Iterable[int], drafts: Sequence[Draft]) -> list[str]:
    addresses = (drafts[each].change.address for each in sorted({*indexes}))
    return list(dict.fromkeys(each.removeprefix("service.").partition("[")[0] for each in addresses))


def _listed(names: Sequence[str]) -> str:
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


def first_check(check: Mapping[str, Value], engine: EngineInfo) -> Part | None:
    """Until the first check has passed; None where there is none."""
    if not check.get("test") or check["test"] == ("NONE",):
        return None
    often = check.get("start_period", 0) > 0 and engine.speaks(_HAS_START_INTERVAL)
    name, default = ("start_interval", _START_INTERVAL) if often else ("interval", _INTERVAL)
    seconds = (check.get(name) or default) / _SECOND
    return Part(_CHECK, seconds, seconds, f"healthcheck.{name}")


def _first_check(draft: Draft, observed: Observed, images: Mapping[str, ImageNow]) -> Part | None:
    """Of the check that the new container has; that of the old image stands for one that is not there yet, and what it
    has a say in is so only if the new one keeps it.
    """
    service, engine = draft.service, observed.engine
    if service is None:
        return first_check(dict(draft.old.values.get("healthcheck", ())) if draft.old else {}, engine)

    def on(config: Mapping[str, Any]) -> Part | None:
        return first_check(dict(BY_NAME["healthcheck"].on_image(service.asked, config)), engine)

    now = images.get(service.image.address)
    config = config_of(now, observed) if now else None
    if config is not None:
        return on(config)
    known = observed.images.get(draft.old.image_id if draft.old else service.image.reference)
    part = on(known.config if known else {})
    return replace(part, if_kept=True) if part and now and part != on({}) else part
