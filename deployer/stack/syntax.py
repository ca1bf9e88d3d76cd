"""What ruamel's scanner and parser complain of, in plain words, at the place where the mistake is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from deployer.errors import Diagnostic
from deployer.stack.places import Source


class SyntaxProblem(Exception):
    """The text is no YAML from here on; carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message)


@dataclass(frozen=True, slots=True)
class _Complaint:
    """What ruamel says, with lines and columns from 1; `opened` is where what it was reading began."""

    problem: str
    context: str
    line: int
    column: int
    opened: tuple[int, int]
    enclosing: tuple[int, int] | None
    source: Source

    @property
    def text(self) -> str:
        return self.source.line(self.line)

    @property
    def character(self) -> str:
        return self.text[self.column - 1 : self.column]

    @property
    def opens_line(self) -> bool:
        return not self.text[: self.column - 1].strip()

    def says(
        self,
        message: str,
        hint: str = "",
        *,
        at: tuple[int, int] | None = None,
        code: str = "yaml-syntax",
        notes: tuple[str, ...] = (),
    ) -> Diagnostic:
        return Diagnostic(
            code, message, self.source.place_without_path(*(at or (self.line, self.column))), hint, notes=notes
        )


def explain(error: Any, source: Source, enclosing: Any) -> Diagnostic:
    """The diagnostic for a MarkedYAMLError; `enclosing` is the mark of the innermost block or bracket that is open."""
    here = _position(error.problem_mark) or _position(error.context_mark) or (1, 1)
    complaint = _Complaint(
        problem=str(error.problem or error.context),
        context=str(error.context),
        line=here[0],
        column=here[1],
        opened=_position(error.context_mark) or here,
        enclosing=_position(enclosing),
        source=source,
    )
    for beginning, in_plain_words in _EXPLANATIONS:
        if complaint.problem.startswith(beginning):
            return in_plain_words(complaint)
    return complaint.says("YAML cannot be read from here on", notes=(f"the YAML reader says: {complaint.problem}",))


def _position(mark: Any) -> tuple[int, int] | None:
    return None if mark is None else (cast("int", mark.line) + 1, cast("int", mark.column) + 1)


def _no_token(at: _Complaint) -> Diagnostic:
    if at.character == "\t":
        if at.opens_line:
            return at.says(
                "tabs cannot indent YAML: use spaces", "set the editor to insert spaces", code="tab-indentation"
            )
        return at.says("a tab cannot stand here: use a space", code="tab-indentation")
    if at.character in ("|", ">"):
        return at.says(f"a text block ({at.character}) cannot stand inside brackets", "put the text in quotes")
    return at.says(f"a text cannot begin with {at.character!r}", 'put it in quotes: "..."')


def _end_of_text(at: _Complaint) -> Diagnostic:
    quote = at.source.line(at.opened[0])[at.opened[1] - 1 : at.opened[1]]
    return at.says(f"the quote {quote} opened here is never closed", f"close it with {quote}", at=at.opened)


def _no_colon(at: _Complaint) -> Diagnostic:
    line, column = at.opened
    text = at.source.line(line)[column - 1 :]
    if text[:1] in ('"', "'"):
        return at.says(
            f"the quote {text[0]} opened here is not closed on its line", f"close it with {text[0]}", at=at.opened
        )
    return _no_space(at, line) or at.says(
        "'key: value' was expected here, and this line has no ': '",
        "add the colon, or check the indentation",
        at=at.opened,
    )


def _no_space(at: _Complaint, line: int) -> Diagnostic | None:
    key = re.match(r"(\s*(?:-\s+)*)([\w.-]+):(?=[^\s/:])", at.source.line(line))
    if not key:
        return None
    return at.says(f"a space is missing after '{key[2]}:'", f"write '{key[2]}: value'", at=(line, key.end()))


def _second_colon(at: _Complaint) -> Diagnostic:
    before = at.text[: at.column - 1]
    if re.search(r":\s", before):
        return at.says(
            "a second ': ' in one line: a mapping cannot begin here", "a text that holds ': ' must be in quotes"
        )
    above = next((number for number in range(at.line - 1, 0, -1) if at.source.line(number).strip()), 0)
    column = len(at.text) - len(at.text.lstrip()) + 1
    return _no_space(at, above) or at.says(
        "this key is indented more than the line above allows",
        f"line {above} has a value already: put both keys in one column, or move its value onto lines of their own",
        at=(at.line, column),
    )


def _item_here(at: _Complaint) -> Diagnostic:
    return at.says("a list cannot begin on the line of its key", "put '- ' on the next line, or quote the text")


def _block_ends(at: _Complaint) -> Diagnostic:
    if at.character in ("]", "}"):
        return at.says(f"{at.character!r} closes nothing: no bracket is open here", "remove it, or quote the text")
    if not at.opens_line:
        return at.says("nothing can follow the text that ends here", "is a quote too many, or unclosed further up?")
    began = f"the block that is open here began in line {at.opened[0]}, column {at.opened[1]}"
    if at.context == "while parsing a block collection":
        return at.says(
            "this line is no item of the list above",
            "begin it with '- ', or indent it as a part of the item",
            notes=(began,),
        )
    return at.says(
        "this line's indentation fits no line above", "keys of one mapping begin in the same column", notes=(began,)
    )


def _no_document(at: _Complaint) -> Diagnostic:
    directive = next((n for n in range(1, at.line + 1) if at.source.line(n).startswith("%")), 0)
    if directive:
        return at.says("a line cannot begin with '%'", "put the text in quotes", at=(directive, 1))
    return at.says(
        "this line stands further left than the first one, or follows what is complete already",
        "keys of one mapping begin in the same column",
    )


def _flow_goes_on(at: _Complaint) -> Diagnostic:
    closer = "']'" if "']'" in at.problem else "'}'"
    if at.text[: at.column].endswith("${"):
        return at.says(
            "'${...}' cannot stand inside brackets as it is", 'put it in quotes: "${...}"', at=(at.line, at.column - 1)
        )
    if at.line == at.opened[0]:
        return at.says(
            f"',' or {closer} was expected here",
            "separate the entries by commas; quote a text that holds brackets, commas or quotes",
        )
    opener = at.source.line(at.opened[0])[at.opened[1] - 1 : at.opened[1]]
    return at.says(
        f"the bracket {opener!r} opened here is not closed",
        f"close it with {closer}, or put ',' between its entries",
        at=at.opened,
        notes=(f"reading stopped at line {at.line}, column {at.column}",),
    )


def _no_content(at: _Complaint) -> Diagnostic:
    if "<stream end>" in at.problem and at.enclosing:
        opener = at.source.line(at.enclosing[0])[at.enclosing[1] - 1 : at.enclosing[1]]
        return at.says(f"the bracket {opener!r} opened here is never closed", at=at.enclosing)
    return at.says(f"a value was expected here, not {at.character!r}", "put a text that holds it in quotes")


def _escape(at: _Complaint) -> Diagnostic:
    return at.says(
        f"'\\{at.character}' means nothing in double quotes", "write a backslash as '\\\\', or use single quotes"
    )


def _anchor_name(at: _Complaint) -> Diagnostic:
    sign = at.source.line(at.opened[0])[at.opened[1] - 1 : at.opened[1]]
    return at.says(
        f"{sign!r} must be followed by the name of an anchor",
        f"put a text that begins with {sign!r} in quotes",
        at=at.opened,
    )


def _block_header(at: _Complaint) -> Diagnostic:
    sign = at.source.line(at.opened[0])[at.opened[1] - 1 : at.opened[1]]
    return at.says(
        f"{sign!r} begins a text block, which goes on in the next line",
        f"put a text that begins with {sign!r} in quotes",
        at=at.opened,
    )


def _line_ends(at: _Complaint) -> Diagnostic:
    if at.context == "while scanning a block scalar":
        return _block_header(at)
    return at.says("a line that begins with '%' is for YAML itself, and this is nothing it knows", "quote the text")


def _key_here(at: _Complaint) -> Diagnostic:
    return at.says("'? ' cannot begin a key here", "put a text that begins with '?' in quotes")


def _tag_handle(at: _Complaint) -> Diagnostic:
    return at.says("this tag is not known", "put a text that begins with '!' in quotes", code="unknown-tag")


_EXPLANATIONS: tuple[tuple[str, Callable[[_Complaint], Diagnostic]], ...] = (
    ("found character ", _no_token),
    ("found unexpected end of stream", _end_of_text),
    ("found unexpected document separator", _end_of_text),
    ("could not find expected ':'", _no_colon),
    ("mapping values are not allowed here", _second_colon),
    ("sequence entries are not allowed here", _item_here),
    ("expected <block end>", _block_ends),
    ("expected '<document start>'", _no_document),
    ("expected ',' or ", _flow_goes_on),
    ("expected the node content", _no_content),
    ("found unknown escape character", _escape),
    ("expected escape sequence", _escape),
    ("expected alphabetic or numeric character", _anchor_name),
    ("expected chomping or indentation", _block_header),
    ("expected indentation indicator", _block_header),
    ("expected a comment or a line break", _line_ends),
    ("mapping keys are not allowed here", _key_here),
    ("found undefined tag handle", _tag_handle),
)
