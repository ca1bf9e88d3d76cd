"""What SOPS and age leave in a file of theirs, whatever befalls it: a damaged one is told by it from plain text.

What is looked for is what they alone write, not their names: a text may speak of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SOPS = re.compile(
    rb"""
    ENC\[AES256_GCM,data:[\w+/]                  # a value,
    | ,iv:[\w+/]{16,}=*,tag:[\w+/]{16,}=*,type:  # or how one ends
    | ^(?:sops_)?(?:key_groups\w+_)?age__list_\d+__map_(?:enc|recipient)[ ]*=
    """,
    re.MULTILINE | re.VERBOSE,
)
_METADATA = re.compile(rb'^sops:[ \t\r]*$|^\[sops\]|"sops"\s{0,80}:\s{0,80}\{|^sops_', re.MULTILINE)
_WHEN = re.compile(rb'(?:^[ \t]{0,80}|")(?:sops_)?lastmodified"?[ \t]{0,80}[:=][ \t]{0,80}"?\d{4}-\d\d-', re.MULTILINE)
_AGE = re.compile(
    rb"""
    \A\s*age-encryption\.org/v\d
    | ^-----(?:BEGIN|END)[ ]AGE[ ]ENCRYPTED[ ]FILE-----
    | ^->[ ](?:X25519|scrypt|ssh-ed25519|ssh-rsa)[ ][\w+/]  # for whom it is,
    | ^---[ ][A-Za-z0-9+/]{43}\r?$                        # and the end of the header
    """,
    re.MULTILINE | re.VERBOSE,
)
_CONFLICT = re.compile(rb"^(?:<{7}|>{7})(?: |\r?$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Trace:
    """`by` is whose it is, SOPS or age; `line` is where, from 1; `conflict` is the line of a conflict marker of git."""

    by: str
    line: int
    conflict: int | None = None


def trace_in(data: bytes) -> Trace | None:
    """The first trace of SOPS in a file, or else of age; None where there is none. Whole files have some, too.

    https://github.com/getsops/sops#encryption-protocol, https://github.com/C2SP/C2SP/blob/main/age.md
    """
    data = data.replace(b"\0", b"")  # in UTF-16, as a shell of Windows redirects it, each character has one
    for by, found in (("SOPS", _of_sops(data)), ("age", _AGE.search(data))):
        if found:
            marker = _CONFLICT.search(data)
            return Trace(by, _line(data, found), _line(data, marker) if marker else None)
    return None


def _of_sops(data: bytes) -> re.Match[bytes] | None:
    if found := _SOPS.search(data):
        return found
    begin = _METADATA.search(data)
    return begin if begin and _WHEN.search(data, begin.start()) else None


def _line(data: bytes, found: re.Match[bytes]) -> int:
    return data.count(b"\n", 0, found.start()) + 1
