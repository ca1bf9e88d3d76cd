"""The file of a saved plan: the plan as JSON, and beside it what it was made from and how."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, cast

from deployer.errors import Diagnostic, InvalidStack
from deployer.plan.model import FORMAT_VERSION, Plan
from deployer.plan.planner import Options
from deployer.render import plan_json
from deployer.saved.sources import digests
from deployer.sources.noted import Seen

Json = dict[str, Any]

_OF_THE_TURN = ("take_over",)
"""Options that are about whose turn it is: they are given when the plan is carried out."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A plan, and what it rests on.

    `choices` are what was said for every command (files, env files, the stack's name), `options` what was said of the
    plan. `sources` are digests with the `salt`; `engine_id` is how the engine calls itself, whatever its address.
    """

    plan: Json
    choices: Json
    options: Json
    destroy: bool
    origin: str
    engine_id: str
    salt: str
    sources: Mapping[str, str]
    rests_on: Mapping[str, str]
    states: Mapping[str, str]

    @property
    def revision(self) -> int:
        return int(self.plan["revision"])

    def planned_with(self, *, take_over: bool) -> Options:
        sets: Json = {name: frozenset(said) if isinstance(said, list) else said for name, said in self.options.items()}
        return Options(**sets, take_over=take_over)


def saved_of(
    plan: Plan, options: Options, choices: Json, seen: Seen, *, folder: str, engine_id: str, destroy: bool
) -> Saved:
    """The plan with all that it rests on; `folder` is the one that deployer runs in."""
    salt = secrets.token_bytes(16)
    return Saved(
        plan=plan_json.as_object(plan),
        choices=choices,
        options={name: _plain(value) for name, value in asdict(options).items() if name not in _OF_THE_TURN},
        destroy=destroy,
        origin=plan.origin,
        engine_id=engine_id,
        salt=salt.hex(),
        sources=digests(seen, salt, folder),
        rests_on=dict(plan.rests_on),
        states=dict(plan.states),
    )


def _plain(value: object) -> object:
    return sorted(cast("frozenset[str]", value)) if isinstance(value, frozenset) else value


def as_json(saved: Saved) -> str:
    """The plan as everybody may read it, with `saved` at its end."""
    beside = {name: value for name, value in asdict(saved).items() if name != "plan"}
    whole = {**saved.plan, "saved": beside}
    return json.dumps({**saved.plan, "saved": {**beside, "digest": _digest(whole)}}, indent=2) + "\n"


def is_saved_plan(text: str) -> bool:
    """Whether that is meant to be a plan: also one that is damaged, or of another version."""
    return text.lstrip().startswith("{") and '"format_version"' in text and '"fingerprint"' in text


def read(text: str, shown: str) -> Saved:
    """The plan of a file. Raises InvalidStack where it is damaged, was never saved, or is a later deployer's."""
    try:
        document = cast("Json", json.loads(text))
    except (ValueError, RecursionError):
        raise _damaged(shown, "it ends too early, or is no JSON") from None
    if document.get("format_version") != FORMAT_VERSION:
        message = (
            f"{shown} is a plan of the format {document.get('format_version')!r}; this deployer reads {FORMAT_VERSION}"
        )
        hint = "make the plan with the version of deployer that applies it"
        raise InvalidStack(Diagnostic("plan-file-version", message, hint=hint))
    beside = document.pop("saved", None)
    if not isinstance(beside, dict):
        message = f"{shown} is a plan to look at: it does not say what it was made from"
        hint = f"save it with: deployer plan --out {shown}"
        raise InvalidStack(Diagnostic("plan-file-damaged", message, hint=hint))
    said = cast("Json", beside)
    if said.pop("digest", None) != _digest({**document, "saved": said}):
        raise _damaged(shown, "what it holds is not what was saved")
    if said.keys() != {each.name for each in fields(Saved)} - {"plan"}:
        raise _damaged(shown, "it lacks a part, or has one too many")
    return Saved(plan=document, **said)


def _damaged(shown: str, why: str) -> InvalidStack:
    hint = "make it again: deployer plan --out plan.json"
    return InvalidStack(Diagnostic("plan-file-damaged", f"{shown} is damaged: {why}", hint=hint))


def _digest(document: Json) -> str:
    """Against damage, not against forgery: who may write the file may write this, too."""
    return f"sha256:{hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()}"


def left_out(choices: Any, saved: Sequence[str], elsewhere: Sequence[str]) -> list[str]:
    """What was said for every command that no plan keeps, because nobody decided that it may."""
    others = [each for each in fields(choices) if each.name not in (*saved, *elsewhere)]
    return [each.name for each in others if getattr(choices, each.name) != each.default]
