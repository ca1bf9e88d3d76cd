"""`deployer init`: a stack file that is right as it is, and right with all of its comments taken up."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import Cli


def test_what_it_writes_is_fine(cli: Cli, folder: Path):
    """The stack is valid, named after its folder, and beside it lies the schema that its first line names."""
    result = cli("init")

    first = (folder / "stack.yaml").read_text().splitlines()[0]
    assert (result.code, result.out) == (0, "wrote stack.yaml\nwrote stack.schema.json\n")
    assert first == "# yaml-language-server: $schema=stack.schema.json"
    assert cli("validate").out == "stack.yaml: fine (1 service)\n"
    assert cli("config").out.startswith("name: shop\n")


def test_the_schema_is_the_one_of_this_version(cli: Cli, folder: Path):
    """The very text that `deployer schema` prints."""
    cli("init")

    assert (folder / "stack.schema.json").read_text() == cli("schema", "stack").out


def test_what_is_commented_out_is_right_too(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Every line that is commented out can be taken up."""
    cli("init")
    text = (folder / "stack.yaml").read_text()
    taken_up = re.sub(r"(?m)^( *)# ( *\w+:)", r"\1\2", text)
    monkeypatch.setenv("DB_PASSWORD", "x")
    (folder / "app").mkdir()
    (folder / "app" / "Dockerfile").write_text("FROM busybox:1.37\n")

    result = cli("validate", stack=taken_up)

    assert (result.out, result.err) == ("stack.yaml: fine (2 services, 1 build, 1 volume)\n", "")


def test_it_makes_the_folder(cli: Cli, folder: Path):
    """Named as an argument; how to go on is said to people, not to programs."""
    result = cli("init", "deep/My Shop")

    assert (result.code, result.out.splitlines()[0]) == (0, "wrote deep/My Shop/stack.yaml")
    assert "name: myshop\n" in (folder / "deep" / "My Shop" / "stack.yaml").read_text()
    assert "Next: deployer plan" in result.err


def test_the_schema_can_be_left_out(cli: Cli, folder: Path):
    """Then no line names it."""
    cli("init", "--no-schema")

    assert [path.name for path in folder.iterdir()] == ["stack.yaml"]
    assert "$schema" not in (folder / "stack.yaml").read_text()


@pytest.mark.parametrize("name", ["stack.yaml", "compose.yml"])
def test_nothing_is_overwritten(cli: Cli, folder: Path, name: str):
    """Where any stack file is, it stays as it is and alone."""
    (folder / name).write_text("services: {}\n")

    result = cli("init")

    assert (result.code, result.out) == (64, "")
    assert f"{name} is there already" in result.err
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [(name, "services: {}\n")]


def test_a_schema_that_is_there_stays(cli: Cli, folder: Path):
    """It may be of a newer version, or the user's own."""
    (folder / "stack.schema.json").write_text("{}")

    assert cli("init").out == "wrote stack.yaml\n"
    assert (folder / "stack.schema.json").read_text() == "{}"


def test_a_file_is_no_folder(cli: Cli, folder: Path):
    """Wrong usage, and the file stays."""
    (folder / "shop.txt").write_text("mine")

    assert cli("init", "shop.txt").code == 64
    assert (folder / "shop.txt").read_text() == "mine"


def test_the_schema_holds_for_what_is_written(cli: Cli, folder: Path):
    """An editor finds nothing to complain about."""
    from ruamel.yaml import YAML

    cli("init")
    schema = json.loads((folder / "stack.schema.json").read_text())

    assert list(Draft202012Validator(schema).iter_errors(YAML(typ="safe").load(folder / "stack.yaml"))) == []
