"""`deployer sync`: the agent that keeps an engine as a git repository says."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployer import home
from deployer.cli.output import Format, outliving_its_readers
from deployer.cli.patience import seconds
from deployer.cli.state import State, state_of
from deployer.errors import Diagnostic, WrongUsage
from deployer.gitops.rules import Auto, Rule

if TYPE_CHECKING:
    from deployer.gitops.agent import Agent
    from deployer.gitops.notify import Notify
    from deployer.gitops.remote import Credentials, Remote
    from deployer.gitops.serve.board import Board
    from deployer.gitops.serve.metrics import Metrics
    from deployer.resources.registries import Registry

CREDENTIALS = "DEPLOYER_GIT_CREDENTIALS"
NOTIFY = "DEPLOYER_NOTIFY_URL"
WEBHOOK = "DEPLOYER_WEBHOOK_SECRET"


class HealChoice(StrEnum):
    """What becomes of drift."""

    TRUE = "true"
    REPORT = "report"


def sync(
    context: typer.Context,
    repository: Annotated[
        str | None,
        typer.Argument(
            metavar="REPO", help="https://, ssh://, file:// or a path; the origin of the checkout here unless given."
        ),
    ] = None,
    branch: Annotated[
        str, typer.Option("--branch", metavar="NAME", help="The branch to follow; the remote's HEAD unless given.")
    ] = "",
    tag: Annotated[
        str, typer.Option("--tag", metavar="PATTERN", help="Follow the newest version of the tags like v1.*.")
    ] = "",
    path: Annotated[
        list[str] | None,
        typer.Option(
            "--path",
            metavar="GLOB",
            help="Stack files, or folders with one of a default name, such as 'apps/*'; repeatable. The one in the top "
            "folder unless given.",
        ),
    ] = None,
    auto: Annotated[
        Auto,
        typer.Option(help="What of a commit is applied: always, no-replace: unless a container goes for it, or off."),
    ] = Auto.ALWAYS,
    heal: Annotated[
        HealChoice, typer.Option(help="true: what is changed by hand is undone. report: it is told.")
    ] = HealChoice.TRUE,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove a stack whose file is gone from the branch; its data stays.")
    ] = False,
    interval: Annotated[
        str, typer.Option("--interval", metavar="DURATION", help="How long to wait between two rounds, about.")
    ] = "1m",
    once: Annotated[bool, typer.Option("--once", help="One round: 0 where all is in step, 1 where not.")] = False,
    credentials: Annotated[
        Path | None,
        typer.Option(
            "--credentials",
            metavar="FILE",
            help=f"A private key for ssh, or one line: user:password, or a token. {CREDENTIALS} holds the same line.",
        ),
    ] = None,
    require_signed: Annotated[
        Path | None,
        typer.Option(
            "--require-signed",
            metavar="KEYS",
            help="Take only commits that are signed by these: allowed signers of ssh, or public keys of gpg.",
        ),
    ] = None,
    notify: Annotated[
        Path | None,
        typer.Option(
            "--notify",
            metavar="FILE",
            help=f"The URL of a webhook that is told of each new condition; it may be in {NOTIFY}.",
        ),
    ] = None,
    notify_template: Annotated[
        Path | None,
        typer.Option("--notify-template", metavar="FILE", help="What it is told, as a jinja2 template of JSON."),
    ] = None,
    listen: Annotated[
        str,
        typer.Option(
            "--listen",
            metavar="[HOST:]PORT",
            help="Serve a page, its JSON, metrics and health there: 8080 for this machine alone; nothing with --once.",
        ),
    ] = "",
    webhook: Annotated[
        Path | None,
        typer.Option(
            "--webhook",
            metavar="FILE",
            help=f"The secret of a webhook at /hooks, which begins a round; it may be in {WEBHOOK}.",
        ),
    ] = None,
    state_folder: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help="Where the clone is; in ~/.local/state/deployer unless given."),
    ] = None,
    format: Annotated[Format, typer.Option(help="text, or json: an event a line.")] = Format.TEXT,
) -> None:
    """Keep the engine as a git repository says: fetches, plans, applies, undoes drift, and again, until it is stopped.

    The merge is the approval: nothing is asked. A commit that fails is put back, and not tried again until the branch
    moves. A stack has a condition: Ready, Progressing, Degraded or Drifted, which the log tells when it changes. All
    that is known is on the engine and in the clone, so the agent may be killed at any time. On SIGTERM and
    Ctrl-C nothing new is begun, and what is half done is put back.

    \b
    Example: deployer sync https://git.example/me/shop.git --branch main
    Example: deployer sync git@git.example:me/apps.git --path 'apps/*' --prune
    Example: deployer sync --once
    """
    from deployer.gitops.agent import Agent
    from deployer.gitops.clone import Follow, clone_of
    from deployer.gitops.deputy import VARIABLE
    from deployer.gitops.log import as_json, as_text, both
    from deployer.sources.encrypted import keys_held

    state = state_of(context)
    if branch and tag:
        hint = "follow one of them"
        raise WrongUsage(Diagnostic("usage", "--branch and --tag exclude each other", hint=hint))
    if state.choices.files:
        raise WrongUsage(
            Diagnostic("usage", "sync reads no file from here", hint="name those of the repository: --path")
        )
    if state.choices.project_name and path:
        hint = "say name: in each stack file"
        raise WrongUsage(Diagnostic("usage", "-p is for one stack, and --path may name several", hint=hint))
    every = seconds("--interval", interval)
    if every < 1:
        raise WrongUsage(Diagnostic("usage", f"--interval {interval} is less than a second", hint="such as 30s or 5m"))
    remote = _remote(repository)
    folder = state_folder or home.state_folder() / "sync"
    agents: list[Agent] = []
    secret = (_text(webhook, "--webhook") if webhook else _own(WEBHOOK)).strip()
    if webhook and not secret:
        raise WrongUsage(
            Diagnostic("usage", f"--webhook {webhook} is empty", hint="it holds the secret of the webhook")
        )
    if secret and not listen:
        raise WrongUsage(Diagnostic("usage", "a webhook is for what listens", hint="say where: --listen 8080"))
    board, metrics = _board(listen) if listen else (None, None)
    tell = as_json() if format is Format.JSON else as_text(quiet=state.output.quiet)
    clone = clone_of(
        folder,
        remote,
        Follow(branch, tag),
        _credentials(credentials, remote),
        require_signed,
        lambda: bool(agents) and agents[0].stopping,
    )
    agent = Agent(
        clone,
        state.choices,
        Rule(auto, heal is HealChoice.TRUE, prune),
        tuple(path or ()),
        every,
        both(tell, board.tell) if board else tell,
        lambda registries: _engine(state, registries),
        _notify(notify, notify_template),
        metrics,
        is_deputy=bool(_own(VARIABLE)),
    )
    agents.append(agent)
    with keys_held(), outliving_its_readers(), ExitStack() as stack:
        _obey(agent)
        if board and metrics and not once:
            from deployer.gitops.serve.server import said

            board.follow(lambda: agent.status)
            url = stack.enter_context(_serving(board, metrics, agent, listen, secret))
            agent.tell("listening", f"a page is at {said(url)}", {"url": url})
        raise typer.Exit(agent.run(once=once))


def _board(listen: str) -> tuple[Board, Metrics]:
    """Raises WrongUsage where the libraries for it are not installed, and for what is no address."""
    try:
        from deployer.gitops.serve.board import Board
        from deployer.gitops.serve.metrics import Metrics
        from deployer.gitops.serve.server import address_of
    except ImportError as error:
        message = f"--listen needs {error.name}, which is not installed"
        raise WrongUsage(
            Diagnostic("usage", message, hint="in a checkout of deployer: pip install '.[agent]'")
        ) from None
    address_of(listen)  # what is none is told before anything is fetched
    board = Board()
    return board, Metrics(board)


def _serving(board: Board, metrics: Metrics, agent: Agent, listen: str, secret: str) -> AbstractContextManager[str]:
    from deployer.gitops.agent import LONGEST_AWAY
    from deployer.gitops.carry import SECONDS
    from deployer.gitops.serve.app import Serving
    from deployer.gitops.serve.server import address_of, served

    follow = agent.clone.follow
    patience = SECONDS + 2 * max(agent.interval, LONGEST_AWAY)
    serving = Serving(board, metrics, agent.wake, secret.encode(), follow.branch, bool(follow.tag), patience)
    return served(serving, address_of(listen))


def _engine(state: State, registries: Sequence[Registry]) -> Any:
    from deployer.wiring import connect

    return connect(state.choices, registries)


def _remote(said: str | None) -> Remote:
    from deployer.gitops.remote import remote_of
    from deployer.sources.origin import remote_here

    found = said or remote_here(Path.cwd())
    if not found:
        hint = "name it: deployer sync https://git.example/me/shop.git"
        raise WrongUsage(
            Diagnostic("usage", "no repository is named, and here is no checkout with a remote", hint=hint)
        )
    return remote_of(found)


def _credentials(file: Path | None, remote: Remote) -> Credentials:
    from deployer.gitops.remote import Credentials, credentials_of

    if file:
        return credentials_of(_text(file, "--credentials"), remote, file)
    text = _own(CREDENTIALS)
    return credentials_of(text, remote) if text else Credentials()


def _notify(file: Path | None, template: Path | None) -> Notify | None:
    url = _text(file, "--notify") if file else _own(NOTIFY)
    if not url:
        return None
    from deployer.gitops.notify import SLACK, notifier, webhook_of

    return notifier(webhook_of(url, _text(template, "--notify-template") if template else SLACK))


def _own(variable: str) -> str:
    """What is the agent's alone: no stack file and no program that it starts gets the variable."""
    return os.environ.pop(variable, "")


def _text(file: Path, option: str) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise WrongUsage(Diagnostic("usage", f"{option} {file} cannot be read: {reason}")) from None


def _obey(agent: Agent) -> None:
    """On the first signal what is half done is put back, the second one aborts: the next apply goes on from there."""

    def stop(number: int, _frame: Any) -> None:
        if agent.stopping:
            raise KeyboardInterrupt
        agent.stop(signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
