"""Where the engine puts what a container writes: each part is a field of its own."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from deployer.fields.field import Context, Json, Kind, Value
from deployer.fields.kinds import Model, Options, Text, show_text
from deployer.fields.parse import describe, mapping, refusal

OPTION = "options."
DRIVER = "driver"


class Logging(Model):
    """Where the engine puts what the service writes; what is not said is as the engine is set up."""

    driver: Text | None = Field(default=None, description="The logging driver, such as json-file, local or syslog.")
    options: Options | None = Field(default=None, description="Options for the driver, such as max-size.")


def logging_form(written: Any) -> Any:
    if mapping(written) is None and not isinstance(written, Logging):
        hint = "write it as {driver: json-file, options: {max-size: 10m}}"
        raise refusal("bad-mapping", f"expected a mapping, not {describe(written)}", hint)
    return written


LoggingForm = Annotated[Logging, BeforeValidator(logging_form, json_schema_input_type=Logging)]


def _parts(driver: str, options: Json) -> Value:
    named = {OPTION + name: value for name, value in options.items()}
    return tuple(sorted({**({DRIVER: driver} if driver else {}), **named}.items()))


def _normal(written: Logging, _: Context) -> Value:
    return _parts(written.driver or "", written.options or {})


def _encode(parts: Value) -> Json:
    """A driver that is not said is the engine's (moby, daemon/logs.go)."""
    options = {name.removeprefix(OPTION): value for name, value in parts if name != DRIVER}
    return {"Type": dict(parts).get(DRIVER, ""), "Config": options}


def _decode(wire: Json) -> Value:
    return _parts(wire.get("Type") or "", wire.get("Config") or {})


def _show(entry: str, value: Value) -> str:
    return value if entry == DRIVER else show_text(value)


LOGGING = Kind(LoggingForm, _normal, _encode, _decode, str, keyed=True, nested=True, show_entry=_show)
