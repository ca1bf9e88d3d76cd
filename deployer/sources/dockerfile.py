"""Which images a Dockerfile builds on, and where it says so: as much of its grammar as that takes, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import accumulate

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.interpolation import InterpolationError, interpolate

_KEYWORD = re.compile(r"\s*(\S+)\s*")
_DIRECTIVE = re.compile(r"#\s*(\w+)\s*=\s*(.*?)\s*")
_HEREDOC = re.compile(r"<<-?(['\"]?)([A-Za-z_]\w*)\1")
_FROM = re.compile(r"(?P<image>\S+)(?:\s+as\s+(?P<name>\S+))?\s*", re.IGNORECASE)
_FLAGS = re.compile(r"(?:--\S+\s+)*")
_COPY_FROM = re.compile(r"--from=(\S+)")
_MOUNT_FROM = re.compile(r"--mount=\S*?\bfrom=([^,\s]+)")
_ARG = re.compile(r"""([A-Za-z_]\w*)(?:=((?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])*))?""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Use:
    """An image outside of this Dockerfile that FROM, COPY or a mount names: the word from `start` to `end` of its
    text, variables put in.
    """

    image: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stage:
    """One `FROM`: its name, and what it and its COPY and mounts read from."""

    name: str
    uses: tuple[Use, ...]

    @property
    def images(self) -> tuple[str, ...]:
        return tuple(use.image for use in self.uses)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its continued lines joined: `keyword` in upper case, `rest` what follows it.

    `line` and `last` are its first and last line, from 1 on, here-documents apart; `text` is the first one as it is
    written. `origins` has, for each character of `rest`, its offset in the Dockerfile.
    """

    keyword: str
    rest: str
    line: int
    last: int
    text: str
    origins: Sequence[int] = field(repr=False)


def stages(text: str, args: Mapping[str, str], file: str = "Dockerfile") -> tuple[Stage, ...]:
    """The stages of a Dockerfile in order, the ARGs before the first FROM having their given or default values."""
    known: dict[str, str] = {}
    found: list[Stage] = []
    for instruction in instructions(text):
        if instruction.keyword == "ARG" and not found:
            known.update(_arguments(instruction.rest, known, args))
        elif instruction.keyword == "FROM":
            found.append(_stage(instruction, known, found, file))
        elif found:
            found[-1] = _with_sources(found, instruction)
    if not found:
        raise InvalidStack(_no_from(instructions(text), file))
    return tuple(found)


def _no_from(found: Iterable[Instruction], file: str) -> Diagnostic:
    message, hint = f"{file} has no FROM", "start it with FROM <image>"
    for each in found:
        if get_close_matches(each.keyword, ["FROM"], cutoff=0.7):
            place = Place(file, each.line, 1, each.text)
            return Diagnostic(
                "dockerfile-from", message, place=place, hint=f"did you mean FROM in place of {each.keyword}?"
            )
    return Diagnostic("dockerfile-from", message, place=Place(file), hint=hint)


def base_images(text: str, args: Mapping[str, str], target: str = "", file: str = "Dockerfile") -> Mapping[str, Place]:
    """The images that a build needs from outside, and where each is first named: those of all stages up to the
    target, as the classic builder makes them one after the other.
    """
    found: dict[str, Place] = {}
    for use in _uses(text, args, target, file):
        found.setdefault(use.image, place_at(text, use.start, file))
    return found


def with_references(text: str, args: Mapping[str, str], target: str, references: Mapping[str, str]) -> str:
    """The Dockerfile with these references in the place of images that it names; every line keeps its number."""
    continued = escape_of(text) + "\n"
    for use in sorted(_uses(text, args, target, "Dockerfile"), key=lambda use: use.start, reverse=True):
        if use.image in references:
            lines = continued * text.count("\n", use.start, use.end)
            text = text[: use.start] + references[use.image] + lines + text[use.end :]
    return text


def needed_stages(text: str, args: Mapping[str, str], target: str, file: str = "Dockerfile") -> int:
    """How many stages the classic builder makes: all up to the target."""
    found = list(stages(text, args, file))
    return _target(found, target, file) + 1 if target else len(found)


def _uses(text: str, args: Mapping[str, str], target: str, file: str) -> list[Use]:
    found = stages(text, args, file)
    return [use for stage in found[: needed_stages(text, args, target, file)] for use in stage.uses]


def place_at(text: str, offset: int, file: str) -> Place:
    """Where an offset of a Dockerfile is, with its line as it is written."""
    start = text.rfind("\n", 0, offset) + 1
    excerpt = text[start:].partition("\n")[0].removesuffix("\r")
    return Place(file, text.count("\n", 0, offset) + 1, offset - start + 1, excerpt)


def _target(found: list[Stage], target: str, file: str) -> int:
    index = _earlier(found, target)
    if index is None:
        names = ", ".join(stage.name for stage in found if stage.name)
        hint = f"its stages: {names}" if names else "no stage of it has a name: FROM <image> AS <name>"
        raise InvalidStack(Diagnostic("dockerfile-target", f"{file} has no stage {target!r}", hint=hint))
    return index


def _earlier(found: list[Stage], reference: str) -> int | None:
    """The index of the stage that a name (in any case) or a number means; of two with one name, the later."""
    for index in reversed(range(len(found))):
        if found[index].name == reference.lower():
            return index
    return int(reference) if reference.isdecimal() and int(reference) < len(found) else None


def _stage(instruction: Instruction, known: Mapping[str, str], found: list[Stage], file: str) -> Stage:
    flags = _end(_FLAGS, instruction.rest)
    parts = _FROM.fullmatch(instruction.rest, flags)
    if not parts:
        raise _wrong_from(instruction, file, "FROM is written: FROM [--platform=...] <image> [AS <name>]")
    try:
        image = interpolate(_unquoted(parts["image"]), known.get)
    except InterpolationError as error:
        raise _wrong_from(instruction, file, error.message) from None
    if not image:
        message = f"the image of FROM is empty: {parts['image']} has no value"
        raise _wrong_from(instruction, file, message, "give the ARG before FROM a default, or the build an arg")
    external = image.lower() != "scratch" and not any(stage.name == image.lower() for stage in found)
    return Stage((parts["name"] or "").lower(), (_use(instruction, image, parts.span("image")),) if external else ())


def _use(instruction: Instruction, image: str, span: tuple[int, int]) -> Use:
    start, end = span
    return Use(image, instruction.origins[start], instruction.origins[end - 1] + 1)


def _wrong_from(instruction: Instruction, file: str, message: str, hint: str = "") -> InvalidStack:
    place = Place(file, instruction.line, 1, instruction.text)
    return InvalidStack(Diagnostic("dockerfile-from", message, place=place, hint=hint))


def _with_sources(found: list[Stage], instruction: Instruction) -> Stage:
    """The last stage, with the images that this instruction reads from; a name with a variable in it is none."""
    patterns = {"COPY": _COPY_FROM, "ADD": _COPY_FROM, "RUN": _MOUNT_FROM}
    stage = found[-1]
    if instruction.keyword not in patterns:
        return stage
    flags = instruction.rest[: _end(_FLAGS, instruction.rest)]
    names = [(match[1].strip("\"'"), match.span(1)) for match in patterns[instruction.keyword].finditer(flags)]
    uses = [_use(instruction, name, span) for name, span in names if "$" not in name and _earlier(found, name) is None]
    return Stage(stage.name, (*stage.uses, *uses))


def _arguments(rest: str, known: Mapping[str, str], args: Mapping[str, str]) -> dict[str, str]:
    """The values of an ARG before the first FROM: given ones, else the defaults; one with neither stays unset."""
    values: dict[str, str] = {}
    for match in _ARG.finditer(rest):
        name, default = match[1], match[2]
        if name in args:
            values[name] = args[name]
        elif default is not None:
            values[name] = _expanded(_unquoted(default), {**known, **values}.get)
    return values


def _expanded(text: str, lookup: Callable[[str], str | None]) -> str:
    try:
        return interpolate(text, lookup)
    except InterpolationError:
        return text


def _unquoted(text: str) -> str:
    return re.sub(r"""\\(.)|["']""", lambda match: match[1] or "", text, flags=re.DOTALL)


def _end(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.match(text)
    return match.end() if match else 0


def instructions(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile in order; comments, and the bodies of here-documents, left out."""
    whole = text.split("\n")  # as the builder does: no other character ends a line
    lines = [line.removesuffix("\r") for line in whole]
    starts = [0, *accumulate(len(line) + 1 for line in whole)]
    if text.startswith("\ufeff"):
        lines[0], starts[0] = lines[0][1:], 1
    escape = escape_of(text)
    found: list[Instruction] = []
    number = 0
    while number < len(lines):
        start = number
        joined, origins, number = _joined(lines, starts, number, escape)
        words = _KEYWORD.match(joined)
        if not words:
            continue
        keyword, rest = words[1].upper(), joined[words.end() :].rstrip()
        behind = origins[words.end() : words.end() + len(rest)]
        found.append(Instruction(keyword, rest, start + 1, number, lines[start], behind))
        if keyword in ("RUN", "COPY", "ADD"):
            number = _after_heredocs(lines, number, joined)
    return found


def escape_of(text: str) -> str:
    """The character that continues a line: a backslash, unless a directive at the very top says otherwise."""
    for line in text.removeprefix("\ufeff").split("\n"):
        directive = _DIRECTIVE.fullmatch(line.strip())
        if not directive:
            break
        if directive[1].lower() == "escape" and directive[2] in ("`", "\\"):
            return directive[2]
    return "\\"


def _joined(lines: list[str], starts: list[int], number: int, escape: str) -> tuple[str, list[int], int]:
    """One instruction from this line on, the offset of each of its characters, and the number of the line after it."""
    continued = re.compile(re.escape(escape) + r"[ \t]*$")
    parts: list[str] = []
    origins: list[int] = []
    while number < len(lines):
        line, start = lines[number], starts[number]
        number += 1
        blank = not line.strip() or line.lstrip().startswith("#")
        if blank and not parts:
            return "", [], number
        if blank:
            continue  # the builder skips comments and empty lines within a continued instruction
        cut = continued.sub("", line)
        parts.append(cut)
        origins += range(start, start + len(cut))
        if cut == line:
            break
    return "".join(parts), origins, number


def _after_heredocs(lines: list[str], number: int, instruction: str) -> int:
    """The line behind the here-documents of an instruction; `<<` without its closing line is no here-document."""
    for match in _HEREDOC.finditer(instruction):
        closing = next((at for at in range(number, len(lines)) if lines[at].lstrip("\t") == match[2]), None)
        if closing is None:
            break
        number = closing + 1
    return number
