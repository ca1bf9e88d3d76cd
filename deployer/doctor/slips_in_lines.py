"""Lines of a Dockerfile that begin with no instruction: misspelt ones, and those whose backslash or end is missing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches

from deployer.doctor.dockerfile import KEYWORDS, Dockerfile, end_of_line, start_of_line
from deployer.errors import Diagnostic
from deployer.sources.dockerfile import Instruction, escape_of

_ONE_WORD = ("FROM", "WORKDIR", "USER", "STOPSIGNAL", "EXPOSE", "MAINTAINER")
"""Nobody continues these on a further line, so what follows is an instruction with a slip in its name."""
_HEREDOC = re.compile(r"<<-?['\"]?([A-Za-z_]\w*)")


def lines_of_no_instruction(
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
                dockerfile.place(start_of_line(dockerfile.text, each.line)),
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
    return Diagnostic(
        "dockerfile-instruction", message, dockerfile.place(start_of_line(dockerfile.text, each.line)), hint
    )


def _lacks_backslash(dockerfile: Dockerfile, each: Instruction, begun: Instruction) -> Diagnostic:
    """The mend is at the end of the line before, comments and empty ones apart, so that is the place."""
    above = [line.strip() for line in dockerfile.text.split("\n")[: each.line - 1]]
    line = next(number for number in range(len(above), 0, -1) if above[number - 1] and above[number - 1][0] != "#")
    escape = escape_of(dockerfile.text)
    word = each.text.split(None, 1)[0]
    return Diagnostic(
        "dockerfile-backslash",
        f"the {begun.keyword} of line {begun.line} ends here, and line {each.line} begins with no instruction: {word}",
        dockerfile.place(end_of_line(dockerfile.text, line)),
        f"where line {each.line} goes on with it, end this line with {escape}",
    )


def _open_heredoc(text: str, instruction: Instruction, until: Instruction) -> str:
    """A here-document that an instruction opens and nothing closes before another one; empty where there is none."""
    if instruction.keyword not in ("RUN", "COPY", "ADD") or not (match := _HEREDOC.search(instruction.rest)):
        return ""
    between = text.splitlines()[instruction.last : until.line - 1]
    return "" if any(line.strip() == match[1] for line in between) else match[1]
