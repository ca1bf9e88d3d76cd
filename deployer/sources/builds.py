"""What goes into a build, read once: its context, its Dockerfile, the images that it starts from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import Place
from deployer.sources.context import Context, read_context
from deployer.sources.dockerfile import base_images


@dataclass(frozen=True, slots=True)
class BuildSources:
    """`inputs` are digests by what a user calls them: `context/app.py`, `args.PYTHON`, `target`; `digest` is over all
    of them.
    """

    context: Context
    inputs: Mapping[str, str]
    bases: tuple[str, ...]

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps([self.context.digest, sorted(self.inputs.items())]).encode()).hexdigest()


def read_build(
    folder: Path, dockerfile: str | None, inline: str | None, args: Mapping[str, str], target: str | None, place: Place
) -> BuildSources:
    """Read all that a build depends on. Raises InvalidStack for what cannot be read, or must not be sent."""
    context = read_context(folder, dockerfile or "Dockerfile", inline, place)
    inputs = {f"context/{name}": digest for name, digest in context.inputs.items()}
    inputs |= {f"args.{name}": hashlib.sha256(value.encode()).hexdigest() for name, value in args.items()}
    if target:
        inputs["target"] = target
    bases = base_images(context.dockerfile_text, args, target or "", context.dockerfile_name)
    return BuildSources(context, inputs, bases)
