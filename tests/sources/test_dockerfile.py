"""Which images a Dockerfile needs from outside."""

from __future__ import annotations

import pytest

from deployer.errors import InvalidStack, Place
from deployer.sources.dockerfile import Stage, base_images, instructions, stages


def images(text: str, target: str = "", **args: str) -> tuple[str, ...]:
    return base_images(text, args, target)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM python:3.11\nRUN x\n", ("python:3.11",)),
        ("from python\n", ("python",)),
        ("# comment\n\n  FROM python  \n", ("python",)),
        ("FROM --platform=$BUILDPLATFORM python AS build\n", ("python",)),
        ("FROM scratch\n", ()),
        ("FROM a AS one\nFROM b\nFROM a\n", ("a", "b")),
        ("FROM a AS One\nFROM one AS two\nFROM TWO\n", ("a",)),
        ("FROM late\nFROM a AS late\n", ("late", "a")),
        ("FROM \\\n  # why\n\n  python:3 \\\n  AS x\n", ("python:3",)),
        ("# escape=`\nFROM `\n  python\n", ("python",)),
        ("# syntax=docker/dockerfile:1\n# escape = `\nFROM `\n  python\n", ("python",)),
        ("\ufeffFROM python\r\nRUN x\r\n", ("python",)),
        ('FROM "python"\n', ("python",)),
        ("FROM a\nRUN echo \u2028FROM b\n", ("a",)),
        ("FROM host:5000/a/b@sha256:" + "0" * 64, ("host:5000/a/b@sha256:" + "0" * 64,)),
    ],
)
def test_from_names_an_image_or_an_earlier_stage(text: str, expected: tuple[str, ...]) -> None:
    """Stage names are no images, in whatever case they are written; `scratch` is none either."""
    assert images(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ARG V=3\nFROM python:$V\n", "python:3"),
        ("ARG V\nFROM python:${V:-4}\n", "python:4"),
        ("ARG GIVEN=1\nFROM python:$GIVEN\n", "python:9"),
        ("ARG GIVEN\nFROM python:$GIVEN\n", "python:9"),
        ('ARG A="x y" B=2\nARG C=$B-c\nFROM python:$C\n', "python:2-c"),
        ("ARG A='slim'\nFROM python:$A\n", "python:slim"),
        ("FROM ${NOT_DECLARED:-python}\n", "python"),
        ("FROM python${GIVEN}\n", "python"),
    ],
)
def test_args_before_the_first_from_are_put_in(text: str, expected: str) -> None:
    """Given values stand above defaults; an arg that is not declared there does not count, as in Docker."""
    assert images(text, GIVEN="9") == (expected,)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("COPY --from=nginx:1 /a /b", ("a", "nginx:1")),
        ("COPY --chown=1:1 --from=nginx /a /b", ("a", "nginx")),
        ("COPY --from=one /a /b", ("a",)),
        ("COPY --from=ONE /a /b", ("a",)),
        ("COPY --from=0 /a /b", ("a",)),
        ("COPY a --from=nginx", ("a",)),
        ("RUN --mount=type=bind,from=nginx,target=/x cat /x", ("a", "nginx")),
        ("RUN --mount=type=cache,target=/x echo --from=nginx", ("a",)),
        ("COPY --from=$X /a /b", ("a",)),
        ("RUN <<EOF\nFROM z\nCOPY --from=z a b\nEOF\nCOPY --from=y a b", ("a", "y")),
        ("RUN cat <<-'A' <<B\n\tFROM z\n\tA\nFROM z\nB", ("a",)),
        ("RUN cat << x\nCOPY --from=y a b", ("a", "y")),
        ("RUN x \\\nFROM y", ("a",)),
    ],
)
def test_copies_and_mounts_from_images_count(line: str, expected: tuple[str, ...]) -> None:
    """`--from` names a stage, its number or an image; the bodies of here-documents are no instructions."""
    assert images(f"FROM a AS one\n{line}\n") == expected


def test_a_target_needs_the_stages_up_to_it() -> None:
    """The classic builder makes them one after the other; what comes later does not matter."""
    text = "FROM a AS one\nFROM b AS two\nFROM c\n"
    assert images(text, target="two") == ("a", "b")
    assert images(text, target="Two") == ("a", "b")
    assert images(text, target="0") == ("a",)


def test_a_target_that_is_missing_names_those_that_are_there() -> None:
    """The builder says so only once it has begun."""
    with pytest.raises(InvalidStack) as caught:
        images("FROM a AS one\nFROM b\n", target="three")
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.code == "dockerfile-target"
    assert "one" in diagnostic.hint


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("RUN x\n", 1),
        ("FROM a\nFROM\n", 2),
        ("FROM a b\n", 1),
        ("# c\nFROM $UNSET\n", 2),
        ("FROM ${X\n", 1),
    ],
)
def test_a_from_that_names_nothing_is_an_error_at_its_line(text: str, line: int) -> None:
    """Before anything is sent to the engine."""
    with pytest.raises(InvalidStack) as caught:
        base_images(text, {}, file="web/Dockerfile")
    [diagnostic] = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.place) == ("dockerfile-from", Place("web/Dockerfile", line))


def test_stages_keep_their_names_and_images() -> None:
    """One for each FROM, in order; a name is in lower case, as it is compared."""
    text = "FROM a AS Build\nCOPY --from=x / /\nFROM build\nCOPY --from=y / /\n"
    assert stages(text, {}) == (Stage("build", ("a", "x")), Stage("", ("y",)))


def test_an_instruction_knows_its_lines_and_where_each_character_is_written() -> None:
    """Whatever continues it, stands between its lines, or ends them."""
    text = "\ufeff# escape=\\\r\nFROM a\r\n\r\nRUN one \\\n  # why\n  two\\\nthree\nRUN <<EOF\nRUN no\nEOF\nCMD x\n"
    found = instructions(text)
    assert [(each.keyword, each.rest, each.line, each.last) for each in found] == [
        ("FROM", "a", 2, 2),
        ("RUN", "one   twothree", 4, 7),
        ("RUN", "<<EOF", 8, 8),
        ("CMD", "x", 11, 11),
    ]
    for each in found:
        assert "".join(text[origin] for origin in each.origins) == each.rest
