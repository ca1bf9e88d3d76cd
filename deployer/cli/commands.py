"""The commands, by the names that are typed, in the order in which one needs them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module

import typer

_MODULES = {
    "init": "init",
    "validate": "validate",
    "plan": "plan",
    "snapshot": "snapshot",
    "apply": "apply",
    **dict.fromkeys(("history", "diff"), "history"),
    "rollback": "rollback",
    "status": "status",
    "logs": "logs",
    "exec": "exec",
    "run": "run",
    "attach": "attach",
    "port": "exec",
    "top": "processes",
    "stats": "processes",
    "events": "events",
    "cp": "copy",
    "export": "copy",
    "commit": "commit",
    **dict.fromkeys(("start", "stop", "restart", "kill", "pause", "unpause"), "start"),
    "scale": "scale",
    "wait": "wait",
    "rm": "rm",
    "destroy": "apply",
    **dict.fromkeys(("build", "pull", "push"), "parts"),
    **dict.fromkeys(("images", "tag", "save", "load"), "images"),
    "prune": "prune",
    "search": "search",
    **dict.fromkeys(("login", "logout"), "login"),
    "sync": "sync",
    "doctor": "doctor",
    "config": "config",
    "graph": "graph",
    "schema": "schema",
}
"""The module of each: only what is run is loaded, as the other forty cost more than a small command itself."""

_HIDDEN = {"ps": "status"}
"""Other names of commands."""

_DIFF = "diff"
"""Of two revisions; of the stack file and the engine, it is another name of the plan."""

_WITH_A_COMMAND = ("exec", "run")
"""Where a command line of its own follows."""


def register(app: typer.Typer, words: Sequence[str] = ()) -> None:
    """Make the command that the first word names the application's own; all of them where there is none of it."""
    name = words[0] if words else ""
    planned = name == _DIFF and not _are_revisions(words[1:])
    names = [name] if name in _MODULES or name in _HIDDEN else [*_MODULES, *_HIDDEN]
    app.registered_commands.clear()
    for each in names:
        _add(app, each, "plan" if planned else _HIDDEN.get(each, each))


def _are_revisions(words: Sequence[str]) -> bool:
    """Whether numbers are named, which are no files; or what that is, is asked."""
    return any(word in ("-h", "--help") or (word.isdecimal() and not os.path.exists(word)) for word in words)


def _add(app: typer.Typer, name: str, called: str) -> None:
    command = getattr(import_module(f"deployer.cli.{_MODULES[called]}"), called)
    settings = {"allow_interspersed_args": False} if called in _WITH_A_COMMAND else None
    app.command(name, hidden=name in _HIDDEN, context_settings=settings)(command)
