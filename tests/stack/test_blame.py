"""What fails on the engine is told at the line of the stack file that asks for it."""

from __future__ import annotations

import pytest

from deployer.errors import Diagnostic, Place
from deployer.stack.blame import at_its_line
from deployer.stack.load import load
from deployer.stack.model import Stack

FILE = """\
services:
  web:
    image: busybox
    command: [serve]
    healthcheck: {test: [CMD, "true"]}
    mem_limit: 8M
    ports: ["80:80"]
    user: nobodyx
  bare:
    image: busybox
  made:
    build: .
networks:
  front: {}
images:
  cache: {from: redis}
"""


def shop() -> Stack:
    def no_files(path: str, place: Place, *_: object) -> dict[str, tuple[str, Place]]:
        raise AssertionError((path, place))

    return load(FILE, file="stack.yaml", folder="/srv/shop", environment={}, read_env_file=no_files)


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("not-ready", 4),
        ("unhealthy", 5),
        ("timeout", 5),
        ("memory-in-use", 6),
        ("port-taken", 7),
        ("user-not-found", 8),
        ("no-such-code", 2),
    ],
)
def test_the_key_that_it_may_be_about_is_named(code: str, line: int) -> None:
    """Of one that is about no key, the service itself."""
    told = at_its_line(Diagnostic(code, "it failed", address="service.web[2]"), shop())
    assert told.place
    assert told.place.line == line


@pytest.mark.parametrize(("address", "line"), [("service.bare", 9), ("network.front", 14), ("image.cache", 16)])
def test_without_that_key_it_is_the_thing_itself(address: str, line: int) -> None:
    told = at_its_line(Diagnostic("unhealthy", "it failed", address=address), shop())
    assert told.place
    assert told.place.line == line


@pytest.mark.parametrize("code", ["image-not-found", "pull-failed"])
def test_an_image_that_cannot_be_had_is_told_where_the_first_service_names_it(code: str) -> None:
    told = at_its_line(Diagnostic(code, "it failed", address="image.busybox"), shop())
    assert told.place
    assert (told.place.line, told.place.excerpt.strip()) == (3, "image: busybox")


def test_a_build_that_a_service_says_is_told_there() -> None:
    told = at_its_line(Diagnostic("build-failed", "it failed", address="build.made"), shop())
    assert told.place
    assert told.place.line == 12


@pytest.mark.parametrize("address", ["image.redis", "build.old", "service.old[1]", "push.web->here", "revision.3", ""])
def test_what_the_file_does_not_name_has_no_line(address: str) -> None:
    assert at_its_line(Diagnostic("not-ready", "it failed", address=address), shop()).place is None


def test_a_place_that_is_known_stays() -> None:
    place = Place("other.yaml", 99)
    assert at_its_line(Diagnostic("not-ready", "it failed", place, address="service.web"), shop()).place == place
