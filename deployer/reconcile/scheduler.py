"""The order in which steps become due: pure bookkeeping over a plan's edges, no threads and no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import pairwise

from deployer.plan.model import Call, Change, Plan, StepId

NO_WAY_BACK = (Call.REMOVE, Call.REMOVE_VOLUME)
"""Once one of these is done, its group goes forward only."""

PREPARES = (Call.CREATE, Call.COPY, Call.CONNECT)
"""On a container that the change itself makes, these come before anybody notices."""

LONG = (
    *(Call.PULL, Call.LOAD, Call.PUSH, Call.BUILD, Call.STOP, Call.RESTART),
    *(Call.AWAIT_READY, Call.AWAIT_COMPLETED),
)
"""What takes seconds or minutes; all other calls take a part of one."""

LONGER = 20
"""How many other calls one of these stands for: nobody knows beforehand, and no order hangs on more than the sign."""


class Schedule:
    """Which steps may start, which of them first, and what is taken back when one fails.

    A group is put back as a whole, in the reverse of the order in which its steps were done, unless it is past the
    point of no return. What may have been done is taken back, too: those steps are in `unsure`. What a dead run has
    done of a change is among it once the change is begun, for only then is gone what that run had put in its place.
    What was started and has no end that is known is `in_flight`.
    """

    def __init__(self, plan: Plan) -> None:
        self.changes: Sequence[Change] = plan.changes
        self._before: dict[StepId, int] = {
            (index, number): 0 for index, change in enumerate(plan.changes) for number in range(len(change.steps))
        }
        self._after: dict[StepId, list[StepId]] = {step: [] for step in self._before}
        inner = (
            pair
            for index, change in enumerate(plan.changes)
            for pair in pairwise((index, number) for number in range(len(change.steps)))
        )
        for earlier, later in {*plan.edges, *inner}:
            self._before[later] += 1
            self._after[earlier].append(later)
        self._earlier: dict[StepId, set[StepId]] = {step: set() for step in self._before}
        for step, later in self._after.items():
            for each in later:
                self._earlier[each].add(step)
        self._chain = _chains(self._after, self.changes)
        self._due = {step for step, before in self._before.items() if before == 0}
        self._done: dict[StepId, None] = {}
        self.in_flight: set[StepId] = set()
        self._failed: set[str] = set()
        self._failed_itself: set[int] = set()
        self._undone: set[str] = set()
        self.unsure: set[StepId] = set()

    def due(self) -> list[StepId]:
        """The steps that may start now: first those that the longest chain of others waits for, for the whole cannot
        end before that; of chains that are equal, in the plan's order.
        """
        due = (step for step in self._due if self.group(step) not in self._failed and not self._rests_on_nothing(step))
        return sorted(due, key=lambda step: (-self._chain[step], step))

    def _rests_on_nothing(self, step: StepId) -> bool:
        """Whether something that it came after was done, and is taken back by now."""
        before = {self.group(earlier) for earlier in self._earlier[step]} - {self.group(step)}
        return any(not self._past_return(group) for group in before & self._failed)

    def started(self, step: StepId) -> None:
        self._due.discard(step)
        self.in_flight.add(step)
        steps = enumerate(self.changes[step[0]].steps)
        self.unsure |= {(step[0], number) for number, each in steps if each.done}

    def finished(self, step: StepId) -> None:
        self.in_flight.discard(step)
        self._due.discard(step)
        self._done[step] = None
        for later in self._after[step]:
            self._before[later] -= 1
            if self._before[later] == 0 and later not in self._done:
                self._due.add(later)

    def skipped(self, index: int) -> None:
        """The change turned out to be needless: its steps count as done, and nothing of it is ever taken back."""
        for number in range(len(self.changes[index].steps)):
            self._done[index, number] = None
        for number in range(len(self.changes[index].steps)):
            self.finished((index, number))

    def failed(self, step: StepId, *, unsure: bool = False) -> None:
        """`unsure` where nobody knows whether the step was done all the same. One that was done is so no more."""
        self.in_flight.discard(step)
        self._done.pop(step, None)
        self._failed.add(self.group(step))
        self._failed_itself.add(step[0])
        if unsure:
            self.unsure.add(step)

    def group(self, step: StepId) -> str:
        return self.changes[step[0]].group

    def is_done(self, index: int) -> bool:
        return all((index, number) in self._done for number in range(len(self.changes[index].steps)))

    def is_begun(self, index: int) -> bool:
        """Whether something of the change was done that changes anything."""
        calls = enumerate(step.call for step in self.changes[index].steps)
        return any((index, number) in self._done for number, call in calls if not call.is_wait)

    def is_touched(self, index: int) -> bool:
        """Whether more was done, or may have been, than to make a container ready that waits for others; or it failed
        itself after that.
        """
        steps = self.changes[index].steps
        made = {step.target for step in steps if step.call is Call.CREATE}
        begun = (steps[number] for at, number in self._may_be_done() if at == index)
        more = any(not (step.call.is_wait or (step.call in PREPARES and step.target in made)) for step in begun)
        return more or (index in self._failed_itself and self.is_begun(index))

    def to_undo(self, *, at_the_end: bool = False) -> list[tuple[str, list[StepId]]]:
        """The groups that have to be put back now, each with its steps in the order to take them back.

        Those that failed, once nothing of them runs any more; at the end, those too that could not go on.
        """
        groups = list(dict.fromkeys(change.group for change in self.changes))
        running = {self.group(step) for step in self.in_flight}
        stuck = {group for group in groups if not self._complete(group)} if at_the_end else set[str]()
        due = [group for group in groups if group in self._failed | stuck and group not in running | self._undone]
        self._undone |= set(due)
        self._failed |= set(due)
        return [(group, self._way_back(group)) for group in due]

    def _complete(self, group: str) -> bool:
        return all(self.is_done(index) for index, change in enumerate(self.changes) if change.group == group)

    def _way_back(self, group: str) -> list[StepId]:
        if self._past_return(group):
            return []
        done = [step for step in self._may_be_done() if self.group(step) == group]
        return [step for step in reversed(done) if self.changes[step[0]].steps[step[1]].undo]

    def _may_be_done(self) -> Sequence[StepId]:
        """In the order in which they were; those last of which nobody knows."""
        return (*self._done, *sorted(self.unsure - self._done.keys()))

    def _past_return(self, group: str) -> bool:
        done = (
            self.changes[index].steps[number].call
            for index, number in self._may_be_done()
            if self.group((index, number)) == group
        )
        return any(call in NO_WAY_BACK for call in done)


def _chains(after: Mapping[StepId, Sequence[StepId]], changes: Sequence[Change]) -> dict[StepId, int]:
    """How long it takes from the beginning of each step to the end of the longest chain of steps that begins with it,
    in calls.
    """
    chains: dict[StepId, int] = {}
    for step in TopologicalSorter(after).static_order():  # what comes after a step comes first here
        own = LONGER if changes[step[0]].steps[step[1]].call in LONG else 1
        chains[step] = own + max((chains[later] for later in after[step]), default=0)
    return chains
