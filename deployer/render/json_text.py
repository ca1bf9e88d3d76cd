"""Plain values as the JSON that `docker compose config` prints of them."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from deployer.render.harmless import harmless
from deployer.render.key_order import ByName

_FOR_BROWSERS = re.compile("[<>&]")
"""What Go escapes in all JSON, so that it may stand in a page."""


def as_json_text(value: Any) -> str:
    """Indented by two; no terminal takes it for a command."""
    text = json.dumps(_sorted(value), indent=2, ensure_ascii=False)
    text = _FOR_BROWSERS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return "\n".join(_harmless(line) for line in text.split("\n"))


def _harmless(line: str) -> str:
    if harmless(line) == line:
        return line
    return "".join(each if harmless(each) == each else json.dumps(each)[1:-1] for each in line)


def _sorted(value: Any) -> Any:
    match value:
        case dict():
            entries = cast("dict[str, Any]", value)
            names = sorted(entries) if isinstance(value, ByName) else entries
            return {name: _sorted(entries[name]) for name in names}
        case list():
            return [_sorted(item) for item in cast("list[Any]", value)]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
