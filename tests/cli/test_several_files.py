"""Which files a stack is made of and with which variables: the command line, COMPOSE_*, and what lies beside a file."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deployer.wiring import Choices, load_stack
from tests.cli.conftest import Cli

COMPOSE = os.environ.get("DEPLOYER_COMPOSE", "")
WEB = "services:\n  web:\n    image: %s\n    environment: {A: '${A:-}', B: '${B:-}'}\n"


@pytest.fixture(autouse=True)
def no_variables_of_compose(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("COMPOSE_")] + ["A", "B"]:
        monkeypatch.delenv(name, raising=False)


def write(folder: Path, **files: str) -> None:
    """Files by their names, in which `__` stands for a slash and a single `_` for a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def config(cli: Cli, *arguments: str) -> dict[str, Any]:
    result = cli(*arguments, "config", "--format", "json")
    assert result.code == 0, result.err
    return json.loads(result.out)


def image(cli: Cli, *arguments: str) -> str:
    return config(cli, *arguments)["services"]["web"]["image"]


def test_later_files_go_over_earlier_ones(cli: Cli, folder: Path) -> None:
    """By `-f` before or after the command, and as arguments."""
    write(folder, a_yaml=WEB % "a", b_yaml="services: {web: {image: b}}")
    assert image(cli, "-f", "a.yaml", "-f", "b.yaml") == "b"
    result = cli("config", "a.yaml", "b.yaml", "--images")
    assert (result.code, result.out) == (0, "b\n")


@pytest.mark.parametrize(
    ("main", "beside"),
    [
        ("stack.yaml", "stack.override.yaml"),
        ("stack.yml", "stack.override.yml"),
        ("compose.yaml", "compose.override.yaml"),
        ("compose.yaml", "docker-compose.override.yml"),
        ("docker-compose.yml", "compose.override.yml"),
    ],
)
def test_an_override_beside_the_default_file_is_read(cli: Cli, folder: Path, main: str, beside: str) -> None:
    """Where no file is named; a file that is named stands alone."""
    (folder / main).write_text(WEB % "a")
    (folder / beside).write_text("services: {web: {image: b}}")
    assert (image(cli), image(cli, "-f", main)) == ("b", "a")


def test_a_second_override_is_told_of(cli: Cli, folder: Path) -> None:
    """Compose reads the first alone, and so do we."""
    write(folder, compose_yaml=WEB % "a", compose_override_yml="services: {web: {image: b}}", compose_override_yaml="")
    result = cli("config", "--images")
    assert (result.code, result.out) == (0, "b\n")
    assert "compose.override.yaml is not read" in result.err


def test_an_override_beside_a_default_file_that_is_named_alone_is_told_of(cli: Cli, folder: Path) -> None:
    """It is not read, with Compose neither, and people expect it. Who names several files has thought of it."""
    write(folder, stack_yaml=WEB % "a", b_yaml="services: {}", stack_override_yaml="services: {web: {image: b}}")
    told = "stack.override.yaml is not read, as stack.yaml is named alone"
    assert told in cli("-f", "stack.yaml", "config").err
    assert told in cli("config", "stack.yaml").err
    assert "not read" not in cli("config").err
    assert "not read" not in cli("-f", "stack.yaml", "-f", "b.yaml", "config").err
    assert "not read" not in cli("-f", "b.yaml", "config").err


def test_so_it_is_where_compose_file_names_it(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, compose_yaml=WEB % "a", compose_override_yaml="services: {web: {image: b}}")
    monkeypatch.setenv("COMPOSE_FILE", "compose.yaml")
    assert "compose.override.yaml is not read" in cli("config").err


def test_relative_paths_start_from_the_first_files_folder(cli: Cli, folder: Path) -> None:
    """As with Compose; the places name each file as it is seen from here."""
    write(folder, one__a_yaml=WEB % "a", two__b_yaml="services: {web: {volumes: ['./x:/x'], image: b}}")
    mounts = config(cli, "-f", "one/a.yaml", "-f", "two/b.yaml")["services"]["web"]["volumes"]
    assert [mount["source"] for mount in mounts] == [str(folder / "one/x")]


def test_compose_file_names_the_files(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the separator of the system or COMPOSE_PATH_SEPARATOR; `-f` goes before it."""
    write(folder, stack_yaml=WEB % "s", a_yaml=WEB % "a", b_yaml="services: {web: {image: b}}")
    monkeypatch.setenv("COMPOSE_FILE", "a.yaml:b.yaml")
    assert (image(cli), image(cli, "-f", "a.yaml")) == ("b", "a")
    monkeypatch.setenv("COMPOSE_FILE", "b.yaml,a.yaml")
    monkeypatch.setenv("COMPOSE_PATH_SEPARATOR", ",")
    assert image(cli) == "a"


def test_variables_of_compose_may_stand_in_env(cli: Cli, folder: Path) -> None:
    """COMPOSE_FILE, COMPOSE_PROJECT_NAME and COMPOSE_PROFILES, and the name is a variable for the files."""
    env = "COMPOSE_FILE=in/a.yaml:in/b.yaml\nCOMPOSE_PROJECT_NAME=called\nCOMPOSE_PROFILES= p , q \n"
    write(folder, _env=env, in__a_yaml=WEB % "'x:${COMPOSE_PROJECT_NAME}'")
    write(folder, in__b_yaml="name: other\nservices: {p: {image: p, profiles: [p]}, r: {image: r, profiles: [r]}}")
    found = config(cli)
    assert (found["name"], found["services"]["web"]["image"], set(found["services"])) == (
        "called",
        "x:called",
        {"web", "p"},
    )
    assert config(cli, "-p", "mine")["name"] == "mine"


def test_profiles_of_the_command_line_go_before_those_of_the_environment(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They take their place, and `*` is all."""
    services = "".join(f"  {name}: {{image: b, profiles: [{name}]}}\n" for name in "pqr")
    write(folder, stack_yaml=f"services:\n{services}")
    monkeypatch.setenv("COMPOSE_PROFILES", "p")
    asked = ((), ("--profile", "q", "--profile", "r"), ("--profile", "*"))
    assert [set(config(cli, *each)["services"]) for each in asked] == [{"p"}, {"q", "r"}, {"p", "q", "r"}]


def test_the_env_of_this_folder_goes_before_that_of_the_file(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file is found in a parent both are read; where it is named, its own alone."""
    write(folder, stack_yaml=WEB % "a", _env="A=file\nB=file\n", here___env="A=here\n")
    monkeypatch.chdir(folder / "here")
    environments = [config(cli, *each)["services"]["web"]["environment"] for each in ((), ("-f", "../stack.yaml"))]
    assert environments == [{"A": "here", "B": "file"}, {"A": "file", "B": "file"}]


def test_env_files_are_named_or_none(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """COMPOSE_ENV_FILES, between commas, unless --env-file says otherwise; COMPOSE_DISABLE_ENV_FILE does without."""
    write(folder, stack_yaml=WEB % "a", _env="A=env\n", one_env="A=1\nB=1\n", two_env="A=2\n")
    monkeypatch.setenv("COMPOSE_ENV_FILES", "one.env,two.env")
    assert config(cli)["services"]["web"]["environment"] == {"A": "2", "B": "1"}
    assert config(cli, "--env-file", "one.env")["services"]["web"]["environment"] == {"A": "1", "B": "1"}
    monkeypatch.delenv("COMPOSE_ENV_FILES")
    monkeypatch.setenv("COMPOSE_DISABLE_ENV_FILE", "true")
    assert config(cli)["services"]["web"]["environment"] == {"A": "", "B": ""}
    monkeypatch.setenv("COMPOSE_DISABLE_ENV_FILE", "perhaps")
    assert cli("config").code == 64


def test_an_env_file_of_a_service_may_use_the_variables_of_the_stack(cli: Cli, folder: Path) -> None:
    """Those of `.env` too, as with Compose."""
    write(folder, stack_yaml="services: {web: {image: a, env_file: web.env}}", _env="A=env\n", web_env="C=${A}\n")
    assert config(cli)["services"]["web"]["environment"] == {"C": "env"}


def test_a_setting_may_stand_after_the_command(cli: Cli, folder: Path) -> None:
    """It is global, and may be repeated."""
    write(folder, stack_yaml=WEB % "a")
    result = cli("config", "--set", "services.web.image=b", "--set", "services.web.scale=2", "--format", "json")
    web = json.loads(result.out)["services"]["web"]
    assert (web["image"], web["scale"]) == ("b", 2)


def test_a_mistake_in_a_setting_is_shown_as_the_option(cli: Cli, folder: Path) -> None:
    """It has no line, in text nor for programs."""
    write(folder, stack_yaml=WEB % "a")
    arguments = ("--set", "services.web.scale=many", "validate")
    assert "--> --set services.web.scale\n" in cli(*arguments).err
    (found,) = json.loads(cli(*arguments, "--format", "json").out)["diagnostics"]
    assert (found["file"], found["line"], found["column"]) == ("--set services.web.scale", None, None)
    (result,) = json.loads(cli(*arguments, "--format", "sarif").out)["runs"][0]["results"]
    assert result["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "--set services.web.scale"}]}]


def test_the_stack_knows_all_its_files(folder: Path) -> None:
    """By their absolute paths, as Compose writes them on containers; what is included is none of them."""
    write(folder, a_yaml="include: [c.yaml]\n" + WEB % "a", b_yaml="services: {web: {image: b}}", c_yaml="")
    (folder / "c.yaml").write_text("volumes: {data: }")
    stack, path = load_stack(Choices(files=("a.yaml", "b.yaml")))
    assert stack.files == (str(folder / "a.yaml"), str(folder / "b.yaml"))
    assert (path, stack.folder) == (folder / "a.yaml", str(folder))


AS_COMPOSE: list[dict[str, str]] = [
    {
        "a.yaml": "services: {web: {image: a, ports: ['80:80', '30-32:30-32'], environment: [A=1], command: x}}",
        "b.yaml": "services: {web: {ports: ['81:81', '31:31'], environment: {A: 2, B: 3}, command: }}",
    },
    {
        "a.yaml": "services: {web: {image: a, volumes: ['./a:/x', 'data:/y'], dns: 1.1.1.1}}\nvolumes: {data: }",
        "b.yaml": "services: {web: {volumes: ['./b:/x:ro'], dns: [2.2.2.2], labels: !reset {}}}",
    },
    {
        "a.yaml": "include: [in/c.yaml]\nservices: {web: {image: a, depends_on: [db]}}",
        "b.yaml": "services: {db: {environment: {C: 1}}}",
        "in/c.yaml": "services: {db: {image: '${T}', volumes: ['./d:/d'], env_file: c.env, build: {}}}",
        "in/.env": "T=fromhere\n",
        "in/c.env": "Q=$T\n",
    },
    {
        "a.yaml": "services: {web: {extends: {file: in/c.yaml, service: c}, environment: {A: 2}}, d: {image: d}}",
        "b.yaml": "services: {d: {profiles: [x]}, web: {ports: !override ['1:1']}}",
        "in/c.yaml": "services: {c: {extends: d, volumes: ['./d:/d']},"
        " d: {image: d, ports: ['80:80'], environment: [A=1, B=1]}}",
    },
]


@pytest.mark.skipif(not COMPOSE, reason="DEPLOYER_COMPOSE names no docker compose")
@pytest.mark.parametrize("files", AS_COMPOSE)
def test_files_mean_what_they_mean_to_compose(cli: Cli, folder: Path, files: dict[str, str]) -> None:
    """`config` prints the same services."""
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    named = ["-f", "a.yaml", "-f", "b.yaml"]
    command = [COMPOSE, *named, "config", "--format", "json"]
    theirs = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["services"]
    ours = config(cli, *named)["services"]
    for services in (theirs, ours):
        for service in services.values():
            service.pop("networks", None)  # the default one, which Compose names in each service
            service.setdefault("ports", []).sort(key=lambda port: port["published"])
    assert ours == theirs
