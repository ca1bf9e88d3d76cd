"""The stack that a record keeps, as `deployer config` prints it: laid over, and made one that can be read again."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from typing import Any, cast

from deployer.resources.revisions import Tree


def readable(tree: Tree) -> Tree:
    """The tree less what `config` prints and no stack file says: what Compose's JSON has though nothing is said."""
    found: Tree = dict(tree)
    found["services"] = {name: _service(one) for name, one in _entries(found, "services").items()}
    if "networks" in found:
        found["networks"] = {key: _less_empty(one, {"ipam"}) for key, one in _entries(found, "networks").items()}
    return found


def _service(said: Tree) -> Tree:
    less = {key: value for key, value in said.items() if value is not None or key not in ("command", "entrypoint")}
    if isinstance(less.get("deploy"), dict):
        less["deploy"] = _less_empty(cast("Tree", less["deploy"]), {"resources", "placement"})
    return less


def _less(said: Tree, keys: Collection[str]) -> Tree:
    return {key: value for key, value in said.items() if key not in keys}


def _less_empty(said: Tree, keys: Collection[str]) -> Tree:
    return {key: value for key, value in said.items() if value or key not in keys}


def _entries(tree: Tree, section: str) -> Mapping[str, Any]:
    found = tree.get(section)
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def moved(tree: Tree, before: str, now: str) -> Tree:
    """The tree with what deployer itself reads - the folders of builds, the files of secrets and configs - beneath the
    stack's folder of today, where another checkout has it. What is mounted stays where it was.
    """
    if not before or before == now:
        return tree

    def at(path: Any) -> Any:
        inside = isinstance(path, str) and (path == before or path.startswith(before.rstrip("/") + "/"))
        return posixpath.join(now, posixpath.relpath(path, before)) if inside else path

    def changed(said: Tree, key: str) -> Tree:
        return {**said, key: at(said[key])} if key in said else said

    found: Tree = dict(tree)
    for section, key in (("builds", "context"), ("secrets", "file"), ("configs", "file")):
        if section in found:
            found[section] = {name: changed(one, key) for name, one in _entries(tree, section).items()}
    found["services"] = {
        name: {**one, "build": changed(one["build"], "context")} if "build" in one else one
        for name, one in _entries(tree, "services").items()
    }
    return found


def with_contents(tree: Tree, contents: Mapping[str, str]) -> Tree:
    """The tree with what configs hold, by their names, in the place of where that comes from."""
    configs = {
        key: {**_less(one, {"file", "environment"}), "content": contents[key].replace("$", "$$")}
        if key in contents
        else one
        for key, one in _entries(tree, "configs").items()
    }
    return {**tree, "configs": configs} if configs else tree


def laid_over(before: Tree, now: Tree, part: Mapping[str, Collection[str]]) -> Tree:
    """What was asked for by an apply of a part: that part as it is said now, by section and name, and the rest as it
    was before.
    """
    found: Tree = {key: value for key, value in now.items() if key not in part}
    for section, names in part.items():
        then, said = _entries(before, section), _entries(now, section)
        merged = {**then, **{name: said[name] for name in names if name in said}}
        if merged:
            found[section] = dict(sorted(merged.items()))
    return found
