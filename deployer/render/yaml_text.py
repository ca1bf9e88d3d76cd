"""Plain values as the YAML that `docker compose config` prints of them, and no terminal takes for a command.

The rules are those of go-yaml's emitter (go.yaml.in/yaml, encode.go and emitterc.go): what YAML 1.1 or 1.2 would read
as something else than text is in quotes. Beyond them, what would steer a terminal is an escape, and `=` and `<<`, which
other readers of YAML stumble over, are in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from typing import Any, cast

from deployer.fields.parse import float_text
from deployer.render.harmless import harmless
from deployer.render.key_order import ByName, yaml_order

_OTHERWISE = re.compile(
    r"""
      | ~ | null | Null | NULL | true | True | TRUE | false | False | FALSE | << | =
      | y | Y | yes | Yes | YES | on | On | ON | n | N | no | No | NO | off | Off | OFF
      | [-+]? (?: 0b[01_]+ | 0o?[0-7_]+ | 0x[0-9a-fA-F_]+ )
      | [-+]? (?: [0-9][0-9_]* (?: \.[0-9_]* )? | \.[0-9]+ ) (?: [eE][-+]?[0-9_]+ )?
      | [-+]? [0-9][0-9_]* (?: :[0-5]?[0-9] )+ (?: \.[0-9_]* )?
      | [-+]? \. (?: inf | Inf | INF ) | \. (?: nan | NaN | NAN )
      | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2} (?: [Tt\s].* )?
    """,
    re.VERBOSE,
)
"""Text that YAML 1.1 or 1.2 would read as something else; the first is the empty one."""

_INDICATORS = re.compile(r"""[#,\[\]{}&*!|>'"%@`] | [?:-](?:\s|$) | --- | \.\.\.""", re.VERBOSE)
_INDICATOR_WITHIN = re.compile(r":(?=\s|$) | (?<=\s)\#", re.VERBOSE)
_ESCAPED = re.compile('[\x00-\x1f"\\\\\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff\U00010000-\U0010ffff]')
_NO_BLOCK = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff\U00010000-\U0010ffff]")
_SHORT = {
    **{"\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e"},
    **{'"': '"', "\\": "\\", "\x85": "N", "\u2028": "L", "\u2029": "P"},
}


def as_yaml_text(value: Any) -> str:
    """Block style; harmful characters are escapes, and all reads back the same."""
    return "".join(f"{line}\n" for line in _lines(value, 0))


def _lines(value: Any, depth: int) -> Iterator[str]:
    match value:
        case dict() if value:
            entries = cast("dict[str, Any]", value)
            names = sorted(entries, key=yaml_order) if isinstance(value, ByName) else entries
            for name in names:
                yield from _entry(f"{_key(name)}:", entries[name], depth)
        case list() if value:
            for item in cast("list[Any]", value):
                yield from _item(item, depth)
        case _:
            yield from _entry("", value, depth)


def _entry(key: str, value: Any, depth: int) -> Iterator[str]:
    """A key with its value after it or below."""
    if isinstance(value, (dict, list)) and value:
        yield " " * depth + key
        yield from _lines(value, depth + 2)
        return
    first, *rest = _scalar(value, depth + 2)
    yield " " * depth + f"{key} {first}".lstrip()
    yield from rest


def _item(item: Any, depth: int) -> Iterator[str]:
    """The first line of a list's item stands beside its dash."""
    if isinstance(item, (dict, list)) and item:
        first, *rest = _lines(item, depth + 2)
        yield f"{' ' * depth}- {first[depth + 2 :]}"
        yield from rest
    else:
        yield from _entry("-", item, depth)


def _key(name: str) -> str:
    return _quoted(name) if "\n" in name or _OTHERWISE.fullmatch(name) else _in_one_line(name)


def _scalar(value: Any, depth: int) -> list[str]:
    match value:
        case None:
            return ["null"]
        case bool():
            return ["true" if value else "false"]
        case float():
            return [float_text(value) if isfinite(value) else float_text(value).replace("+", "").replace("Inf", ".inf")]
        case int():
            return [str(value)]
        case str():
            return _text(value, depth)
        case _:
            return ["{}" if isinstance(value, dict) else "[]"]


def _text(text: str, depth: int) -> list[str]:
    if "\n" in text:
        return [_quoted(text)] if _is_no_block(text) else _block(text, depth)
    return [_quoted(text) if _OTHERWISE.fullmatch(text) else _in_one_line(text)]


def _in_one_line(text: str) -> str:
    if _ESCAPED.search(text.replace('"', "").replace("\\", "")) or harmless(text) != text or _has_odd_spaces(text):
        return _quoted(text)
    plain = text == text.strip(" ") and not _INDICATORS.match(text) and not _INDICATOR_WITHIN.search(text)
    return text if plain else "'" + text.replace("'", "''") + "'"


def _has_odd_spaces(text: str) -> bool:
    """Whether a reader may take it for nothing: it begins or ends with a space that is none to YAML."""
    return text.strip() != text.strip(" ")


def _is_no_block(text: str) -> bool:
    return bool(text.endswith(" ") or " \n" in text or _NO_BLOCK.search(text) or _is_harmful(text))


def _is_harmful(text: str) -> bool:
    within = text.replace("\n", "").replace("\t", "")
    return harmless(within) != within


def _block(text: str, depth: int) -> list[str]:
    """`|`, with the indentation where the text's own hides it, and what becomes of the line ends at its end."""
    indentation = "2" if text[0] in " \n" else ""
    end = "-" if text[-1] != "\n" else "+" if text == "\n" or text[-2] == "\n" else ""
    lines = text.removesuffix("\n").split("\n")
    return [f"|{indentation}{end}", *(" " * depth + line if line else "" for line in lines)]


def _quoted(text: str) -> str:
    escaped = _ESCAPED.sub(lambda found: _escape(found[0]), text)
    return f'"{"".join(_escape(each) if harmless(each) != each else each for each in escaped)}"'


def _escape(character: str) -> str:
    if character in _SHORT:
        return f"\\{_SHORT[character]}"
    code = ord(character)
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
