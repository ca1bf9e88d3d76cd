"""What is brought to registries: which of the builds are not there yet as they are here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from deployer.fields.field import Effect
from deployer.fields.references import parse_reference
from deployer.plan import steps
from deployer.plan.diff import PlaceOf
from deployer.plan.draft import STARTS, Draft
from deployer.plan.images import ImageNow, Images
from deployer.plan.model import Action, Call, Cause, Change, FieldChange, Step
from deployer.plan.recovery import is_half_done
from deployer.resources.desired import Desired, DesiredPush
from deployer.resources.observed import Observed, ObservedImage
from deployer.resources.pushes import runs
from deployer.resources.registries import service_behind

BUILT_ABOVE = "its image is built above"
"""Why an image is pushed, whatever the registry has."""


def plan_pushes(desired: Desired, observed: Observed, images: Images, place: PlaceOf) -> list[Draft]:
    """A draft for each push that is needed. What runs a pushed image by its name there is told so in `images`: the push
    gives it that name, and nothing is pulled.
    """
    drafts: list[Draft] = []
    for push in desired.pushes:
        build = images.now[f"build.{push.build}"]
        here = observed.images.get(build.reference) if build.id else None
        change = _pushed(push, here, observed, place) or _alias(push, here, observed, place)
        run_by = {each.address: each for each in desired.images.values() if runs({each.address: each}, push)}
        images.changes = [each for each in images.changes if each.address not in run_by]
        images.now |= {name: ImageNow(each.reference, build.id, "pushed") for name, each in run_by.items()}
        if change:
            drafts.append(Draft(change, provides=frozenset(run_by)))
    return drafts


def with_registries(draft: Draft, desired: Desired) -> Draft:
    """The draft, with the services of this stack that it pulls from or pushes to."""
    asked = (step.target for step in draft.change.steps if step.call in (Call.PULL, Call.PUSH))
    draft.registries = frozenset(filter(None, (service_behind(each, desired.registries) for each in asked)))
    return draft


def await_registries(drafts: Sequence[Draft], observed: Observed) -> None:
    """A registry of this stack that does not change is waited for, too: it may still be on its way."""
    starting = {draft.service.name for draft in drafts if draft.service and draft.has(*STARTS)}
    for draft in drafts:
        waits = [step for name in sorted(draft.registries - starting) for step in _waits_for(name, observed)]
        draft.change = replace(draft.change, steps=(*waits, *draft.change.steps))


def _waits_for(service: str, observed: Observed) -> Iterator[Step]:
    for found in observed.of_service(service):
        if found.health not in ("", "healthy") and not is_half_done(found, observed):
            yield Step(Call.AWAIT_READY, found.id, steps.Wait(service=service), name=found.name)


def _pushed(push: DesiredPush, here: ObservedImage | None, observed: Observed, place: PlaceOf) -> Change | None:
    """The push; None where the registry has just this image already."""
    answer = observed.pushed.get(push.reference)
    if here and answer and answer.digest and any(each.endswith(f"@{answer.digest}") for each in here.digests):
        return None
    named = observed.images.get(push.reference)
    ours = _digest_of(here, push) if here and named and named.id == here.id else ""
    fields: tuple[FieldChange, ...] = ()
    if here is None:
        reason = BUILT_ABOVE
    elif answer is None:
        reason = f"its registry, service.{push.service}, is not up yet"
    elif answer.trouble:
        reason = f"the registry cannot be asked: {answer.trouble}"
    elif answer.digest or ours:
        fields = (_difference(answer.digest, ours, place, push),)
        reason = fields[0].field
    else:
        reason = "not there yet"
    # A name that nothing was pushed by says that something was.
    before = Step(Call.TAG, push.reference, named.id) if named else Step(Call.REMOVE_IMAGE, push.reference)
    tag = Step(Call.TAG, push.reference, f"build.{push.build}", undo=(before,))
    runbook = (tag, Step(Call.PUSH, push.reference))
    return Change(push.address, Action.PUSH, reason, fields, runbook, detail=push.reference)


def _difference(there: str | None, ours: str, place: PlaceOf, push: DesiredPush) -> FieldChange:
    """Pushed from here once, it is drift; else another image was built since."""
    before = _short(there) if there else "removed"
    if ours:
        drift, applied = (Cause.DRIFT,), _short(ours)
        return FieldChange("digest", before, applied, drift, Effect.IN_PLACE, applied=applied, applied_known=True)
    at = place(*push.path, "push")
    note = "another image was pushed there before"
    return FieldChange("digest", before, "of the build here", (Cause.EDIT,), Effect.IN_PLACE, at=at, note=note)


def _digest_of(here: ObservedImage, push: DesiredPush) -> str:
    """The digest that the image had in that repository when it was last pushed there from here; "" if it never was."""
    name = parse_reference(push.reference).name
    known = (parse_reference(each) for each in here.digests)
    return next((each.digest for each in known if each.name == name), "")


def _alias(push: DesiredPush, here: ObservedImage | None, observed: Observed, place: PlaceOf) -> Change | None:
    """The registry has it, and on the engine its name there means another image."""
    named = observed.images.get(push.reference)
    if here is None or (named and named.id == here.id):
        return None
    before = _short(named.id) if named else None
    at = place(*push.path, "push")
    field = FieldChange("tag", before, push.reference, (Cause.DRIFT,), Effect.NONE, at=at)
    step = Step(Call.TAG, push.reference, f"build.{push.build}")
    return Change(push.address, Action.UPDATE, "tag", (field,), (step,), detail=f"tag {push.reference}")


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
