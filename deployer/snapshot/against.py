"""A plan made of a snapshot in the place of an engine, and what such a plan cannot know."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial
from typing import cast

from deployer.errors import Diagnostic
from deployer.fields.references import with_tag
from deployer.plan.images import NOT_ON_ENGINE
from deployer.plan.model import Call, Change, FieldChange, Plan
from deployer.plan.planner import Options
from deployer.project import Project
from deployer.reconcile.protocol import Reader
from deployer.resources.desired import DesiredImage
from deployer.resources.observed import Observed
from deployer.snapshot import hiding
from deployer.snapshot.form import Snapshot, of_stack
from deployer.snapshot.reader import SnapshotReader
from deployer.snapshot.take import known_to


def plan_against(
    project: Project, snapshot: Snapshot, shown: str, options: Options, *, destroy: bool = False
) -> tuple[Plan, Observed]:
    """What apply would do on an engine as the snapshot has it. Raises InvalidStack where it is another stack's."""
    snapshot = of_stack(snapshot, project.stack.name, shown)
    reader = SnapshotReader(snapshot, shown, partial(known_to, project), project.stack.folder)
    asked = cast("Reader", reader)
    plan, observed = project.plan_destroy(asked, options) if destroy else project.plan(asked, options)
    warnings = (*plan.warnings, *_not_known(plan, project, reader, snapshot))
    changes = tuple(_shown(each, reader.unasked) for each in plan.changes)
    return replace(plan, changes=changes, warnings=warnings, against=shown), observed


def _shown(change: Change, unasked: Collection[str]) -> Change:
    mounts = tuple(map(hiding.shown, change.mounts))
    if change.reason == NOT_ON_ENGINE and any(
        step.call is Call.PULL and step.target in unasked for step in change.steps
    ):
        change = replace(change, reason="whether it is there is not in the snapshot")
    return replace(change, fields=tuple(map(_field_shown, change.fields)), mounts=mounts)


def _field_shown(field: FieldChange) -> FieldChange:
    before, after, applied = (text and hiding.shown(text) for text in (field.before, field.after, field.applied))
    return replace(field, before=before, after=after, applied=applied)


def _not_known(plan: Plan, project: Project, reader: SnapshotReader, snapshot: Snapshot) -> Iterator[Diagnostic]:
    yield Diagnostic(
        "made-offline",
        f"what has happened to {plan.stack} since {_time(snapshot.taken)} is not in the snapshot, so not in this plan",
        hint="a value of before that was not in the stack file then is not shown, only whether it differs",
    )
    named = {with_tag(image.reference) for image in _images(project) if image.reference}
    if unasked := sorted(named & reader.unasked):
        message = f"whether {', '.join(unasked)} is on the engine is not in the snapshot: it is taken not to be there"
        yield Diagnostic("made-offline", message)


def _images(project: Project) -> tuple[DesiredImage, ...]:
    from deployer.resources.from_stack import desired

    return tuple(desired(project.stack, project.origin, {}).images.values())


def _time(taken: str) -> str:
    return taken.replace("T", " ").replace("Z", " UTC")
