"""The options of a command that runs in a container: its terminal, its variables, its folder, its user."""

from __future__ import annotations

from typing import Annotated

import typer

Interactive = Annotated[
    bool, typer.Option("--interactive", "-i", help="It reads what is typed or piped here; it does so anyway.")
]
Tty = Annotated[bool, typer.Option("--tty", "-t", help="It has a terminal; it does where stdin and stdout are one.")]
NoTty = Annotated[bool, typer.Option("--no-tty", "-T", help="It has no terminal: bytes go through as they are.")]
Env = Annotated[
    list[str] | None,
    typer.Option("--env", "-e", metavar="NAME=VALUE", help="A variable; its value is the one here without one."),
]
Workdir = Annotated[str, typer.Option("--workdir", "-w", metavar="DIR", help="The folder that it runs in.")]
User = Annotated[str, typer.Option("--user", "-u", metavar="USER", help="As whom it runs: a name or id.")]
