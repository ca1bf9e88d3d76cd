"""What it takes to change a field of a container, and, where the like is done in place and this is not, why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployer.fields.attachments import has_fixed_mac
from deployer.fields.field import Context, Effect, Field, Json, Value
from deployer.plan.shown import ABSENT

MADE_IN_IT = "it was made in this network, and would not start again outside of it"
TAKES_NO_MAC = "only a new container is given a MAC address"
_ORDER = "only a new container joins in this order"
_STAYS_SET = "cannot be unset in place"


def takes(
    row: Field, entry: str, have: Any, want: Any, asked: Mapping[str, Value], raw: Json, context: Context
) -> tuple[Effect, str]:
    """The effect, and what forces it, "" where a change of this row always takes that. `asked` is all that the service
    asks for, `raw` the inspect of its container.
    """
    if row.name == "networks" and want is ABSENT:
        # Engine 28 refuses the next start of a container that has left the network its NetworkMode names.
        made_in = raw["HostConfig"].get("NetworkMode") == context.networks.get(entry, entry)
        return (Effect.REPLACE, MADE_IN_IT) if made_in else (Effect.IN_PLACE, "")
    # To be in a network otherwise is to leave and join it, and Engine 28 takes no MAC address at a join.
    linked = row.name in ("links", "external_links")
    rejoins = linked or (row.name == "networks" and have is not ABSENT)
    if rejoins and (asked["mac_address"] or (linked and has_fixed_mac(asked["networks"]))):
        return Effect.REPLACE, TAKES_NO_MAC
    effect = row.effect_of(None if have is ABSENT else have, None if want is ABSENT else want)
    depends = not isinstance(row.effect, Effect) and effect is Effect.REPLACE
    return effect, _why(row, entry, have, want) if depends else ""


def _why(row: Field, entry: str, have: Any, want: Any) -> str:
    if row.name == "networks":
        fixed = has_fixed_mac((entry, value) for value in (have, want) if value is not ABSENT)
        return TAKES_NO_MAC if fixed else _ORDER
    return _STAYS_SET if want in (ABSENT, row.unset) else ""
