"""What of a stack needs what, in four forms."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from textwrap import dedent

import pytest

from deployer.errors import Place
from deployer.render.graph import Edge, Graph, as_dot, as_mermaid, as_svg, as_text, graph_of, ranks
from deployer.stack.load import load
from deployer.stack.model import Stack

SHOP = """\
name: shop
builds:
  web: ./web
services:
  web:
    image: web
    depends_on: {db: {condition: service_healthy}, in: {condition: service_completed_successfully}}
    networks: [net]
  db:
    image: postgres:16
    volumes: ["data:/var/lib/data", "./conf:/conf"]
    networks: [net]
  in:
    build: ./in
    depends_on: [db]
networks: {net: {}}
volumes: {data: {}}
"""


def stack_of(text: str) -> Stack:
    def no_files(path: str, place: Place) -> dict[str, tuple[str, Place]]:
        raise AssertionError((path, place))

    return load(text, file="stack.yaml", folder="/srv/shop", environment={}, read_env_file=no_files)


@pytest.fixture
def shop() -> Graph:
    return graph_of(stack_of(SHOP))


HOSTILE = Graph(
    'x"><script>\x1b',
    ('a"b\\', "<c>&\u202e", "d]|e\n"),
    (Edge('a"b\\', "<c>&\u202e", "healthy"), Edge("d]|e\n", 'a"b\\')),
)
"""What no stack file can name: nothing rests on that."""


def test_text_shows_what_starts_when(shop: Graph) -> None:
    """Under each number what can start at the same time, with what it needs and waits for."""
    assert as_text(shop) + "\n" == dedent("""\
        shop: what starts when

         1  build.in
            build.web
            image.postgres:16
            network.default
            network.net
            volume.data

         2  service.db         needs image.postgres:16, network.net, volume.data

         3  service.in         needs build.in, network.default; waits until service.db is started

         4  service.web        needs build.web, network.net; waits until service.db is healthy, service.in is completed
        """)


def test_a_build_needs_those_that_it_starts_from() -> None:
    """Whatever its Dockerfile calls them."""
    graph = graph_of(stack_of(SHOP), {"web": {"in": "in", "x:1": "in"}, "in": {}})
    assert [(edge.source, edge.target) for edge in graph.edges if edge.source.startswith("build.")] == [
        ("build.web", "build.in")
    ]


def test_the_rank_is_the_longest_way() -> None:
    """Who needs one that needs another comes after both, also where a shorter way leads to it."""
    edges = (Edge("c", "a"), Edge("c", "b"), Edge("b", "a"))
    assert ranks(Graph("g", ("c", "b", "a"), edges)) == {"a": 0, "b": 1, "c": 2}


def test_a_circle_is_refused() -> None:
    """The stack's check finds it first; an endless loop would be worse."""
    with pytest.raises(ValueError, match="a, b"):
        ranks(Graph("g", ("a", "b"), (Edge("a", "b"), Edge("b", "a"))))


def test_mermaid_has_a_node_a_line_and_conditions_on_arrows(shop: Graph) -> None:
    """As GitHub and editors draw it."""
    lines = as_mermaid(shop).splitlines()
    assert lines[0] == "flowchart LR"
    assert '  n2["image.postgres:16"]' in lines
    assert '  n6["service.db"]' in lines
    assert "  n6 --> n2" in lines
    assert '  n8["service.web"]' in lines
    assert "  n8 -->|healthy| n6" in lines
    assert len(lines) == 1 + len(shop.nodes) + len(shop.edges)


def test_mermaid_takes_no_name_for_its_own() -> None:
    """Quotes, angle brackets and bars are entities, and one name stays on one line."""
    lines = as_mermaid(HOSTILE).splitlines()
    assert lines[1:4] == ['  n0["a#34;b#92;"]', '  n1["#60;c#62;#38;#92;u202e"]', '  n2["d]#124;e#92;n"]']
    assert len(lines) == 6


def test_dot_names_nodes_by_their_addresses(shop: Graph) -> None:
    """As Graphviz reads it."""
    lines = as_dot(shop).splitlines()
    assert lines[0] == 'digraph "shop" {'
    assert lines[-1] == "}"
    assert '  "service.web" -> "service.db" [label="healthy"];' in lines
    assert '  "service.db" -> "volume.data";' in lines


def test_dot_quotes_names() -> None:
    """A quote or a backslash ends nothing."""
    assert r'  "a\"b\\" -> "<c>&\\u202e" [label="healthy"];' in as_dot(HOSTILE).splitlines()


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_svg_stands_by_itself(shop: Graph) -> None:
    """A box with its name a node, a line an edge, a condition beside its line, and nothing from elsewhere."""
    svg = as_svg(shop)
    assert sorted(texts(svg)) == sorted([*shop.nodes, *(edge.condition for edge in shop.edges if edge.condition)])
    assert svg.count("marker-end") == len(shop.edges)
    assert svg.count("http") == 1
    assert "<script" not in svg


def test_svg_draws_what_is_needed_further_left(shop: Graph) -> None:
    """And no box over another."""
    boxes = {}
    rectangle: dict[str, float] = {}
    for element in ET.fromstring(as_svg(shop)).iter():
        if element.tag.endswith("rect") and "rx" in element.attrib:
            rectangle = {name: float(element.attrib[name]) for name in ("x", "y", "width", "height")}
        elif element.tag.endswith("text") and "class" not in element.attrib:
            boxes[element.text] = rectangle
    assert set(boxes) == set(shop.nodes)
    for edge in shop.edges:
        assert boxes[edge.target]["x"] + boxes[edge.target]["width"] < boxes[edge.source]["x"]
    corners = {(box["x"], box["y"]) for box in boxes.values()}
    assert len(corners) == len(boxes)


def test_svg_escapes_names() -> None:
    """Markup in a name is text; controls are shown as escapes, which XML could not hold."""
    assert {'a"b\\', "<c>&\\u202e", "d]|e\\n"} <= set(texts(as_svg(HOSTILE)))


@pytest.mark.parametrize("form", [as_text, as_mermaid, as_dot, as_svg])
def test_an_empty_stack_has_an_empty_graph(form: Callable[[Graph], str]) -> None:
    """And no form stumbles over it."""
    assert form(graph_of(stack_of("name: nothing\n")))


@pytest.mark.parametrize("form", [as_text, as_mermaid, as_dot, as_svg])
def test_the_order_in_the_file_changes_nothing(form: Callable[[Graph], str]) -> None:
    """Sections and services may stand in any order."""
    turned = """\
services:
  b: {image: two}
  a: {image: one, depends_on: [b]}
name: x
"""
    straight = """\
name: x
services:
  a: {depends_on: [b], image: one}
  b: {image: two}
"""
    assert form(graph_of(stack_of(turned))) == form(graph_of(stack_of(straight)))
