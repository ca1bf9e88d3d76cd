"""`extends`: a service that begins as another one."""

from __future__ import annotations

from deployer.stack.service import said
from tests.stack.several import mistakes_of, stack_of

BASE = """\
services:
  base:
    image: base
    command: [run]
    environment: {A: 1, B: 1}
    ports: ["80"]
"""


def test_a_service_has_what_it_extends_and_over_that_its_own() -> None:
    """By the rules of merging, and each value where it is written."""
    stack = stack_of({"stack.yaml": BASE + "  web:\n    extends: base\n    scale: 0\n    environment: [B=2]\n"})
    web = ("services", "web")
    assert said(stack.services["web"], "environment") == {"A": "1", "B": "2"}
    assert str(stack.place(*web, "image")) == "stack.yaml:3:12"
    assert str(stack.place(*web, "environment", "B")) == "stack.yaml:10:19"


def test_what_is_extended_stays_as_it_is() -> None:
    """Also where the other one takes something out of it."""
    more = "  web: {extends: base, ports: !reset [], command: !override [other], environment: {A: !reset null}}\n"
    stack = stack_of({"stack.yaml": BASE + more})
    assert [said(stack.services["web"], key) for key in ("environment", "ports")] == [{"B": "1"}, None]
    assert said(stack.services["base"], "environment") == {"A": "1", "B": "1"}
    assert len(said(stack.services["base"], "ports")) == 1


def test_a_service_of_another_file_brings_its_paths_from_there() -> None:
    """Through chains of files, each with a folder of its own. A build that says no context has the stack's, as with
    Compose.
    """
    files = {
        "stack.yaml": "services: {web: {extends: {file: in/a.yaml, service: a}, volumes: ['./w:/w']}}",
        "in/a.yaml": "services: {a: {extends: {file: it/b.yaml, service: b}, volumes: ['./a:/a'], env_file: a.env}}",
        "in/it/b.yaml": "services: {b: {build: {args: {X: 1}}, volumes: ['./b:/b']}}",
        "in/a.env": "Q=1\n",
    }
    stack = stack_of(files)
    assert [mount.source for mount in said(stack.services["web"], "volumes")] == ["./in/it/b", "./in/a", "./w"]
    assert stack.builds["web"].context == "."
    assert said(stack.services["web"], "environment") == {"Q": "1"}


def test_only_the_service_is_taken_from_another_file() -> None:
    """Its neighbours are no part of the stack, and what is wrong with them is not told."""
    files = {
        "stack.yaml": "services: {web: {extends: {file: a.yaml, service: a}}}",
        "a.yaml": "services: {a: {image: b, volumes: ['data:/d']}, other: {imge: x}}\nvolumes: {data: }",
    }
    assert mistakes_of(files) == [("undefined-volume", "a.yaml:1:36")]


def test_variables_are_those_of_the_stack() -> None:
    """An `.env` beside the other file is for who includes it."""
    files = {
        "stack.yaml": "services: {web: {extends: {file: in/a.yaml, service: a}}}",
        "in/a.yaml": "services: {a: {image: 'x:${TAG}'}}",
        "in/.env": "TAG=other\n",
    }
    assert said(stack_of(files, variables={"TAG": "1"}).services["web"], "image") == "x:1"


def test_each_file_is_merged_after_its_services_are_extended() -> None:
    """What a later file says of the one that is extended is not for who extends it in an earlier one."""
    over = "services: {base: {environment: {C: 1}}}"
    stack = stack_of(
        {"stack.yaml": BASE + "  web: {extends: base, ports: !reset []}\n", "over.yaml": over},
        "stack.yaml",
        "over.yaml",
    )
    assert "C" not in said(stack.services["web"], "environment")
    assert "C" in said(stack.services["base"], "environment")


def test_a_reset_beside_extends_holds_for_earlier_files_too() -> None:
    """It is said of the service, whatever its values come from."""
    over = "services: {web: {extends: base, ports: !reset []}, base: {image: other}}"
    files = {"stack.yaml": "services: {web: {image: x, ports: ['1:1']}}", "over.yaml": over}
    assert said(stack_of(files, "stack.yaml", "over.yaml").services["web"], "ports") is None


def test_a_circle_is_printed_as_a_way_round() -> None:
    """Once, with the files where there are several."""
    files = {
        "stack.yaml": "services: {a: {extends: {file: other.yaml, service: b}}}",
        "other.yaml": "services: {b: {extends: {file: stack.yaml, service: a}}}",
    }
    assert mistakes_of(files) == [("circle", "other.yaml:1:25")]


def test_a_long_chain_ends_in_a_message() -> None:
    """Not in an exhausted stack of calls."""
    chain = "".join(f"  s{n}: {{extends: s{n + 1}}}\n" for n in range(2000))
    assert [code for code, _ in mistakes_of({"stack.yaml": f"services:\n{chain}  s2000: {{image: b}}\n"})][:1] == [
        "extends-too-deep"
    ]


def test_services_that_unfold_without_end_are_refused() -> None:
    """A large base in very many services is told before the memory is full."""
    labels = ", ".join(f"l{n}: x" for n in range(2000))
    text = f"services:\n  base: {{image: b, labels: {{{labels}}}}}\n" + "".join(
        f"  s{n}: {{extends: base}}\n" for n in range(100)
    )
    assert "yaml-unfolds" in [code for code, _ in mistakes_of({"stack.yaml": text})]


def test_a_service_that_is_not_there_is_told_with_a_near_name() -> None:
    """And its own missing image is not told beside it."""
    files = {"stack.yaml": "services: {web: {extends: {file: a.yaml, service: bse}}}", "a.yaml": BASE}
    assert mistakes_of(files) == [("undefined-service", "stack.yaml:1:27")]
