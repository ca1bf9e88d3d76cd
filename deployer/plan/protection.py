"""Volumes that no command removes: those of which the stack file says so, or the newest record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deployer.fields.field import Effect
from deployer.plan.diff import PlaceOf
from deployer.plan.draft import Draft
from deployer.plan.model import Action, Cause, Change, FieldChange
from deployer.resources.desired import DesiredThing
from deployer.resources.observed import Observed

Protected = Mapping[str, str]
"""The engine's names of protected volumes, each with where that is said: `stack.yaml:43`, or `revision 3`."""


def protected_volumes(volumes: Iterable[DesiredThing], observed: Observed, place: PlaceOf) -> Protected:
    """What the file no longer says holds until an apply has carried that out: so an edit alone loses nothing."""
    recorded = {name: f"revision {revision}" for name, revision in observed.records.protected.items()}
    said = {each.name: place("volumes", each.key, "protect") for each in volumes if each.protect}
    return {**recorded, **{name: at.line_reference if at else "the stack file" for name, at in said.items()}}


def protection_changed(thing: DesiredThing, observed: Observed, place: PlaceOf) -> Draft | None:
    """That a volume which is there is protected from now on, or no longer is: only the next record says so."""
    protects = newly(thing, observed)
    if protects is None:
        return None
    before, after = ("true" if each else None for each in (not thing.protect, thing.protect))
    at = place("volumes", thing.key, "protect")
    field = FieldChange("protect", before, after, (Cause.EDIT,), Effect.NONE, at=at)
    change = Change(
        f"volume.{thing.key}",
        Action.UPDATE,
        "protect",
        (field,),
        detail=f"{thing.name}; only the record changes",
        protects=protects,
    )
    return Draft(change)


def newly(thing: DesiredThing, observed: Observed) -> tuple[str, bool] | None:
    """What the records are to keep of it, None where they say so already."""
    return (thing.name, thing.protect) if thing.protect != (thing.name in observed.records.protected) else None
