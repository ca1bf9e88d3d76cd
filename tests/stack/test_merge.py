"""Several files are one stack: Compose's rules of merging, and where each value is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.fields.ports import port
from deployer.stack.document import plain, read_document
from deployer.stack.merge import merged, settled
from deployer.stack.merge_rules import ROOT
from deployer.stack.places import ListNode, MappingNode, Node, Places
from tests.stack.several import merged_service, mistakes_of, stack_of, together

RULES: list[tuple[str, str, str, str]] = [
    ("a single value is replaced", "image: a", "image: b", "image: b"),
    ("nothing takes nothing away", "image: a", "image: ", "image: a"),
    (
        "a mapping is merged",
        "deploy: {replicas: 1, mode: a}",
        "deploy: {replicas: 2}",
        "deploy: {replicas: 2, mode: a}",
    ),
    ("a list goes on", "group_add: [a]", "group_add: [b]", "group_add: [a, b]"),
    ("a command is replaced", "command: [a, b]", "command: c", "command: c"),
    ("a command is taken away", "command: [a, b]", "command: ", "command: "),
    ("an entrypoint is replaced", "entrypoint: a", "entrypoint: [b]", "entrypoint: [b]"),
    (
        "a check's test is replaced",
        "healthcheck: {test: [CMD, a], interval: 1s}",
        "healthcheck: {test: b}",
        "healthcheck: {test: b, interval: 1s}",
    ),
    ("variables, list and mapping", "environment: [A=1, B]", "environment: {A: 2}", "environment: {A: 2, B: }"),
    ("variables, mapping and list", "environment: {A: 1, B: 2}", "environment: [A]", "environment: {A: , B: 2}"),
    ("labels by key", "labels: [a=1]", "labels: [a=2, b=3]", "labels: {a: '2', b: '3'}"),
    ("a build's short form", "build: ./a", "build: {args: {A: 1}}", "build: {context: ./a, args: {A: 1}}"),
    ("a build's arguments", "build: {args: [A=1]}", "build: {args: {B: 2}}", "build: {args: {A: '1', B: 2}}"),
    (
        "dependencies, list and mapping",
        "depends_on: [a]",
        "depends_on: {a: {condition: service_healthy}}",
        "depends_on: {a: {condition: service_healthy, required: true}}",
    ),
    (
        "dependencies, mapping and list",
        "depends_on: {a: {condition: service_healthy}}",
        "depends_on: [a]",
        "depends_on: {a: {condition: service_started, required: true}}",
    ),
    (
        "networks, list and mapping",
        "networks: [a, b]",
        "networks: {a: {aliases: [x]}}",
        "networks: {a: {aliases: [x]}, b: }",
    ),
    (
        "aliases once",
        "networks: {a: {aliases: [x]}}",
        "networks: {a: {aliases: [x, y]}}",
        "networks: {a: {aliases: [x, y]}}",
    ),
    ("ports once", "ports: ['80:80', 81]", "ports: ['80:80/tcp', 82]", "ports: ['80:80/tcp', 81, 82]"),
    (
        "ports in the long form",
        "ports: ['80:80']",
        "ports: [{target: 80, published: 80}]",
        "ports: [{target: 80, published: 80}]",
    ),
    (
        "a port of a range",
        "ports: ['1-2:1-2']",
        "ports: [{target: 2, published: 2, name: x}]",
        "ports: ['1:1/tcp', {target: 2, published: 2, name: x}]",
    ),
    (
        "volumes by their target",
        "volumes: ['a:/x', 'b:/y']",
        "volumes: ['./c:/x:ro']",
        "volumes: ['./c:/x:ro', 'b:/y']",
    ),
    (
        "volumes in the long form",
        "volumes: ['a:/x']",
        "volumes: [{type: tmpfs, target: /x}]",
        "volumes: [{type: tmpfs, target: /x}]",
    ),
    ("devices by their target", "devices: [/dev/a]", "devices: ['/dev/b:/dev/a']", "devices: ['/dev/b:/dev/a']"),
    (
        "secrets by their target",
        "secrets: [a, {source: b, target: /x}]",
        "secrets: [{source: c, target: /x}]",
        "secrets: [a, {source: c, target: /x}]",
    ),
    (
        "configs by their target",
        "configs: [a]",
        "configs: [{source: b, target: /a}]",
        "configs: [{source: b, target: /a}]",
    ),
    ("servers, text and list", "dns: 1.1.1.1", "dns: [1.1.1.1, 2.2.2.2]", "dns: [1.1.1.1, 2.2.2.2]"),
    ("memory, text and list", "tmpfs: /a", "tmpfs: ['/a:size=1m', /b]", "tmpfs: ['/a:size=1m', /b]"),
    ("capabilities once", "cap_add: [A, B]", "cap_add: [B, C]", "cap_add: [A, B, C]"),
    ("exposed ports once", "expose: [80]", "expose: ['80', 81]", "expose: ['80', 81]"),
    ("profiles once", "profiles: [a]", "profiles: [a, b]", "profiles: [a, b]"),
    (
        "hosts, one with two addresses",
        "extra_hosts: ['a:1.1.1.1']",
        "extra_hosts: {a: 2.2.2.2}",
        "extra_hosts: ['a:1.1.1.1', a=2.2.2.2]",
    ),
    (
        "env files",
        "env_file: a",
        "env_file: [b, {path: a, required: false}]",
        "env_file: [{path: a, required: false}, b]",
    ),
    ("limits are replaced", "ulimits: {a: {soft: 1, hard: 2}}", "ulimits: {a: 5}", "ulimits: {a: 5}"),
    ("parameters by key", "sysctls: {a: 1}", "sysctls: [a=2]", "sysctls: {a: '2'}"),
    (
        "logging of one driver",
        "logging: {driver: a, options: {x: 1}}",
        "logging: {options: {y: 2}}",
        "logging: {driver: a, options: {x: 1, y: 2}}",
    ),
    (
        "logging of two drivers",
        "logging: {driver: a, options: {x: 1}}",
        "logging: {driver: b, options: {y: 2}}",
        "logging: {driver: b, options: {y: 2}}",
    ),
    ("reset of a list", "ports: [80]", "ports: !reset []", ""),
    ("reset of one variable", "environment: {A: 1, B: 2}", "environment: {A: !reset null}", "environment: {B: 2}"),
    ("reset of what is not there", "image: a", "ports: !reset []", "image: a"),
    ("override of a list", "ports: [80]", "ports: !override [81]", "ports: [81]"),
    ("override of a mapping", "environment: {A: 1}", "environment: !override {B: 2}", "environment: {B: 2}"),
]


@pytest.mark.parametrize(("base", "over", "both"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_values_of_a_service_are_merged(base: str, over: str, both: str) -> None:
    """By the rules of the Compose Specification, and of compose-go where that is silent."""
    assert merged_service(base, over) == merged_service(both)


def test_a_service_is_reset_and_overridden() -> None:
    """The tags hold for whatever they stand before."""
    base = "services: {a: {image: x, command: y}, b: {image: x}}"
    assert together(base, "services: {a: !override {image: z}, b: !reset null}") == {"services": {"a": {"image": "z"}}}


def test_networks_of_the_engine_are_merged_by_subnet() -> None:
    """What two files say of one subnet is put together, another one is added."""
    base = "networks: {n: {ipam: {config: [{subnet: 10.0.0.0/24}]}}}"
    over = "networks: {n: {ipam: {config: [{subnet: 10.0.0.0/24, gateway: 10.0.0.1}, {subnet: 10.1.0.0/24}]}}}"
    assert together(base, over)["networks"]["n"]["ipam"]["config"] == [
        {"subnet": "10.0.0.0/24", "gateway": "10.0.0.1"},
        {"subnet": "10.1.0.0/24"},
    ]


def test_what_an_alias_repeats_is_merged_at_one_place_alone() -> None:
    """A mapping that two services share is not changed for both."""
    base = "services: {a: {image: x, environment: &e {A: 1}}, b: {image: x, environment: *e}}"
    found = together(base, "services: {a: {environment: {A: 2}}}")
    assert (found["services"]["a"]["environment"], found["services"]["b"]["environment"]) == ({"A": 2}, {"A": 1})


BASE = """\
services:
  web:
    image: web:1
    environment:
      DEBUG: 0
      LEVEL: info
    ports:
      - 80:80
    volumes: [data:/data]
volumes: {data: }
"""
OVER = """\
services:
  web:
    environment:
      - DEBUG=1
    ports:
      - 81:81
"""


def test_a_value_is_where_it_is_written_in_whichever_file() -> None:
    """The later file where it says something, the earlier one where it does not; items of a list each by itself."""
    stack = stack_of({"stack.yaml": BASE, "over.yaml": OVER}, "stack.yaml", "over.yaml")
    web = ("services", "web")
    assert [
        str(stack.place(*web, *path))
        for path in (("image",), ("environment", "DEBUG"), ("environment", "LEVEL"), ("ports", 0), ("ports", 1))
    ] == ["stack.yaml:3:12", "over.yaml:4:9", "stack.yaml:6:14", "stack.yaml:8:9", "over.yaml:6:9"]
    assert str(stack.places.key(*web)) == "stack.yaml:2:3"


def test_mistakes_of_all_files_are_told_each_at_its_line() -> None:
    """At once, of form and of what things are named."""
    over = "services:\n  web:\n    imge: x\n    depends_on: [bd]\n"
    assert mistakes_of(
        {"stack.yaml": BASE.replace("80:80", "80:99999"), "over.yaml": over}, "stack.yaml", "over.yaml"
    ) == [
        ("unknown-key", "over.yaml:3:5"),
        ("undefined-service", "over.yaml:4:18"),
        ("bad-port", "stack.yaml:8:9"),
    ]


def test_files_that_are_no_yaml_are_all_told() -> None:
    """The second one is read although the first cannot be."""
    files = {"stack.yaml": "a: [\n", "over.yaml": "b: {\n"}
    assert mistakes_of(files, "stack.yaml", "over.yaml") == [
        ("yaml-syntax", "over.yaml:1:4"),
        ("yaml-syntax", "stack.yaml:1:4"),
    ]


def test_a_list_is_no_mapping_in_a_later_file_either() -> None:
    """What cannot be merged stands as the later file has it, and is told there."""
    files = {"stack.yaml": BASE, "over.yaml": "services:\n  web:\n    ports: 80\n"}
    assert mistakes_of(files, "stack.yaml", "over.yaml") == [("bad-list", "over.yaml:3:12")]


def test_a_mount_at_no_absolute_path_is_told_as_in_one_file() -> None:
    wrong = "services:\n  web:\n    volumes: ['data:rel']\n"
    assert mistakes_of({"stack.yaml": BASE, "over.yaml": wrong}, "stack.yaml", "over.yaml") == [
        ("bad-volume", "over.yaml:3:15")
    ]


def test_what_a_sensitive_variable_went_into_is_known_after_a_merge() -> None:
    """Whichever form the files write."""
    files = {"stack.yaml": BASE, "over.yaml": "services: {web: {environment: ['LEVEL=$TOKEN']}}"}
    stack = stack_of(files, "stack.yaml", "over.yaml", variables={"TOKEN": "t"})
    assert stack.tainted == {("services", "web", "environment", "LEVEL")}


def test_a_name_that_one_file_calls_sensitive_is_masked_in_every_file() -> None:
    """The line that a mistake shows is of another file than the word that hides it."""
    own = "x-deployer: {sensitive: [PIN]}\n"
    files = {"over.yaml": own + "services: {web: {environment: {PIN: [1234]}}}"}
    try:
        stack_of(
            {**files, "stack.yaml": "services: {web: {image: b, environment: {PIN: [1234]}}}"},
            "stack.yaml",
            "over.yaml",
        )
    except Exception as error:
        excerpts = [each.place.excerpt for each in error.diagnostics]  # type: ignore[attr-defined]
    assert excerpts
    assert not [each for each in excerpts if "1234" in each]


def test_the_last_name_is_the_stacks_and_its_variable() -> None:
    """`name` of a later file goes over that of an earlier one; COMPOSE_PROJECT_NAME is what resulted."""
    files = {
        "stack.yaml": "name: a\n" + BASE,
        "over.yaml": "name: b-$N\nservices: {web: {image: 'x:${COMPOSE_PROJECT_NAME}'}}",
    }
    stack = stack_of(files, "stack.yaml", "over.yaml", variables={"N": "1"})
    assert (stack.name, getattr(stack.services["web"], "image")) == ("b-1", "x:b-1")  # noqa: B009


# Laws

QUIETLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How long one example takes says nothing where others use the machine too."""

_TEXT = st.sampled_from(["a", "b", "8", "1.1.1.1"])
_PAIRS = st.dictionaries(st.sampled_from("ABC"), st.sampled_from(["1", "2"]), max_size=3)
_VARIABLES = _PAIRS | _PAIRS.map(lambda pairs: [f"{key}={value}" for key, value in pairs.items()])
_TEXTS = st.lists(_TEXT, max_size=3, unique=True)
_SERVICE = st.fixed_dictionaries(
    {},
    optional={
        "image": _TEXT,
        "command": _TEXT | _TEXTS,
        "environment": _VARIABLES,
        "labels": _VARIABLES,
        "cap_add": _TEXTS,
        "group_add": _TEXTS,
        "dns": _TEXTS,
        "volumes": st.lists(st.sampled_from(["a:/x", "b:/x", "c:/y", "./d:/z"]), max_size=2, unique_by=lambda v: v[-1]),
        "ports": st.lists(st.sampled_from(["80:80", "81:81", "90", "3000-3002:3000-3002", "3001:3001"]), max_size=1),
        "networks": _TEXTS | st.dictionaries(_TEXT, st.just({"aliases": ["x"]}), max_size=2),
        "healthcheck": st.fixed_dictionaries({}, optional={"test": _TEXTS, "interval": _TEXT}),
        "build": _TEXT | st.fixed_dictionaries({}, optional={"context": _TEXT, "args": _VARIABLES}),
    },
)
_FILES = st.fixed_dictionaries({"services": st.dictionaries(st.sampled_from(["web", "db"]), _SERVICE, max_size=2)})


def node_of(value: Any, file: str) -> MappingNode:
    return read_document(json.dumps(value), file).root


def over(*values: Any) -> Node:
    root: Node = node_of(values[0], "0")
    for number, value in enumerate(values[1:]):
        root = merged(root, node_of(value, str(number + 1)), ROOT)
    return settled(root)


@QUIETLY
@given(_FILES)
def test_a_file_that_says_nothing_changes_nothing(file: Any) -> None:
    """Neither before nor after another one."""
    nothing: Any = {"services": {}}
    assert plain(over(file, nothing)) == plain(over(nothing, file)) == file


@QUIETLY
@given(_FILES, _FILES, _FILES)
def test_it_does_not_matter_which_two_of_three_files_are_merged_first(one: Any, two: Any, three: Any) -> None:
    """Order counts, grouping does not."""
    last_two = merged(node_of(two, "2"), node_of(three, "3"), ROOT)
    grouped = plain(settled(merged(node_of(one, "1"), last_two, ROOT)))
    assert _without_order(grouped) == _without_order(plain(over(one, two, three)))


def _without_order(value: Any) -> Any:
    """Ports of a range that two files speak of may stand in another order, which has no meaning."""
    if isinstance(value, dict):
        return {
            key: sorted(_each_port(item)) if key == "ports" else _without_order(item) for key, item in value.items()
        }
    return value


def _each_port(ports: list[str]) -> set[str]:
    return {str(binding) for each in ports for binding in port(each).expanded()}


@QUIETLY
@given(_FILES, _FILES)
def test_every_value_has_a_place_in_the_file_that_says_it(one: Any, two: Any) -> None:
    """At each path of what results something is written, in a file that was merged."""
    root = over(one, two)
    assert isinstance(root, MappingNode)
    places = Places(root)
    for path in _paths(root, ()):
        assert places.has(*path)
        assert places.at(*path).file in "01"


def _paths(node: Node, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    if isinstance(node, MappingNode):
        return [each for name, entry in node.entries.items() for each in _paths(entry.node, (*path, name))]
    if isinstance(node, ListNode):
        return [each for index, item in enumerate(node.items) for each in _paths(item, (*path, index))]
    return [path]
