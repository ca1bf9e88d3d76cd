"""The rows of what runs: the image, its command, and what both are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployer.fields.field import Context, Field, Json, Value
from deployer.fields.from_image import over_image
from deployer.fields.kinds import (
    ARGV,
    ENTRYPOINT,
    ENVIRONMENT,
    LABELS,
    NO_ENTRYPOINT,
    TEXT,
    absent_as_wanted,
    decode_environment,
    user_labels,
)


def entrypoint_on_image(asked: Value, _everything: Mapping[str, Value], image: Json) -> Value:
    """Where it is taken away, the engine shows none (Engine 20.10 and 28)."""
    return () if asked == NO_ENTRYPOINT else asked or tuple(image.get("Entrypoint") or ())


def command_on_image(asked: Value, everything: Mapping[str, Value], image: Json) -> Value:
    """An entrypoint of one's own drops the image's command (moby, daemon/commit.go)."""
    if asked or everything.get("entrypoint"):
        return asked
    return tuple(image.get("Cmd") or ())


def write_labels(body: dict[str, Any], labels: Value, _written: Any, _context: Context) -> None:
    body.setdefault("Labels", {}).update(dict(labels))


def image_reference(body: dict[str, Any], _value: Value, written: Any, _context: Context) -> None:
    body["Image"] = written


IMAGE = Field(
    name="image",
    kind=TEXT,
    write=image_reference,
    inspect="Image",
    example=("example-a", "example-b"),
    doc="What to run: an entry of `builds` or `images`, else an image reference. A tag that moved is seen.",
)
"""The canonical value is the image's id; the planner knows it from the engine, or not before a build or a pull has
been made.
"""

ROWS: tuple[Field, ...] = (
    IMAGE,
    Field(
        name="command",
        kind=ARGV,
        engine="Cmd",
        inspect="Config.Cmd",
        unset=(),
        image=command_on_image,
        example=(["sleep", "1001"], ["sleep", "1002"]),
        doc="The command, in place of the image's CMD. Text is split as a shell would, with nothing expanded.",
    ),
    Field(
        name="entrypoint",
        kind=ENTRYPOINT,
        engine="Entrypoint",
        inspect="Config.Entrypoint",
        unset=(),
        image=entrypoint_on_image,
        example=(["env", "A=1"], ["env", "A=2"]),
        needs={"command": ["sleep", "1000"]},
        doc="The program, in place of the image's ENTRYPOINT; the image's CMD is dropped with it. [] takes both away.",
    ),
    Field(
        name="environment",
        kind=ENVIRONMENT,
        engine="Env",
        inspect="Config.Env",
        unset=(),
        image=over_image("Env", decode_environment),
        fills=absent_as_wanted,
        example=({"MODE": "a"}, {"MODE": "b"}),
        doc="Environment variables, added to the image's. `KEY` alone takes its value from where deployer "
        "runs; where there is none, the image's is taken away.",
    ),
    Field(
        name="labels",
        kind=LABELS,
        engine="Labels",
        inspect="Config.Labels",
        write=write_labels,
        unset=(),
        image=over_image("Labels", user_labels),
        example=({"tier": "a"}, {"tier": "b"}),
        doc="Labels of the container, added to the image's.",
    ),
)
