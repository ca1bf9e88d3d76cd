"""What a plain word of a YAML file means, exactly as Compose's reader (go-yaml v3) takes it."""

from __future__ import annotations

import re
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<binary>[01]+)|0[oO]?(?P<octal>[0-7]+)|(?P<decimal>0|[1-9][0-9]*))"
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES = {"hex": 16, "binary": 2, "octal": 8, "decimal": 10}
_INTEGERS = range(-(2**63), 2**64)

_PREFIX = "tag:yaml.org,2002:"
_TEXT_TAGS = ("!", f"{_PREFIX}str", f"{_PREFIX}timestamp")
_TYPES: dict[str, tuple[type, ...]] = {
    f"{_PREFIX}int": (int,),
    f"{_PREFIX}float": (int, float),
    f"{_PREFIX}bool": (bool,),
    f"{_PREFIX}null": (type(None),),
}
SCALAR_TAGS = frozenset((*_TEXT_TAGS, *_TYPES))


def resolve(text: str) -> Scalar:
    """The value of a plain scalar: `yes`, `22:22` and dates are text, `0440` and `0o440` octal, `1_000` a number."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "0123456789+-.":
        return text
    digits = text if text[0] == "." else text.replace("_", "")
    integer = _INTEGER.fullmatch(digits)
    if integer:
        value = _integer(integer)
        if value in _INTEGERS:
            return value
    return float(digits) if _FLOAT.fullmatch(digits) else text


def _integer(match: re.Match[str]) -> int:
    base, digits = next(
        (_BASES[name], digits) for name, digits in match.groupdict().items() if digits and name in _BASES
    )
    # Python refuses decimal texts over 4,300 digits; any of these is far out of the range of integers.
    magnitude = int(digits, base) if len(digits) < 100 else 2**64
    return -magnitude if match["sign"] == "-" else magnitude


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag of `SCALAR_TAGS`; ValueError where the text is none of that type."""
    if tag in _TEXT_TAGS:
        return text
    value = resolve(text)
    wanted = _TYPES[tag]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise ValueError(f"{text!r} is no {tag.removeprefix(_PREFIX)}")
    return float(value) if isinstance(value, int) and float in wanted else value
