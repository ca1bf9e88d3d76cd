"""The revisions of a stack: all of them as a table, one as it was resolved, two compared; and each as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from deployer.fields.container import FIELDS
from deployer.fields.kinds import SIZE
from deployer.fields.memory import RESERVATION, SWAP
from deployer.fields.sensitive import MASK
from deployer.history.compare import Difference
from deployer.history.entries import Entry
from deployer.render.config import tree_as_yaml
from deployer.render.harmless import harmless
from deployer.render.table import table
from deployer.render.times import time_text, timestamp
from deployer.resources.records import SUCCEEDED
from deployer.resources.revisions import KeptImage, Tree

FORMAT_VERSION = 1

_HEAD = ("REVISION", "WHEN", "WHO", "HOST", "COMMIT", "RESULT", "COMMAND", "CHANGED")
_LONGEST = 120
_SIZES = {name: row.kind.show for row in FIELDS for name in row.names if row.kind in (SIZE, SWAP, RESERVATION)}
_MEANT = "to change"
"""Before what has no end, or none that is known: it died, or an earlier deployer did not say."""


def as_text(entries: Iterable[Entry]) -> str:
    """A table with a line a revision, the newest last."""
    return table(_HEAD, [_cells(each) for each in entries])


def as_json(stack: str, entries: Iterable[Entry]) -> str:
    """One object; `format_version` grows when a reader of the old form would be wrong."""
    return _json({"stack": stack, "revisions": [entry_object(each) for each in entries]})


def revision_as_text(entry: Entry, tree: Tree, images: Mapping[str, KeptImage]) -> str:
    """The stack as YAML that can be read again, less what is masked; what is known besides stands before it."""
    said = [f"revision {entry.revision}, {time_text(entry.at) or 'nobody knows when'}"]
    said += [f"by {entry.user} on {entry.host}"] if entry.user else []
    said += [entry.command] if entry.command else []
    said += [f"commit {entry.commit}{' (dirty)' if entry.dirty else ''}"] if entry.commit else []
    said += [f"{entry.result}: {entry.failure}" if entry.failure else entry.result]
    lines = [f"# {'; '.join(said)}"]
    for end, changes in (entry.became or {_heading(entry): entry.changes}).items():
        lines += [f"# {end}:", *(f"#   {change}" for change in changes)] if changes else []
    lines += [f"# {address}: {image.reference} @ {image.id[7:19]}" for address, image in sorted(images.items())]
    return "\n".join([*map(harmless, lines), tree_as_yaml(_with_units(_masked(tree)))])


def revision_as_json(stack: str, entry: Entry, tree: Tree, images: Mapping[str, KeptImage]) -> str:
    found = {address: asdict(image) for address, image in sorted(images.items())}
    return _json({"stack": stack, "revision": entry_object(entry), "resolved": _masked(tree), "images": found})


def differences_as_text(stack: str, before: int, after: int, found: Sequence[Difference]) -> str:
    """A line a value."""
    head = f"{harmless(stack)}, revision {before} -> {after}"
    if not found:
        return f"{head}\n\nThe same was asked for, secrets apart: of these no revision keeps anything."
    width = max(len(harmless(each.path)) for each in found)
    lines = [f"  {each.sign} {harmless(each.path).ljust(width)}  {_values(each)}".rstrip() for each in found]
    return "\n".join([head, "", *lines])


def differences_as_json(stack: str, before: int, after: int, found: Iterable[Difference]) -> str:
    told = [{"path": each.path, "before": _open(each, each.before), "after": _open(each, each.after)} for each in found]
    return _json({"stack": stack, "from": before, "to": after, "differences": told})


def _cells(entry: Entry) -> tuple[str, ...]:
    commit = f"{entry.commit[:12]}{'+dirty' if entry.dirty else ''}"
    who = (str(entry.revision), time_text(entry.at), entry.user, entry.host)
    return (*who, commit, entry.result, entry.command, changed_text(entry))


def changed_text(entry: Entry) -> str:
    """What it changed, in a line: `~ web[1] image`; `done: + volume.data; put back: ~ web[1] image`."""
    told = "; ".join(f"{end}: {', '.join(changes)}" for end, changes in entry.became.items())
    meant = entry.change if entry.result == SUCCEEDED or not entry.change else f"{_MEANT}: {entry.change}"
    return _short(told) or meant


def _heading(entry: Entry) -> str:
    return "changed" if entry.result == SUCCEEDED else _MEANT


def entry_object(entry: Entry) -> dict[str, Any]:
    at = timestamp(entry.at) if entry.at else None
    return {**asdict(entry), "at": at, "can_be_gone_back_to": not entry.why_not}


def _values(found: Difference) -> str:
    if _is_content(found.path):
        return "" if found.sign != "~" else "another content"
    key = found.path.removeprefix("services.").partition(".")[2]
    before, after = (_value(_in_units(key, value)) for value in (found.before, found.after))
    return {"+": after, "-": before}.get(found.sign, f"{before} -> {after}")


def _value(value: Any) -> str:
    text = harmless(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return _short(text)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _is_content(path: str) -> bool:
    return path.startswith("configs.") and path.endswith(".content")


def _open(found: Difference, value: Any) -> Any:
    return MASK if _is_content(found.path) and value is not None else value


def _masked(tree: Tree) -> Tree:
    """What configs hold is a file, and not shown: it may be long, and it may be more than somebody meant to tell."""
    configs = cast("Mapping[str, Tree]", tree.get("configs") or {})
    masked = {name: {**one, "content": MASK} if "content" in one else one for name, one in configs.items()}
    return {**tree, "configs": masked} if masked else tree


def _with_units(tree: Tree) -> Tree:
    """The sizes of services as a plan shows them: in bytes, as Compose prints them, nobody can read them."""
    services = cast("Tree", tree.get("services") or {})
    return {**tree, "services": type(services)({name: _in_units("", one) for name, one in services.items()})}


def _in_units(key: str, value: Any) -> Any:
    """What stands at a dotted key of a service, and all that is beneath it."""
    if isinstance(value, dict):
        beneath = cast("Tree", value).items()
        return type(value)({name: _in_units(f"{key}.{name}" if key else name, each) for name, each in beneath})
    return _SIZES[key](int(value)) if key in _SIZES and str(value).isdecimal() else value


def _json(said: Mapping[str, Any]) -> str:
    return json.dumps({"format_version": FORMAT_VERSION, **said}, indent=2, ensure_ascii=False)
