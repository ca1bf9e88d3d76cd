"""Which names hold secrets, and how a line of a file is shown without them: one rule for every room."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence

MASK = "(sensitive)"

_WORDS = ("PASSWORD", "PASSWD", "TOKEN", "SECRET", "CREDENTIAL")
_ENDING = "_KEY"
_FILE = "_FILE"
_IN_SECRETS = re.compile(r"(?:/var)?/run/secrets(?:/\w[\w.-]*)+", re.ASCII)
_SHORTEST = 6

_KEY = re.compile(
    r"""(?<![\w.])(?P<quote>["']?)(?P<name>[A-Za-z_][\w.-]*)(?:(?P=quote)\s*:(?=\s|$)|["']:|=)\s*""",
)
_FLOW_LINE = re.compile(
    r"""\s*(?:-\s+)*(?:(?:"[^"]*"|'[^']*'|[^\s"'#\[{][^:]*)\s*:\s+)?(?:[&!]\S*\s+)*[\[{]""",
)
_USER_INFO = re.compile(r"""(?<=://)(?:[^\s/"'()]+|[^\s/:@"'()]*:[^\s"']*)@""")
_SUSPECT = re.compile(r"password|passwd|token|secret|credential|_key|://[^\s]*@", re.IGNORECASE)


def is_sensitive_name(name: str, extra: Collection[str] = ()) -> bool:
    """Whether what bears this name is a secret; `extra` holds a stack's own names, and `!NAME` for what is none."""
    upper = name.upper()
    if extra:
        listed = {entry.upper() for entry in extra}
        if upper in listed or f"!{upper}" in listed:
            return upper in listed
    return upper.endswith(_ENDING) or any(word in upper for word in _WORDS)


def is_file_of_secret(name: str, value: str, extra: Collection[str] = ()) -> bool:
    """Whether a sensitive name says by its ending that it holds no secret but the path of one, and the value is one,
    where secrets are mounted: `POSTGRES_PASSWORD_FILE: /run/secrets/pw`. Not of a name that a stack calls sensitive.
    """
    said = name.upper() in {entry.upper() for entry in extra}
    return not said and name.upper().endswith(_FILE) and _IN_SECRETS.fullmatch(value) is not None


def holds_secret(name: str, value: object, extra: Collection[str] = ()) -> bool:
    """Whether a value is a secret by the name that it bears, and so is neither shown nor kept."""
    named = is_sensitive_name(name, extra)
    return named and not (isinstance(value, str) and is_file_of_secret(name, value, extra))


def mask_user_info(text: str) -> str:
    """The text with the user info of every URL in it masked: `postgres://(sensitive)@db/shop`."""
    return _USER_INFO.sub(f"{MASK}@", text)


def mask_values(text: str, values: Iterable[str]) -> str:
    """The text with each of these values masked; one of less than six characters is let be, as any text may hold it."""
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, MASK) if len(value) >= _SHORTEST else text
    return text


def user_infos(text: str) -> list[str]:
    """The user info of each URL in a text, in their order."""
    return [found[0][:-1] for found in _USER_INFO.finditer(text)]


def with_user_infos(masked: str, infos: Sequence[str]) -> str:
    """A masked text with these in the places of its masks; there are as many of them."""
    first, *rest = masked.split(MASK)
    return first + "".join(f"{info}{text}" for info, text in zip(infos, rest, strict=True))


def mask_line(line: str, sensitive: Callable[[str], bool] = is_sensitive_name) -> str:
    """The source line with every value under a sensitive name, and user info in URLs, replaced by `(sensitive)`.

    What stands before a masked value keeps its column, and so does what comes after it on a line in flow style.
    When in doubt where a value ends, the rest of the line is masked.
    """
    if sensitive is is_sensitive_name and not _SUSPECT.search(line):
        return line
    flow = _FLOW_LINE.match(line) is not None
    return _mask_user_info(_mask_values(line, flow, sensitive), flow)


def _mask_values(line: str, flow: bool, sensitive: Callable[[str], bool]) -> str:
    shown: list[str] = []
    position = 0
    for key in _KEY.finditer(line):
        start = key.end()
        if (
            key.start() < position
            or start >= len(line)
            or not sensitive(key["name"])
            or _lists_names(key["name"], line[start])
        ):
            continue
        end = _flow_end(line, start, _open_quote(line, start)) if flow else _block_end(line, start, key["quote"])
        shown += [line[position:start], _fitted(end - start) if flow else MASK]
        position = end
    return "".join(shown) + line[position:]


def _mask_user_info(line: str, flow: bool) -> str:
    return _USER_INFO.sub(lambda found: (_fitted(len(found[0]) - 1) if flow else MASK) + "@", line)


def _lists_names(name: str, first: str) -> bool:
    """The key `secrets` with a list or mapping names secrets and holds none."""
    return name == "secrets" and first in "[{"


def _fitted(width: int) -> str:
    return MASK.ljust(width) if width >= len(MASK) else "*" * width


def _block_end(line: str, start: int, quote: str) -> int:
    closed = quote and line[:start].count(quote) % 2 == 1 and line.rstrip().endswith(quote)
    end = len(line.rstrip()) - 1
    return end if closed and end > start else len(line)


def _open_quote(line: str, end: int) -> str:
    """The quote character that is open at this position, if any."""
    quote = ""
    for index in range(end):
        character = line[index]
        if quote:
            quote = "" if character == quote and not _escaped(line, index, quote) else quote
        elif character in "\"'" and (index == 0 or line[index - 1] in " \t[{,:=("):
            quote = character
    return quote


def _escaped(line: str, index: int, quote: str) -> bool:
    backslashes = index - len(line[:index].rstrip("\\"))
    return quote == '"' and backslashes % 2 == 1


def _flow_end(line: str, start: int, quote: str) -> int:
    """Where a value in flow style ends: at its closing quote, else at the next comma or bracket that is not its own."""
    depth = 0
    for index in range(start, len(line)):
        character = line[index]
        if quote:
            if character == quote and not _escaped(line, index, quote):
                if depth == 0 and (start == 0 or line[start] != quote):
                    return index
                quote = ""
        elif character in "\"'" and (index == start or depth):
            quote = character
        elif character in "[{":
            depth += 1
        elif character in "]}" and depth:
            depth -= 1
        elif character in ",]}" and not depth:
            return index
    return len(line)
