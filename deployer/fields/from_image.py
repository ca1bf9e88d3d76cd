"""What the image supplies where the stack does not say it: in place of what is said, or added to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployer.fields.field import ImageRule, Json, Value


def or_image(path: str, decode: Callable[[Any], Value] = str) -> ImageRule:
    """What is not asked comes from the image."""

    def rule(asked: Value, _everything: Mapping[str, Value], image: Json) -> Value:
        return asked or (decode(image[path]) if image.get(path) else asked)

    return rule


def over_image(path: str, decode: Callable[[Any], Value]) -> ImageRule:
    """What is asked is added to what the image has, name by name."""

    def rule(asked: Value, _everything: Mapping[str, Value], image: Json) -> Value:
        supplied: Value = decode(image[path]) if image.get(path) else ()
        return tuple(sorted({**dict(supplied), **dict(asked)}.items()))

    return rule
