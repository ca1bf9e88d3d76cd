"""`include`: other stack files that are part of a stack, with folders and variables of their own."""

from __future__ import annotations

from typing import Any

from deployer.stack.service import said
from tests.stack.several import mistakes_of, stack_of

SHOP = "include: [db/stack.yaml]\nservices:\n  web: {image: web, depends_on: [db]}\n"
DB = (
    "services:\n  db:\n    image: db:${TAG}\n    volumes: [./data:/data, named:/n]\n    build: {}\nvolumes: {named: }\n"
)


def value(files: dict[str, str], service: str, key: str, **more: Any) -> Any:
    return said(stack_of(files, **more).services[service], key)


def test_what_a_file_declares_becomes_part_of_the_stack() -> None:
    """Its services, volumes and so on; each is known by its own file and line."""
    stack = stack_of({"stack.yaml": SHOP, "db/stack.yaml": DB}, variables={"TAG": "1"})
    assert (set(stack.services), set(stack.volumes)) == ({"web", "db"}, {"named"})
    assert str(stack.place("services", "db", "image")) == "db/stack.yaml:3:12"


def test_paths_start_from_the_folder_of_the_included_file() -> None:
    """Binds, build contexts (also one that is not said), env files, secrets, and our own archives."""
    files = {
        "stack.yaml": SHOP,
        "db/stack.yaml": DB.replace("TAG", "TAG:-1")
        + "secrets: {pw: {file: ./pw}}\nimages: {base: {archive: base.tar}}\n"
        + "services: {x: {}}"[:0],
        "db/a.env": "A=1\n",
    }
    stack = stack_of(files)
    mounts = said(stack.services["db"], "volumes")
    assert [mount.source for mount in mounts] == ["./db/data", "named"]
    assert stack.builds["db"].context == "./db"
    assert (stack.secrets["pw"].file, stack.images["base"].archive) == ("./db/pw", "./db/base.tar")


def test_a_path_that_leaves_the_folder_still_starts_there() -> None:
    """`..` and absolute paths are what they say."""
    text = "services: {a: {image: b, volumes: ['../x:/x', '/y:/y', '~/z:/z', {type: bind, source: w, target: /w}]}}"
    mounts = value(
        {"stack.yaml": "include: [in/it/a.yaml]", "in/it/a.yaml": text}, "a", "volumes", variables={"HOME": "/h"}
    )
    assert [mount.source for mount in mounts] == ["./in/x", "/y", "/h/z", "./in/it/w"]


def test_variables_of_the_whole_stack_go_before_those_beside_the_file() -> None:
    """Its own `.env` is for what is not set."""
    files = {"stack.yaml": SHOP, "db/stack.yaml": DB, "db/.env": "TAG=beside\n"}
    assert stack_of(files).services["db"].model_dump()["image"] == "db:beside"
    assert stack_of(files, variables={"TAG": "set"}).services["db"].model_dump()["image"] == "db:set"


def test_the_long_form_names_several_files_their_variables_and_their_folder() -> None:
    """The second file goes over the first; env files and folder start from the file that includes."""
    files = {
        "stack.yaml": "include: [{path: [db/a.yaml, b.yaml], env_file: [one.env, two.env], project_directory: there}]",
        "db/a.yaml": "services: {db: {image: 'x:${A}${B}', volumes: ['./d:/d']}}",
        "b.yaml": "services: {db: {environment: [C]}}",
        "one.env": "A=1\nB=1\nC=c\n",
        "two.env": "B=2\n",
    }
    stack = stack_of(files)
    db = stack.services["db"].model_dump()
    assert (db["image"], db["environment"]) == ("x:12", {"C": "c"})
    assert [mount.source for mount in said(stack.services["db"], "volumes")] == ["./there/d"]


def test_a_secret_from_a_variable_has_the_variables_of_its_file() -> None:
    """Two included files may call different things by one name."""
    included = "secrets: {%s: {environment: PW}}\nservices: {%s: {image: b, secrets: [%s]}}"
    files = {
        "stack.yaml": "include: [one/a.yaml, two/a.yaml]",
        **{f"{name}/a.yaml": included % (name, name, name) for name in ("one", "two")},
        "one/.env": "PW=1\n",
        "two/.env": "PW=2\n",
    }
    stack = stack_of(files)
    assert [stack.variables_at("secrets", name, "environment")["PW"] for name in ("one", "two")] == ["1", "2"]


def test_what_two_files_declare_differently_is_a_conflict() -> None:
    """Said at the including file's line, with that of the other."""
    files = {"stack.yaml": "include: [a.yaml]\nvolumes:\n  data: {driver: local}\n", "a.yaml": "volumes: {data: {}}"}
    assert mistakes_of(files) == [("include-conflict", "stack.yaml:3:3")]


def test_what_two_files_declare_alike_is_none() -> None:
    """Two parts may both declare the network that they share."""
    shared = "networks: {front: {driver: bridge}}\n"
    files = {"stack.yaml": "include: [a.yaml, b.yaml]\n" + shared, "a.yaml": shared, "b.yaml": shared}
    assert mistakes_of(files) == []


def test_a_further_file_may_change_what_is_included() -> None:
    """There it is merged like anything else."""
    files = {"stack.yaml": SHOP, "db/stack.yaml": DB, "over.yaml": "services: {db: {image: mine}}"}
    stack = stack_of(files, "stack.yaml", "over.yaml")
    assert str(stack.place("services", "db", "image")) == "over.yaml:1:24"


def test_files_that_include_each_other_are_a_circle() -> None:
    """Told where it closes, and nothing else of it."""
    files = {"stack.yaml": "include: [a.yaml]", "a.yaml": "services: {web: {image: b}}\ninclude: [stack.yaml]"}
    assert mistakes_of(files) == [("circle", "a.yaml:2:11")]


def test_mistakes_of_included_files_are_told_at_their_lines() -> None:
    """Of form, of YAML, of files that are not there; and who names what they would declare is not blamed."""
    files = {
        "stack.yaml": "include: [a.yaml, b.yaml, c.yaml]\nservices: {web: {image: b, depends_on: [db]}}",
        "a.yaml": "services: {a: {imge: b}}\nservces: {}\n",
        "b.yaml": "services: {\n",
    }
    assert mistakes_of(files) == [
        ("unknown-key", "a.yaml:1:16"),
        ("unknown-key", "a.yaml:2:1"),
        ("yaml-syntax", "b.yaml:1:11"),
        ("file-missing", "stack.yaml:1:27"),
    ]


def test_what_an_included_file_calls_sensitive_is_so_in_the_stack() -> None:
    """`x-deployer` of all the files is put together."""
    files = {
        "stack.yaml": "include: [a.yaml]\nx-deployer: {sensitive: [PIN]}",
        "a.yaml": "x-deployer: {sensitive: [CODE]}",
    }
    assert set(stack_of(files).sensitive) == {"PIN", "CODE"}
