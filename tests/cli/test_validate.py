"""`deployer validate`: results on stdout, mistakes on stderr, and an exit code that scripts can go by."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Result

EXAMPLES = Path(__file__).parents[2] / "examples"

FINE = """\
name: shop
services: {web: {image: "busybox:1.37"}, db: {image: "busybox:1.37", volumes: ['data:/data']}}
volumes: {data: }
"""
NOTHING = {"format_version": 1, "diagnostics": [], "warnings": []}
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
    """A program reads empty lists."""
    result = cli("validate", "--format", "json", stack=FINE)

    assert (result.code, json.loads(result.out), result.err) == (0, NOTHING, "")


def test_mistakes_are_told_on_stderr(cli: Cli):
    """Exit 65, and stdout stays empty."""
    result = cli("validate", stack=WRONG)

    assert (result.code, result.out) == (65, "")
    assert "did you mean 'image'?" in result.err


def test_a_limit_that_no_engine_takes_is_told_without_one(cli: Cli):
    """As the plan refuses it; `config` shows it, as Compose does."""
    low = FINE.replace('1.37"},', '1.37", mem_limit: 1M},', 1)
    result = cli("validate", stack=low)

    assert (result.code, result.out) == (65, "")
    assert "error[limit-too-low]: services.web.mem_limit is 1m, and the engine takes no less than 6m" in result.err
    assert "stack.yaml:2:" in result.err
    assert cli("config", stack=low).code == 0


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
def test_what_is_no_stack_file_is_refused_at_once(cli: Cli, folder: Path, kind: str, code: str):
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

    assert time.process_time() - start < 10
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


UNSET = "services:\n  web:\n    image: busybox:${NOT_SET_ANYWHERE}\n"


@pytest.mark.parametrize("command", [("validate",), ("plan",), ("apply", "--yes"), ("plan", "--destroy")])
def test_an_unset_variable_is_told_beside_the_mistake_that_it_makes(cli: Cli, command: tuple[str, ...]):
    """Of `image: busybox:` nobody knows where it comes from."""
    result = cli(*command, stack=UNSET)

    assert (result.code, result.out) == (65, "")
    assert result.err.count("warning[unset-variable]") == 1
    assert result.err.index("the variable NOT_SET_ANYWHERE is not set") < result.err.index("error[bad-image]")


def test_for_programs_too_an_unset_variable_is_told_beside_a_mistake(cli: Cli):
    result = cli("validate", "--format", "json", stack=UNSET)

    assert [each["code"] for each in json.loads(result.out)["diagnostics"]] == ["bad-image"]
    assert warned(result) == [("unset-variable", "stack.yaml", 3, 12)]


def test_an_env_file_that_need_not_be_there_may_be_missing(cli: Cli):
    """`required: false` is what Compose calls it."""
    stack = "services:\n  web:\n    image: busybox:1.37\n    env_file: [{path: no.env, required: false}]\n"

    assert cli("validate", stack=stack).code == 0
    assert cli("validate", stack=stack.replace("false", "true")).code == 65


def test_as_sarif_the_mistakes_and_the_warnings_are_on_stdout(cli: Cli):
    """At their lines, with the exit code as ever."""
    wrong = cli("validate", "--format", "sarif", stack="services:\n  web:\n    imagee: busybox\n")
    warned = cli(
        "validate", "--format", "sarif", stack="services:\n  web:\n    image: busybox:1${TAG_THAT_IS_NOT_SET}\n"
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


def warned(result: Result) -> list[tuple[str, str, int, int]]:
    """What a run with `--format json` warns of."""
    found = json.loads(result.out)["warnings"]
    return [(each["code"], each["file"], each["line"], each["column"]) for each in found]


def test_slips_in_a_dockerfile_are_warnings_at_their_lines(cli: Cli, folder: Path):
    """Exit 0: it can be sent to the builder. As text they are on stderr, with the mend."""
    (folder / "web").mkdir()
    (folder / "web" / "Dockerfile").write_text("FROM python:2.7\nRUN pip install\n  flask\nCMD [“python”]\n")
    stack = "builds: {web: ./web}\nservices: {web: {image: web}}\n"

    as_json, as_text = cli("validate", "--format", "json", stack=stack), cli("validate")

    assert warned(as_json) == [
        ("image-end-of-life", "web/Dockerfile", 1, 6),
        ("dockerfile-backslash", "web/Dockerfile", 2, 16),
        ("dockerfile-quotes", "web/Dockerfile", 4, 6),
    ]
    assert (as_json.code, as_json.err, as_text.code) == (0, "", 0)
    assert "web/Dockerfile:2:16" in as_text.err
    assert "end this line with \\" in as_text.err


def test_slips_are_told_beside_mistakes(cli: Cli, folder: Path):
    """A Dockerfile without FROM cannot be planned; what is wrong with its first line is told, too."""
    (folder / "Dockerfile").write_text("FORM python:3.13\n")

    result = cli("validate", "--format", "json", stack="services: {web: {build: .}}\n")

    assert result.code == 65
    assert [each["code"] for each in json.loads(result.out)["diagnostics"]] == ["dockerfile-from"]
    assert warned(result) == [("dockerfile-instruction", "Dockerfile", 1, 1)]


@pytest.mark.parametrize(
    ("stack", "place"),
    [
        ("builds:\n  web:\n    inline: |\n\n      FROM a:1\n      CMD ['x']\n", (6, 11)),
        ("builds:\n  web:\n    inline: |\n      FROM a:1\n      ENV A=${A:-b}\n      CMD ['x']\n", (6, 11)),
        ("builds:\n  web:\n    inline: |\n      FROM a:1\n      CMD ['${A:-b}']\n", (5, 7)),
        ("builds:\n  web:\n    inline: \"FROM a:1\\nCMD ['x']\"\n", (3, 13)),
    ],
)
def test_a_slip_in_an_inline_dockerfile_is_in_the_stack_file(cli: Cli, stack: str, place: tuple[int, int]):
    """In a block at its line and column; where that cannot be told, at the value."""
    result = cli("validate", "--format", "json", stack=f"{stack}services: {{web: {{image: web}}}}\n")

    assert warned(result) == [("dockerfile-exec-form", "stack.yaml", *place)]


def test_compose_s_inline_dockerfile_has_its_places(cli: Cli):
    stack = "services:\n  web:\n    build:\n      dockerfile_inline: |\n        FROM a:1\n        CMD ['x']\n"

    assert warned(cli("validate", "--format", "json", stack=stack)) == [("dockerfile-exec-form", "stack.yaml", 6, 13)]


def test_an_unwise_image_is_told_of_once(cli: Cli):
    """Where the file names it first, however often it is used. Names of the file's own are no images."""
    stack = """\
builds: {web: {inline: "FROM below"}, below: {inline: "FROM busybox:1.37"}}
images:
  cache: {from: redis}
  base: {archive: base.tar, from: base}
services:
  web: {image: web}
  cache: {image: cache}
  one: {image: "centos:7"}
  two: {image: "centos:7"}
  fixed: {image: "busybox@sha256:0000000000000000000000000000000000000000000000000000000000000000"}
"""

    assert warned(cli("validate", "--format", "json", stack=stack)) == [
        ("image-latest", "stack.yaml", 3, 17),
        ("image-end-of-life", "stack.yaml", 8, 16),
    ]


REGISTRY = "services:\n  hub:\n    image: registry:2\n    "


@pytest.mark.parametrize(
    ("keys", "warnings"),
    [
        ('ports: ["5000:5000"]', [("registry-open", "stack.yaml", 4, 13)]),
        ('ports: ["127.0.0.1:1:1", "0.0.0.0:5000:5000"]', [("registry-open", "stack.yaml", 4, 30)]),
        ('ports: ["127.0.0.1:5000:5000"]', []),
        ("", []),
        ('ports: ["5000:5000"]\n    environment: {REGISTRY_AUTH: htpasswd}', []),
        ('ports: ["5000:5000"]\n    environment: [REGISTRY_HTTP_TLS_CERTIFICATE=/a]', []),
        ('ports: ["5000:5000"]\n    volumes: ["./c.yml:/etc/docker/registry/config.yml"]', []),
    ],
)
def test_a_registry_that_is_open_to_everybody_is_told_of(cli: Cli, keys: str, warnings: list[object]):
    """Neither login nor TLS, on all addresses."""
    assert warned(cli("validate", "--format", "json", stack=REGISTRY + keys + "\n")) == warnings


@pytest.mark.parametrize("stack", sorted(EXAMPLES.glob("*/stack.yaml")), ids=lambda path: path.parent.name)
def test_an_example_is_wise(cli: Cli, stack: Path, monkeypatch: pytest.MonkeyPatch):
    """No example has anything to warn of, but for a Dockerfile that shows what several CMDs do."""
    monkeypatch.chdir(stack.parent)

    shown = [("dockerfile-several", "cmd-several/Dockerfile", 3, 1)] if stack.parent.name == "dockerfiles" else []
    assert warned(cli("validate", "--format", "json")) == shown


@pytest.mark.parametrize("more", ["env_file: ~nobody-knows/a", "secrets: [a]}}\nsecrets: {a: {file: ~nobody-knows/a"])
def test_a_home_that_nobody_knows_is_a_name_like_any_other(cli: Cli, more: str) -> None:
    result = cli("validate", "--format", "json", stack=f"services: {{web: {{image: 'busybox:1.37', {more}}}}}\n")
    [found] = json.loads(result.out)["diagnostics"]
    assert (result.code, found["code"]) == (65, "file-missing")
    assert "~nobody-knows/a does not exist" in found["message"]
