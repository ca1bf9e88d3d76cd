"""`extends`: a service that begins as another one, of the same file or of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from deployer.errors import Diagnostic, Place, did_you_mean
from deployer.stack.merge import is_nothing, mapping_at, merged, settled
from deployer.stack.merge_rules import SERVICE
from deployer.stack.places import Entry, MappingNode, Node, ScalarNode, below
from deployer.stack.tree import DEEPEST, MOST_REPEATED
from deployer.stack.variables import is_extension

_KEYS = ("service", "file")


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A file whose services are extended; `folder` is where its paths start from, as a path from the stack's."""

    services: Mapping[str, Entry]
    path: str
    shown: str
    folder: str
    environment: Mapping[str, str]


Open = Callable[[str, Opened, Place], Opened | None]
"""Path as written, the file that names it, and where -> that file; None where it cannot be read, which is told."""


def services_of(root: MappingNode) -> Mapping[str, Entry]:
    services = below(root, "services")
    return services.entries if isinstance(services, MappingNode) else {}


def extended(root: MappingNode, file: Opened, open_file: Open, found: list[Diagnostic]) -> MappingNode:
    """The file with each service being what it extends, and over that what it says itself."""
    if not any(below(entry.node, "extends") for entry in file.services.values()):
        return root
    extending = _Extending(open_file, found)
    services = {name: replace(entry, node=extending.service(name, file, ())) for name, entry in file.services.items()}
    section = root.entries["services"]
    return mapping_at(root, {**root.entries, "services": replace(section, node=mapping_at(section.node, services))})


@dataclass(slots=True)
class _Extending:
    open_file: Open
    found: list[Diagnostic]
    done: dict[tuple[str, str], Node] = field(default_factory=dict[tuple[str, str], Node])
    repeated: int = 0

    def service(self, name: str, file: Opened, trail: tuple[tuple[Opened, str], ...]) -> Node:
        """A service as it is once all that it extends is in it; `trail` leads from the one that was asked for."""
        node, key = file.services[name].node, (file.path, name)
        said = below(node, "extends")
        if said is None or not isinstance(node, MappingNode):
            return node
        if key not in self.done:
            own = mapping_at(node, {each: entry for each, entry in node.entries.items() if each != "extends"})
            base = self._base(said, name, file, (*trail, (file, name)))
            whole = merged(settled(base), own, SERVICE) if base else own
            self.done[key] = replace(whole, tag=node.tag)
        return self.done[key]

    def _base(self, said: Node, name: str, file: Opened, trail: tuple[tuple[Opened, str], ...]) -> Node | None:
        place = said.source.place(said.line, said.column, ("services", name, "extends"))
        wanted = self._wanted(said, place)
        if wanted is None:
            return None
        service, path = wanted
        there = self.open_file(path, file, place) if path is not None else file
        if there is None or not self._is_there(service, there, file, place):
            return None
        if self._is_endless(service, there, trail, place):
            return None
        base = self.service(service, there, trail)
        if is_nothing(base):
            return None
        self.repeated += base.size
        if self.repeated > MOST_REPEATED:
            message = f"the services that are extended would repeat more than {MOST_REPEATED:,} values"
            self.found.append(Diagnostic("yaml-unfolds", message, place))
            return None
        return base

    def _wanted(self, said: Node, place: Place) -> tuple[str, str | None] | None:
        """The service, and the file where it is another one."""
        if isinstance(said, ScalarNode) and isinstance(said.value, str):
            return said.value, None
        service, file = below(said, "service"), below(said, "file")
        if not isinstance(service, ScalarNode) or not isinstance(service.value, str):
            hint = "write extends: NAME, or extends: {file: ./other.yaml, service: NAME}"
            self.found.append(Diagnostic("bad-extends", "extends: expected the name of a service", place, hint))
            return None
        if isinstance(said, MappingNode):
            for key, entry in said.entries.items():
                if key not in _KEYS and not is_extension(key):
                    where = entry.source.place(entry.line, entry.column, ("services", service.value, "extends", key))
                    hint = did_you_mean(key, _KEYS, "keys here")
                    self.found.append(Diagnostic("unknown-key", f"extends has no key {key!r}", where, hint))
        if file is None or is_nothing(file):
            return service.value, None
        if not isinstance(file, ScalarNode) or not isinstance(file.value, str):
            self.found.append(Diagnostic("bad-extends", "extends: expected the path of a file", place))
            return None
        return service.value, file.value

    def _is_there(self, service: str, there: Opened, file: Opened, place: Place) -> bool:
        node = there.services[service].node if service in there.services else None
        if node is None:
            where = f" of {there.shown}" if there is not file else ""
            hint = did_you_mean(service, there.services, f"services{where or ' here'}")
            message = f"no service{where} is named {service!r}"
            self.found.append(Diagnostic("undefined-service", message, place, hint))
        elif not isinstance(node, MappingNode) and not is_nothing(node):
            if there is not file:  # else it is told where it stands
                message = f"services.{service} of {there.shown} is no mapping: nothing can extend it"
                self.found.append(Diagnostic("bad-mapping", message, place))
            return False
        return node is not None

    def _is_endless(self, service: str, there: Opened, trail: tuple[tuple[Opened, str], ...], place: Place) -> bool:
        """Whether it is on the way already; told once, as a way round."""
        way = [(file.path, name) for file, name in trail]
        if len(trail) >= DEEPEST:
            message = f"services extend each other more than {DEEPEST} deep"
            self.found.append(Diagnostic("extends-too-deep", message, place, "extend what is meant itself"))
            return True
        if (there.path, service) not in way:
            return False
        around = [*trail[way.index((there.path, service)) :], (there, service)]
        files = {file.path for file, _ in around}
        shown = [name if len(files) == 1 else f"{name} of {file.shown}" for file, name in around]
        message = f"services extend each other in a circle: {' -> '.join(shown)}"
        self.found.append(Diagnostic("circle", message, place, "take one of these extends out"))
        return True
