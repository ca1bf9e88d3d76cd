"""What goes into a build, read once: its context, its Dockerfile, the images that it starts from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from deployer.errors import InvalidStack, Place
from deployer.sources.context import Context, read_context, read_dockerfile, with_dockerfile
from deployer.sources.dockerfile import base_images, with_references
from deployer.sources.dockerfile_places import place_of
from deployer.sources.files import shown_path

InlineAt = Callable[[Place], Place]
"""Where the stack file says what is at a place of an inline Dockerfile."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A build as the stack says it. `place` is where, and `inline_at` where within an inline Dockerfile; `further` are
    values of other keys that make another image, by their names.
    """

    folder: Path
    dockerfile: str | None
    inline: str | None
    args: Mapping[str, str]
    target: str | None
    place: Place
    inline_at: InlineAt
    further: Mapping[str, str] = field(default_factory=dict[str, str])

    def located(self, place: Place) -> Place:
        return place if self.inline is None else self.inline_at(place)


@dataclass(frozen=True, slots=True)
class BuildSources:
    """`inputs` are digests by what a user calls them: `context/app.py`, `args.PYTHON`, `target`; `digest` is over all
    of them. `bases` are the images that it starts from, and where each is named.
    """

    recipe: Recipe
    context: Context
    inputs: Mapping[str, str]
    bases: Mapping[str, Place]

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps([self.context.digest, sorted(self.inputs.items())]).encode()).hexdigest()

    def place_of(self, said: str) -> Place | None:
        """Where that lies of which the builder speaks: a step that it announced, or its complaint about a line."""
        text, file = self.context.dockerfile_text, shown_path(self.context.folder / self.context.dockerfile_name)
        found = place_of(said, text, self.recipe.args, self.recipe.target or "", file)
        return self.recipe.located(found) if found else None

    def context_with(self, references: Mapping[str, str]) -> Context:
        """The context with a Dockerfile that names these references in the place of images."""
        if not references:
            return self.context
        text = self.context.dockerfile_text
        return with_dockerfile(
            self.context, with_references(text, self.recipe.args, self.recipe.target or "", references)
        )


def read_build(recipe: Recipe) -> BuildSources:
    """Read all that a build depends on. Raises InvalidStack for what cannot be read, or must not be sent."""
    context = read_context(recipe.folder, recipe.dockerfile or "Dockerfile", recipe.inline, recipe.place)
    inputs = {f"context/{name}": digest for name, digest in context.inputs.items()}
    said = {f"args.{name}": value for name, value in recipe.args.items()} | dict(recipe.further)
    inputs |= {name: hashlib.sha256(value.encode()).hexdigest() for name, value in said.items()}
    if recipe.target:
        inputs["target"] = recipe.target
    return BuildSources(
        recipe, context, inputs, _bases(recipe, context.dockerfile_text, context.folder / context.dockerfile_name)
    )


def read_bases(recipe: Recipe) -> Mapping[str, Place]:
    """The images that a build starts from, and where each is named; of its context only the Dockerfile is read."""
    root, source = read_dockerfile(recipe.folder, recipe.dockerfile or "Dockerfile", recipe.inline, recipe.place)
    return _bases(recipe, source.text, root / source.name)


def _bases(recipe: Recipe, text: str, path: Path) -> Mapping[str, Place]:
    try:
        found = base_images(text, recipe.args, recipe.target or "", shown_path(path))
    except InvalidStack as error:
        raise InvalidStack(
            *(replace(each, place=recipe.located(each.place) if each.place else None) for each in error.diagnostics)
        ) from None
    return {image: recipe.located(place) for image, place in found.items()}
