"""`deployer status`: how the stack's services are, now."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployer.cli.files import changed_files
from deployer.cli.output import Format
from deployer.cli.services import refuse_unknown, replicas_of
from deployer.cli.state import Files, state_of
from deployer.errors import Diagnostic, InvalidStack, WrongUsage

if TYPE_CHECKING:
    from deployer.history.entries import Entry
    from deployer.plan.model import Change, Plan
    from deployer.project import Project
    from deployer.reconcile.protocol import Reader
    from deployer.render.status import ServiceStatus
    from deployer.resources.desired import Desired
    from deployer.resources.observed import Observed, ObservedContainer

BETWEEN_LOOKS = 2.0
_HOME_AND_CLEAR = "\x1b[H\x1b[J"
_EVERYWHERE = ("", "0.0.0.0", "::")


def status(
    context: typer.Context,
    paths: Files = None,
    format: Annotated[Format, typer.Option(help="text, or json for programs.")] = Format.TEXT,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Look again every two seconds, on a terminal, until Ctrl-C.")
    ] = False,
    files: Annotated[
        bool, typer.Option("--files", help="Show the files of each container that are not as in its image.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="SERVICE", help="Only this service; repeatable.")
    ] = None,
) -> None:
    """Show how each service is.

    READY counts the replicas that run and are healthy, or have completed their work, out of those wanted; of a service
    that is inactive, by its profiles, none is wanted, and what runs is left alone. PORTS are those that the engine has
    really published, HOST->CONTAINER. REVISION is the apply that made its containers, or those that did: `deployer
    history` lists them. DRIFT names the fields that somebody changed on the engine; beneath the table each stands as
    `deployer plan` has it, and whether the last apply failed. The files of secrets need not be there. With -p NAME,
    where there is no stack file, the services are those that were applied last, and nothing is compared.

    With --files, a file that a container has in addition is A, one that changed C, one that is gone D; what is in
    volumes is not among them.

    \b
    Example: deployer status
    Example: deployer status stack.yaml --watch
    Example: deployer status --files --only web
    """
    from deployer.render import status as render

    state = state_of(context)
    if watch and files:
        raise WrongUsage(Diagnostic("usage", "--watch and --files exclude each other", hint="give only one"))
    if watch and (format is Format.JSON or not sys.stdout.isatty()):
        hint = "leave --watch out, and look as often as you like"
        raise WrongUsage(Diagnostic("usage", "--watch draws on a terminal, as text", hint=hint))
    project, reader = state.project_or_name(paths), state.reader()
    replicas = replicas_of(reader, project.stack.name) if files or only else []
    refuse_unknown(only or (), {*project.stack.services, *(each.service for each in replicas)})
    if files:
        chosen = [each for each in replicas if not only or each.service in only]
        state.output.result(changed_files(reader, chosen, project.stack.name, format))
        return
    while True:
        seen = look(project, reader)
        rows = [row for row in seen.rows if not only or row.service in only]
        if not watch:
            state.output.warn(seen.missing)
        if format is Format.JSON:
            state.output.result(render.as_json(rows, stack=project.stack.name, last=seen.last))
        else:
            text = render.as_text(rows, color=state.output.color, last=seen.last)
            state.output.result(f"{_HOME_AND_CLEAR}{text}" if watch else text)
        if not watch:
            return
        sys.stdout.flush()
        time.sleep(BETWEEN_LOOKS)


@dataclass(frozen=True, slots=True)
class Seen:
    """The services as they are now, the `last` revision that asked for a stack, and why what is `missing` could not be
    compared.
    """

    rows: list[ServiceStatus]
    last: Entry | None
    missing: list[Diagnostic]


def look(project: Project, reader: Reader) -> Seen:
    """How the services are: that what a plan needs is not there, is no reason to show nothing."""
    from deployer.history.entries import last_asking
    from deployer.plan.ignored import as_many_as_there
    from deployer.resources.from_stack import desired

    unread: list[Diagnostic] = []
    if project.by_name:
        return _look_by_name(project, reader)
    wanted = desired(project.stack, project.origin, {})
    try:
        plan, observed = project.plan(reader, unread=unread)
    except InvalidStack as error:
        plan, observed = None, project.observe(reader, wanted)
        unread = list(error.diagnostics)
    rows = statuses(as_many_as_there(wanted, observed), plan, observed)
    missing = [_not_compared(each, whole=plan is None) for each in unread]
    return Seen(rows, last_asking(observed.records), missing)


def _look_by_name(project: Project, reader: Reader) -> Seen:
    """How the services are that were applied last, as the records have them."""
    from deployer.history.choice import no_history
    from deployer.history.entries import last_asking
    from deployer.resources.from_stack import desired
    from deployer.rollback import applied_last

    observed = project.observe(reader, desired(project.stack, "", {}))
    if not observed.records.all and not observed.containers:
        raise no_history(project.stack.name)
    wanted = desired(applied_last(reader, project.stack, observed.records), "", {})
    return Seen(statuses(wanted, None, observed), last_asking(observed.records), [])


def _not_compared(reason: Diagnostic, *, whole: bool) -> Diagnostic:
    what = "nothing is compared with the stack file" if whole else "what it holds is not compared"
    return replace(reason, notes=(*reason.notes, f"{what}; the rest is as the engine has it"))


def statuses(desired: Desired, plan: Plan | None, observed: Observed) -> list[ServiceStatus]:
    """A row for each service of the stack, then for each that only the engine still has. Without a plan, nobody knows
    what drifted.
    """
    orphans = sorted({container.service for container in observed.containers} - desired.services.keys() - {""})
    return [_status(name, desired, plan, observed) for name in (*desired.services, *orphans)]


def _status(name: str, desired: Desired, plan: Plan | None, observed: Observed) -> ServiceStatus:
    from deployer.render.status import ServiceStatus
    from deployer.resources.identity import revision_of

    service = desired.services.get(name)
    containers = observed.of_service(name)
    revisions = [found for each in containers if (found := revision_of(_labels(each))) is not None]
    images = {each.image_reference for each in containers}
    if service and not images:
        known = plan.images.get(service.image.address) if plan else None
        images = {known or service.image.reference}
    drifted = tuple(_drifted(name, plan)) if plan else ()
    may_exit = service is not None and service.may_exit
    return ServiceStatus(
        service=name,
        wanted=service.replicas if service else 0,
        ready=len({each.number or each.id for each in containers if is_ready(each, may_exit)}),
        health=_in_words(containers),
        ports=tuple(port for each in containers for port in published(each.raw)),
        image=", ".join(sorted(filter(None, images))),
        revisions=tuple(sorted(set(revisions))),
        drift=tuple(dict.fromkeys(field.field for change in drifted for field in change.fields)),
        drifted=drifted,
        inactive=name in desired.inactive,
        compared=plan is not None,
    )


def is_ready(container: ObservedContainer, may_exit: bool) -> bool:
    """Whether it does what it is for: it runs and no check says otherwise, or it has completed its work."""
    runs = container.status == "running" and container.health in ("", "healthy")
    return runs or (may_exit and container.has_completed)


def _in_words(containers: Iterable[ObservedContainer]) -> str:
    """`healthy`, or where they differ `1 healthy, 1 starting`."""
    words = Counter(_word(each) for each in containers)
    return next(iter(words)) if len(words) == 1 else ", ".join(f"{many} {word}" for word, many in words.items())


def _word(container: ObservedContainer) -> str:
    if container.status == "running":
        return container.health or "running"
    return f"exited ({container.exit_code})" if container.status == "exited" else container.status


def published(inspect: Mapping[str, Any]) -> list[str]:
    """The ports that a container has on the host: `8080->80` on every address, `127.0.0.1:5353->53/udp` on one."""
    wire: Mapping[str, Any] = inspect["NetworkSettings"].get("Ports") or {}
    found: list[str] = []
    for target, bindings in sorted(wire.items(), key=lambda item: (int(item[0].partition("/")[0]), item[0])):
        found += [f"{host}->{target.removesuffix('/tcp')}" for host in _hosts(bindings or ())]
    return found


def _hosts(bindings: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """IPv4 and IPv6 are told as one where they have the same port; Engine 20.10 can give them different random ones."""
    addresses: dict[str, list[str]] = {}
    for binding in bindings:
        addresses.setdefault(binding["HostPort"], []).append(binding.get("HostIp", ""))
    for port, hosts in addresses.items():
        everywhere = [host for host in hosts if host in _EVERYWHERE]
        if len(everywhere) > 1 or "" in everywhere:
            yield port
        elif everywhere:
            yield f"{_bracketed(everywhere[0])}:{port}"
        yield from (f"{_bracketed(host)}:{port}" for host in hosts if host not in _EVERYWHERE)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _drifted(name: str, plan: Plan) -> Iterator[Change]:
    """What of the plan is about fields that somebody changed on the engine."""
    for change in plan.changes:
        if change.address.startswith(f"service.{name}["):
            fields = tuple(field for field in change.fields if field.by_hand)
            if fields:
                yield replace(change, fields=fields)


def _labels(container: ObservedContainer) -> Mapping[str, str]:
    return container.raw["Config"].get("Labels") or {}
