"""Slips in Dockerfiles: what makes the build fail, or certainly does not do what is written. One function a slip."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from itertools import pairwise
from typing import cast

from deployer.doctor.images import image_warnings
from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.fields.parse import listing
from deployer.fields.sensitive import mask_line
from deployer.sources.dockerfile import Instruction, escape_of, instructions, stages

BREAKING = frozenset(
    {
        "dockerfile-backslash",
        "dockerfile-exec-form",
        "dockerfile-instruction",
        "dockerfile-quotes",
        "dockerfile-variable",
    }
)
"""The slips with which the build fails, or the container does not start or does something else."""

KEYWORDS = (
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
)
_ONE_WORD = ("FROM", "WORKDIR", "USER", "STOPSIGNAL", "EXPOSE", "MAINTAINER")
"""Nobody continues these on a further line, so what follows is an instruction with a slip in its name."""

_HEREDOC = re.compile(r"<<-?['\"]?([A-Za-z_]\w*)")
_CURLY = re.compile(r"[“”„‘’‚]")
_STRAIGHT = {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'"}
_VARIABLE = re.compile(r"(?<!\\)\$(?:\{[A-Za-z_]\w*[^}]*\}|[A-Za-z_]\w*)")
_EXEC_FORMS = ("CMD", "ENTRYPOINT", "RUN")
_SHELLS = re.compile(r"(?:.*[/\\])?(?:[bd]?a?sh|[kz]sh|fish|busybox|cmd|powershell|pwsh)(?:\.exe)?", re.IGNORECASE)
_OWN_DOLLARS = re.compile(r"(?:.*/)?(?:[gm]?awk|perl|envsubst|jq|php|sed|e?grep|node|ruby|make)")
"""Programs whose own language has `$name`."""
_FLAGS = re.compile(r"(?:--[a-z][\w.-]*(?:=\S*)?\s+)*")
_ARCHIVE = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tzst|tar\.\w+|tar\*|\*)$", re.IGNORECASE)
_REMOTE = re.compile(r"(?:https?|ftp|git|ssh)://|git@|github\.com/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A Dockerfile to be judged: `place` says where an offset of `text` is written, `args` are the build's arguments.

    `own` are names that FROM may use and that are no image of a registry: the stack's other builds.
    """

    text: str
    place: Callable[[int], Place]
    args: Mapping[str, str]
    own: Collection[str] = ()


def slips(dockerfile: Dockerfile, today: date) -> list[Diagnostic]:
    """Every slip, in the order of the places."""
    found = instructions(dockerfile.text)
    unknown = [each for each in found if each.keyword not in KEYWORDS]
    diagnostics = [
        *_unknown(dockerfile, found, unknown),
        *_curly_quotes(dockerfile, found),
        *_exec_forms(dockerfile, found),
        *_several(dockerfile, found),
        *_adds(dockerfile, found),
        *_bases(dockerfile, found, today),
    ]
    return sorted(diagnostics, key=lambda each: each.place or Place(""))


def place_in_file(text: str, file: str) -> Callable[[int], Place]:
    """Where an offset of a file's text is, with the line as it may be shown."""

    def place(offset: int) -> Place:
        start = text.rfind("\n", 0, offset) + 1
        line = text[start:].partition("\n")[0].removesuffix("\r")
        return Place(file, text.count("\n", 0, offset) + 1, offset - start + 1, mask_line(line))

    return place


# --- what is no instruction ------------------------------------------------------------------------------------------


def _unknown(
    dockerfile: Dockerfile, found: Sequence[Instruction], unknown: Collection[Instruction]
) -> Iterator[Diagnostic]:
    """A line that begins with no instruction: its name is misspelt, or the line before lacks what continues it."""
    before: Instruction | None = None
    for each in found:
        if each not in unknown:
            before = each
        elif before and (name := _open_heredoc(dockerfile.text, before, each)):
            yield Diagnostic(
                "dockerfile-instruction",
                f"the here-document {name} of line {before.line} is not closed, so line {each.line} is taken for an "
                "instruction",
                dockerfile.place(_start(dockerfile.text, each.line)),
                f"end it with a line that says {name} and nothing else",
            )
            return
        elif before is None or before.keyword in _ONE_WORD or _is_misspelt(each):
            yield _misspelt(dockerfile, each)
            before = each
        else:
            yield _lacks_backslash(dockerfile, each, before)


def _is_misspelt(each: Instruction) -> bool:
    word = each.text.split(None, 1)[0]
    return word.isupper() and bool(get_close_matches(word, KEYWORDS, n=1, cutoff=0.7))


def _misspelt(dockerfile: Dockerfile, each: Instruction) -> Diagnostic:
    near = get_close_matches(each.keyword, KEYWORDS, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"instructions are {', '.join(KEYWORDS)}"
    message = f"no instruction is named {each.keyword}: the build fails here"
    return Diagnostic("dockerfile-instruction", message, dockerfile.place(_start(dockerfile.text, each.line)), hint)


def _lacks_backslash(dockerfile: Dockerfile, each: Instruction, begun: Instruction) -> Diagnostic:
    """The mend is at the end of the line before, comments and empty ones apart, so that is the place."""
    above = [line.strip() for line in dockerfile.text.split("\n")[: each.line - 1]]
    line = next(number for number in range(len(above), 0, -1) if above[number - 1] and above[number - 1][0] != "#")
    escape = escape_of(dockerfile.text)
    word = each.text.split(None, 1)[0]
    return Diagnostic(
        "dockerfile-backslash",
        f"the {begun.keyword} of line {begun.line} ends here, and line {each.line} begins with no instruction: {word}",
        dockerfile.place(_end(dockerfile.text, line)),
        f"where line {each.line} goes on with it, end this line with {escape}",
    )


def _open_heredoc(text: str, instruction: Instruction, until: Instruction) -> str:
    """A here-document that an instruction opens and nothing closes before another one; empty where there is none."""
    if instruction.keyword not in ("RUN", "COPY", "ADD") or not (match := _HEREDOC.search(instruction.rest)):
        return ""
    between = text.splitlines()[instruction.last : until.line - 1]
    return "" if any(line.strip() == match[1] for line in between) else match[1]


# --- quotes ----------------------------------------------------------------------------------------------------------


def _curly_quotes(dockerfile: Dockerfile, found: Iterable[Instruction]) -> Iterator[Diagnostic]:
    """Quotes as word processors and web pages have them, where one that means something is wanted."""
    for each in found:
        at = _curly_delimiter(each.rest)
        if at is None or each.keyword not in KEYWORDS:
            continue
        sign = each.rest[at]
        effect = {
            "LABEL": "the quotes become a part of the value",
            "ENV": "the quotes become a part of the value",
            "ARG": "the quotes become a part of the value",
        }.get(each.keyword, "it is no quote to the builder nor to a shell")
        yield Diagnostic(
            "dockerfile-quotes",
            f"{each.keyword} has the curly quote {sign}, as pasted from a web page: {effect}",
            dockerfile.place(each.origins[at]),
            f"write {_STRAIGHT[sign]} in place of it, and of the one that closes",
        )


def _curly_delimiter(text: str) -> int | None:
    """Where a curly quote stands as an opening quote would: outside of straight ones, at the start of a word."""
    quote = ""
    for index, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif _CURLY.match(character) and (index == 0 or text[index - 1] in " \t=[,:("):
            return index
    return None


# --- exec form -------------------------------------------------------------------------------------------------------


def _exec_forms(dockerfile: Dockerfile, found: Sequence[Instruction]) -> Iterator[Diagnostic]:
    for stage in _in_stages(found):
        into_shell = any(
            each.keyword == "ENTRYPOINT" and _names_shell(_array(_command(each)[1]) or ()) for each in stage
        )
        for each in stage:
            keyword, command, at = _command_at(each)
            if keyword not in _EXEC_FORMS or not command.startswith("["):
                continue
            if (array := _array(command)) is None:
                yield from _no_array(dockerfile, each, keyword, command, at)
            elif not (keyword == "CMD" and into_shell):
                yield from _unexpanded(dockerfile, each, keyword, array, at)


def _no_array(dockerfile: Dockerfile, each: Instruction, keyword: str, command: str, at: int) -> Iterator[Diagnostic]:
    """`['echo', 'x']` is no JSON; the builder then takes all of it for a shell's command."""
    if not command.endswith("]") or _CURLY.search(command) or re.match(r"\[\[?\s", command):
        return  # curly quotes are told already, and `[ -f x ]` is a shell's own test
    single = re.match(r"\[\s*'", command)
    mend = 'write it with double quotes: ["program", "argument"]'
    why = "has single quotes" if single else "is no JSON"
    yield Diagnostic(
        "dockerfile-exec-form",
        f"the list of {keyword} {why}, so all of it is given to a shell as a command, brackets included",
        dockerfile.place(each.origins[at]),
        mend if single else f"{mend}, a comma between two, none behind the last",
    )


def _unexpanded(
    dockerfile: Dockerfile, each: Instruction, keyword: str, array: Sequence[str], at: int
) -> Iterator[Diagnostic]:
    """No shell, no variables: the program is given the dollar sign and the name."""
    if _names_shell(array) or (array and _OWN_DOLLARS.fullmatch(array[0])):
        return
    match = next((found for word in array if (found := _VARIABLE.search(word))), None)
    if match is None:
        return
    shown = each.rest.find(match[0], at)
    yield Diagnostic(
        "dockerfile-variable",
        f"{keyword} in exec form runs no shell, so {match[0]} is not replaced: the program gets it as it stands",
        dockerfile.place(each.origins[max(shown, at)]),
        f'name a shell: {keyword} ["sh", "-c", "..."], or write {keyword} without brackets',
    )


def _names_shell(array: Iterable[str]) -> bool:
    return any(_SHELLS.fullmatch(word) for word in array)


def _array(command: str) -> list[str] | None:
    """The words of an exec form; None where it is none."""
    try:
        read = json.loads(command)
    except ValueError:
        return None
    words = listing(read)
    return cast("list[str]", words) if words is not None and all(isinstance(word, str) for word in words) else None


def _command(each: Instruction) -> tuple[str, str]:
    keyword, command, _ = _command_at(each)
    return keyword, command


def _command_at(each: Instruction) -> tuple[str, str, int]:
    """The instruction that counts (of ONBUILD, what it holds; of HEALTHCHECK, its CMD), its command, and where."""
    keyword, at = each.keyword, 0
    while True:
        flags = _FLAGS.match(each.rest, at)
        at = flags.end() if flags else at
        inner = re.compile(r"(\w+)\s+").match(each.rest, at)
        if keyword not in ("ONBUILD", "HEALTHCHECK") or not inner:
            return keyword, each.rest[at:], at
        keyword, at = inner[1].upper(), inner.end()


# --- one of several --------------------------------------------------------------------------------------------------


def _several(dockerfile: Dockerfile, found: Sequence[Instruction]) -> Iterator[Diagnostic]:
    """Of several CMDs or ENTRYPOINTs in one stage the last counts, and the others do nothing."""
    for stage in _in_stages(found):
        for keyword in ("CMD", "ENTRYPOINT"):
            ours = [each for each in stage if each.keyword == keyword]
            for each, _ in pairwise(ours):
                yield Diagnostic(
                    "dockerfile-several",
                    f"this {keyword} does nothing: of several in one stage the last counts, that of line "
                    f"{ours[-1].line}",
                    dockerfile.place(_start(dockerfile.text, each.line)),
                    "take it out; commands while the image is built are RUN",
                )


def _in_stages(found: Sequence[Instruction]) -> Iterator[Sequence[Instruction]]:
    starts = [index for index, each in enumerate(found) if each.keyword == "FROM"]
    for start, end in pairwise([*starts, len(found)]):
        yield found[start:end]


# --- ADD -------------------------------------------------------------------------------------------------------------


def _adds(dockerfile: Dockerfile, found: Iterable[Instruction]) -> Iterator[Diagnostic]:
    """ADD of what is neither an archive nor remote does what COPY does, and more on the day when it is one."""
    for each in found:
        keyword, command, at = _command_at(each)
        if keyword != "ADD" or "<<" in command:
            continue
        sources = (_array(command) or command.split())[:-1]
        if sources and not any("$" in each or _REMOTE.match(each) or _ARCHIVE.search(each) for each in sources):
            yield Diagnostic(
                "dockerfile-add",
                f"ADD {sources[0]} copies a local file or folder, which is what COPY is for",
                dockerfile.place(each.origins[0] if not at else each.origins[at]),
                "write COPY; ADD is for archives that are to be unpacked, and for URLs",
            )


# --- FROM ------------------------------------------------------------------------------------------------------------


def _bases(dockerfile: Dockerfile, found: Sequence[Instruction], today: date) -> Iterator[Diagnostic]:
    """What is unwise about the images that it starts from; a stage of its own is no image."""
    froms = [each for each in found if each.keyword == "FROM"]
    first = next((index for index, each in enumerate(found) if each.keyword == "FROM"), 0)
    alone = [*(each for each in found[:first] if each.keyword == "ARG"), *froms]
    try:
        known = stages("\n".join(f"{each.keyword} {each.rest}" for each in alone), dockerfile.args)
    except InvalidStack:
        return  # whoever reads the build says so
    told: set[str] = set()
    for each, stage in zip(froms, known, strict=True):
        for image in stage.images:
            if image in told or image in dockerfile.own or "$" in image:
                continue
            told.add(image)
            flags = _FLAGS.match(each.rest)
            yield from image_warnings(image, dockerfile.place(each.origins[flags.end() if flags else 0]), today)


# --- lines -----------------------------------------------------------------------------------------------------------


def _start(text: str, line: int) -> int:
    """The offset of the first sign of a line that is no space."""
    start = _offset(text, line)
    return start + len(text[start:]) - len(text[start:].lstrip(" \t\ufeff"))


def _end(text: str, line: int) -> int:
    """The offset behind the last sign of a line that is no space."""
    start = _offset(text, line)
    return start + len(text[start:].partition("\n")[0].rstrip())


def _offset(text: str, line: int) -> int:
    offset = 0
    for _ in range(line - 1):
        offset = text.index("\n", offset) + 1
    return offset
