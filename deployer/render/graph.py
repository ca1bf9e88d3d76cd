"""What of a stack needs what: as text in the order of starting, as Mermaid, as Graphviz' DOT and as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from deployer.render.graph_svg import STYLE, Box, Line, drawing
from deployer.render.harmless import display_width, harmless
from deployer.resources.from_stack import desired
from deployer.resources.pushes import runs
from deployer.resources.registries import service_behind
from deployer.stack.model import Stack

_CONDITIONS = {
    "service_started": "started",
    "service_healthy": "healthy",
    "service_completed_successfully": "completed",
}


@dataclass(frozen=True, slots=True)
class Edge:
    """`source` needs `target` first; `condition` says what it waits for where the target is a service."""

    source: str
    target: str
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Addresses without replica numbers (`service.web`, `build.web`, `network.front`), and what each needs."""

    stack: str
    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]

    def needs_of(self, node: str) -> list[Edge]:
        return [edge for edge in self.edges if edge.source == node]


def graph_of(stack: Stack, build_needs: Mapping[str, Mapping[str, str]] = MappingProxyType({})) -> Graph:
    """The graph of a stack: its services and what they run, join, keep their data in and wait for.

    `build_needs` are, of each build, the other ones that it starts from, by what it calls them.
    """
    wanted = desired(stack, origin="", builds={})
    keys = {thing.name: key for key, thing in wanted.volumes.items()}
    edges = [
        Edge(f"build.{name}", f"build.{other}")
        for name, needs in sorted(build_needs.items())
        for other in sorted(set(needs.values()))
    ]
    for name, service in sorted(wanted.services.items()):
        source = f"service.{name}"
        volumes = {keys.get(value[1]) for _, value in service.asked["volumes"] if value[0] == "volume"}
        edges.append(Edge(source, service.image.address))
        edges += [Edge(source, f"network.{key}") for key, _ in service.asked["networks"] if key in wanted.networks]
        edges += [Edge(source, f"volume.{key}") for key in sorted(filter(None, volumes))]
        edges += [
            Edge(source, f"service.{target}", _CONDITIONS[condition])
            for target, condition in sorted(service.depends_on.items())
        ]
    for address, image in sorted(wanted.images.items()):
        behind = service_behind(image.reference, wanted.registries)
        edges += [Edge(address, f"service.{behind}", "ready")] if behind else []
        edges += [Edge(address, push.address) for push in wanted.pushes if runs({address: image}, push)]
    for push in wanted.pushes:
        edges.append(Edge(push.address, f"build.{push.build}"))
        edges += [Edge(push.address, f"service.{push.service}", "ready")] if push.service else []
    nodes = (
        *(f"build.{name}" for name in sorted(stack.builds)),
        *(address for address in sorted(wanted.images) if address.startswith("image.")),
        *(f"network.{key}" for key in sorted(wanted.networks)),
        *(f"volume.{key}" for key in sorted(wanted.volumes)),
        *(f"service.{name}" for name in sorted(wanted.services)),
        *sorted(push.address for push in wanted.pushes),
    )
    return Graph(stack.name, nodes, tuple(edges))


def ranks(graph: Graph) -> dict[str, int]:
    """How many must come one after the other before each node: the longest path from what needs nothing."""
    needs = {node: [edge.target for edge in graph.needs_of(node)] for node in graph.nodes}
    found: dict[str, int] = {}
    while left := [node for node in graph.nodes if node not in found]:
        ready = [node for node in left if all(target in found for target in needs[node])]
        if not ready:
            raise ValueError(f"these need each other: {', '.join(left)}")
        found.update({node: max((found[target] + 1 for target in needs[node]), default=0) for node in ready})
    return found


def as_text(graph: Graph) -> str:
    """Numbered by when it can start: what is under one number at the same time, once what it names above is there."""
    rank = ranks(graph)
    width = max((display_width(harmless(node)) for node in graph.nodes), default=0)
    lines = [f"{harmless(graph.stack)}: what starts when"]
    for level in range(max(rank.values(), default=-1) + 1):
        lines.append("")
        members = [node for node in graph.nodes if rank[node] == level]
        for index, node in enumerate(members):
            number = f"{level + 1:>2}" if index == 0 else "  "
            pad = " " * (width - display_width(harmless(node)))
            lines.append(f"{number}  {harmless(node)}{pad}  {_needs(graph.needs_of(node))}".rstrip())
    return "\n".join(lines)


def _needs(edges: Sequence[Edge]) -> str:
    """`needs build.web, network.front; waits until service.db is healthy`."""
    things = ", ".join(harmless(edge.target) for edge in edges if not edge.condition)
    waits = ", ".join(f"{harmless(edge.target)} is {edge.condition}" for edge in edges if edge.condition)
    return "; ".join(part for part in (things and f"needs {things}", waits and f"waits until {waits}") if part)


def as_mermaid(graph: Graph) -> str:
    """A Mermaid flowchart; arrows point to what is needed first."""
    ids = _ids(graph)
    lines = ["flowchart LR"]
    lines += [f'  {ids[node]}["{_mermaid(node)}"]' for node in graph.nodes]
    lines += [
        f"  {ids[edge.source]} -->{f'|{edge.condition}|' if edge.condition else ''} {ids[edge.target]}"
        for edge in graph.edges
    ]
    return "\n".join(lines)


def _mermaid(text: str) -> str:
    """Mermaid's own entities, for all that it could take for its own."""
    plain = harmless(text)
    return "".join(sign if sign.isalnum() or sign in " ._-/:@[]()" else f"#{ord(sign)};" for sign in plain)


def as_dot(graph: Graph) -> str:
    """A directed graph for Graphviz; arrows point to what is needed first."""
    lines = [f"digraph {_dot(graph.stack)} {{", "  rankdir=LR;", "  node [shape=box, fontname=monospace];"]
    lines += [f"  {_dot(node)};" for node in graph.nodes]
    lines += [
        f"  {_dot(edge.source)} -> {_dot(edge.target)}{f' [label={_dot(edge.condition)}]' if edge.condition else ''};"
        for edge in graph.edges
    ]
    return "\n".join([*lines, "}"])


def _dot(text: str) -> str:
    quoted = harmless(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def as_svg(graph: Graph) -> str:
    """A picture that stands by itself: what starts first is on the left, lines lead to what is needed."""
    return picture(graph, {node: node.partition(".")[0] for node in graph.nodes})


def picture(
    graph: Graph, kinds: Mapping[str, str], links: Mapping[str, str] = MappingProxyType({}), style: str = STYLE
) -> str:
    """As `as_svg`, with each node's kind, which chooses its colour, and where it leads."""
    rank = ranks(graph)
    boxes = [Box(node, rank[node], kinds[node], links.get(node, "")) for node in graph.nodes]
    lines = [Line(edge.source, edge.target, edge.condition) for edge in graph.edges]
    return drawing(f"{graph.stack}: what needs what", boxes, lines, style)


def _ids(graph: Graph) -> dict[str, str]:
    return {node: f"n{number}" for number, node in enumerate(graph.nodes)}
