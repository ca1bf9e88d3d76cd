"""The commands, by the names that are typed, in the order in which one needs them."""

from __future__ import annotations

import typer

from deployer.cli.apply import apply, destroy
from deployer.cli.attach import attach
from deployer.cli.commit import commit
from deployer.cli.config import config
from deployer.cli.copy import cp, export
from deployer.cli.doctor import doctor
from deployer.cli.events import events
from deployer.cli.exec import exec, port
from deployer.cli.graph import graph
from deployer.cli.images import images, load, save, tag
from deployer.cli.init import init
from deployer.cli.login import login, logout
from deployer.cli.logs import logs
from deployer.cli.parts import build, pull, push
from deployer.cli.plan import plan
from deployer.cli.processes import stats, top
from deployer.cli.prune import prune
from deployer.cli.rm import rm
from deployer.cli.run import run
from deployer.cli.scale import scale
from deployer.cli.schema import schema
from deployer.cli.search import search
from deployer.cli.start import kill, pause, restart, start, stop, unpause
from deployer.cli.status import status
from deployer.cli.validate import validate
from deployer.cli.wait import wait

_INSIDE = (attach, port, top, stats, events, cp, export, commit)
_TO_RUN = (start, stop, restart, kill, pause, unpause, scale, wait, rm)
_OF_IMAGES = (build, pull, push, images, tag, save, load, prune, search, login, logout)


def register(app: typer.Typer) -> None:
    """Add every command to the application, once."""
    if app.registered_commands:
        return
    for command in (init, validate, plan, apply, status, logs):
        app.command()(command)
    for command in (exec, run):
        app.command(context_settings={"allow_interspersed_args": False})(command)
    for command in (*_INSIDE, *_TO_RUN, destroy, *_OF_IMAGES, doctor, config, graph, schema):
        app.command()(command)
    app.command("diff", hidden=True)(plan)
    app.command("ps", hidden=True)(status)
