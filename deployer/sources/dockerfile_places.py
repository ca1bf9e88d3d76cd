"""Where in a Dockerfile that lies of which the classic builder speaks; None where that cannot be told for sure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from deployer.errors import Place
from deployer.sources.dockerfile import Instruction, instructions, needed_stages

_STEP = re.compile(r"Step (\d+)/(\d+) : (\S+)")
# 20.10: "dockerfile parse error line 2: ...", 28: "... parse error on line 2: ...".
_LINE = re.compile(r"dockerfile parse error (?:on )?line (\d+)\b", re.IGNORECASE)


def place_of(said: str, text: str, args: Mapping[str, str], target: str, file: str) -> Place | None:
    """`said` is a step as the builder announces it (`Step 2/5 : RUN make`), or its complaint about a line."""
    if line := _LINE.search(said):
        return _on_line(int(line[1]), text, file)
    step = _STEP.match(said)
    if not step:
        return None
    counted = _counted(text, needed_stages(text, args, target, file))
    number, all, keyword = int(step[1]), int(step[2]), step[3]
    if all != len(counted) or not 1 <= number <= all or counted[number - 1].keyword != keyword.upper():
        return None
    return _on_line(counted[number - 1].line, text, file)


def _counted(text: str, stages: int) -> list[Instruction]:
    """What the builder counts: the ARGs before the first FROM, and all of the stages that it makes.

    What an image's ONBUILD adds has no step of its own.
    """
    found: list[Instruction] = []
    begun = 0
    for instruction in instructions(text):
        begun += instruction.keyword == "FROM"
        if begun > stages:
            break
        found.append(instruction)
    return found


def _on_line(number: int, text: str, file: str) -> Place | None:
    lines = text.removeprefix("\ufeff").split("\n")
    if not 1 <= number <= len(lines):
        return None
    line = lines[number - 1].removesuffix("\r")
    return Place(file, number, len(line) - len(line.lstrip()) + 1, line)
