"""What a thing was last asked to be, kept in its labels: the third side of the diff.

Canonical values go as plain JSON: tuples and sets as lists, the entries of keyed fields by their keys, sensitive ones
as salted hashes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from deployer.fields.around import Around
from deployer.fields.field import Field, Value
from deployer.fields.log_driver import OPTION
from deployer.fields.sensitive import holds_secret, is_sensitive_name, mask_user_info

FORMAT = 1
HASH = "sha256:"

CONTENTS = "contents"
"""Beside the rows: what mounted files held, by target, as salted digests."""

AROUND = "around"
"""Beside the rows: what can be shown of entries that are kept as hashes, by row and entry."""

NAMED = {"environment": "", "logging": OPTION}
"""The rows whose entries have names that can tell a secret, and what stands before the names."""


@dataclass(frozen=True, slots=True)
class Applied:
    """`fields` by row name: plain values, or {entry: plain value} for keyed rows.

    `image` is the reference, as it was written; "" of what runs no image.
    """

    image: str
    fields: Mapping[str, Any]


def plain(value: Value) -> Any:
    """A canonical value as JSON can hold it; equal values give equal JSON."""
    if isinstance(value, frozenset):
        return sorted((plain(item) for item in cast("frozenset[Value]", value)), key=repr)
    if isinstance(value, tuple):
        return [plain(item) for item in cast("tuple[Value, ...]", value)]
    return value


def canonical(value: Any) -> Value:
    """The inverse of `plain` for all but sets, which stay tuples: good for showing, and `plain` again for comparing."""
    return tuple(canonical(item) for item in cast("list[Any]", value)) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Secrecy:
    """What must not be shown, and the salt of its hashes.

    `names` adds names to those that are sensitive of themselves, or takes them away (`!NAME`); `hidden` are rows and
    entries that a sensitive variable went into.
    """

    salt: str = ""
    names: tuple[str, ...] = ()
    hidden: frozenset[tuple[str, str]] = frozenset()

    def hides(self, field: str, entry: str, *values: Any) -> bool:
        """Whether an entry is sensitive: by what went into it, by its name, or as a URL that holds user info. `values`
        are all that are to be shown, or kept, of it.
        """
        if not self.hidden.isdisjoint({(field, entry), (field, "")}):
            return True
        if field not in NAMED:
            return False
        name, texts = entry.removeprefix(NAMED[field]), [value for value in values if isinstance(value, str)]
        if is_sensitive_name(name, self.names):
            return not texts or any(holds_secret(name, text, self.names) for text in texts)
        return any(mask_user_info(text) != text for text in texts)

    def stored(self, row: Field, value: Value) -> Any:
        """One row's canonical value as it is kept; None where it is unset."""
        if value == row.unset:
            return None
        if not row.kind.keyed:
            return self.stored_entry(row, "", value)
        return {entry: self.stored_entry(row, entry, item) for entry, item in value}

    def stored_entry(self, row: Field, entry: str, value: Value) -> Any:
        """One entry of a keyed row, as it is kept: a sensitive one as a hash that tells whether it changed."""
        return self.hashed(value) if self.hides(row.name, entry, value) else plain(value)

    def is_kept_as(self, value: Value, stored: Any) -> bool:
        """Whether `stored` is what is kept of a value: in the form in which that is kept, whatever is sensitive now."""
        return plain(value) == stored or (is_hash(stored) and self.hashed(value) == stored)

    def is_row_kept_as(self, row: Field, value: Value, stored: Any) -> bool:
        """As `is_kept_as` of one row, each entry of a keyed one by itself."""
        if value == row.unset or not row.kind.keyed:
            return self.is_kept_as(None if value == row.unset else value, stored)
        entries = dict(value)
        kept = cast("Mapping[str, Any]", stored if isinstance(stored, Mapping) else {})
        return entries.keys() == kept.keys() and all(self.is_kept_as(entries[name], kept[name]) for name in kept)

    def hashed(self, value: Value) -> str:
        return digest_with(self.salt, json.dumps(plain(value), ensure_ascii=False))


def digest_with(salt: str, digest: str) -> str:
    """A digest of what must not be shown, as it is kept: it tells whether that changed, and nothing of it."""
    return HASH + hashlib.sha256(f"{salt}\0{digest}".encode()).hexdigest()


OPEN = Secrecy()
"""For what holds nothing sensitive."""


def encode(
    rows: Iterable[Field],
    asked: Mapping[str, Value],
    secrecy: Secrecy = OPEN,
    image: str = "",
    contents: Mapping[str, str] | None = None,
    around: Mapping[tuple[str, str], Around] = MappingProxyType({}),
) -> str:
    """The label's text."""
    fields = {row.name: secrecy.stored(row, asked[row.name]) for row in rows if asked[row.name] != row.unset}
    if contents:
        fields[CONTENTS] = dict(contents)
    if texts := _kept_around(fields, around):
        fields[AROUND] = texts
    document = {"format": FORMAT, "image": image, "fields": fields}
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _kept_around(fields: Mapping[str, Any], around: Mapping[tuple[str, str], Around]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for (row, entry), text in around.items():
        if is_hash(fields.get(row, {}).get(entry)):
            found.setdefault(row, {})[entry] = text.text
    return found


def text_around(was: Applied, row: str, entry: str) -> str | None:
    """What could be shown of an entry that is kept as a hash; None where nothing tells."""
    rows = was.fields.get(AROUND)
    entries = cast("Mapping[str, Any]", rows).get(row) if isinstance(rows, Mapping) else None
    text = cast("Mapping[str, Any]", entries).get(entry) if isinstance(entries, Mapping) else None
    return text if isinstance(text, str) else None


def is_hash(stored: Any) -> bool:
    """Whether what is kept of a value was sensitive then, whatever it is now."""
    return isinstance(stored, str) and stored.startswith(HASH)


def decode(text: str | None, rows: Iterable[Field]) -> Applied | None:
    """What the label says; None where there is none, or it is damaged or of a newer format.

    Then less can be said, and nothing wrong is done.
    """
    try:
        found: Any = json.loads(text or "")
        fields = found["fields"]
        whole = found["format"] == FORMAT and isinstance(found["image"], str) and are_sound(rows, fields)
        return Applied(found["image"], fields) if whole else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def are_sound(rows: Iterable[Field], fields: Any) -> bool:
    """Whether rows that were read from a label are such as `stored` writes them; what later versions add is let be."""
    if not isinstance(fields, dict):
        return False
    stored = cast("dict[str, Any]", fields)
    if not isinstance(stored.get(CONTENTS, {}), dict):
        return False
    return all(_is_sound(row, stored[row.name]) for row in rows if stored.get(row.name) is not None)


def _is_sound(row: Field, stored: Any) -> bool:
    if not row.kind.keyed:
        return _is_shown(row, "", stored)
    return isinstance(stored, dict) and all(
        _is_shown(row, entry, value) for entry, value in cast("dict[str, Any]", stored).items()
    )


def _is_shown(row: Field, entry: str, stored: Any) -> bool:
    """Whether it can be shown: only a value of the row's own form can, or the hash of one."""
    if isinstance(stored, str) and stored.startswith(HASH):
        return True
    try:
        value = canonical(stored)
        hash(value)
        return isinstance(row.shown(entry, value), str)  # pyright: ignore[reportUnnecessaryIsInstance]
    except Exception:  # whatever a row makes of what is none of its values
        return False
