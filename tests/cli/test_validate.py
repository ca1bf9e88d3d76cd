"""`deployer validate`: results on stdout, mistakes on stderr, and an exit code that scripts can go by."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

FINE = (
    "name: shop\nservices: {web: {image: busybox}, db: {image: busybox, volumes: ['data:/data']}}\nvolumes: {data: }\n"
)
WRONG = """\
name: Shop
services:
  web:
    imge: busybox
    ports: ["80:99999"]
    depends_on: [bd]
  db:
    image: busybox
    mem_limit: 64X
    volumes: ["dta:/data"]
volumes:
  data:
"""


def test_a_right_file_is_fine(cli: Cli):
    """One line on stdout tells what the file declares; nothing is on stderr."""
    result = cli("validate", stack=FINE)

    assert (result.code, result.out, result.err) == (0, "stack.yaml: fine (2 services, 1 volume)\n", "")


def test_a_right_file_has_no_diagnostics_as_json(cli: Cli):
    """A program reads an empty list."""
    result = cli("validate", "--format", "json", stack=FINE)

    assert (result.code, json.loads(result.out), result.err) == (0, {"format_version": 1, "diagnostics": []}, "")


def test_mistakes_are_told_on_stderr(cli: Cli):
    """Exit 65, and stdout stays empty."""
    result = cli("validate", stack=WRONG)

    assert (result.code, result.out) == (65, "")
    assert "did you mean 'image'?" in result.err


def test_mistakes_are_told_on_stdout_as_json(cli: Cli):
    """Exit 65, and what a program reads is all that is on stdout, nothing on stderr."""
    result = cli("validate", "--format", "json", stack=WRONG)

    first = json.loads(result.out)["diagnostics"][0]
    assert (result.code, result.err) == (65, "")
    assert (first["code"], first["file"], first["line"], first["column"]) == ("bad-name", "stack.yaml", 1, 7)


def test_several_mistakes_of_different_kinds_are_all_told_at_once(cli: Cli):
    """Wrong names, unknown keys, bad values and undefined names of one file, in the order of their lines."""
    result = cli("validate", "--format", "json", stack=WRONG)

    found = [(each["code"], each["line"]) for each in json.loads(result.out)["diagnostics"]]
    assert found == [
        ("bad-name", 1),
        ("unknown-key", 4),
        ("bad-port", 5),
        ("undefined-service", 6),
        ("bad-size", 9),
        ("undefined-volume", 10),
    ]


def test_a_file_can_be_named(cli: Cli, folder: Path):
    """As an argument, and with -f before the command or behind it."""
    (folder / "other.yaml").write_text(FINE)

    told = {
        cli(*arguments).out
        for arguments in (
            ("validate", "other.yaml"),
            ("-f", "other.yaml", "validate"),
            ("validate", "-f", "other.yaml"),
            ("validate", "--file=other.yaml"),
        )
    }

    assert told == {"other.yaml: fine (2 services, 1 volume)\n"}


def test_the_file_is_looked_for_in_parents(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """From a folder beneath the stack file's, with no argument; Compose's names count, too."""
    (folder / "docker-compose.yml").write_text(FINE)
    (folder / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(folder / "deep" / "er")

    result = cli("validate")

    assert (result.code, result.out) == (0, f"{folder}/docker-compose.yml: fine (2 services, 1 volume)\n")


def test_no_file_at_all_is_wrong_usage(cli: Cli):
    """Exit 64, and the way out."""
    result = cli("validate")

    assert result.code == 64
    assert "`deployer init` makes one" in result.err


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("missing", "file-missing"),
        ("folder", "file-is-folder"),
        ("binary", "file-binary"),
        ("huge", "file-huge"),
        ("large", "stack-too-large"),
        ("latin", "file-not-utf8"),
        ("pipe", "file-special"),
        ("unfolding", "yaml-unfolds"),
        ("deep", "yaml-too-deep"),
    ],
)
def test_what_is_no_stack_file_is_refused_within_a_second(cli: Cli, folder: Path, kind: str, code: str):
    """Huge, binary, endless or no file at all: exit 65 at once."""
    path = folder / "odd.yaml"
    match kind:
        case "folder":
            path.mkdir()
        case "binary":
            path.write_bytes(b"\x7fELF\0\0")
        case "huge":
            with path.open("wb") as file:
                file.truncate(8 * 1024**3)
        case "large":
            path.write_text("x" * 3 * 1024**2)
        case "latin":
            path.write_bytes(b"name: caf\xe9\n")
        case "pipe":
            os.mkfifo(path)
        case "unfolding":
            rows = [f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
            path.write_text("\n".join(["x-0: &a0 [x]", *rows]))
        case "deep":
            path.write_text("x-a: " + "[" * 10_000)

    start = time.process_time()
    result = cli("validate", "odd.yaml", "--format", "json")

    assert time.process_time() - start < 1
    assert (result.code, [each["code"] for each in json.loads(result.out)["diagnostics"]]) == (65, [code])


def test_a_build_without_its_folder_is_a_mistake(cli: Cli, folder: Path):
    """What builds need is looked at, each at the line that names it, all of them at once."""
    (folder / "empty").mkdir()
    stack = "builds:\n  a: {context: ./missing}\n  b: ./empty\nservices:\n  a: {image: a}\n  b: {image: b}\n"

    result = cli("validate", "--format", "json", stack=stack)

    found = json.loads(result.out)["diagnostics"]
    assert (result.code, [each["line"] for each in found]) == (65, [2, 3])


def test_an_unset_variable_is_a_warning(cli: Cli):
    """It is taken as empty, as Compose takes it: said on stderr, and the stack is fine."""
    result = cli("validate", stack="services:\n  web:\n    image: busybox:1.37${NOT_SET_ANYWHERE}\n")

    assert (result.code, result.out) == (0, "stack.yaml: fine (1 service)\n")
    assert "warning[unset-variable]" in result.err
    assert "stack.yaml:3:12" in result.err


def test_an_env_file_that_need_not_be_there_may_be_missing(cli: Cli):
    """`required: false` is what Compose calls it."""
    stack = "services:\n  web:\n    image: busybox\n    env_file: [{path: no.env, required: false}]\n"

    assert cli("validate", stack=stack).code == 0
    assert cli("validate", stack=stack.replace("false", "true")).code == 65


def test_as_sarif_the_mistakes_and_the_warnings_are_on_stdout(cli: Cli):
    """At their lines, with the exit code as ever."""
    wrong = cli("validate", "--format", "sarif", stack="services:\n  web:\n    imagee: busybox\n")
    warned = cli(
        "validate", "--format", "sarif", stack="services:\n  web:\n    image: busybox:${TAG_THAT_IS_NOT_SET}x\n"
    )

    found = [
        (code, json.loads(text)["runs"][0]["results"])
        for code, text in ((wrong.code, wrong.out), (warned.code, warned.out))
    ]
    assert [(code, results[0]["ruleId"], results[0]["level"]) for code, results in found] == [
        (65, "unknown-key", "error"),
        (0, "unset-variable", "warning"),
    ]
    place = found[0][1][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "stack.yaml"}, "region": {"startLine": 3, "startColumn": 5}}
