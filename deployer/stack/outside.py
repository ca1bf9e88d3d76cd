"""What the stack room is handed in of the outside: it reads no file itself."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from deployer.errors import Place

EnvFile: TypeAlias = Mapping[str, tuple[str, Place]]
"""Each variable with its value and place."""

ReadEnvFile: TypeAlias = Callable[[str, Place, Mapping[str, str], Mapping[str, str], bool], EnvFile]
"""Path from the stack's folder, where it is written, the variables for `${...}` in it, those of the files before, which
stand behind its own, and whether values are taken as they are. Raises InvalidStack."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A stack file's text; `shown` is the name that places bear, `path` the absolute one that is its own."""

    text: str
    shown: str
    path: str


ReadFile: TypeAlias = Callable[[str, Place], TextFile]
"""Path from the stack's folder, and where it is written -> the stack file there. Raises InvalidStack."""


def layered(*layers: Mapping[str, str]) -> Mapping[str, str]:
    """Variables of which the first layer that has one tells the value; no layer is asked for what nobody asks for."""
    return ChainMap(*(cast("MutableMapping[str, str]", layer) for layer in layers))
