"""What may be secret, as salted digests in the place of texts, and these opened again by who knows the texts.

    hidden:<32 hex>          some text
    sha256:hidden:<32 hex>   a salted digest that a label of deployer's holds, by its hexadecimal digits
    sha256:same              a salted digest that is that of what the container has

A digest is slow to make, so that guesses at a weak secret cost something. Who knows a text finds it by its digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from deployer.plan.model import NOT_IN_SNAPSHOT
from deployer.resources.applied import HASH

_ROUNDS = 4096
HIDDEN = "hidden:"
SAME = f"{HASH}same"
_TOKEN = re.compile(rf"{HIDDEN}[0-9a-f]{{32}}")
_DIGEST = re.compile(rf"{HASH}([0-9a-f]{{64}})")

Text = Callable[[str], str]
Hide = Callable[..., str]
"""A text, and the name that it stands under, "" for none -> what is kept of it."""

Public = Collection[tuple[str, str]]
"""Names and texts that everybody who has the stack file can read in it."""


def hider(salt: str, public: Public = ()) -> Hide:
    """Hides all but what is `public`, or empty."""

    def hide(text: str, name: str = "") -> str:
        return text if text == "" or (name, text) in public else token(salt, text)

    return hide


@cache
def token(salt: str, text: str) -> str:
    digest = hashlib.pbkdf2_hmac("sha256", text.encode("utf-8", "surrogatepass"), salt.encode(), _ROUNDS, dklen=16)
    return HIDDEN + digest.hex()


def hidden_digest(salt: str, text: str) -> str:
    """A text that is a salted digest already, hidden too; any other one as it is."""
    found = _DIGEST.fullmatch(text)
    return HASH + token(salt, found[1]) if found else text


def is_digest(text: object) -> bool:
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def opener(salt: str, known: Iterable[str]) -> Text:
    """Gives a text in which all is opened that is known here: texts, and the digests among them by their digits."""
    texts = {token(salt, plain): plain for each in known for plain in (each.removeprefix(HASH),) if plain}
    return lambda text: _TOKEN.sub(lambda found: texts.get(found[0], found[0]), text) if HIDDEN in text else text


def shown(text: str) -> str:
    """As a person reads it."""
    return _TOKEN.sub(NOT_IN_SNAPSHOT, text) if HIDDEN in text else text


def leaves(value: Any) -> Iterator[str]:
    """All texts in a value but the keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, (tuple, list, set, frozenset)):
        for each in value:
            yield from leaves(each)


def mapped(value: Any, text: Text) -> Any:
    """The same JSON with every text in it made anew; keys stay."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return {key: mapped(each, text) for key, each in value.items()}
    if isinstance(value, list):
        return [mapped(each, text) for each in value]
    return value
