"""Folders of stack files, each with what `docker compose config` prints of them, and what is known to differ.

A case is a folder below `cases`. Beside the stack files there is

- `call.json`, where it is not called plainly: `arguments` before the command, `environment`, the folder `in` which;
- `compose.txt`: each command below, with what Compose printed, or `refused:` and why. `record.py` writes it;
- `different.txt`, where deployer differs on purpose: why, in a sentence, and what deployer prints instead;
- `waits.txt`, where a key is not supported yet: its name.

The folder of the cases is called `/cases` in all of them, the user's own is `/home/me`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOLDER = Path(__file__).with_name("cases")
SHOWN_FOLDER = "/cases"
HOME = "/home/me"

IMAGES = "config --images"
COMMANDS = ("config", "config --format json", "config --services", IMAGES)

RECORD, DIFFERENT, WAITS, CALL = "compose.txt", "different.txt", "waits.txt", "call.json"
REFUSED = "refused:"

Printed = Mapping[str, str]
"""What each command printed."""


@dataclass(frozen=True, slots=True)
class Call:
    """How deployer and Compose are called."""

    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    below: str = ""


@dataclass(frozen=True)
class Case:
    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def call(self) -> Call:
        path = self.folder / CALL
        said = json.loads(path.read_text()) if path.exists() else {}
        assert said.keys() <= {"arguments", "environment", "in"}, path
        environment = tuple(said.get("environment", {}).items())
        return Call(tuple(said.get("arguments", ())), environment, said.get("in", ""))

    @cached_property
    def recorded(self) -> Printed:
        return sections((self.folder / RECORD).read_text())

    @cached_property
    def why(self) -> str:
        """Why deployer differs; "" where it does not."""
        path = self.folder / DIFFERENT
        return path.read_text().partition("\n")[0] if path.exists() else ""

    @cached_property
    def different(self) -> Printed:
        """What deployer prints where it is not what Compose prints."""
        path = self.folder / DIFFERENT
        return sections(path.read_text().partition("\n")[2]) if path.exists() else {}

    @cached_property
    def waits_for(self) -> str:
        path = self.folder / WAITS
        return path.read_text().strip() if path.exists() else ""


def all_cases() -> list[Case]:
    return [Case(folder) for folder in sorted(FOLDER.iterdir()) if folder.is_dir()]


def comparable(printed: Printed) -> Printed:
    """Why something is refused is said in other words, and Compose tells one mistake of several."""
    return {command: REFUSED if text.startswith(REFUSED) else text for command, text in printed.items()}


def sections(text: str) -> dict[str, str]:
    """What is printed below each `$ command`."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def as_text(printed: Printed) -> str:
    """The inverse of `sections`."""
    return "".join(f"$ {command}\n{text}" for command, text in printed.items())


def normal(printed: str, folder: Path) -> str:
    """The same wherever it is printed: `folder` is the one that holds the case's; one line end at the end."""
    text = printed.replace(str(folder), SHOWN_FOLDER).rstrip("\n")
    return f"{text}\n" if text else ""
