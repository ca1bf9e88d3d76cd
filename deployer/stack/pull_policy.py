"""When an image is pulled: a word, or how old what is there may be."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from deployer.errors import did_you_mean
from deployer.fields.parse import SECOND, describe, refusal

BUILD = "build"

_WORDS = ("missing", "always", "never", "daily", "weekly")
_EVERY = r"every_(?:[0-9]+[wdhms])+"
_UNITS = {"w": 7 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}


def pull_policy(written: Any) -> str:
    """Compose's `if_not_present` is `missing`. Its `refresh` is, too, once an image is there, which nobody means."""
    if written == "if_not_present":
        return "missing"
    if written == "refresh":
        hint = "daily, weekly, or an age such as every_12h; missing, if it never should be"
        raise refusal("bad-choice", "'refresh' does not say how old an image may be: it never would be pulled", hint)
    if isinstance(written, str) and (written in _WORDS or re.fullmatch(_EVERY, written)):
        return written
    hint = did_you_mean(str(written), _WORDS, "one of") or "such as every_12h"
    raise refusal("bad-choice", f"expected {', '.join(_WORDS)} or every_DURATION, not {describe(written)}", hint)


def service_pull_policy(written: Any) -> str:
    """`build` says that the image is never pulled, but built, as it is anyway where a service has a build."""
    return BUILD if written == BUILD else pull_policy(written)


def most_age(policy: str) -> int | None:
    """The nanoseconds after which a registry is asked whether it has another image; None where it never is."""
    if policy.startswith("every_"):
        return SECOND * sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9]+)([wdhms])", policy))
    return {"always": 0, "daily": SECOND * _UNITS["d"], "weekly": SECOND * _UNITS["w"]}.get(policy)


_NAMES = "|".join((*_WORDS, "if_not_present"))

PullPolicy = Annotated[
    str, BeforeValidator(pull_policy), WithJsonSchema({"type": "string", "pattern": f"^({_NAMES}|{_EVERY})$"})
]
ServicePullPolicy = Annotated[
    str,
    BeforeValidator(service_pull_policy),
    WithJsonSchema({"type": "string", "pattern": f"^({_NAMES}|{BUILD}|{_EVERY})$"}),
]
