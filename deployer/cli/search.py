"""`deployer search`: images on Docker Hub, or what a registry has."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployer.cli.login import Insecure, registry_at
from deployer.cli.output import Format
from deployer.cli.state import state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployer.cli.state import State
    from deployer.resources.registries import Registry

_TAGS_SHOWN = 8


def search(
    context: typer.Context,
    term: Annotated[str, typer.Argument(metavar="TERM", help="A part of the image's name.")],
    registry: Annotated[
        str | None,
        typer.Option(
            "--registry",
            metavar="REGISTRY",
            help="What this one has: HOST[:PORT], or a name of the stack's registries; Docker Hub unless given.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100, help="So many at most.")] = 25,
    insecure: Insecure = False,
    format: Annotated[Format, typer.Option(help="text, or json for programs.")] = Format.TEXT,
) -> None:
    """Find images by a part of their names.

    Docker Hub is searched by the engine, by stars. A registry is asked for its catalog and the tags of what fits, with
    the login that `deployer login` or the docker client kept.

    \b
    Example: deployer search centos
    Example: deployer search flask --registry 192.168.11.37:5000 --insecure
    """
    from deployer.render.table import table

    state = state_of(context)
    known = registry_at(state, registry) if registry else None
    rows = _of_registry(known, term, limit, insecure) if known else _of_hub(state, term, limit)
    if format is Format.JSON:
        state.output.result(json.dumps({"format_version": 1, "images": rows}, indent=2))
    elif not rows:
        state.output.say(f"nothing there has {term!r} in its name")
    elif registry:
        state.output.result(table(("NAME", "TAGS"), [(row["name"], _shown(row["tags"])) for row in rows]))
    else:
        shown = [(row["name"], str(row["stars"]), "yes" if row["official"] else "", row["description"]) for row in rows]
        state.output.result(table(("NAME", "STARS", "OFFICIAL", "DESCRIPTION"), shown))


def _of_hub(state: State, term: str, limit: int) -> list[dict[str, Any]]:
    return [
        {
            "name": str(found["name"]),
            "stars": int(found.get("star_count") or 0),
            "official": bool(found.get("is_official")),
            "description": str(found.get("description") or ""),
        }
        for found in state.engine().search(term, limit)
    ]


def _of_registry(registry: Registry, term: str, limit: int, insecure: bool) -> list[dict[str, Any]]:
    """As whom the stack says, else as who is logged in."""
    from deployer.registries import client_of, kept_login

    address, _, namespace = registry.address.partition("/")
    login = registry.login or kept_login(address)
    client = client_of(address, insecure=insecure or registry.insecure, login=login, ca=registry.ca_path)
    ours = (name for name in client.catalog() if not namespace or name.startswith(f"{namespace}/"))
    fitting = (name for name in ours if term.lower() in name.lower())
    return [
        {"name": f"{address}/{name}", "tags": sorted(client.tags(name), reverse=True)}
        for name in islice(fitting, limit)
    ]


def _shown(tags: Sequence[str]) -> str:
    more = len(tags) - _TAGS_SHOWN
    return ", ".join(tags[:_TAGS_SHOWN]) + (f" and {more} more" if more > 0 else "")
