"""`config`, `graph` and `schema`: what is asked for is all that is on stdout."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import Cli

STACK = """\
name: shop
services:
  web:
    image: nginx:1.27
    ports: ["8080:80"]
    depends_on: [db]
    environment: {DB_PASSWORD: hunter2}
  db:
    image: busybox
    volumes: ["data:/data"]
volumes: {data: {}}
"""


def test_config_prints_long_forms_and_no_secret(cli: Cli):
    """As YAML, and the same as JSON."""
    text = cli("config", stack=STACK)
    data = json.loads(cli("config", "--format", "json").out)

    assert (text.code, text.err) == (0, "")
    assert "hunter2" not in text.out
    assert data["services"]["web"]["ports"][0]["target"] == 80
    assert data["services"]["web"]["environment"] == {"DB_PASSWORD": "(sensitive)"}


def test_config_lists_services_and_images(cli: Cli):
    """One a line, for a loop of the shell."""
    assert cli("config", "--services", stack=STACK).out == "db\nweb\n"
    assert cli("config", "--images").out == "busybox\nnginx:1.27\n"


def test_config_takes_another_name(cli: Cli):
    """-p stands in for the file's name, before the command and behind it."""
    assert cli("config", "-p", "other", stack=STACK).out.startswith("name: other\n")
    assert cli("-p", "other", "config").out.startswith("name: other\n")


@pytest.mark.parametrize(
    ("format", "start"), [("text", "shop"), ("mermaid", "flowchart"), ("dot", "digraph"), ("svg", "<svg")]
)
def test_graph_has_four_forms(cli: Cli, format: str, start: str):
    """Each names both services, and nothing else is on stdout."""
    result = cli("graph", "--format", format, stack=STACK)

    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(start)
    assert "service.web" in result.out
    assert "service.db" in result.out


def test_the_picture_is_well_formed(cli: Cli):
    """An SVG that stands by itself."""
    assert ElementTree.fromstring(cli("graph", "--format", "svg", stack=STACK).out).tag.endswith("svg")


@pytest.mark.parametrize("which", ["stack", "plan"])
def test_a_schema_is_a_schema(cli: Cli, which: str):
    """Valid by the rules of draft 2020-12, which it names."""
    schema = json.loads(cli("schema", which).out)

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
