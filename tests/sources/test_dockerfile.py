"""Which images a Dockerfile needs from outside."""

from __future__ import annotations

import pytest

from deployer.errors import InvalidStack, Place
from deployer.sources.dockerfile import base_images, instructions, stages, with_references


def images(text: str, target: str = "", **args: str) -> tuple[str, ...]:
    return tuple(base_images(text, args, target))


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
    assert [(stage.name, stage.images) for stage in stages(text, {})] == [("build", ("a", "x")), ("", ("y",))]


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


def test_an_image_is_found_where_it_is_first_named() -> None:
    """By line and column, on the line that it is really written on."""
    text = "ARG B=base\nFROM --platform=linux/amd64 \\\n  ${B} AS one\nCOPY --from=base a b\nCOPY --from=other a b\n"
    assert base_images(text, {}, file="web/Dockerfile") == {
        "base": Place("web/Dockerfile", 3, 3),
        "other": Place("web/Dockerfile", 5, 13),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM base\n", "FROM s/base:1\n"),
        ("from base as base2\nFROM base2\n", "from s/base:1 as base2\nFROM base2\n"),
        ("FROM base:latest\n", "FROM base:latest\n"),
        ("FROM other/base\n", "FROM other/base\n"),
        ("FROM a AS base\nFROM base\n", "FROM a AS base\nFROM base\n"),
        ("ARG B=base\nFROM $B\n", "ARG B=base\nFROM s/base:1\n"),
        ("ARG B\nFROM ${B:-base}-x\n", "ARG B\nFROM ${B:-base}-x\n"),
        ('FROM "base"\nRUN echo base\n', "FROM s/base:1\nRUN echo base\n"),
        ("FROM ba\\\n# base\nse AS x\nRUN x\n", "FROM s/base:1\\\n\\\n AS x\nRUN x\n"),
        ("# escape=`\nFROM ba`\nse\n", "# escape=`\nFROM s/base:1`\n\n"),
        ("FROM a\nCOPY --chown=1 --from=base base /base\n", "FROM a\nCOPY --chown=1 --from=s/base:1 base /base\n"),
        ("FROM a\nRUN --mount=from=base,target=/x base\n", "FROM a\nRUN --mount=from=s/base:1,target=/x base\n"),
        ("FROM a\nRUN <<E\nFROM base\nE\n", "FROM a\nRUN <<E\nFROM base\nE\n"),
        ("\ufeffFROM base\r\nRUN x\r\n", "\ufeffFROM s/base:1\r\nRUN x\r\n"),
        (
            "FROM base\nFROM base AS two\nCOPY --from=0 a b\n",
            "FROM s/base:1\nFROM s/base:1 AS two\nCOPY --from=0 a b\n",
        ),
    ],
)
def test_a_reference_takes_the_place_of_an_images_word_and_of_nothing_else(text: str, expected: str) -> None:
    """Variables resolved; what is no image of FROM, COPY or a mount stays to the letter, and every line its number."""
    found = with_references(text, {}, "", {"base": "s/base:1"})
    assert found == expected
    assert found.count("\n") == text.count("\n")


def test_a_misspelt_from_is_pointed_at() -> None:
    with pytest.raises(InvalidStack) as caught:
        stages("# a slip\nFORM busybox\nRUN echo\n", {})
    [told] = caught.value.diagnostics
    assert (told.place, told.hint) == (Place("Dockerfile", 2, 1, "FORM busybox"), "did you mean FROM in place of FORM?")
