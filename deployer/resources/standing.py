"""How a container stood before a replacement set it aside, kept in a label of its successor: the old one's own labels
cannot change, and its state and policy already have.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Standing:
    """What undoing a replacement restores: the engine's words for state and health, and the restart policy as the row
    has it.
    """

    status: str
    restart: str
    health: str = ""

    def encoded(self) -> str:
        """The label's text."""
        return json.dumps(asdict(self), sort_keys=True)


def decode(text: str | None) -> Standing | None:
    """What the label says; None where there is none, or it is damaged."""
    try:
        found: Any = json.loads(text or "")
        said = (found["status"], found["restart"], found.get("health", ""))
        return Standing(*said) if all(isinstance(each, str) for each in said) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
