"""`plan --against git:REV`: two versions of a stack are compared, and no engine is there."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

import deployer
from tests.cli.conftest import Cli, Result

ROOT = Path(deployer.__file__).parents[1]

STACK = """\
name: shop
services:
  web:
    build: ./web
    env_file: web.env
    environment:
      DEBUG: "0"
      OLD: gone
      PASSWORD: ${PASSWORD}
    networks: [front, others]
    volumes: ["./conf:/conf:ro", "data:/data"]
    secrets: [key]
    depends_on: [db]
  db:
    image: busybox:1.37
    mem_limit: 32m
    ports: ["7001:80"]
  side:
    image: busybox:1.37
    network_mode: service:db
    volumes_from: [db]
networks:
  front:
    internal: true
  others:
    external: true
volumes:
  data: {}
secrets:
  key:
    file: key.txt
"""


def git(*words: str) -> str:
    who = ("-c", "user.name=me", "-c", "user.email=me@example.org")
    done = subprocess.run(["git", *who, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stack on the branch main, with what belongs to it; its secrets are ignored by git."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    git("init", "--quiet", "--initial-branch=main", ".")
    for name in ("web", "conf"):
        (folder / name).mkdir()
    files = {
        "stack.yaml": STACK,
        "web.env": "MODE=one\n",
        "web/Dockerfile": "FROM busybox:1.37\nCOPY app /\n",
        "web/app": "one",
        ".gitignore": ".env\nkey.txt\n",
        ".env": "PASSWORD=hunter1\n",
        "key.txt": "hunter2",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    return folder


def archive_of(path: Path, content: str) -> None:
    """An archive with one image; another content is another image."""
    contents = {"0.json": content, "manifest.json": '[{"Config": "0.json", "RepoTags": ["base:1"], "Layers": []}]'}
    with tarfile.open(path, "w") as tar:
        for name, text in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))


def plan(cli: Cli, *arguments: str, rev: str = "main") -> dict[str, Any]:
    result = cli("plan", "--against", f"git:{rev}", "--format", "json", *arguments)
    assert result.code == 0, result.err
    return json.loads(result.out)


def fields(found: dict[str, Any], address: str) -> dict[str, Any]:
    change = next(each for each in found["changes"] if each["address"] == address)
    return {field["field"]: field for field in change["fields"]}


def refused(result: Result, code: str) -> str:
    assert (result.code, f"error[{code}]" in result.err) == (65, True), result.err
    return result.err


def edit(path: Path, before: str, after: str) -> None:
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))


@pytest.mark.usefixtures("repository")
def test_without_an_edit_there_is_nothing_to_do(cli: Cli) -> None:
    """Whatever the stack has: builds, namespaces and mounts of others, networks of others."""
    found = plan(cli)
    assert found["changes"] == []
    assert found["against"] == {"what": "git:main", "taken": None}


def test_every_edit_is_named_with_its_line_on_both_sides(repository: Path, cli: Cli) -> None:
    stack = repository / "stack.yaml"
    edit(stack, 'DEBUG: "0"', 'NEW: "2"\n      DEBUG: "1"')
    edit(stack, "      OLD: gone\n", "")
    edit(stack, "32m", "64m")
    edit(repository / "web.env", "one", "two")
    found = plan(cli)
    web, db = fields(found, "service.web[1]"), fields(found, "service.db[1]")
    told = {name: (each["before"], each["after"], each["at"], each.get("was_at")) for name, each in web.items()}
    assert told == {
        "environment.DEBUG": ("0", "1", "stack.yaml:8", "main:stack.yaml:7"),
        "environment.MODE": ("one", "two", "web.env:1", "main:web.env:1"),
        "environment.NEW": (None, "2", "stack.yaml:7", None),
        "environment.OLD": ("gone", None, "stack.yaml:6", "main:stack.yaml:8"),
    }
    assert (db["mem_limit"]["at"], db["mem_limit"]["was_at"]) == ("stack.yaml:16", "main:stack.yaml:16")
    assert {cause for each in (*web.values(), *db.values()) for cause in each["causes"]} == {"edit"}


def test_a_build_names_the_files_that_changed_since(repository: Path, cli: Cli) -> None:
    (repository / "web" / "app").write_text("two")
    found = plan(cli)
    assert fields(found, "build.web").keys() == {"context/app"}
    assert found["summary"]["replace"] == 1


def test_an_argument_of_a_build_has_both_values_and_both_lines(repository: Path, cli: Cli) -> None:
    """Unless it is sensitive."""
    stack = repository / "stack.yaml"
    edit(stack, "build: ./web", 'build: {context: ./web, args: {VERSION: "1", API_TOKEN: hunter1}}')
    git("commit", "--quiet", "--all", "-m", "two")
    edit(stack, 'VERSION: "1", API_TOKEN: hunter1', 'VERSION: "2", API_TOKEN: hunter2')
    found = fields(plan(cli, rev="HEAD"), "build.web")
    told = {name: (each["before"], each["after"], each["at"], each.get("was_at")) for name, each in found.items()}
    assert told["args.VERSION"] == ("1", "2", "stack.yaml:4", "HEAD:stack.yaml:4")
    assert told["args.API_TOKEN"][:3] == (None, None, "stack.yaml:4")
    text = cli("plan", "--against", "git:HEAD").out
    assert '"1" -> "2"' in text
    assert "hunter" not in text


def test_further_names_of_a_build_and_what_was_pushed_are_there(repository: Path, cli: Cli) -> None:
    stack = repository / "stack.yaml"
    edit(stack, "build: ./web", "build: {context: ./web, tag: web:one, tags: [web:two], push: private}")
    edit(stack, "networks:\n  front", "registries:\n  private: {address: 127.0.0.1:5000}\nnetworks:\n  front")
    git("commit", "--quiet", "--all", "-m", "two")
    assert plan(cli, rev="HEAD")["changes"] == []
    (repository / "web" / "app").write_text("two")
    assert {each["action"] for each in plan(cli, rev="HEAD")["changes"]} == {"build", "push", "replace"}


def test_services_networks_and_volumes_come_and_go(repository: Path, cli: Cli) -> None:
    stack = repository / "stack.yaml"
    edit(stack, "  side:\n", "  more:\n")
    edit(stack, "  data: {}\n", "  other: {}\n")
    edit(stack, "data:/data", "other:/data")
    edit(stack, "internal: true", "internal: false")
    actions = {each["address"]: each["action"] for each in plan(cli)["changes"]}
    assert actions["service.side[1]"] == "remove"
    assert actions["service.more[1]"] == "create"
    assert actions["volume.other"] == "create"
    assert actions["volume.data"] == "kept"
    assert actions["network.front"] == "replace"


def test_what_git_ignores_is_the_same_before_and_after(repository: Path, cli: Cli) -> None:
    """A secret and `.env` are of no revision; only the variable's use in the file is."""
    (repository / "key.txt").write_text("another")
    (repository / ".env").write_text("PASSWORD=another\n")
    assert plan(cli)["changes"] == []


def test_the_files_that_the_revision_does_not_have_are_named(repository: Path, cli: Cli) -> None:
    """A change in them is in no plan, and a reviewer knows where to look: env files, secrets, what goes into builds."""
    ignored = repository / ".gitignore"
    ignored.write_text(ignored.read_text() + "web/made\nunused.txt\n")
    for name in ("web/made", "unused.txt"):
        (repository / name).write_text("one")
    (outside := repository.parent / "outside.env").write_text("OUT=1\n")
    found = plan(cli, "--env-file", ".env", "--env-file", str(outside))
    said = [each["message"] for each in found["warnings"] if "does not have" in each["message"]]
    named = (
        f"main does not have {', '.join(sorted(['.env', 'key.txt', 'web/made', str(outside)]))}, which the stack reads"
    )
    assert said == [f"{named}: what changed in them is not in this plan"]


@pytest.mark.usefixtures("repository")
def test_where_git_has_all_that_is_read_no_file_is_named(cli: Cli) -> None:
    git("add", "--force", ".env", "key.txt")
    git("commit", "--quiet", "-m", "two")
    assert [each["message"] for each in plan(cli, rev="HEAD")["warnings"] if "does not have" in each["message"]] == []


def test_values_that_are_sensitive_are_not_shown(repository: Path, cli: Cli) -> None:
    edit(repository / "stack.yaml", "${PASSWORD}", "plain-hunter")
    result = cli("plan", "--against", "git:main")
    assert "environment.PASSWORD" in result.out
    assert "hunter" not in result.out + result.err


def test_the_head_says_with_what_it_is_compared_and_what_is_not_known(repository: Path, cli: Cli) -> None:
    edit(repository / "stack.yaml", "busybox:1.37\n    mem", "busybox:9\n    mem")
    result = cli("plan", "--against", "git:main")
    commit = git("rev-parse", "main")
    assert result.out.startswith(f"shop, compared with git:main ({commit[:12]})\n")
    assert "as if the stack at main were what runs" in result.out + result.err
    assert "image.busybox:9" in result.out


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_no_id_and_no_tag_is_made_up(form: str, repository: Path, cli: Cli) -> None:
    """What an image was built as, and which one a tag meant, only an engine knows."""
    (repository / "web" / "app").write_text("two")
    edit(repository / "stack.yaml", "busybox:1.37\n    mem", "busybox:9\n    mem")
    said = cli("plan", "--against", "git:main", "--format", form).out
    assert "shop/web (built at that revision)" in said
    assert "(built above)" in said
    assert not re.search(r" @ [0-9a-f]{6}|shop/web:[0-9a-f]{16}|999\.0", said)


def test_the_image_of_before_is_named_by_its_reference_alone(repository: Path, cli: Cli) -> None:
    edit(repository / "stack.yaml", "busybox:1.37\n    mem", "busybox:9\n    mem")
    image = fields(plan(cli), "service.db[1]")["image"]
    assert (image["before"], image["after"]) == ("busybox:1.37", "busybox:9 (pulled above)")


def test_an_image_that_is_new_is_not_in_that_revision(repository: Path, cli: Cli) -> None:
    """Whether it is on the engine, nobody was asked."""
    edit(repository / "stack.yaml", "busybox:1.37\n    mem", "busybox:9\n    mem")
    pull = next(each for each in plan(cli)["changes"] if each["address"] == "image.busybox:9")
    assert (pull["action"], pull["reason"]) == ("pull", "not in that revision")
    assert "on the engine" not in cli("plan", "--against", "git:main").out


def test_of_a_push_that_is_new_no_registry_is_said_to_be_down(repository: Path, cli: Cli) -> None:
    edit(repository / "stack.yaml", "build: ./web", "build: {context: ./web, tag: web:one, push: private}")
    edit(
        repository / "stack.yaml",
        "networks:\n  front",
        "registries:\n  private: {address: 127.0.0.1:5000}\nnetworks:\n  front",
    )
    push = next(each for each in plan(cli)["changes"] if each["action"] == "push")
    assert push["reason"] == "not in that revision"


def test_a_build_that_goes_is_named_without_a_tag(repository: Path, cli: Cli) -> None:
    stack = repository / "stack.yaml"
    edit(stack, "networks:\n  front", "builds:\n  tools: ./web\nnetworks:\n  front")
    git("commit", "--quiet", "--all", "-m", "two")
    edit(stack, "builds:\n  tools: ./web\n", "")
    edit(stack, "32m", "64m")
    removal = next(each for each in plan(cli, rev="HEAD")["changes"] if each["action"] == "remove")
    assert removal["address"] == "build.tools"
    assert removal["steps"] == ["remove image shop/tools (built at that revision)"]


def test_an_image_of_an_archive_is_the_same_where_the_archive_is(repository: Path, cli: Cli) -> None:
    """Its id stands in the archive."""
    stack = repository / "stack.yaml"
    edit(stack, "networks:\n  front", "images:\n  base: {archive: base.tar}\nnetworks:\n  front")
    edit(stack, "  db:\n    image: busybox:1.37", "  db:\n    image: base")
    archive_of(repository / "base.tar", "one")
    git("add", ".")
    git("commit", "--quiet", "-m", "two")
    assert plan(cli, rev="HEAD")["changes"] == []
    archive_of(repository / "base.tar", "two")
    load = next(each for each in plan(cli, rev="HEAD")["changes"] if each["action"] == "load")
    assert load["reason"] == "the archive holds another one"


def test_a_name_that_moves_from_one_build_to_another_is_an_edit(repository: Path, cli: Cli) -> None:
    stack = repository / "stack.yaml"
    edit(stack, "build: ./web", "build: {context: ./web, tags: [web:a]}")
    edit(stack, "  db:\n    image: busybox:1.37", "  db:\n    build: {context: ./web, tags: [web:b]}")
    git("commit", "--quiet", "--all", "-m", "two")
    edit(stack, "tags: [web:a]", "tags: [web:c]")
    edit(stack, "tags: [web:b]", "tags: [web:a]")
    tag = fields(plan(cli, rev="HEAD"), "build.db")["tag"]
    assert (tag["before"], tag["after"], tag["causes"]) == ("(another image)", "web:a", ["edit"])


def test_any_revision_will_do(repository: Path, cli: Cli) -> None:
    git("tag", "v1")
    edit(repository / "stack.yaml", "32m", "64m")
    git("commit", "--quiet", "--all", "-m", "two")
    commit = git("rev-parse", "HEAD")
    assert plan(cli, rev=commit)["changes"] == []
    assert [plan(cli, rev=each)["summary"]["update"] for each in ("v1", "HEAD~1", "main^")] == [1, 1, 1]


def test_neither_work_tree_nor_index_are_touched(repository: Path, cli: Cli) -> None:
    edit(repository / "stack.yaml", "32m", "64m")
    git("add", "stack.yaml")
    edit(repository / "stack.yaml", "64m", "96m")
    before, index = git("status", "--porcelain"), (repository / ".git" / "index").read_bytes()
    plan(cli)
    assert (repository / ".git" / "index").read_bytes() == index
    assert git("status", "--porcelain") == before
    assert git("worktree", "list", "--porcelain").count("worktree ") == 1


def test_a_stack_in_a_folder_of_the_repository_is_found_there(
    repository: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the env file above it."""
    below = repository / "deploy"
    below.mkdir()
    text = "name: blog\nservices:\n  web:\n    image: busybox:1.37\n    env_file: ../web.env\n    cpus: 1\n"
    (below / "stack.yaml").write_text(text)
    git("add", ".")
    git("commit", "--quiet", "-m", "two")
    monkeypatch.chdir(below)
    (below / "stack.yaml").write_text(text.replace("cpus: 1", "cpus: 2"))
    assert fields(plan(cli), "service.web[1]")["cpus"]["was_at"] == "main:deploy/stack.yaml:6"


def test_a_checkout_behind_a_link_plans_the_same(repository: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mounted folder has the same path on both sides."""
    link = repository.parent / "link"
    link.symlink_to(repository)
    monkeypatch.chdir(repository.parent)
    found = cli("plan", "-f", str(link / "stack.yaml"), "--against", "git:main")
    assert "Nothing to change" in found.out, found.out + found.err


def test_under_another_name_it_is_another_stack(repository: Path, cli: Cli) -> None:
    edit(repository / "stack.yaml", "name: shop", "name: store")
    result = cli("plan", "--against", "git:main")
    assert "the stack was named shop at main, and is store now" in result.out + result.err
    assert "+ service.web[1]" in result.out


def test_of_a_file_that_was_not_there_all_is_new(repository: Path, cli: Cli) -> None:
    (repository / "new.yaml").write_text("name: new\nservices:\n  web:\n    image: busybox:1.37\n")
    result = cli("plan", "new.yaml", "--against", "git:main")
    assert (result.code, "+ service.web[1]" in result.out) == (0, True)
    assert "none of new.yaml was there at main: everything is new" in result.out + result.err


@pytest.mark.usefixtures("repository")
def test_an_unknown_revision_is_65_and_says_how_to_fetch_one(cli: Cli) -> None:
    for rev in ("nowhere", "--help", ""):
        assert "git fetch" in refused(cli("plan", "--against", f"git:{rev}"), "no-revision")


def test_outside_of_a_repository_is_65(cli: Cli) -> None:
    result = cli("plan", "--against", "git:main", stack="services:\n  web:\n    image: busybox:1.37\n")
    refused(result, "no-repository")


def test_a_file_outside_of_the_repository_is_65(repository: Path, cli: Cli) -> None:
    outside = repository.parent / "outside.yaml"
    outside.write_text("services: {}\n")
    refused(cli("plan", "stack.yaml", str(outside), "--against", "git:main"), "outside-repository")


@pytest.mark.parametrize(
    ("before", "after"),
    [("web.env", "../outside"), ("web.env", "{outside}"), ("key.txt", "../outside"), ("build: ./web", "build: ../")],
)
def test_what_was_outside_of_the_repository_is_65(before: str, after: str, repository: Path, cli: Cli) -> None:
    """Env files, secrets and builds' folders: they have no revisions, and nothing of them is shown."""
    outside = repository.parent / "outside"
    outside.write_text("PW=hunter3\n")
    (repository.parent / "Dockerfile").write_text("FROM busybox:1.37\n")
    edit(repository / "stack.yaml", before, after.format(outside=outside))
    git("commit", "--quiet", "--all", "-m", "hostile")
    edit(repository / "stack.yaml", after.format(outside=outside), before)
    result = cli("plan", "--against", "git:HEAD")
    assert result.code == 65
    assert "hunter3" not in result.out + result.err


def test_neither_an_engine_nor_its_client_is_looked_for(repository: Path) -> None:
    """Of the libraries that talk to engines none is loaded."""
    code = "import sys; from deployer.cli.app import run; run(sys.argv[1:]); sys.exit('docker' in sys.modules)"
    words = [sys.executable, "-c", code, "plan", "--against", "git:main"]
    assert subprocess.run(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=repository).returncode == 0


def test_a_link_that_leads_out_of_the_repository_is_refused_before_anything_is_read(repository: Path, cli: Cli) -> None:
    """It may be another one's revision, and the file behind the link is ours."""
    (repository.parent / "secret.env").write_text("PW=hunter3\n")
    (repository / "web.env").unlink()
    (repository / "web.env").symlink_to("../secret.env")
    git("add", ".")
    git("commit", "--quiet", "-m", "hostile")
    (repository / "web.env").unlink()
    (repository / "web.env").write_text("MODE=one\n")
    said = refused(cli("plan", "--against", "git:HEAD"), "link-outside")
    assert "web.env at HEAD" in said
    assert "hunter" not in said


def test_a_stack_that_was_invalid_is_named_as_git_names_it(repository: Path, cli: Cli) -> None:
    edit(repository / "stack.yaml", "mem_limit: 32m", "mem_limit: much")
    git("commit", "--quiet", "--all", "-m", "wrong")
    edit(repository / "stack.yaml", "mem_limit: much", "mem_limit: 32m")
    result = cli("plan", "--against", "git:HEAD")
    assert (result.code, "--> HEAD:stack.yaml:16:16" in result.err) == (65, True), result.err


@pytest.mark.usefixtures("repository")
def test_it_cannot_be_saved_or_be_of_a_removal(cli: Cli) -> None:
    for further in (("--out", "plan.json"), ("--destroy",)):
        assert cli("plan", "--against", "git:main", *further).code == 64


def test_warnings_of_the_stack_file_are_in_the_plan_and_not_told_a_second_time(repository: Path, cli: Cli) -> None:
    """A review has nothing but the plan."""
    edit(repository / "stack.yaml", 'DEBUG: "0"', 'DEBUG: "0${NOT_SET_ANYWHERE}"')
    result = cli("plan", "--against", "git:main", "--format", "json")
    assert "unset-variable" in [each["code"] for each in json.loads(result.out)["warnings"]]
    assert "unset-variable" not in result.err


def test_without_a_plan_they_are_told_all_the_same(repository: Path, cli: Cli) -> None:
    """They may well be why there is none."""
    edit(repository / "stack.yaml", 'DEBUG: "0"', 'DEBUG: "0${NOT_SET_ANYWHERE}"')
    result = cli("plan", "--only", "nobody", "--against", "git:main")
    assert (result.code, "warning[unset-variable]" in result.err) == (64, True)
