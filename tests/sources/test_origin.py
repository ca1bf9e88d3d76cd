"""The origin of a stack: the same for every checkout of a repository, another for everything else."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.sources.origin import origin, remote_name


def checkout(folder: Path, config: str) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / ".git" / "config").write_text(config)
    return folder


def with_remote(folder: Path, url: str) -> Path:
    return checkout(folder, f'[core]\n\tbare = false\n[remote "origin"]\n\turl = {url}\n\tfetch = +refs/*:refs/*\n')


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/me/shop.git",
        "https://example.org/me/shop",
        "https://example.org/me/shop/",
        "https://example.org:443/me/shop.git",
        "https://me:token@example.org/me/shop.git",
        "http://example.org:80/me/shop",
        "HTTPS://Example.ORG/me/shop",
        "ssh://git@example.org/me/shop.git",
        "ssh://git@example.org:22/me/shop.git",
        "git+ssh://example.org/me/shop.git",
        "git://example.org:9418/me/shop.git",
        "git@example.org:me/shop.git",
        "example.org:me/shop",
        "git@example.org:/me/shop.git",
        "git@example.org:me//shop.git/",
        "[git@example.org:22]:me/shop.git",
        "https://example.org/me/sh%6fp",
    ],
)
def test_all_spellings_of_a_remote_are_one_name(url: str) -> None:
    """Scheme, user, default port, `.git` and needless slashes are dropped."""
    assert remote_name(url) == "example.org/me/shop"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("ssh://git@example.org:2222/me/shop.git", "example.org:2222/me/shop"),
        ("[git@example.org:2222]:me/shop.git", "example.org:2222/me/shop"),
        ("https://example.org:8443/me/shop", "example.org:8443/me/shop"),
        ("https://example.org/Me/Shop", "example.org/Me/Shop"),
        ("ssh://git@[::1]/me/shop", "[::1]/me/shop"),
        ("git@[::1]:me/shop", "[::1]/me/shop"),
        ("https://example.org/me/shop.git.git", "example.org/me/shop.git"),
    ],
)
def test_what_tells_two_repositories_apart_is_kept(url: str, name: str) -> None:
    """Another port, another path, another case of the path."""
    assert remote_name(url) == name


@pytest.mark.parametrize("url", ["/srv/git/shop.git", "../shop", "./a:b", "file:///srv/git/shop", "https://[bad/x"])
def test_a_folder_is_no_remote_name(url: str) -> None:
    """It is told by the machine instead."""
    assert remote_name(url) is None


_WORDS = st.text(alphabet="abcXYZ019-_.", min_size=1).filter(lambda word: word.strip(".") and not word.endswith(".git"))
_HOSTS = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){0,3}", fullmatch=True)
_USERS = st.sampled_from(["", "git@", "me@"])


@given(_HOSTS, st.lists(_WORDS, min_size=1, max_size=4), _USERS, st.sampled_from(["", ".git", "/"]))
def test_ssh_scp_and_https_forms_of_any_repository_agree(host: str, path: list[str], user: str, end: str) -> None:
    """Whoever clones in whichever way has the same stack."""
    rest = "/".join(path) + end
    urls = [f"https://{user}{host}/{rest}", f"ssh://{user}{host}:22/{rest}", f"{user}{host}:{rest}"]
    assert {remote_name(url) for url in urls} == {f"{host}/{'/'.join(path)}"}


def test_the_origin_is_the_remote_and_the_path_of_the_file(tmp_path: Path) -> None:
    """Two checkouts anywhere are the same, two files of one repository are not."""
    for name, url in {"one": "git@example.org:me/shop.git", "two": "https://token@example.org/me/shop"}.items():
        with_remote(tmp_path / name, url)
        (tmp_path / name / "deploy").mkdir()
        assert origin(tmp_path / name / "deploy" / "stack.yaml") == "example.org/me/shop//deploy/stack.yaml"
        assert origin(tmp_path / name / "stack.yaml") == "example.org/me/shop//stack.yaml"


@pytest.mark.parametrize(
    "config",
    [
        '[remote "other"]\n\turl = x:y\n[remote "origin"]\n\turl = h:me/shop\n',
        '[Remote "origin"]\n  URL=h:me/shop\n',
        '[remote "origin"] url = h:me/shop\n',
        '[remote.origin]\n url = "h:me/shop"\n',
        '[remote "origin"]\n url = h:me/shop # ours\n ; url = z:z\n',
        '[remote "origin"]\n url = h:me/\\\nshop\n',
        '[remote "origin"]\r\n\turl = h:me/shop\r\n',
        '[remote "origin"]\n url = h:me/shop\n url = h:second\n[branch "origin"]\n url = x:y\n',
        '[remote "or\\igin"]\n url = h:me/shop\n',
    ],
)
def test_the_config_is_read_as_git_reads_it(tmp_path: Path, config: str) -> None:
    """Sections and keys in any case, quotes, comments, continued lines; the first url counts."""
    assert origin(checkout(tmp_path, config) / "stack.yaml") == "h/me/shop//stack.yaml"


def test_without_a_remote_it_is_the_machine_and_the_folder(tmp_path: Path) -> None:
    """The machine's id is shown only as a hash; the file's name does not count."""
    pattern = re.compile(rf"machine:[0-9a-f]{{12}}:{re.escape(str(tmp_path.resolve()))}")
    assert pattern.fullmatch(origin(tmp_path / "stack.yaml"))
    assert origin(tmp_path / "a.yaml") == origin(tmp_path / "b.yaml")
    (tmp_path / "x").mkdir()
    assert origin(tmp_path / "x" / "a.yaml") != origin(tmp_path / "a.yaml")
    without = checkout(tmp_path / "git", "[core]\n\tbare = false\n")
    assert origin(without / "stack.yaml").startswith("machine:")


def test_a_remote_that_is_a_folder_belongs_to_the_machine(tmp_path: Path) -> None:
    """Two checkouts of one bare repository of this machine are the same, however they name it."""
    one = with_remote(tmp_path / "one", "../bare.git")
    two = with_remote(tmp_path / "two", str(tmp_path / "bare.git"))
    three = with_remote(tmp_path / "three", (tmp_path / "bare.git").as_uri())
    found = {origin(folder / "stack.yaml") for folder in (one, two, three)}
    assert len(found) == 1
    assert found.pop().endswith(f":{tmp_path.resolve()}/bare.git//stack.yaml")


def test_a_folder_reached_by_a_link_is_the_folder(tmp_path: Path) -> None:
    """The way to it does not count."""
    with_remote(tmp_path / "real", "h:me/shop")
    (tmp_path / "link").symlink_to("real")
    assert origin(tmp_path / "link" / "stack.yaml") == origin(tmp_path / "real" / "stack.yaml")


@pytest.mark.parametrize("damage", ["gitdir: nowhere", "nonsense", ""])
def test_a_damaged_checkout_is_no_checkout(tmp_path: Path, damage: str) -> None:
    """It is then the machine and the folder; nothing is raised."""
    (tmp_path / ".git").write_text(damage)
    assert origin(tmp_path / "stack.yaml").startswith("machine:")


@pytest.mark.skipif(not shutil.which("git"), reason="compares with the git program, which is not here")
def test_worktrees_and_submodules_that_git_made_are_understood(tmp_path: Path) -> None:
    """A worktree is another checkout of its repository, a submodule a repository of its own."""

    def git(*arguments: str, folder: Path) -> None:
        identity = ["-c", "user.name=x", "-c", "user.email=x@x", "-c", "protocol.file.allow=always"]
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("inner", "outer"):
        (tmp_path / name).mkdir()
        git("init", "-q", folder=tmp_path / name)
        git("commit", "-q", "--allow-empty", "-m", "x", folder=tmp_path / name)
        git("remote", "add", "origin", f"git@h:me/{name}.git", folder=tmp_path / name)
    git("submodule", "add", "-q", str(tmp_path / "inner"), "sub", folder=tmp_path / "outer")
    git("remote", "set-url", "origin", "https://h/me/inner", folder=tmp_path / "outer" / "sub")
    git("worktree", "add", "-q", "../tree", folder=tmp_path / "outer")
    assert origin(tmp_path / "outer" / "sub" / "stack.yaml") == "h/me/inner//stack.yaml"
    assert origin(tmp_path / "tree" / "stack.yaml") == origin(tmp_path / "outer" / "stack.yaml")
    assert origin(tmp_path / "outer" / "stack.yaml") == "h/me/outer//stack.yaml"
