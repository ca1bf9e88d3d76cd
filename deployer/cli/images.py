"""`deployer images`, `tag`, `save` and `load`: the stack's images, and any other by its reference."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import typer

from deployer.cli.output import Format
from deployer.cli.state import Files, State, state_of
from deployer.cli.whole_file import written_whole
from deployer.errors import Diagnostic, OperationFailed, WrongUsage

if TYPE_CHECKING:
    from deployer.project import Project
    from deployer.reconcile.protocol import Engine
    from deployer.render.images import StackImage

_CHUNK = 1024 * 1024


def images(
    context: typer.Context,
    files: Files = None,
    format: Annotated[Format, typer.Option(help="text, or json for programs.")] = Format.TEXT,
) -> None:
    """Show the images that the stack uses: which of them are there, their sizes, and who runs them.

    DIGEST is what a registry knows the image by: a build has none until it was pushed.

    \b
    Example: deployer images
    Example: deployer images --format json
    """
    from deployer.render import images as render

    state = state_of(context)
    project, engine = state.project(files), state.engine()
    found = used(project, engine)
    as_json = format is Format.JSON
    state.output.result(render.as_json(found, stack=project.stack.name) if as_json else render.as_text(found))


def tag(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A service, build or image of the stack, or any.")],
    target: Annotated[str, typer.Argument(metavar="NAME[:TAG]", help="The further name.")],
) -> None:
    """Give an image one more name.

    What the stack is to have at each apply belongs into it: `tag` of a build.

    \b
    Example: deployer tag web peng104/flask-hello-docker:1.0
    """
    from deployer.fields.references import with_tag

    state = state_of(context)
    engine = state.engine()
    reference = _references(state, engine, [source])[0]
    name = with_tag(target)
    if "@" in name:
        raise WrongUsage(Diagnostic("usage", f"{target}: a digest is no name to give", hint="write it as NAME:TAG"))
    repository, _, its_tag = name.rpartition(":")
    engine.tag(reference, repository, its_tag)
    state.output.say(f"{reference} is {name} too")


def save(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME", help="Services, builds, images of the stack, or any; if none, all of the stack."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Archive; compressed where it ends in .gz."),
    ] = None,
) -> None:
    """Write images into an archive that `deployer load`, `docker load` and `images: {archive: FILE}` read.

    \b
    Example: deployer save -o shop.tar.gz
    Example: deployer save web | ssh edge1 docker load
    """
    from deployer.render.sizes import bytes_text

    state = state_of(context)
    if output is None and sys.stdout.isatty():
        hint = "name a file: -o shop.tar, or send it to a program"
        raise WrongUsage(Diagnostic("usage", "an archive is nothing for a terminal", hint=hint))
    engine = state.engine()
    references = _references(state, engine, names)
    for reference in references:
        if engine.image(reference) is None:
            hint = "`deployer images` shows which are there, `deployer build` and `pull` get those of the stack"
            raise OperationFailed(Diagnostic("image-missing", f"{reference} is not on the engine", hint=hint))
    if output is None:
        for piece in engine.save(references):
            sys.stdout.buffer.write(piece)
        return
    with written_whole(output) as write:
        for piece in engine.save(references):
            write(piece)
    many = f"{len(references)} image{'' if len(references) == 1 else 's'}"
    state.output.say(f"{many} saved in {output}, {bytes_text(output.stat().st_size)}: {', '.join(references)}")


def load(
    context: typer.Context,
    archive: Annotated[
        str, typer.Argument(metavar="FILE", help="The archive, compressed or not; - or none for what is piped here.")
    ] = "-",
) -> None:
    """Load the images of an archive, and print their names.

    What the stack needs at each apply belongs into it: `images: {base: {archive: FILE}}`.

    \b
    Example: deployer load shop.tar.gz
    Example: deployer load < shop.tar
    """
    state = state_of(context)
    if archive == "-" and sys.stdin.isatty():
        raise WrongUsage(Diagnostic("usage", "no archive is named", hint="deployer load FILE"))
    engine = state.engine()
    with _opened(archive) as file:
        loaded = engine.load(file, lambda _: None)
    if not loaded:
        hint = "an archive of images is written by `docker save` or `deployer save`; `docker export` gives none"
        raise OperationFailed(Diagnostic("archive-unreadable", f"{archive} holds no image", hint=hint))
    for name in loaded:
        state.output.result(name)


def _opened(archive: str) -> BinaryIO:
    try:
        return cast("BinaryIO", sys.stdin.buffer) if archive == "-" else open(archive, "rb")
    except OSError as error:
        raise WrongUsage(Diagnostic("usage", f"{archive} cannot be read: {error.strerror}")) from None


def used(project: Project, engine: Engine) -> list[StackImage]:
    """The images that the stack uses, with what the engine has of them."""
    from deployer.render.images import StackImage
    from deployer.resources.from_stack import desired

    plan, observed = project.plan(engine)
    runs: dict[str, list[str]] = {}
    for name, service in desired(project.stack, project.origin, {}).services.items():
        runs.setdefault(service.image.address, []).append(name)
    found: list[StackImage] = []
    for address, reference in sorted(plan.images.items()):
        there, users = observed.images.get(reference), tuple(runs.get(address, ()))
        raw = (engine.image(reference) if there else None) or {}
        digest = next((each.partition("@")[2] for each in raw.get("RepoDigests") or ()), "")
        found.append(StackImage(address, reference, there.id if there else "", raw.get("Size"), digest, users))
    return found


def _references(state: State, engine: Engine, names: Iterable[str] | None) -> list[str]:
    """How the engine knows them: what the stack calls so, else what images are called. All of the stack's if none."""
    chosen = list(names or ())
    if chosen and all(set(name) & set(":/@") for name in chosen):  # no name of a stack: none is needed
        return chosen
    project = state.project()
    found = used(project, engine)
    if not chosen:
        return [each.reference for each in found if each.id]
    by_name = {service: each.reference for each in found for service in each.used_by}
    by_name |= {each.address.partition(".")[2]: each.reference for each in found}
    return list(dict.fromkeys(by_name.get(name) or name for name in chosen))
