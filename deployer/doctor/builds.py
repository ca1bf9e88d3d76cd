"""The slips in the Dockerfiles of a stack, an inline one at its lines in the stack file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from deployer.doctor.dockerfile import Dockerfile, place_in_file
from deployer.doctor.slips import slips
from deployer.errors import Diagnostic, Place
from deployer.fields.sensitive import mask_line
from deployer.stack.model import Stack


def build_slips(stack: Stack, build: str, text: str, file: str, today: date) -> list[Diagnostic]:
    """The slips in the Dockerfile of a build; `file` is its name, an inline one stands in the stack file."""
    what = stack.builds[build]
    place = _place_inline(stack, build, text) if what.inline is not None else place_in_file(text, file)
    args = {name: value for name, value in what.args.items() if value is not None}
    return slips(Dockerfile(text, place, args, own_images(stack)), today)


def own_images(stack: Stack) -> set[str]:
    """The names that a Dockerfile of the stack may use for what the stack itself builds."""
    tags = {tag for build in stack.builds.values() for tag in build.names()}
    return {*stack.builds, *tags, *(f"{stack.name}/{name}".lower() for name in stack.builds)}


def _place_inline(stack: Stack, build: str, text: str) -> Callable[[int], Place]:
    """Where an offset of an inline Dockerfile stands in the stack file; of what is no `|` block, where it begins."""
    path = stack.path_of_inline(build)
    source, value = stack.places.source(*path), stack.places.at(*path)
    header = source.line(value.line)[value.column - 1 :].lstrip()
    if not header.startswith("|"):
        return lambda _: stack.place(*path)
    first = next((number for number, line in enumerate(text.split("\n"), 1) if line.strip()), 1)
    written = source.line(value.line + first)
    indent = _indent(written) - _indent(text.split("\n")[first - 1])

    def place(offset: int) -> Place:
        before, start = text.count("\n", 0, offset), text.rfind("\n", 0, offset) + 1
        number = value.line + 1 + before
        line = source.line(number)
        is_as_read = line[indent:] == text[start:].partition("\n")[0]  # and not with a variable's value in it
        column = offset - start + indent if is_as_read else _indent(line)
        return Place(source.file, number, column + 1, mask_line(line))

    return place


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
