"""Reads `.env` and `env_file` files by Compose's rules, every value with its place.

Diagnostics and places never show a value: such files are where the secrets are.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from deployer.errors import Diagnostic, InvalidStack, Place, raise_if_any
from deployer.interpolation import InterpolationError, RequiredVariable, interpolate, is_secret, variables

_MOST_REPORTED = 100
_EXPORT = re.compile(r"export[ \t]+|")
_KEY = re.compile(r"[\w.\-\[\]]+")
_SPACES = re.compile(r"[ \t\v\f\r\x85\xa0]*")
_CLOSING = {
    "'": re.compile(r"[^\\']*(?:\\.[^\\']*)*'", re.DOTALL),
    '"': re.compile(r'[^\\"]*(?:\\.[^\\"]*)*"', re.DOTALL),
}
_PIECE = re.compile(r"\\(.)|[^\\]+", re.DOTALL)
_ESCAPES = {
    "'": {"'": "'"},
    '"': {
        "n": "\n",
        "t": "\t",
        "r": "\r",
        "a": "\a",
        "b": "\b",
        "f": "\f",
        "v": "\v",
        "\\": "\\",
        '"': '"',
        "$": "$$",  # interpolation makes it the dollar sign that is meant
    },
}


class _Wrong(Exception):
    """A mistake in one statement: reading goes on at `resume`, so that all mistakes are reported at once.

    Nothing from `visible` on is shown, for it may be a secret.
    """

    def __init__(self, code: str, message: str, offset: int, resume: int, visible: int, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.offset = offset
        self.resume = resume
        self.visible = visible
        self.hint = hint


@dataclass(frozen=True, slots=True)
class _Raw:
    """A value before its interpolation, and the offset in the file that each of its characters came from."""

    text: str
    offsets: range | list[int]
    literal: bool = False


@dataclass(frozen=True, slots=True)
class _File:
    text: str
    name: str
    environment: Mapping[str, str]
    unset: Callable[[str, Place], None] | None
    line_starts: list[int]
    before: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    values: dict[str, tuple[str, Place]] = field(default_factory=dict[str, tuple[str, Place]])
    secret: bool = False

    def place(self, offset: int, visible: int) -> Place:
        """The place of an offset; in its excerpt, dots stand for what is not visible."""
        line = bisect_right(self.line_starts, offset)
        start = self.line_starts[line - 1]
        shown = self.text[start : max(start, visible)].replace("\r", "")
        dots = "•" * max(0, offset - start - len(shown))
        return Place(self.name, line, offset - start + 1, f"{shown}{dots}…")

    def keep(self, key: str, value: str, place: Place, names: Iterable[str]) -> None:
        """Take in a value that is made of the variables of these names."""
        secret = self.secret or any(map(self.is_secret, names))
        self.values[key] = (value, replace(place, secret=True) if secret else place)

    def is_secret(self, name: str) -> bool:
        if name in self.environment or name not in self.values:
            return is_secret(self.lookup(name))
        return self.values[name][1].secret

    def lookup(self, name: str) -> str | None:
        if name in self.environment:
            return self.environment[name]
        return self.values[name][0] if name in self.values else self.before.get(name)


def read_dotenv(
    text: str,
    file: str,
    environment: Mapping[str, str],
    unset: Callable[[str, Place], None] | None = None,
    before: Mapping[str, str] = MappingProxyType({}),
    *,
    secret: bool = False,
) -> dict[str, tuple[str, Place]]:
    """The keys of an env file in its order, each with its value and the place where that is written.

    References take their values from the environment, else from earlier keys, else from `before`. A key without `=`
    takes its own from there, and is left out where it has none. `unset` is told each variable that has no value. The
    place of a `secret` value says so: of each where all are, else of those that are made of others that are.
    """
    source = _File(text, file, environment, unset, _line_starts(text), before, secret=secret)
    wrong: list[Diagnostic] = []
    position = _next_statement(text, 0)
    while position < len(text) and len(wrong) < _MOST_REPORTED:
        try:
            position = _statement(source, position)
        except _Wrong as error:
            place = source.place(error.offset, error.visible)
            wrong.append(Diagnostic(error.code, error.message, place=place, hint=error.hint))
            position = error.resume
        position = _next_statement(text, position)
    raise_if_any(wrong, InvalidStack)
    return source.values


def read_raw(
    text: str, file: str, environment: Mapping[str, str], before: Mapping[str, str], *, secret: bool = False
) -> dict[str, tuple[str, Place]]:
    """The same of a file whose values are what stands after `=`, with quotes, dollar signs and all: one a line."""
    source = _File(text, file, environment, None, _line_starts(text), before, secret=secret)
    wrong: list[Diagnostic] = []
    for line_start in source.line_starts:
        end = _line_end(text, line_start)
        start = _after(_SPACES, text, line_start)
        key, equals, value = text[start:end].removesuffix("\r").partition("=")
        if key.startswith("#") or not (key or equals):
            continue
        if not key or re.search(r"[ \t]", key):
            message = "a key cannot hold a space" if key else "a key is expected before `=`"
            hint = "write KEY=value, one a line; with format: raw there is no `export`, and no value of several lines"
            wrong.append(Diagnostic("env-file-key", message, place=source.place(start, start), hint=hint))
        elif (found := value if equals else source.lookup(key)) is not None:
            source.keep(key, found, source.place(start, start + len(key) + len(equals)), () if equals else (key,))
    raise_if_any(wrong[:_MOST_REPORTED], InvalidStack)
    return source.values


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _next_statement(text: str, position: int) -> int:
    while position < len(text):
        if text[position] == "#":
            position = _line_end(text, position)
        elif text[position].isspace():
            position += 1
        else:
            break
    return position


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _after(pattern: re.Pattern[str], text: str, position: int) -> int:
    """Where a pattern that also matches nothing ends."""
    match = pattern.match(text, position)
    return match.end() if match else position


def _statement(source: _File, position: int) -> int:
    """Take in one `KEY=value` or `KEY`, and give where it ends."""
    text = source.text
    start = _after(_EXPORT, text, position)
    key, position = _key(text, start)
    if position == _line_end(text, position):
        value = source.lookup(key)
        if value is not None:
            source.keep(key, value, source.place(start, position), (key,))
        return position
    value_start = _after(_SPACES, text, position + 1)
    raw, end = _raw(text, value_start)
    value = _value(source, raw, value_start, end)
    source.keep(
        key,
        value,
        source.place(start, position + 1),
        variables(raw.text) if "$" in raw.text and not raw.literal else (),
    )
    return end


def _key(text: str, start: int) -> tuple[str, int]:
    """A key, and the offset of its `=` (or `:`, as Compose takes too), or of the end of the line."""
    end = _line_end(text, start)
    hint = "write KEY=value, one a line; a key is made of letters, digits, `_`, `.` and `-`"
    match = _KEY.match(text, start, end)
    if not match:
        message = "a key is expected before `=`" if text[start : start + 1] in ("=", ":") else "this starts no key"
        raise _Wrong("env-file-key", message, start, end, start, hint)
    after = min(end, _after(_SPACES, text, match.end()))
    if after == end or text[after] in "=:":
        return match[0], after
    if after > match.end():
        raise _Wrong("env-file-key", "a key cannot hold a space", match.end(), end, match.end(), hint)
    # Such a line may well be the middle of a secret that lacks its quotes: none of it is shown.
    raise _Wrong("env-file-key", "this character cannot be part of a key", match.end(), end, start, hint)


def _raw(text: str, start: int) -> tuple[_Raw, int]:
    if start < len(text) and text[start] in _CLOSING:
        return _quoted(text, start)
    end = _line_end(text, start)
    value = text[start:end].partition(" #")[0].rstrip()
    return _Raw(value, range(start, start + len(value) + 1)), end


def _quoted(text: str, start: int) -> tuple[_Raw, int]:
    """A value in quotes, which may span lines; only a comment may follow it."""
    quote = text[start]
    closing = _CLOSING[quote].match(text, start + 1)
    if not closing:
        message = f"the quote {quote} is never closed"
        raise _Wrong("env-file-quote", message, start, _line_end(text, start), start, f"end the value with {quote}")
    end = closing.end()
    rest = _after(_SPACES, text, end)
    if rest < len(text) and text[rest] not in "#\n":
        message = f"only a comment may follow the closing {quote}"
        hint = f"a {quote} inside the value is written \\{quote}"
        raise _Wrong("env-file-quote", message, rest, _line_end(text, rest), start, hint)
    return _unescaped(text, start + 1, end - 1, quote), _line_end(text, rest)


def _unescaped(text: str, start: int, end: int, quote: str) -> _Raw:
    """The value between two quotes, known escapes resolved; a backslash before anything else stays."""
    pieces: list[str] = []
    offsets: list[int] = []
    for match in _PIECE.finditer(text, start, end):
        escaped = _ESCAPES[quote].get(match[1]) if match[1] else None
        pieces.append(match[0] if escaped is None else escaped)
        offsets += range(match.start(), match.end()) if escaped is None else [match.start()] * len(escaped)
    return _Raw("".join(pieces), [*offsets, end], literal=quote == "'")


def _value(source: _File, raw: _Raw, start: int, end: int) -> str:
    if raw.literal:
        return raw.text

    def unset(name: str, offset: int) -> None:
        if source.unset:
            source.unset(name, source.place(raw.offsets[offset], start))

    try:
        return interpolate(raw.text, source.lookup, unset)
    except RequiredVariable as error:
        message = f"the variable {error.name} is required" + (f": {error.message}" if error.message else "")
        raise _Wrong("required-variable", message, raw.offsets[error.offset], end, start, error.hint) from None
    except InterpolationError as error:
        raise _Wrong("interpolation", error.message, raw.offsets[error.offset], end, start, error.hint) from None
