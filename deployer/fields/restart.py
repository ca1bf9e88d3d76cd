"""When the engine starts a container again: `restart`, or as Compose has it from Swarm, `deploy.restart_policy`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, WithJsonSchema, model_validator
from pydantic import Field as Key

from deployer.fields.field import Json, Kind, Value
from deployer.fields.kinds import Count, Duration, Model
from deployer.fields.parse import describe, refusal


def restart_policy(written: Any) -> str:
    """`no`, `always`, `unless-stopped`, `on-failure` or `on-failure:3`."""
    name, _, retries = written.partition(":") if isinstance(written, str) else ("", "", "")
    if name in ("no", "always", "unless-stopped", "on-failure") and (
        not retries or (name == "on-failure" and retries.isdigit())
    ):
        return name if retries in ("", "0") else written
    hint = "no, always, unless-stopped, on-failure or on-failure:3"
    raise refusal("bad-restart", f"expected a restart policy, not {describe(written)}", hint)


class RestartPolicy(Model):
    """The same as the service's `restart`, with each part by its name."""

    condition: Literal["none", "no", "on-failure", "any", "always", "unless-stopped"] = Key(
        description="none, on-failure, any (always) or unless-stopped."
    )
    delay: Duration | None = Key(default=None, description="Of no meaning without Swarm.")
    max_attempts: Count | None = Key(default=None, description="How often at most; with on-failure alone.")
    window: Duration | None = Key(default=None, description="Of no meaning without Swarm.")

    @model_validator(mode="after")
    def _counts_failures(self) -> RestartPolicy:
        if self.max_attempts and self.condition != "on-failure":
            message = f"max_attempts counts only with the condition on-failure, not with {self.condition}"
            raise refusal("bad-restart", message, "take it out, or say condition: on-failure")
        return self

    @property
    def as_restart(self) -> str:
        name = {"none": "no", "any": "always"}.get(self.condition, self.condition)
        return f"{name}:{self.max_attempts}" if self.max_attempts else name


def _normal(said: str | RestartPolicy, _: object = None) -> Value:
    return said.as_restart if isinstance(said, RestartPolicy) else said


def encode_restart(value: Value) -> Json:
    name, _, retries = value.partition(":")
    return {"Name": name, "MaximumRetryCount": int(retries or 0)}


def _decode(wire: Json) -> Value:
    """Unset is "" on Engine 20.10 and "no" on 28."""
    retries = wire.get("MaximumRetryCount")
    return f"{wire['Name']}:{retries}" if retries else wire.get("Name") or "no"


RestartText = Annotated[
    str,
    BeforeValidator(restart_policy),
    WithJsonSchema({"type": "string", "pattern": "^(no|always|unless-stopped|on-failure(:\\d+)?)$"}),
]
RESTART = Kind(RestartText, _normal, encode_restart, _decode, str)
