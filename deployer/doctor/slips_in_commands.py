"""Slips in what an instruction runs or copies: exec form, a CMD that does nothing, ADD."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import cast

from deployer.doctor.dockerfile import CURLY, Dockerfile, start_of_line
from deployer.errors import Diagnostic
from deployer.fields.parse import listing
from deployer.sources.dockerfile import Instruction

_EXEC_FORMS = ("CMD", "ENTRYPOINT", "RUN")
_SHELLS = re.compile(r"(?:.*[/\\])?(?:[bd]?a?sh|[kz]sh|fish|busybox|cmd|powershell|pwsh)(?:\.exe)?", re.IGNORECASE)
_OWN_DOLLARS = re.compile(r"(?:.*/)?(?:[gm]?awk|perl|envsubst|jq|php|sed|e?grep|node|ruby|make)")
"""Programs whose own language has `$name`."""
_VARIABLE = re.compile(r"(?<!\\)\$(?:\{[A-Za-z_]\w*[^}]*\}|[A-Za-z_]\w*)")
_FLAGS = re.compile(r"(?:--[a-z][\w.-]*(?:=\S*)?\s+)*")
_ARCHIVE = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tzst|tar\.\w+|tar\*|\*)$", re.IGNORECASE)
_REMOTE = re.compile(r"(?:https?|ftp|git|ssh)://|git@|github\.com/", re.IGNORECASE)


def exec_forms(dockerfile: Dockerfile, found: Sequence[Instruction]) -> Iterator[Diagnostic]:
    """Lists in brackets that are none, and variables in them that nobody replaces."""
    for stage in _in_stages(found):
        into_shell = any(
            each.keyword == "ENTRYPOINT" and _names_shell(_array(command_at(each)[1]) or ()) for each in stage
        )
        for each in stage:
            keyword, command, at = command_at(each)
            if keyword not in _EXEC_FORMS or not command.startswith("["):
                continue
            if (array := _array(command)) is None:
                yield from _no_array(dockerfile, each, keyword, command, at)
            elif not (keyword == "CMD" and into_shell):
                yield from _unexpanded(dockerfile, each, keyword, array, at)


def _no_array(dockerfile: Dockerfile, each: Instruction, keyword: str, command: str, at: int) -> Iterator[Diagnostic]:
    """`['echo', 'x']` is no JSON; the builder then takes all of it for a shell's command."""
    if not command.endswith("]") or CURLY.search(command) or re.match(r"\[\[?\s", command):
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
    except (ValueError, RecursionError):
        return None
    words = listing(read)
    return cast("list[str]", words) if words is not None and all(isinstance(word, str) for word in words) else None


def command_at(each: Instruction) -> tuple[str, str, int]:
    """The instruction that counts (of ONBUILD, what it holds; of HEALTHCHECK, its CMD), its command, and where."""
    keyword, at = each.keyword, 0
    while True:
        flags = _FLAGS.match(each.rest, at)
        at = flags.end() if flags else at
        inner = re.compile(r"(\w+)\s+").match(each.rest, at)
        if keyword not in ("ONBUILD", "HEALTHCHECK") or not inner:
            return keyword, each.rest[at:], at
        keyword, at = inner[1].upper(), inner.end()


def several(dockerfile: Dockerfile, found: Sequence[Instruction]) -> Iterator[Diagnostic]:
    """Of several CMDs or ENTRYPOINTs in one stage the last counts, and the others do nothing."""
    for stage in _in_stages(found):
        for keyword in ("CMD", "ENTRYPOINT"):
            ours = [each for each in stage if each.keyword == keyword]
            for each, _ in pairwise(ours):
                yield Diagnostic(
                    "dockerfile-several",
                    f"this {keyword} does nothing: of several in one stage the last counts, that of line "
                    f"{ours[-1].line}",
                    dockerfile.place(start_of_line(dockerfile.text, each.line)),
                    "take it out; commands while the image is built are RUN",
                )


def _in_stages(found: Sequence[Instruction]) -> Iterator[Sequence[Instruction]]:
    starts = [index for index, each in enumerate(found) if each.keyword == "FROM"]
    for start, end in pairwise([*starts, len(found)]):
        yield found[start:end]


def adds(dockerfile: Dockerfile, found: Iterable[Instruction]) -> Iterator[Diagnostic]:
    """ADD of what is neither an archive nor remote does what COPY does, and more on the day when it is one."""
    for each in found:
        keyword, command, at = command_at(each)
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
