"""What has crashed is not well at once because it runs again: it has to run for longer than it did before. What is
known of that is noted, for each round may be a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from deployer.gitops.crashes import RECOVERED, crashed, failures, has_ended, lines_of
from deployer.gitops.shared import first_of
from deployer.plan.model import Action
from deployer.resources.inspected import moment

if TYPE_CHECKING:
    from deployer.gitops.clone import Clone
    from deployer.gitops.look import Look
    from deployer.plan.model import Plan
    from deployer.resources.observed import ObservedContainer

_FILE = "crashed.json"
"""Of each stack, by its name, what of it has crashed."""

_ANOTHER = (Action.CREATE, Action.REPLACE, Action.REMOVE)


@dataclass(frozen=True, slots=True)
class Crash:
    """A container, by its address and id, that ended by itself after so many seconds, in words and with its last lines,
    masked; `times` is how often it was started again by then, and counts the time that is to come. It `runs` again, or
    does not.
    """

    address: str
    container: str
    ran: float
    said: str
    lines: tuple[str, ...]
    times: int = 0
    runs: bool = False


def crashes_in(clone: Clone, seen: Look, now: float) -> list[Crash]:
    """What of a stack has crashed and is not well yet: what is seen to have, and what has not run for long since. `now`
    is the engine's time.
    """
    containers = seen.planned[1].containers
    ended = crashed(containers, seen.plan, now)
    errors = failures(seen.engine, ended, seen.project.sources.secrets())
    fresh = [
        Crash(one.address, one.id, _ran(one), first_of(error), lines_of([error]))
        for one, error in zip(ended, errors, strict=False)  # of three at most
    ]
    known = {each.container: each for each in _noted(clone, seen.project.stack.name)}
    again = [
        replace(known[one.id], runs=True)
        for one in containers
        if one.id in known and one.status == "running" and one not in ended and _runs(one, now) < _enough(known[one.id])
    ]
    return [*fresh, *again]


def note(clone: Clone, stack: str, crashes: Iterable[Crash], times: int) -> list[Crash]:
    """The same, for rounds to come; those that do not run were started again so often, or are about to be."""
    known = [each if each.runs else replace(each, times=times) for each in crashes]
    noted = clone.noted(_FILE)
    wanted = [{**asdict(replace(each, runs=False)), "lines": list(each.lines)} for each in known if each.ran]
    if noted.get(stack, []) != wanted:
        others = {name: each for name, each in noted.items() if name != stack}
        clone.note(_FILE, {**others, stack: wanted} if wanted else others)
    return known


def not_made_anew(crashes: Iterable[Crash], plan: Plan) -> list[Crash]:
    """Those that are not another container once a plan is carried out."""
    anew = {change.address for change in plan.changes if change.action in _ANOTHER}
    return [each for each in crashes if each.address not in anew]


def _noted(clone: Clone, stack: str) -> Iterator[Crash]:
    noted: Any = clone.noted(_FILE).get(stack)
    for each in noted if isinstance(noted, list) else ():
        match each:
            case {
                "address": str(address),
                "container": str(container),
                "ran": float(ran),
                "said": str(said),
                "lines": [*lines],
                "times": int(times),
            }:
                yield Crash(address, container, ran, said, tuple(map(str, lines)), times)
            case _:
                pass


def _enough(crash: Crash) -> float:
    return max(RECOVERED, crash.ran)


def _runs(container: ObservedContainer, now: float) -> float:
    began = moment(container.started_at)
    return now - began.timestamp() if began else 0.0


def _ran(container: ObservedContainer) -> float:
    """0 of one that the engine itself starts again: its count of that says enough."""
    began, ended = moment(container.started_at), moment(container.raw["State"].get("FinishedAt", ""))
    return max(0.001, (ended - began).total_seconds()) if has_ended(container) and began and ended else 0.0
