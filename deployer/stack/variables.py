"""`${...}` in the values of a file, replaced in its nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from deployer.errors import Diagnostic, Place
from deployer.fields.sensitive import is_sensitive_name
from deployer.interpolation import (
    InterpolationError,
    RequiredVariable,
    interpolate,
    is_secret,
    set_at,
    spans_of,
    variables,
)
from deployer.stack.mistakes import Path, path_text
from deployer.stack.places import Filled, ListNode, MappingNode, Node, Places, ScalarNode

FREE = ("environment", "labels", "args", "driver_opts", "extra_hosts", "options", "sysctls")
"""Mappings whose keys are the user's own: `x-` has no meaning there."""

_LISTS_OF_NAMES = (*FREE, "annotations")

PROJECT_NAME = "COMPOSE_PROJECT_NAME"
"""The variable that deployer sets itself: to what the stack is called."""


def is_extension(key: str) -> bool:
    """Whether a key is the user's own, which nothing reads; `x-deployer` is ours."""
    return key.startswith("x-") and key != "x-deployer"


class Variables:
    """Replaces `${...}` in the files of a stack and collects what is wrong on the way; a variable that is not set is
    told once. `tainted` tells whether a sensitive one went into a value: that node is marked; `filled` whether nodes
    know where in them variables are.
    """

    def __init__(self, errors: list[Diagnostic], warnings: list[Diagnostic]) -> None:
        self.errors, self.warnings = errors, warnings
        self.tainted = self.filled = False
        self._told: set[str] = set()

    def fill(self, root: MappingNode) -> None:
        """Replace the variables of a file by what its environment holds. What an alias repeats is the same node."""
        if "$" in root.source.text or "\\" in root.source.text:  # "\x24" is one too
            _File(self, root).fill(root, ())

    def unset(self, name: str, place: Place) -> None:
        if name not in self._told:
            self._told.add(name)
            self.warnings.append(
                Diagnostic(
                    "unset-variable",
                    f"the variable {name} is not set: it is taken as empty",
                    place,
                    f"set it, or say what it is otherwise: ${{{name}:-value}}",
                )
            )


def _has_variable(node: ScalarNode) -> bool:
    return isinstance(node.value, str) and "$" in node.value


class _File:
    def __init__(self, variables: Variables, root: MappingNode) -> None:
        self.variables = variables
        self.places = Places(root)
        self.environment = root.source.environment
        self.done: set[int] = set()
        self.walked: set[int] = set()
        self.used: set[str] = set()

    def fill(self, node: Node, path: Path) -> None:
        """Walks what can hold a variable; paths are made for what does alone, as most values do not."""
        if isinstance(node, ScalarNode):
            self._scalar(node, path)
            return
        if id(node) in self.walked:
            return
        self.walked.add(id(node))
        if isinstance(node, ListNode):
            for index, item in enumerate(node.items):
                if not isinstance(item, ScalarNode) or _has_variable(item):
                    self.fill(item, (*path, index))
            return
        for name, entry in node.entries.items():
            child = entry.node
            if not isinstance(child, ScalarNode) or _has_variable(child):
                self.fill(child, (*path, name))

    def _scalar(self, node: ScalarNode, path: Path) -> None:
        if id(node) not in self.done and isinstance(node.value, str):
            self.done.add(id(node))
            node.value = self._text(node, node.value, path)

    def _text(self, node: ScalarNode, text: str, path: Path) -> str:
        place = self.places.at(*path)
        self.used.clear()
        try:
            result = interpolate(text, self._lookup, unset=lambda name, _offset: self.variables.unset(name, place))
            if any(map(self._is_sensitive, self.used)):
                node.tainted = self.variables.tainted = True
            if node.tainted or "://" in result:
                sensitive, others = spans_of(text, self.environment.get, self._is_sensitive)
                node.filled = Filled(result, sensitive, others)
                self.variables.filled = True
                if _names_things(path) and any(start < len(result.partition("=")[0]) for start, _ in sensitive):
                    self.variables.errors.append(_secret_name(path, text, self._is_sensitive, place))
            node.behind = self._set_at()
            return result
        except RequiredVariable as error:
            reason = f": {error.message}" if error.message else ""
            message = f"{path_text(path)} needs the variable {error.name}{reason}"
            self.variables.errors.append(Diagnostic("unset-variable", message, place, error.hint))
        except InterpolationError as error:
            message = f"{path_text(path)}: {error}"
            self.variables.errors.append(Diagnostic("bad-interpolation", message, place, error.hint))
        return text

    def _set_at(self) -> tuple[Place, ...]:
        values = ((name, self.environment.get(name)) for name in self.used - {PROJECT_NAME})
        places = {
            replace(set_at(name, value), secret=self._is_sensitive(name)) for name, value in values if value is not None
        }
        return tuple(sorted(places, key=lambda place: (not place.line, place)))

    def _is_sensitive(self, name: str) -> bool:
        extra = self.places.root.source.extra
        return is_sensitive_name(name) or is_sensitive_name(name, extra) or is_secret(self.environment.get(name))

    def _lookup(self, name: str) -> str | None:
        self.used.add(name)
        return self.environment.get(name)


def _names_things(path: Path) -> bool:
    """Whether an item of this list is `NAME=value`, or a name."""
    return len(path) > 1 and path[-2] in _LISTS_OF_NAMES and isinstance(path[-1], int)


def _secret_name(path: Path, text: str, is_sensitive: Callable[[str], bool], place: Place) -> Diagnostic:
    variable = next(filter(is_sensitive, variables(text)))
    return Diagnostic(
        "sensitive-name",
        f"{path_text(path)}: {variable} is sensitive, and makes up a name: names are shown wherever the thing is",
        place,
        "put it behind the `=`; what is no secret needs a variable whose name does not say so",
    )


def tainted_paths(root: Node) -> frozenset[Path]:
    """The paths of values that a sensitive variable went into: they must not be shown either. What stands in a list as
    KEY=value is there by its key.
    """
    return frozenset(_by_key(node, path)[0] for path, node in _scalars(root, ()) if node.tainted)


def filled_values(root: Node) -> dict[Path, Filled]:
    """The values of which a part may be hidden, by the same paths."""
    found: dict[Path, Filled] = {}
    for path, node in _scalars(root, ()):
        if node.filled and node.filled.value == node.value:
            path, before = _by_key(node, path)
            found[path] = _after(node.filled, before)
    return found


def _after(filled: Filled, before: int) -> Filled:
    """Less what stands before the value."""
    sensitive, others = (
        tuple((start - before, end - before) for start, end in spans if start >= before)
        for spans in (filled.sensitive, filled.others)
    )
    return Filled(filled.value[before:], sensitive, others)


def _by_key(node: ScalarNode, path: Path) -> tuple[Path, int]:
    """A value by its key where it stands in a list as KEY=value, and how much stands before it."""
    key, equals, _ = str(node.value).partition("=")
    if equals and path and isinstance(path[-1], int):
        return (*path[:-1], key), len(key) + 1
    return path, 0


def _scalars(node: Node, path: Path) -> Iterator[tuple[Path, ScalarNode]]:
    if isinstance(node, ScalarNode):
        yield path, node
    elif isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            yield from _scalars(item, (*path, index))
    else:
        for name, entry in node.entries.items():
            yield from _scalars(entry.node, (*path, name))
