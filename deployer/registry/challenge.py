"""`WWW-Authenticate`: how a registry wants to be told who asks (RFC 9110, 11.6.1)."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass

_PARAMETER = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass(frozen=True, slots=True)
class Challenge:
    """`scheme` is `basic` or `bearer`, "" for none that is known; a bearer's token is to be had from `realm`."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""


def read_challenge(header: str) -> Challenge:
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() not in ("basic", "bearer"):
        return Challenge("")
    said = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
    return Challenge(scheme.lower(), said.get("realm", ""), said.get("service", ""), said.get("scope", ""))


def basic(username: str, password: str) -> str:
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()
