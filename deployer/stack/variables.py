"""`${...}` in the values of a file, replaced in its nodes."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.errors import Diagnostic, Place
from deployer.fields.sensitive import is_sensitive_name
from deployer.interpolation import InterpolationError, RequiredVariable, interpolate
from deployer.stack.mistakes import Path, path_text
from deployer.stack.places import ListNode, MappingNode, Node, Places, ScalarNode

FREE = ("environment", "labels", "args", "driver_opts", "extra_hosts", "options", "sysctls")
"""Mappings whose keys are the user's own: `x-` has no meaning there."""


def is_extension(key: str) -> bool:
    """Whether a key is the user's own, which nothing reads; `x-deployer` is ours."""
    return key.startswith("x-") and key != "x-deployer"


class Variables:
    """Replaces `${...}` in the files of a stack and collects what is wrong on the way; a variable that is not set is
    told once. `tainted` tells whether a sensitive one went into a value: that node is marked.
    """

    def __init__(self, errors: list[Diagnostic], warnings: list[Diagnostic]) -> None:
        self.errors, self.warnings = errors, warnings
        self.tainted = False
        self._told: set[str] = set()

    def fill(self, root: MappingNode) -> None:
        """Replace the variables of a file by what its environment holds. What an alias repeats is the same node."""
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


class _File:
    def __init__(self, variables: Variables, root: MappingNode) -> None:
        self.variables = variables
        self.places = Places(root)
        self.environment = root.source.environment
        self.done: set[int] = set()
        self.mappings: set[tuple[int, bool]] = set()
        self.used: set[str] = set()

    def fill(self, node: Node, path: Path) -> None:
        if isinstance(node, ScalarNode):
            if isinstance(node.value, str) and "$" in node.value and id(node) not in self.done:
                self.done.add(id(node))
                node.value = self._text(node, node.value, path)
        elif isinstance(node, ListNode):
            if id(node) not in self.done:
                self.done.add(id(node))
                for index, item in enumerate(node.items):
                    self.fill(item, (*path, index))
        else:
            self._mapping(node, path, bool(path) and path[-1] in FREE)

    def _mapping(self, node: MappingNode, path: Path, free: bool) -> None:
        if (id(node), free) in self.mappings:
            return
        self.mappings.add((id(node), free))
        for name, entry in node.entries.items():
            if free or not is_extension(name):
                self.fill(entry.node, (*path, name))

    def _text(self, node: ScalarNode, text: str, path: Path) -> str:
        place = self.places.at(*path)
        self.used.clear()
        try:
            result = interpolate(text, self._lookup, unset=lambda name, _offset: self.variables.unset(name, place))
            if any(map(is_sensitive_name, self.used)):
                node.tainted = self.variables.tainted = True
            return result
        except RequiredVariable as error:
            reason = f": {error.message}" if error.message else ""
            message = f"{path_text(path)} needs the variable {error.name}{reason}"
            self.variables.errors.append(Diagnostic("unset-variable", message, place, error.hint))
        except InterpolationError as error:
            message = f"{path_text(path)}: {error}"
            self.variables.errors.append(Diagnostic("bad-interpolation", message, place, error.hint))
        return text

    def _lookup(self, name: str) -> str | None:
        self.used.add(name)
        return self.environment.get(name)


def tainted_paths(node: Node, path: Path = ()) -> frozenset[Path]:
    """The paths of values that a sensitive variable went into: they must not be shown either. What stands in a list as
    KEY=value is there by its key.
    """
    return frozenset(_tainted(node, path))


def _tainted(node: Node, path: Path) -> Iterator[Path]:
    if isinstance(node, ScalarNode):
        key, equals, _ = str(node.value).partition("=")
        if node.tainted:
            yield (*path[:-1], key) if equals and path and isinstance(path[-1], int) else path
    elif isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            yield from _tainted(item, (*path, index))
    else:
        for name, entry in node.entries.items():
            yield from _tainted(entry.node, (*path, name))
