"""The command line as a whole: global options, the commands, and what becomes of errors."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from deployer import __version__, bug
from deployer.cli.output import Output, fail
from deployer.cli.state import State
from deployer.errors import DeployerError, Diagnostic, Exit, WrongUsage, of_a_look
from deployer.wiring import Choices

app = typer.Typer(
    name="deployer",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Declarative deployment for Docker: a stack says what should be, a plan what would change, apply does it.",
)

_LOOKS = ("plan", "diff", "status", "ps")
"""Commands that change nothing, and make a plan."""

_WITH_VALUE = ("--file", "--engine", "--context", "--env-file", "--profile", "--set", "--project-name", "-p")
_EXEC_WITH_VALUE = ("--index", "--env", "-e", "--workdir", "-w", "--user", "-u")
_RUN_WITH_VALUE = (
    *("--env", "-e", "--workdir", "-w", "--user", "-u", "--name", "--entrypoint"),
    *("--volume", "-v", "--publish", "-p"),
)
_WITH_A_COMMAND = {"exec": _EXEC_WITH_VALUE, "run": _RUN_WITH_VALUE}
"""Where a command line of its own follows: the options before that which take a value."""
_OF_THEIR_OWN = {"logs": ("-f",), "rm": ("-f",), "run": ("-p",)}
"""Where a short option does not mean what it does everywhere."""
_FLAGS = ("--no-color", "--quiet", "--verbose")

ELSEWHERE = {
    "up": "apply",
    "create": "apply",
    "down": "destroy",
    "rmi": "destroy --images, or deployer prune",
    "inspect": "plan --all --format json",
    "info": "doctor",
    "version": "--version",
    "ls": "status",
}
"""What docker and docker compose call otherwise."""


def show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"deployer {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    file: Annotated[
        list[str] | None,
        typer.Option("--file", "-f", metavar="FILE", help="A stack file; several are merged, later over earlier."),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(metavar="URL", help="The engine: unix:///..., tcp://..., ssh://...")
    ] = None,
    docker_context: Annotated[
        str | None, typer.Option("--context", metavar="NAME", help="The docker context that names the engine.")
    ] = None,
    env_file: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Variables for ${...}, in place of .env. Repeatable.")
    ] = None,
    project_name: Annotated[
        str | None,
        typer.Option("--project-name", "-p", metavar="NAME", help="The stack's name, in place of the file's."),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A profile whose services are part of the stack; '*' for all. Repeatable."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=VALUE", help="A value over the files': services.web.image=nginx:1.27. Repeatable."
        ),
    ] = None,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR says the same.")] = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", help="Results, warnings and errors: no progress, and no plan that needs no answer."),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Each step of a plan, and the trace of an error.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=show_version, help="Print the version.")
    ] = False,
) -> None:
    choices = Choices(
        files=tuple(file or ()),
        project_name=project_name,
        env_files=tuple(env_file or ()),
        engine=engine,
        context=docker_context,
        profiles=tuple(profile or ()),
        settings=tuple(setting or ()),
    )
    context.obj = State(choices, Output(no_color=no_color, quiet=quiet, verbose=verbose))


def run(arguments: Sequence[str]) -> int:
    """Run the command line and give its exit code. Nothing that is expected to fail shows a traceback."""
    from deployer.cli import commands

    first, rest = divided(arguments)
    commands.register(app, rest)
    output = Output(no_color="--no-color" in first, quiet=False, verbose="--verbose" in first)
    try:
        code = app(args=[*first, *rest], prog_name="deployer", standalone_mode=False)
        return code if isinstance(code, int) else Exit.DONE
    except DeployerError as error:
        fail(output, of_a_look(error) if rest and rest[0] in _LOOKS else error)
        return error.exit_code
    except typer.Abort:
        output.say("\nNothing was changed.")
        return Exit.INTERRUPTED
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - the interpreter flushes it at the end
        return Exit.FAILED
    except Exception as error:
        if hasattr(error, "format_message"):  # what typer says of a wrong command line
            return _usage(output, error)
        return _bug(output, error)


def divided(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The global options, which may stand after the command as well, and all the rest.

    `-f` is the stack file everywhere but after `logs`, where it means to follow, and `rm`, where it means not to ask,
    as everywhere else; `-p` after `run` publishes a port. What follows the service of an `exec` or a `run` belongs to
    the command that is run there.
    """
    first: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        command = rest[0] if rest else ""
        if argument == "--" or (command in _WITH_A_COMMAND and not argument.startswith("-")):
            rest += [argument, *waiting]
            break
        name, equals, _ = argument.partition("=")
        short = argument[:2]
        attached = argument != short and short in ("-f", "-p") and short not in _OF_THEIR_OWN.get(command, ())
        if argument in _FLAGS or attached or (equals and name in _WITH_VALUE):
            first.append(argument)
        elif argument in (*_WITH_VALUE, "-f") and argument not in _OF_THEIR_OWN.get(command, ()) and waiting:
            first += [argument, waiting.pop(0)]
        else:
            rest.append(argument)
            if command in _WITH_A_COMMAND and _takes_a_value(argument, _WITH_A_COMMAND[command]):
                rest += waiting[:1]
                waiting = waiting[1:]
    return first, rest


def _takes_a_value(option: str, with_value: Sequence[str]) -> bool:
    """Whether the value of an option is the next argument: `--env`, `-e`, `-Te`, and not `-eNAME=VALUE`."""
    if option.startswith("--"):
        return option in with_value
    taking = next((at for at, letter in enumerate(option) if f"-{letter}" in with_value), None)
    return option.startswith("-") and taking == len(option) - 1


def _usage(output: Output, error: Any) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message(), file=sys.stderr)
        return Exit.USAGE
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "deployer"
    message = error.format_message().strip().rstrip(".") or "a command is missing"
    unknown = re.match(r"No such command '([\w-]+)'", message)
    ours = ELSEWHERE.get(unknown[1], "") if unknown else ""
    hint = f"that is: deployer {ours}" if ours else f"see {command} --help"
    fail(output, WrongUsage(Diagnostic("usage", message, hint=hint)))
    return Exit.USAGE


def _bug(output: Output, error: Exception) -> int:
    """One line, and where the trace was written: never the trace itself, unless it is asked for."""
    said, written = bug.told(error)
    print(f"error[bug]: {said}{'' if written else '; --verbose prints it'}", file=sys.stderr)
    if output.verbose:
        traceback.print_exception(error)
    return Exit.BUG
