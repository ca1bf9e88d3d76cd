"""Slips in Dockerfiles: each found at its place, and none found where there is none."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.doctor.dockerfile import Dockerfile, place_in_file
from deployer.doctor.slips import slips

TODAY = date(2026, 11, 24)
BASE = "FROM python:3.13-slim\n"


def found(text: str, own: tuple[str, ...] = (), **args: str) -> list[tuple[str, int, int]]:
    """Code, line and column of each slip."""
    diagnostics = slips(Dockerfile(text, place_in_file(text, "Dockerfile"), args, own), TODAY)
    assert all(each.hint for each in diagnostics), "each has a mend"
    return [(each.code, each.place.line, each.place.column) for each in diagnostics if each.place]


@pytest.mark.parametrize(
    ("text", "slip"),
    [
        ("RUN apt-get update\n    apt-get install -y vim\n", ("dockerfile-backslash", 2, 19)),
        ("RUN apt-get update && \\\n  apt-get install \n  vim \\\n  git\n", ("dockerfile-backslash", 3, 18)),
        ("RUN one\n\n# why\n&& two\n", ("dockerfile-backslash", 2, 8)),
        ("LABEL a=b\n  c=d\n", ("dockerfile-backslash", 2, 10)),
        ("RUN if true; then \\\n  echo; fi\nfi\n", ("dockerfile-backslash", 3, 11)),
        ("RUN one \nRunner x\n", ("dockerfile-backslash", 2, 8)),
        ("COPPY a /a\n", ("dockerfile-instruction", 2, 1)),
        ("WORKDIR /a\nrum x\n", ("dockerfile-instruction", 3, 1)),
        ("  ENTRYPIONT x\n", ("dockerfile-instruction", 2, 3)),
        ("RUN <<EOF\none\ntwo\n", ("dockerfile-instruction", 3, 1)),
        ("RUN <<EOF\none\nEOF\n  two\n", ("dockerfile-backslash", 4, 4)),
        ("LABEL maintainer=“温而新”\n", ("dockerfile-quotes", 2, 18)),
        ("CMD [“python”,“app.py”]\n", ("dockerfile-quotes", 2, 6)),
        ("ENTRYPOINT [ ‘python’ ]\n", ("dockerfile-quotes", 2, 14)),
        ("ENV A=”x”\n", ("dockerfile-quotes", 2, 7)),
        ("RUN pip install “flask>=2”\n", ("dockerfile-quotes", 2, 17)),
        ("ONBUILD CMD [“x”]\n", ("dockerfile-quotes", 2, 14)),
        ("CMD ['python', 'app.py']\n", ("dockerfile-exec-form", 2, 5)),
        ('CMD ["python", "app.py",]\n', ("dockerfile-exec-form", 2, 5)),
        ("HEALTHCHECK --interval=5s CMD ['true']\n", ("dockerfile-exec-form", 2, 31)),
        ('CMD ["echo", "$HOME"]\n', ("dockerfile-variable", 2, 15)),
        ('CMD ["echo", \\\n  "hello ${NAME:-you}"]\n', ("dockerfile-variable", 3, 10)),
        ('RUN ["/bin/echo", "hello $name"]\n', ("dockerfile-variable", 2, 26)),
        ('ENTRYPOINT ["/bin/echo", "hello $name"]\n', ("dockerfile-variable", 2, 33)),
        ("CMD one\nRUN x\nCMD two\n", ("dockerfile-several", 2, 1)),
        ("entrypoint one\nENTRYPOINT two\n", ("dockerfile-several", 2, 1)),
        ("ADD app.py /app/\n", ("dockerfile-add", 2, 5)),
        ('ADD --chown=1:1 ["a b", "/c"]\n', ("dockerfile-add", 2, 17)),
        ("ADD . .\n", ("dockerfile-add", 2, 5)),
    ],
)
def test_a_slip_is_found_at_its_place(text: str, slip: tuple[str, int, int]) -> None:
    """Where the mend is to be made: line and column, from 1 on."""
    assert found(BASE + text) == [slip]


@pytest.mark.parametrize(
    ("text", "slip"),
    [
        ("FROM python:2.7\n", ("image-end-of-life", 1, 6)),
        ("FROM --platform=linux/amd64 node:16-alpine AS x\n", ("image-end-of-life", 1, 29)),
        ("ARG V=18.04\nFROM ubuntu:$V\n", ("image-end-of-life", 2, 6)),
        ("FROM busybox\n", ("image-latest", 1, 6)),
        ("FROM quay.io/a/b:latest\n", ("image-latest", 1, 6)),
        ("FROM localhost:5000/a\n", ("image-latest", 1, 6)),
    ],
)
def test_an_unwise_base_is_found(text: str, slip: tuple[str, int, int]) -> None:
    """No tag, `latest`, or an image that nobody mends any more; an ARG has its value."""
    assert found(text) == [slip]


def test_an_argument_of_the_build_goes_before_the_default() -> None:
    assert found("ARG V=3.13\nFROM python:$V\n", V="3.6") == [("image-end-of-life", 2, 6)]


def test_a_base_that_ended_and_has_no_tag_is_both() -> None:
    """As in the tutorials of old: FROM centos."""
    assert [code for code, _, _ in found("FROM centos\n")] == ["image-latest", "image-end-of-life"]


def test_every_missing_backslash_is_told() -> None:
    assert found(f"{BASE}RUN a\n b\n c\nCMD x\n") == [("dockerfile-backslash", 2, 6), ("dockerfile-backslash", 3, 3)]


def test_what_continues_a_line_is_what_the_directive_says() -> None:
    """`# escape=` makes it a backtick, and the mend says so."""
    text = "# escape=`\nFROM python:3.13\nRUN a `\n  b\n  c\\\n"
    diagnostics = slips(Dockerfile(text, place_in_file(text, "Dockerfile"), {}), TODAY)
    assert [(each.code, each.hint[-1]) for each in diagnostics] == [("dockerfile-backslash", "`")]


def test_what_is_secret_is_not_shown() -> None:
    """The line beside the caret is masked as everywhere."""
    text = f"{BASE}ENV API_TOKEN=“tops3cret”\n"
    (slip,) = slips(Dockerfile(text, place_in_file(text, "Dockerfile"), {}), TODAY)
    assert slip.place
    assert "tops3cret" not in f"{slip.place.excerpt}{slip}"


RIGHT = {
    "stages, heredocs and arguments": """\
# syntax=docker/dockerfile:1
# check=skip=all
ARG PYTHON=3.13
FROM --platform=$BUILDPLATFORM python:${PYTHON}-slim AS base
ENV PYTHONUNBUFFERED=1 \\
    # a comment in between
    PATH="/venv/bin:$PATH"

FROM base AS build
WORKDIR /src
RUN --mount=type=cache,target=/root/.cache \\
    apt-get update \\
 && apt-get install -y --no-install-recommends \\
      gcc \\
      # for lxml

      libxml2-dev \\
 && rm -rf /var/lib/apt/lists/*
COPY --chmod=755 <<-"EOF" /entrypoint.sh
\t#!/bin/sh
\techo “hello” ['x'] $HOME
\texec "$@"
\tEOF
RUN <<EOF
set -e
ADD=1
CMD ["$x"]
EOF

FROM base
COPY --from=build /venv /venv
COPY --from=0 /a /b
HEALTHCHECK --interval=5s --timeout=3s CMD ["curl", "-f", "http://127.0.0.1/"]
ENTRYPOINT ["/entrypoint.sh"]
CMD ["gunicorn", "--bind", "0.0.0.0:8080", "app:app"]
""",
    "a shell that is named": """\
FROM alpine:3.22
CMD ["/bin/sh", "-c", "echo $HOME"]
RUN ["/bin/bash", "-c", "echo hello $name"]
ENTRYPOINT ["tini", "--", "sh", "-c", "exec app --port $PORT"]
""",
    "an entrypoint that is a shell": 'FROM alpine:3.22\nENTRYPOINT ["sh", "-c"]\nCMD ["echo $HOME"]\n',
    "a dollar of the program's own": """\
FROM alpine:3.22
CMD ["awk", "{print $NF}", "/etc/passwd"]
RUN ["echo", "costs $5 and \\\\$HOME"]
""",
    "quotes in a text": """\
FROM alpine:3.22
LABEL description="It’s a “nice” image" note=It’s
ENV A='say “x”' B=naïve’
RUN echo 'say “hello”'
""",
    "a test of the shell": "FROM alpine:3.22\nRUN [ -f /x ] || touch /x\nRUN [[ -z \"$A\" ]]\nRUN [ ! -e '/x' ]\n",
    "ADD of what it is for": """\
FROM scratch
ADD rootfs.tar.xz /
ADD https://example.com/app.py /app/
ADD git@github.com:owner/name.git#main /src
ADD ["a b.tgz", "/"]
ADD layer.tar* $ROOT /
ADD $FILES /x
""",
    "one command a stage": "FROM a:1 AS one\nCMD x\nFROM one\nCMD y\nONBUILD CMD z\n",
    "lower case, tabs and carriage returns": "from alpine:3.22\r\nrun\tone && \\\r\n\ttwo\r\nCmd x\r\n",
    "a number for a stage, and a digest": f"FROM a@sha256:{'0' * 64} AS x\nFROM x\nCOPY --from=0 /a /a\n",
    "escape by a backtick": "# escape=`\nFROM a/windows:1\nRUN dir C:\\\nRUN one `\n  two\nWORKDIR C:\\\n",
    "Windows": 'FROM a:1\nSHELL ["powershell", "-Command"]\nCMD ["cmd.exe", "/S", "echo $x"]\n',
    "a shift that is no here-document": "FROM a:1\nRUN echo $((1<<2))\nCMD x\n",
    "a base whose tag is unknown": "ARG IMAGE\nFROM a:1\nCOPY --from=busybox /bin/sh /x\n",
    "the newest Ubuntu and Debian": "FROM ubuntu:24.04\nFROM debian:trixie-slim\nFROM postgres:16\nFROM node:24\n",
    "somebody else's python": "FROM ghcr.io/me/python:2.7\nFROM me/node:8\nFROM 10.0.0.5:5000/centos:7\n",
    "the tutorial, mended": """\
FROM python:3.13
LABEL maintainer="温而新"
RUN pip install flask
COPY app.py /app/
WORKDIR /app
EXPOSE 8080
CMD ["python","app.py"]
""",
    "empty": "",
    "no instruction but FROM": "FROM scratch",
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_is_right_has_no_slip(text: str) -> None:
    """Dockerfiles as people write them."""
    assert found(text) == []


def test_another_build_of_the_stack_is_no_image() -> None:
    """FROM may name it, and it has no tag."""
    assert found("FROM base\n", own=("base",)) == []


def test_the_dockerfile_of_the_tutorial() -> None:
    """With all that people copy from it."""
    text = """\
FROM python:2.7
LABEL maintainer=“温而新<wenerxin@example.com>”
RUN pip install flask
    requests
COPY app.py /app/
WORKDIR /app
EXPOSE 8080
CMD [“python”,“app.py”]
"""
    assert found(text) == [
        ("image-end-of-life", 1, 6),
        ("dockerfile-quotes", 2, 18),
        ("dockerfile-backslash", 3, 22),
        ("dockerfile-quotes", 8, 6),
    ]


WORDS = [
    "FROM",
    "a:1",
    "RUN",
    "CMD",
    '["x"',
    ",",
    '"$y"]',
    "['x']",
    "“",
    "<<EOF",
    "EOF",
    "\\",
    "#",
    "\n",
    " ",
    "ADD",
    "é",
]


@given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join), st.booleans())
def test_any_text_is_judged_with_places_in_it(text: str, crlf: bool) -> None:
    """Whatever it is: no failure, and each place is one of the file's."""
    text = text.replace("\n", "\r\n") if crlf else text
    lines = text.split("\n")
    for slip in slips(Dockerfile(text, place_in_file(text, "Dockerfile"), {}), TODAY):
        assert slip.place
        assert 1 <= slip.place.line <= len(lines)
        assert 1 <= slip.place.column <= len(lines[slip.place.line - 1]) + 1
