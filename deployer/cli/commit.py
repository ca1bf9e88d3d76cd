"""`deployer commit`: an image of what a container has become, and what would be better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployer.cli.attach import Switch
from deployer.cli.exec import Index, Service
from deployer.cli.services import one_of, replicas_of
from deployer.cli.state import state_of
from deployer.errors import Diagnostic

if TYPE_CHECKING:
    from deployer.stack.model import Stack


def commit(
    context: typer.Context,
    service: Service,
    image: Annotated[str, typer.Argument(metavar="IMAGE[:TAG]", help="What the image is called.")],
    message: Annotated[
        str, typer.Option("--message", "-m", metavar="TEXT", help="What the image's history says.")
    ] = "",
    author: Annotated[str, typer.Option("--author", "-a", metavar="NAME", help="Who made it.")] = "",
    change: Annotated[
        list[str] | None,
        typer.Option("--change", "-c", metavar="INSTRUCTION", help="A Dockerfile's line applied to it; repeatable."),
    ] = None,
    pause: Annotated[Switch, typer.Option("--pause", help="Whether the container rests meanwhile.")] = Switch.ON,
    index: Index = None,
) -> None:
    """Make an image of a service's container, as it has become; it need not run.

    A build would be better: it says how the image came about, and makes it again. A Dockerfile to begin with is told
    aside. What is in volumes, secrets among it, is not in the image; variables are, and a warning names those that
    hold a secret. Prints the image's id.

    Example: deployer commit web shop/web:tried -m "installed vim"
    """
    from deployer.fields.kinds import OWN_LABELS
    from deployer.render import dockerfile

    state = state_of(context)
    stack, engine = state.project().stack, state.engine()
    replica = one_of(replicas_of(engine, stack.name), stack.services, service, index, running=False)
    config: Mapping[str, Any] = (engine.container(replica.id) or {}).get("Config") or {}
    changes = engine.changed_files(replica.id)
    repository, tag = _repository_and_tag(image)
    query = {"repo": repository, "tag": tag, "comment": message, "author": author, "pause": pause is Switch.ON}
    # Labels are the image's from then on, and of all that is made of it; there is no taking them away, but for their
    # values (moby, daemon/commit.go).
    blank = [f'LABEL "{name}"=""' for name in config.get("Labels") or {} if name.startswith(OWN_LABELS)]
    made = engine.commit(replica.id, {**query, "changes": "\n".join([*blank, *(change or ())])})
    state.output.result(made)
    state.output.warn(_secrets_in(stack, service, config))
    state.output.say(
        "\nA build would be better: it says how the image came about, and makes it again anywhere. In place of this "
        f"image,\nwrite a Dockerfile and `build: .` for {service}. To begin with:\n"
    )
    state.output.say(dockerfile.suggestion(str(config.get("Image", "")), service, changes))


def _repository_and_tag(image: str) -> tuple[str, str]:
    name, colon, tag = image.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (image, "latest")


def _secrets_in(stack: Stack, service: str, config: Mapping[str, Any]) -> list[Diagnostic]:
    from deployer.fields.sensitive import holds_secret

    extra = stack.sensitive_in(service) if service in stack.services else ()
    pairs = (each.partition("=") for each in config.get("Env") or ())
    names = [name for name, _, value in pairs if value and holds_secret(name, value, extra)]
    if not names:
        return []
    hint = "whoever has the image can read them: do not push it, or take them away, by --change 'ENV NAME='"
    return [Diagnostic("secret-in-image", f"the image holds the values of {', '.join(names)}", hint=hint)]
