"""The command line as a whole: exit codes, help that teaches, aliases, completion."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from deployer import __version__
from deployer.cli import app as cli_app
from deployer.cli import commands
from deployer.cli.app import app, divided
from deployer.errors import Exit
from tests.cli.conftest import Cli

commands.register(app)
NAMES = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]


def test_the_version(cli: Cli):
    """One line on stdout."""
    assert (cli("--version").code, cli("--version").out) == (0, f"deployer {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plam"], "plam"),
        (["plan", "--nope"], "--nope"),
        (["schema", "moon"], "moon"),
        (["validate", "--format", "junit"], "junit"),
        (["logs", "--tail", "-1"], "--tail"),
        (["config", "--services", "--images"], "--images"),
        (["scale", "web=1000000000"], "at most 10000"),
    ],
)
def test_a_wrong_command_line_is_64(cli: Cli, arguments: list[str], said: str):
    """Said on stderr with what was wrong and where help is; 2 means changes, and nothing else."""
    result = cli(*arguments, stack="services: {web: {image: busybox}}")

    assert (result.code, result.out) == (64, "")
    assert said in result.err
    assert "Traceback" not in result.err


def test_no_command_shows_the_help(cli: Cli):
    """All the commands are listed, aliases are not."""
    shown = cli("--help").out

    assert all(f"  {name} " in shown for name in NAMES if name != "ps")
    assert "  ps " not in shown


@pytest.mark.parametrize("name", NAMES)
def test_each_help_teaches(cli: Cli, name: str):
    """One sentence, then an example that can be typed."""
    result = cli(name, "--help")

    assert result.code == 0
    assert "\n  Example: deployer " in result.out


def test_an_alias_is_the_command(cli: Cli):
    """The same options and the same help."""
    told, meant = cli("ps", "--help").out, cli("status", "--help").out

    assert told.replace("deployer ps", "deployer status", 1) == meant


@pytest.mark.parametrize("words", [(), ("stack.yaml",), ("--format", "json"), ("7",)])
def test_diff_without_revisions_is_the_plan(cli: Cli, folder: Path, words: tuple[str, ...]):
    """With a file, too, whatever its name: what it says of the file is what the plan says."""
    (folder / "7").write_text("services: {web: {image: 1.5}}")
    told, meant = (cli(name, *words, stack="services: {web: {image: 1.5}}") for name in ("diff", "plan"))

    assert (told.code, told.err) == (meant.code, meant.err)
    assert "image" in told.err


def test_diff_with_numbers_compares_revisions(cli: Cli):
    """Two of them: one alone has nothing to be compared with."""
    result = cli("diff", "5", stack="services: {web: {image: busybox}}")

    assert (result.code, "two revisions" in result.err) == (64, True)


@pytest.mark.parametrize("command", ["plan", "status", "logs", "apply"])
def test_an_engine_that_does_not_answer_is_69(cli: Cli, command: str):
    """One message with the way out, no traceback."""
    result = cli(command, stack="services: {web: {image: busybox}}")

    assert (result.code, result.out) == (69, "")
    assert "error[engine-unreachable]" in result.err
    assert "Traceback" not in result.err


def test_global_options_may_stand_behind_the_command():
    """They are put in front of it; what follows `--` is nobody's but the command's."""
    assert divided(["plan", "--no-color", "-p", "shop", "x.yaml", "--engine=tcp://h"]) == (
        ["--no-color", "-p", "shop", "--engine=tcp://h"],
        ["plan", "x.yaml"],
    )
    assert divided(["plan", "--", "--quiet"]) == ([], ["plan", "--", "--quiet"])
    assert divided(["plan", "-fx.yaml", "-pshop"]) == (["-fx.yaml", "-pshop"], ["plan"])


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-it"],
        ["-e", "A=1", "--index", "2", "-Tu", "root", "-w", "/srv"],
        ["-eA=1", "-uweb", "--user=web", "--privileged"],
        ["--"],
    ],
    ids=" ".join,
)
def test_what_follows_the_service_of_an_exec_is_the_commands(options: list[str]):
    """Before it, global options are still deployer's; the value of an option is not taken for the service."""
    arguments = ["exec", *options, "web", "ls", "--verbose", "-p", "x"]

    assert divided(["exec", "-p", "shop", *arguments[1:]]) == (["-p", "shop"], arguments)
    assert divided(["-pshop", *arguments]) == (["-pshop"], arguments)


def test_what_follows_the_service_of_a_run_is_the_commands():
    """Before it, -p publishes a port there, as everywhere else; before `run` it names the stack."""
    arguments = ["run", "--rm", "-p", "80:80", "-ve", "x", "--name", "n", "-e", "A", "web", "ls", "-p", "x", "--quiet"]

    assert divided(["-p", "shop", *arguments]) == (["-p", "shop"], arguments)
    assert divided(["run", "--project-name", "shop", "web"]) == (["--project-name", "shop"], ["run", "web"])


def test_f_means_follow_after_logs_and_force_after_rm():
    """Everywhere else, and before them, it names the stack file."""
    assert divided(["rm", "-f", "web"]) == ([], ["rm", "-f", "web"])
    assert divided(["plan", "-f", "x.yaml"]) == (["-f", "x.yaml"], ["plan"])
    assert divided(["-f", "x.yaml", "logs", "-f", "web"]) == (["-f", "x.yaml"], ["logs", "-f", "web"])
    assert divided(["-fx.yaml", "logs", "-ft", "web"]) == (["-fx.yaml"], ["logs", "-ft", "web"])


def test_the_trace_of_a_bug_is_for_its_user_alone_and_written_whatever_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A name in it may be no UTF-8; the file of an earlier bug may be open to others."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "deployer").mkdir()
    (tmp_path / "deployer/bug.txt").touch(mode=0o644)

    def broken(*_: object, **__: object) -> None:
        raise ValueError("a\udcff")

    monkeypatch.setattr(typer.Typer, "__call__", broken)
    assert cli_app.run(["plan"]) == Exit.BUG
    (written,) = (tmp_path / "deployer").iterdir()
    assert written.read_text().endswith("ValueError: a\\udcff\n")
    assert written.stat().st_mode & 0o777 == 0o600


def test_what_the_locale_cannot_write_is_utf_8_in_a_file(tmp_path: Path):
    (tmp_path / "stack.yaml").write_text("services: {web: {image: web, environment: {A: ä…}}}")
    command = [sys.executable, "-m", "deployer", "config"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert (done.returncode, "A: ä…" in done.stdout.decode()) == (0, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_is_given_its_completion(shell: str):
    """`--show-completion` prints a script that asks deployer."""
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}

    shown = subprocess.run(
        [sys.executable, "-m", "deployer", "--show-completion", shell], env=environment, capture_output=True, text=True
    )

    assert shown.returncode == 0
    assert "_DEPLOYER_COMPLETE=" in shown.stdout


def test_completion_knows_the_commands():
    """What the script of bash asks for is answered with what can follow."""
    environment = {
        **os.environ,
        "_DEPLOYER_COMPLETE": "complete_bash",
        "COMP_WORDS": "deployer va",
        "COMP_CWORD": "1",
    }

    answer = subprocess.run([sys.executable, "-m", "deployer"], env=environment, capture_output=True, text=True)

    assert (answer.returncode, answer.stdout.split()) == (0, ["validate"])


@pytest.mark.parametrize(("typed", "ours"), [("up", "apply"), ("down", "destroy"), ("rmi", "prune")])
def test_a_command_of_another_tool_says_what_ours_is_called(cli: Cli, typed: str, ours: str):
    result = cli(typed, stack="services: {web: {image: busybox}}")
    assert (result.code, f"deployer {ours}" in result.err) == (64, True)


def test_a_service_in_the_place_of_a_file_says_how_services_are_named(cli: Cli):
    """A habit from Compose."""
    result = cli("plan", "web", stack="services: {web: {image: busybox}}")
    assert (result.code, "--only web" in result.err) == (65, True)
