"""MAC addresses: one for the container, in the network that it joins first, or one in each network."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from deployer.fields.field import Context, Field, Json, Value, get, section
from deployer.fields.kinds import schema, text_kind
from deployer.fields.parse import describe, refusal

_MAC = re.compile(r"(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}")


def mac_address(written: Any) -> str:
    if isinstance(written, str) and _MAC.fullmatch(written):
        return written.lower().replace("-", ":")
    raise refusal(
        "bad-mac-address", f"expected a MAC address, not {describe(written)}", "write it as 02:42:ac:11:00:02"
    )


MacAddress = Annotated[str, BeforeValidator(mac_address), schema("string", examples=["02:42:ac:11:00:02"])]


def read_mac_address(inspect: Json, _: Context) -> Value:
    """Engine 20.10 keeps what was asked; 28 shows what the container has in the network that it was created in, asked
    for or not, while it runs.
    """
    asked = get(inspect, "Config.MacAddress")
    mode = get(inspect, "HostConfig.NetworkMode") or ""
    there: Json = section(inspect, "NetworkSettings.Networks").get(mode) or {}
    return asked or there.get("MacAddress") or ""


def less_chosen(have: Value, want: Value, was: Value) -> Value:
    """Nothing, where nobody asks or asked; what was applied, where the engine does not show it."""
    return (have or was) if want or was else ""


ROW = Field(
    name="mac_address",
    kind=text_kind(MacAddress),
    engine="MacAddress",
    inspect="NetworkSettings.Networks",
    read=read_mac_address,
    fills=less_chosen,
    unset="",
    example=("02:42:ac:11:7f:01", "02:42:ac:11:7f:02"),
    doc="Its MAC address in the network that it joins first; the engine's choice unless set.",
)
