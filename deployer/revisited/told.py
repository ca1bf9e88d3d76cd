"""A plan from a revision, less what only an engine could tell: ids, tags of builds, and what an engine or a registry
has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deployer.plan.images import NOT_ON_ENGINE
from deployer.plan.model import Action, Cause, Change, FieldChange, Plan, Step
from deployer.plan.pushes import BUILT_ABOVE
from deployer.resources.observed import Observed

NOT_THERE = "not in that revision"
BUILT = "(built at that revision)"
ANOTHER = "(another image)"


def told(plan: Plan, observed: Observed) -> Plan:
    """The plan without what was made up to make it; `observed` is what it was made with."""
    ids = {each[7:] for image in observed.images.values() for each in (image.id, *map(_digest, image.digests))}
    built = observed.built()
    tags = {each.reference: f"{each.reference.rpartition(':')[0]} {BUILT}" for each in built}
    addresses = {each.address: f"build.{each.build}" for each in built}

    def text(said: str) -> str:
        before, _, id = said.rpartition(" @ ")
        said = before if before and id in {each[:6] for each in ids} else said
        if said in {each[:12] for each in ids}:
            return ANOTHER
        for tag, name in tags.items():
            said = said.replace(tag, name)
        return said

    engine = replace(plan.engine, api="")
    changes = tuple(_change(each, text, addresses.get(each.address, each.address)) for each in plan.changes)
    unchanged = tuple(addresses.get(each, each) for each in plan.unchanged)
    return replace(plan, engine=engine, changes=changes, unchanged=unchanged)


def _digest(reference: str) -> str:
    return reference.rpartition("@")[2]


def _change(change: Change, text: Callable[[str], str], address: str) -> Change:
    return replace(
        change,
        address=address,
        reason=NOT_THERE if _says_what_is_there(change) else change.reason,
        detail=text(change.detail),
        fields=tuple(_field(each, text) for each in change.fields),
        steps=tuple(_step(each, text) for each in change.steps),
    )


def _says_what_is_there(change: Change) -> bool:
    if change.action is Action.PUSH:
        return not change.fields and change.reason != BUILT_ABOVE
    return change.reason == NOT_ON_ENGINE


def _field(field: FieldChange, text: Callable[[str], str]) -> FieldChange:
    before, after, applied = (each and text(each) for each in (field.before, field.after, field.applied))
    causes = tuple(dict.fromkeys(Cause.EDIT if each is Cause.DRIFT else each for each in field.causes))
    return replace(field, before=before, after=after, applied=applied, causes=causes)


def _step(step: Step, text: Callable[[str], str]) -> Step:
    return replace(step, target=text(step.target), detail=text(step.detail), name=step.name and text(step.name))
