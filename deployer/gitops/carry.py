"""A plan of the agent's is carried out, by the engine's own turn, as any apply is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from deployer.reconcile import apply as reconcile

if TYPE_CHECKING:
    from deployer.plan.model import Plan
    from deployer.plan.planner import Options
    from deployer.project import Project
    from deployer.reconcile.apply import Planned
    from deployer.reconcile.calls import World
    from deployer.reconcile.protocol import Engine
    from deployer.reconcile.run import Outcome, Tell

SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class Work:
    """`command` is what the history calls it; `agreed` is asked where the plan has become another one meanwhile;
    `started` is handed the world, so that a signal can stop it.
    """

    command: str
    agreed: Callable[[Plan], bool]
    tell: Tell
    started: Callable[[World], None]


def applied(engine: Engine, project: Project, shown: Planned, options: Options, work: Work) -> Outcome:
    """What fails is put back. Raises Busy where another one has the turn."""
    return _done(engine, project, shown, partial(project.plan, engine, options), work)


def removed(engine: Engine, project: Project, shown: Planned, options: Options, work: Work) -> Outcome:
    """All that a stack owns goes, but for its data."""
    return _done(engine, project, shown, partial(project.plan_destroy, engine, options), work, forget=True)


def _done(
    engine: Engine,
    project: Project,
    shown: Planned,
    look: Callable[[int], Planned],
    work: Work,
    *,
    forget: bool = False,
) -> Outcome:
    keep = shown[1].records.keep
    job = reconcile.Job(
        look=look,
        agreed=work.agreed,
        tell=work.tell,
        sources=project.sources,
        desired=project.asked_for(),
        seconds=SECONDS,
        forget=forget,
        about=lambda plan, salt, became: project.about(work.command, plan, keep, salt, became),
        images=None if forget else {},
    )
    return reconcile.apply(engine, shown, job, work.started)
