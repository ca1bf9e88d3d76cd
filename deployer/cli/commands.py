"""The commands, by the names that are typed, in the order in which one needs them."""

from __future__ import annotations

from importlib import import_module

import typer

_MODULES = {
    "init": "init",
    "validate": "validate",
    "plan": "plan",
    "apply": "apply",
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
    "doctor": "doctor",
    "config": "config",
    "graph": "graph",
    "schema": "schema",
}
"""The module of each: only what is run is loaded, as the other forty cost more than a small command itself."""

_HIDDEN = {"diff": "plan", "ps": "status"}
"""Other names of commands."""

_WITH_A_COMMAND = ("exec", "run")
"""Where a command line of its own follows."""


def register(app: typer.Typer, name: str = "") -> None:
    """Make the command of that name the application's own; all of them where there is none of it."""
    names = [name] if name in _MODULES or name in _HIDDEN else [*_MODULES, *_HIDDEN]
    app.registered_commands.clear()
    for each in names:
        _add(app, each)


def _add(app: typer.Typer, name: str) -> None:
    called = _HIDDEN.get(name, name)
    command = getattr(import_module(f"deployer.cli.{_MODULES[called]}"), called)
    settings = {"allow_interspersed_args": False} if called in _WITH_A_COMMAND else None
    app.command(name, hidden=name in _HIDDEN, context_settings=settings)(command)
