"""The commands, by the names that are typed, in the order in which one needs them."""

from __future__ import annotations

import typer

from deployer.cli.apply import apply, destroy
from deployer.cli.config import config
from deployer.cli.doctor import doctor
from deployer.cli.exec import exec, port
from deployer.cli.graph import graph
from deployer.cli.images import images, load, save, tag
from deployer.cli.init import init
from deployer.cli.login import login, logout
from deployer.cli.logs import logs
from deployer.cli.parts import build, pull, push
from deployer.cli.plan import plan
from deployer.cli.prune import prune
from deployer.cli.schema import schema
from deployer.cli.search import search
from deployer.cli.start import restart, start, stop
from deployer.cli.status import status
from deployer.cli.validate import validate


def register(app: typer.Typer) -> None:
    """Add every command to the application, once."""
    if app.registered_commands:
        return
    for command in (init, validate, plan, apply, status, logs):
        app.command()(command)
    app.command(context_settings={"allow_interspersed_args": False})(exec)
    for command in (
        build,
        push,
        pull,
        port,
        start,
        stop,
        restart,
        prune,
        destroy,
        images,
        tag,
        save,
        load,
        config,
        graph,
        schema,
    ):
        app.command()(command)
    for command in (search, login, logout, doctor):
        app.command()(command)
    app.command("diff", hidden=True)(plan)
    app.command("ps", hidden=True)(status)
