"""What differs between the plan that was kept and the one that would be made now, resource by resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deployer.errors import Busy, Diagnostic
from deployer.plan.model import STATE, Action, Plan
from deployer.render import plan_json
from deployer.render.causes import UNSET
from deployer.render.progress import DONE
from deployer.saved.form import Saved

Json = Mapping[str, Any]

AGAIN = "make a new plan, look at it, and apply that: deployer plan --out plan.json"
_MOST = 20


def refuse_moved(saved: Saved, plan: Plan, revision: int) -> None:
    """Raises Busy where the plan that is made now, at that revision of the stack, is not the one that was kept."""
    if plan.fingerprint == saved.plan["fingerprint"]:
        return
    if plan.is_empty and revision > saved.revision:
        message = (
            f"this plan has been carried out already, or another one to the same end: it was made at revision "
            f"{saved.revision} of {plan.stack}, which is at revision {revision} now, and there is nothing left to do"
        )
        raise Busy(Diagnostic("plan-applied", message))
    notes = tuple(differences(saved, plan))
    if revision > saved.revision:
        notes = (*notes, f"revision {revision} has been applied since; the plan was made at {saved.revision}")
    message = f"{plan.stack} is not as it was when the plan was made, so nothing of it is carried out"
    raise Busy(Diagnostic("plan-moved", message, hint=AGAIN, notes=notes))


def refuse_changed_sources(stack: str, changed: Sequence[str]) -> None:
    """Raises Busy where there are any."""
    if changed:
        more = (f"and {len(changed) - _MOST} more",) if len(changed) > _MOST else ()
        message = f"what the plan of {stack} was made from has changed, so nothing of it is carried out"
        raise Busy(Diagnostic("plan-sources", message, hint=AGAIN, notes=(*changed[:_MOST], *more)))


def refuse_another_engine(saved: Saved, engine_id: str, host: str) -> None:
    if saved.engine_id != engine_id:
        message = f"the plan was made for the engine {saved.plan['engine']['host']}, and {host} is another one"
        hint = "name the engine that it was made for: --engine, --context or DOCKER_HOST"
        raise Busy(Diagnostic("plan-elsewhere", message, hint=hint))


def refuse_another_stack(saved: Saved, stack: str, origin: str) -> None:
    if (saved.plan["stack"], saved.origin) != (stack, origin):
        message = f"the plan is of {saved.plan['stack']} from {saved.origin}, and this is {stack} from {origin}"
        hint = "run apply in a checkout of the repository that the plan was made in, or else in the same folder"
        raise Busy(Diagnostic("plan-elsewhere", message, hint=hint))


def differences(saved: Saved, plan: Plan) -> Iterator[str]:
    """Each difference in words, with the resource that it is at."""
    then = {each["address"]: each for each in saved.plan["changes"]}
    now = {each["address"]: each for each in plan_json.as_object(plan)["changes"]}
    for address in {**then, **now}:
        before, after = then.get(address), now.get(address)
        if before is None and after is not None:
            yield from _new(address, after)
        elif after is None:
            assert before is not None
            yield f"{address} was to be {_done(before)}, and stays as it is now"
        elif before is not None:
            told = [*_between(address, before, after)]
            if STATE not in {field["field"] for field in (*before["fields"], *after["fields"])}:
                told += _standing(address, saved.states.get(address), plan.states.get(address))
            if not told and saved.rests_on.get(address) != plan.rests_on.get(address):
                told = [f"{address}: its container, its image or where its mounts lie is not what it was"]
            if not told and before["steps"] != after["steps"]:
                told = [f"{address}: how it is {_done(after)} is another way now"]
            yield from told


def _standing(address: str, then: str | None, now: str | None) -> Iterator[str]:
    """Of what is stopped or removed: how it stands is no field of the change."""
    if then and now and then != now:
        yield f"{address}: state is {now} now, it was {then} when the plan was made"


def _new(address: str, change: Json) -> Iterator[str]:
    """What stayed as it was when the plan was made: it was as the stack says, then."""
    for field in change["fields"]:
        yield f"{address}: {_was(field, field['after'])}"
    if not change["fields"]:
        yield f"{address} is to be {_done(change)} now, and stayed as it was in the plan"


def _between(address: str, then: Json, now: Json) -> Iterator[str]:
    if then["action"] != now["action"]:
        yield f"{address} is to be {_done(now)} now, it was to be {_done(then)}"
    before, after = ({field["field"]: field for field in change["fields"]} for change in (then, now))
    for name in {**before, **after}:
        one, other = before.get(name), after.get(name)
        if one is None and other is not None:
            yield f"{address}: {_was(other, other['after'])}"
        elif other is None:
            assert one is not None
            yield f"{address}: {_was({**one, 'before': one['after']}, one['before'])}"
        elif one is not None:
            if one["before"] != other["before"]:
                yield f"{address}: {_was(other, one['before'])}"
            if one["after"] != other["after"]:
                yield f"{address}: {name} is to be {_value(other, 'after')} now, it was to be {_value(one, 'after')}"


def _was(field: Json, value: str | None) -> str:
    """`mem_limit is 128m now, it was 64m when the plan was made`."""
    if field["sensitive"] or (field["before"], value) == (None, None):
        return f"{field['field']} is not as it was when the plan was made"
    was = _value({**field, "before": value}, "before")
    return f"{field['field']} is {_value(field, 'before')} now, it was {was} when the plan was made"


def _value(field: Json, side: str) -> str:
    value = field[side]
    return UNSET if value in (None, "") else str(value)


def _done(change: Json) -> str:
    return DONE[Action(change["action"])]
