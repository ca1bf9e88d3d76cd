"""Slips in Dockerfiles: what makes the build fail, or certainly does not do what is written. One function a slip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from deployer.doctor.dockerfile import CURLY, KEYWORDS, Dockerfile
from deployer.doctor.images import image_warnings
from deployer.doctor.slips_in_commands import adds, command_at, exec_forms, several
from deployer.doctor.slips_in_lines import lines_of_no_instruction
from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.sources.dockerfile import Instruction, instructions, stages

BREAKING = frozenset(
    {
        "dockerfile-backslash",
        "dockerfile-exec-form",
        "dockerfile-instruction",
        "dockerfile-quotes",
        "dockerfile-variable",
    }
)
"""The slips with which the build fails, or the container does not start or does something else."""

_STRAIGHT = {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'"}


def slips(dockerfile: Dockerfile, today: date) -> list[Diagnostic]:
    """Every slip, in the order of the places."""
    found = instructions(dockerfile.text)
    unknown = [each for each in found if each.keyword not in KEYWORDS]
    diagnostics = [
        *lines_of_no_instruction(dockerfile, found, unknown),
        *_curly_quotes(dockerfile, found),
        *exec_forms(dockerfile, found),
        *several(dockerfile, found),
        *adds(dockerfile, found),
        *_bases(dockerfile, found, today),
    ]
    return sorted(diagnostics, key=lambda each: each.place or Place(""))


def _curly_quotes(dockerfile: Dockerfile, found: Iterable[Instruction]) -> Iterator[Diagnostic]:
    """Quotes as word processors and web pages have them, where one that means something is wanted."""
    for each in found:
        at = _curly_delimiter(each.rest)
        if at is None or each.keyword not in KEYWORDS:
            continue
        sign = each.rest[at]
        effect = {
            "LABEL": "the quotes become a part of the value",
            "ENV": "the quotes become a part of the value",
            "ARG": "the quotes become a part of the value",
        }.get(each.keyword, "it is no quote to the builder nor to a shell")
        yield Diagnostic(
            "dockerfile-quotes",
            f"{each.keyword} has the curly quote {sign}, as pasted from a web page: {effect}",
            dockerfile.place(each.origins[at]),
            f"write {_STRAIGHT[sign]} in place of it, and of the one that closes",
        )


def _curly_delimiter(text: str) -> int | None:
    """Where a curly quote stands as an opening quote would: outside of straight ones, at the start of a word."""
    quote = ""
    for index, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif CURLY.match(character) and (index == 0 or text[index - 1] in " \t=[,:("):
            return index
    return None


def _bases(dockerfile: Dockerfile, found: Sequence[Instruction], today: date) -> Iterator[Diagnostic]:
    """What is unwise about the images that it starts from; a stage of its own is no image."""
    froms = [each for each in found if each.keyword == "FROM"]
    first = next((index for index, each in enumerate(found) if each.keyword == "FROM"), 0)
    alone = [*(each for each in found[:first] if each.keyword == "ARG"), *froms]
    try:
        known = stages("\n".join(f"{each.keyword} {each.rest}" for each in alone), dockerfile.args)
    except InvalidStack:
        return  # whoever reads the build says so
    told: set[str] = set()
    for each, stage in zip(froms, known, strict=True):
        for image in stage.images:
            if image in told or image in dockerfile.own or "$" in image:
                continue
            told.add(image)
            yield from image_warnings(image, dockerfile.place(each.origins[command_at(each)[2]]), today)
