"""`deployer login` and `logout`: the registries' passwords, kept where the docker client keeps them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.output import Output
from deployer.cli.state import state_of
from deployer.cli.terminal import is_terminal
from deployer.errors import Diagnostic, WrongUsage
from deployer.fields.references import HUB, host_of
from deployer.resources.login import Login

if TYPE_CHECKING:
    from deployer.cli.state import State
    from deployer.resources.registries import Registry

Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="Without checking its certificate, or without TLS; so always on the loopback."),
]
Address = Annotated[
    str,
    typer.Argument(metavar="REGISTRY", help="HOST[:PORT], or a name of the stack's registries; Docker Hub otherwise."),
]


def login(
    context: typer.Context,
    registry: Address = HUB,
    username: Annotated[
        str, typer.Option("--username", "-u", metavar="USER", help="Who logs in; asked for unless given.")
    ] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin, in place of asking for it.")
    ] = False,
    insecure: Insecure = False,
    password: Annotated[str | None, typer.Option("--password", hidden=True)] = None,
) -> None:
    """Log in to a registry: the password is tried there, then kept.

    It is kept as the docker client keeps it, and both find it: with the credential helper of its config.json, else in
    that file, for you alone to read and not encrypted. There is no option for the password itself: everybody on this
    machine could read it in the list of processes, and the shell would keep it.

    \b
    Example: deployer login registry.example.com -u peng
    Example: deployer login -u peng --password-stdin < token.txt
    """
    from deployer.registries import docker_config, log_in

    state = state_of(context)
    if password is not None or state.choices.project_name is not None:
        raise WrongUsage(_seen_by_all())
    known = registry_at(state, registry)
    address = host_of(known.address)
    if password_stdin and not username:
        raise WrongUsage(Diagnostic("usage", "--password-stdin needs a user", hint="say who: -u USER"))
    who = username or _asked_name(address)
    secret = sys.stdin.read().rstrip("\r\n") if password_stdin else _asked_password(address)
    if not secret:
        raise WrongUsage(Diagnostic("needs-password", "the password is empty", hint="nothing was kept"))
    insecure = insecure or known.insecure
    ping, helper = log_in(address, Login(who, secret), insecure=insecure, ca=known.ca_path)
    _warn(state.output, address, ping.asks, ping.speaks_tls, helper)
    where = f"docker-credential-{helper}" if helper else str(docker_config())
    state.output.result(f"logged in to {address} as {who}; kept in {where}")


def logout(context: typer.Context, registry: Address = HUB) -> None:
    """Forget the login of a registry, here and for the docker client.

    \b
    Example: deployer logout registry.example.com
    """
    from deployer.registries import log_out

    state = state_of(context)
    address = host_of(registry_at(state, registry).address)
    known = log_out(address)
    state.output.result(f"logged out of {address}" if known else f"not logged in to {address}")


def registry_at(state: State, given: str) -> Registry:
    """The registry of an address, or of a name in the stack's `registries`, with what the stack says of it."""
    from deployer.registries import said_of

    is_name = given != "localhost" and not set(given) & set(".:/@")
    return said_of(state.choices, given if is_name else address_of(given))


def address_of(given: str) -> str:
    """The registry's host and port: a URL is taken for what it means."""
    text = given.removeprefix("https://").rstrip("/")
    host = text.partition("/")[0]
    if "://" in text or "@" in text or not ("." in host or ":" in host or host == "localhost"):
        hint = "write HOST[:PORT], such as registry.example.com or 10.0.0.5:5000; without one it is Docker Hub"
        said = "a URL with a user" if "@" in text else repr(given)
        raise WrongUsage(Diagnostic("usage", f"{said} is no registry's address", hint=hint))
    return HUB if host in (f"index.{HUB}", f"registry-1.{HUB}") else host


def _seen_by_all() -> Diagnostic:
    return Diagnostic(
        "usage",
        "a password on the command line is in the list of processes, for everybody here, and in the shell's history",
        hint="leave -p out and type it when asked, or use --password-stdin; and change the one that was typed",
    )


def _asked_name(address: str) -> str:
    if not is_terminal(sys.stdin):
        raise WrongUsage(Diagnostic("needs-password", "no terminal to ask on", hint="-u USER --password-stdin"))
    return typer.prompt(f"user at {address}", err=True)


def _asked_password(address: str) -> str:
    """Typed without an echo, on the terminal itself."""
    from getpass import getpass

    if not is_terminal(sys.stdin):
        hint = "pipe it in: deployer login REGISTRY -u USER --password-stdin < FILE"
        raise WrongUsage(Diagnostic("needs-password", "no terminal to ask for the password on", hint=hint))
    try:
        return getpass(f"password at {address}: ", sys.stderr)
    except EOFError:
        raise typer.Abort from None


def _warn(output: Output, address: str, asks: str, speaks_tls: bool, helper: str) -> None:
    if not asks:
        message = f"{address} lets everybody in, so nothing says whether the password is right"
        output.warn([Diagnostic("login-unchecked", message, hint="it is kept all the same")])
    if not speaks_tls:
        message = f"the password went to {address} over plain HTTP: whoever is on the way can read it"
        output.warn([Diagnostic("login-unencrypted", message, hint="give the registry TLS")])
    if not helper:
        message = "the password is kept unencrypted, as the docker client does: you alone may read the file"
        hint = 'a credential helper keeps it encrypted: "credsStore" in config.json'
        output.warn([Diagnostic("login-unencrypted", message, hint=hint)])
