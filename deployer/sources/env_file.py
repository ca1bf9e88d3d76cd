"""Reads an env file from the disk: plain, or encrypted, whose values are secrets whatever they are called."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from deployer.errors import Place
from deployer.sources.dotenv import read_dotenv, read_raw
from deployer.sources.encrypted import decrypted
from deployer.sources.files import read_bytes, shown_path, text_of


def read_env_file(
    path: Path,
    given: Mapping[str, str],
    place: Place | None = None,
    before: Mapping[str, str] = MappingProxyType({}),
    *,
    raw: bool = False,
) -> dict[str, tuple[str, Place]]:
    """Each variable with its value and place, which says whether it is `secret`. `place` is where the stack names the
    file; the rest is as with `read_dotenv`, or with `raw`, as with `read_raw`. Raises InvalidStack.
    """
    shown = shown_path(path)
    data = read_bytes(path, shown, place)
    plain = decrypted(data, path, shown, place)
    text = text_of(data if plain is None else plain, shown, place)
    secret = plain is not None
    if raw:
        return read_raw(text, shown, given, before, secret=secret)
    return read_dotenv(text, shown, given, before=before, secret=secret)
