"""The clone, in front of real git."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.errors import Busy, InvalidStack, OperationFailed, Unreachable
from deployer.gitops.clone import Clone, Follow, clone_of
from deployer.gitops.git import Stopped
from deployer.gitops.remote import Credentials, remote_of
from tests.gitops.repository import Repository

Make = Callable[..., Clone]
MAIN = Follow("main")


@pytest.fixture
def clone(repository: Repository, tmp_path: Path) -> Make:
    def make(
        url: str = repository.url, follow: Follow = MAIN, keys: Path | None = None, **more: Callable[[], bool]
    ) -> Clone:
        return clone_of(
            tmp_path / "state", remote_of(url), follow, Credentials(), keys, more.get("stopping", lambda: False)
        )

    return make


def files_in(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def test_the_branch_is_followed(repository: Repository, clone: Make):
    first = repository.commit({"stack.yaml": "1"})
    assert clone().fetch() == first
    second = repository.commit({"stack.yaml": "2"})
    assert clone().fetch() == second


def test_whether_the_remote_is_reached_is_known_while_another_one_holds_the_clone(repository: Repository, clone: Make):
    repository.commit({"stack.yaml": "1"})
    repository.git("tag", "v1.0")
    repository.push("--tags")
    with clone().held():
        for follow in (MAIN, Follow(), Follow(tag="v1.*")):
            clone(follow=follow).reach()
    assert not clone().git.repository.exists()


@pytest.mark.parametrize(
    ("follow", "missing"), [(Follow("nope"), "has no refs/heads/nope"), (Follow(tag="v2.*"), "no tag matches v2.*")]
)
def test_a_remote_without_what_is_followed_is_not_reached(
    repository: Repository, clone: Make, follow: Follow, missing: str
):
    repository.commit({"stack.yaml": "1"})
    with pytest.raises(Unreachable) as raised:
        clone(follow=follow).reach()
    assert missing in str(raised.value.diagnostics[0])


def test_nor_is_one_that_is_not_there(repository: Repository, clone: Make):
    with pytest.raises(Unreachable):
        clone(f"file://{repository.folder}/nowhere.git").reach()


def test_without_a_branch_it_is_the_one_of_the_remote(repository: Repository, clone: Make):
    here = repository.commit({"stack.yaml": "1"})
    repository.git("checkout", "--quiet", "-b", "other")
    repository.commit({"stack.yaml": "2"})
    assert clone(follow=Follow()).fetch() == here


def test_nothing_of_the_past_is_brought(repository: Repository, clone: Make):
    for number in range(5):
        repository.commit({"stack.yaml": str(number)})
    made = clone()
    made.fetch()
    assert made.git.run("rev-list", "--count", "refs/deployer/head").strip() == b"1"


def test_the_newest_tag_of_a_pattern_is_followed(repository: Repository, clone: Make):
    for number, tag in enumerate(("v1.9.0", "v1.10.0", "v1.10.1", "v1.11.0-rc.1", "v2.0.0")):
        repository.commit({"stack.yaml": str(number)})
        repository.git("tag", "-a", tag, "-m", tag)
        repository.git("push", "--quiet", "--tags")
    wanted = repository.git("rev-parse", "v1.10.1^{commit}")
    made = clone(follow=Follow(tag="v1.*"))
    assert made.fetch() == wanted
    assert made.tag_of(wanted) == "v1.10.1"
    before = clone(follow=Follow(tag="v1.*-rc*")).fetch()
    assert before == repository.git("rev-parse", "v1.11.0-rc.1^{commit}")
    again = clone(follow=Follow(tag="v1.*"))  # of another process, which has not fetched
    assert again.tag_of(wanted) == "v1.10.1"


def test_a_tag_whose_name_is_no_text_is_no_version(repository: Repository, clone: Make):
    wanted = repository.commit({"stack.yaml": "1"})
    repository.git("tag", "v1.0")
    repository.git("tag", os.fsdecode(b"v1.1-\xff"))
    repository.git("tag", os.fsdecode(b"v9\xff"))
    repository.push("--tags")
    for pattern in ("v*", "v1.*"):
        made = clone(follow=Follow(tag=pattern))
        made.reach()
        assert made.fetch() == wanted
    with pytest.raises(Unreachable, match="no tag matches"):
        clone(follow=Follow(tag="v9*")).fetch()


def test_no_such_tag_is_said(repository: Repository, clone: Make):
    repository.commit({"stack.yaml": "1"})
    with pytest.raises(Unreachable, match=r"no tag matches v1\.\*"):
        clone(follow=Follow(tag="v1.*")).fetch()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("scheme", ["", "file://"])
@pytest.mark.parametrize("which", ["bare", "work"])
def test_a_repository_of_another_user_is_followed(repository: Repository, clone: Make, which: str, scheme: str):
    """As where it is mounted into a container."""
    commit = repository.commit({"a": "1"})
    folder = getattr(repository, which)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 4242, 4242)
    assert clone(f"{scheme}{folder}").fetch() == commit


def test_a_force_push_is_followed(repository: Repository, clone: Make):
    first = repository.commit({"stack.yaml": "1"})
    repository.commit({"stack.yaml": "2"})
    clone().fetch()
    repository.git("reset", "--quiet", "--hard", first)
    repository.git("commit", "--quiet", "--allow-empty", "-m", "another")
    repository.git("push", "--quiet", "--force", "origin", "main")
    assert clone().fetch() == repository.git("rev-parse", "HEAD")


def test_a_history_written_anew_is_followed(repository: Repository, clone: Make):
    repository.commit({"stack.yaml": "1"})
    clone().fetch()
    repository.git("checkout", "--quiet", "--orphan", "anew")
    repository.git("commit", "--quiet", "--allow-empty", "-m", "anew")
    repository.git("push", "--quiet", "--force", "origin", "anew:main")
    assert clone().fetch() == repository.git("rev-parse", "HEAD")


def test_a_dead_remote_is_said_and_what_was_taken_stays(repository: Repository, clone: Make):
    first = repository.commit({"stack.yaml": "1"})
    made = clone()
    made.accept(made.fetch())
    repository.go_away()
    with pytest.raises(Unreachable) as raised:
        made.fetch()
    assert raised.value.diagnostics[0].code == "remote-unreachable"
    assert made.accepted() == first
    repository.come_back()
    assert made.fetch() == first


def test_a_clone_that_is_damaged_is_made_anew(repository: Repository, clone: Make):
    first = repository.commit({"stack.yaml": "1"})
    made = clone()
    made.fetch()
    for path in (made.git.repository / "objects").rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(b"")
    second = repository.commit({"stack.yaml": "2"})
    assert made.fetch() == second != first


def without_git(folder: Path) -> str:
    """A PATH on which there is none."""
    return str(folder)


def with_git_that_is_killed(folder: Path) -> str:
    """A PATH on which there is one that the kernel ends, as where memory runs out."""
    (folder / "git").write_text("#!/bin/sh\nkill -KILL $$\n")
    (folder / "git").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.mark.parametrize("path_in", [without_git, with_git_that_is_killed])
def test_where_git_cannot_be_run_nothing_is_removed(
    repository: Repository,
    clone: Make,
    path_in: Callable[[Path], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    first = repository.commit({"stack.yaml": "1"})
    made = clone()
    made.accept(made.fetch())
    (tmp_path / "bin").mkdir()
    with monkeypatch.context() as patched:
        patched.setenv("PATH", path_in(tmp_path / "bin"))
        with pytest.raises(Unreachable):
            made.fetch()
        with pytest.raises(OperationFailed):
            made.accepted()
    assert made.accepted() == first


def test_locks_that_a_dead_git_left_are_no_hindrance(repository: Repository, clone: Make):
    repository.commit({"stack.yaml": "1"})
    made = clone()
    made.fetch()
    for name in ("shallow.lock", "refs/deployer/head.lock", "index.lock"):
        (made.git.repository / name).touch()
    with made.held():
        second = repository.commit({"stack.yaml": "2"})
        assert made.fetch() == second


def test_a_git_that_outlived_its_agent_is_waited_for(repository: Repository, clone: Make):
    """It takes the lock after the next agent has looked for some."""
    repository.commit({"stack.yaml": "1"})
    made = clone()
    made.fetch()
    with made.held():
        (made.git.repository / "shallow.lock").touch()
        second = repository.commit({"stack.yaml": "2"})
        assert made.fetch() == second


def test_two_agents_do_not_share_a_clone(clone: Make):
    with clone().held(), pytest.raises(Busy, match="another agent"), clone().held():
        pass


def test_the_files_are_those_of_the_commit(repository: Repository, clone: Make):
    first = repository.commit({"stack.yaml": "1", "web/a": "a", "web/b": "b"})
    second = repository.commit({"stack.yaml": "2", "web/b": None, "web/c": "c"})
    made = clone()
    made.fetch()
    place = made.put_in_place(second, "stack.yaml")
    assert files_in(place) == {"stack.yaml": "2", "web/a": "a", "web/c": "c"}
    assert place.name == "shop"
    assert made.has(first)
    made.put_in_place(first, "stack.yaml")
    assert files_in(place) == {"stack.yaml": "1", "web/a": "a", "web/b": "b"}


def test_a_folder_stays_the_same_one_for_who_has_mounted_it(repository: Repository, clone: Make):
    first = repository.commit({"web/a": "1"})
    made = clone()
    made.fetch()
    folder = made.put_in_place(first, "stack.yaml") / "web"
    before = folder.stat().st_ino
    second = repository.commit({"web/a": "2"})
    made.fetch()
    made.put_in_place(second, "stack.yaml")
    assert (folder.stat().st_ino, (folder / "a").read_text()) == (before, "2")


def test_what_was_cut_off_half_way_is_made_whole(repository: Repository, clone: Make):
    commit = repository.commit({"a": "1", "b": "2", "c/d": "3"})
    made = clone()
    made.fetch()
    place = made.put_in_place(commit, "stack.yaml")
    (place / "a").write_text("half")
    (place / "c/d").unlink()
    index = next((made.folder / "index").iterdir())
    index.with_name(f"{index.name}.lock").touch()
    made.put_in_place(commit, "stack.yaml")
    assert files_in(place) == {"a": "1", "b": "2", "c/d": "3"}


def test_data_that_git_does_not_know_stays(repository: Repository, clone: Make):
    first = repository.commit({"a": "1"})
    made = clone()
    made.fetch()
    place = made.put_in_place(first, "stack.yaml")
    (place / "data").mkdir()
    (place / "data/precious").write_text("!")
    second = repository.commit({"a": "2"})
    made.fetch()
    made.put_in_place(second, "stack.yaml")
    assert (place / "data/precious").read_text() == "!"
    third = repository.commit({"data": "a file"})
    made.fetch()
    with pytest.raises(InvalidStack, match="data/precious"):
        made.put_in_place(third, "stack.yaml")
    assert (place / "data/precious").read_text() == "!"


def test_what_a_repository_says_of_files_changes_none(repository: Repository, clone: Make):
    """Neither are files left out, as `git archive` does, nor are there filters."""
    attributes = "secret export-ignore\na filter=evil export-subst\n"
    commit = repository.commit({".gitattributes": attributes, "secret": "s", "a": "$Format:%H$"})
    made = clone()
    made.fetch()
    place = made.put_in_place(commit, "stack.yaml")
    assert files_in(place) == {".gitattributes": attributes, "secret": "s", "a": "$Format:%H$"}


def test_no_hook_and_no_configuration_runs_anything(
    repository: Repository, clone: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    touched = tmp_path / "touched"
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f'[core]\n\tfsmonitor = "touch {touched}"\n\thooksPath = {home}/hooks\n'
        f'[credential]\n\thelper = "!touch {touched}"\n[filter "evil"]\n\tsmudge = "touch {touched}; cat"\n'
    )
    (home / "hooks").mkdir()
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        (home / "hooks" / name).write_text(f"#!/bin/sh\ntouch {touched}\n")
        (home / "hooks" / name).chmod(0o755)
    commit = repository.commit({".gitattributes": "a filter=evil\n", "a": "a"})
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    made = clone()
    made.accept(made.fetch())
    made.put_in_place(commit, "stack.yaml")
    assert not touched.exists()


def test_a_link_out_of_the_repository_is_refused(repository: Repository, clone: Make):
    repository.commit({"a": "1"})
    os.symlink("../../../../etc/passwd", repository.work / "leak")
    commit = repository.commit()
    made = clone()
    made.fetch()
    with pytest.raises(InvalidStack, match="leak is a link that leads out of the repository"):
        made.refuse(commit)


def test_a_link_within_the_repository_is_taken(repository: Repository, clone: Make):
    repository.write({"web/a": "1"})
    os.symlink("web/a", repository.work / "link")
    commit = repository.commit()
    made = clone()
    made.fetch()
    made.refuse(commit)


def test_a_name_that_is_no_text_is_refused(repository: Repository, clone: Make):
    repository.write({f"{os.fsdecode(b'b' + bytes([255]))}/stack.yaml": "1", "grün/stack.yaml": "1"})
    commit = repository.commit()
    made = clone()
    made.fetch()
    with pytest.raises(InvalidStack, match=r"'b\\udcff/stack.yaml' has a name that is no UTF-8") as raised:
        made.refuse(commit)
    assert len(raised.value.diagnostics) == 1


def test_a_submodule_is_refused(repository: Repository, clone: Make, tmp_path: Path):
    other = Repository(tmp_path / "other").begin()
    other.commit({"x": "x"})
    repository.commit({"a": "1"})
    repository.git("submodule", "--quiet", "add", other.url, "sub")
    commit = repository.commit()
    made = clone()
    made.fetch()
    with pytest.raises(InvalidStack, match="sub is a submodule"):
        made.refuse(commit)


def test_a_huge_file_is_refused(repository: Repository, clone: Make):
    with open(repository.work / "huge", "wb") as file:
        file.truncate(65 * 1024 * 1024)
    commit = repository.commit()
    made = clone()
    made.fetch()
    with pytest.raises(InvalidStack, match="huge has 65 MiB"):
        made.refuse(commit)


def test_who_stops_does_not_wait_for_git(clone: Make):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        made = clone(f"http://127.0.0.1:{silent.getsockname()[1]}/x.git", stopping=lambda: True)
        with pytest.raises(Stopped):
            made.git.run("ls-remote", made.remote.url)


def test_a_remote_that_hangs_is_given_up(clone: Make):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        made = clone(f"http://127.0.0.1:{silent.getsockname()[1]}/x.git")
        made = replace(made, git=replace(made.git, seconds=1.0))
        with pytest.raises(Unreachable, match="did not end within 1 seconds"):
            made.fetch()


def ssh_key(folder: Path, name: str) -> Path:
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


def test_only_a_commit_that_is_signed_by_a_known_key_is_taken(repository: Repository, clone: Make, tmp_path: Path):
    known, other = ssh_key(tmp_path, "known"), ssh_key(tmp_path, "other")
    allowed = tmp_path / "allowed"
    allowed.write_text(f"ann@example.org {known.with_suffix('.pub').read_text()}")
    made = clone(keys=allowed)
    unsigned = repository.commit({"a": "1"})
    made.fetch()
    with pytest.raises(InvalidStack, match="not signed by a key that is known here"):
        made.refuse(unsigned)
    for key, good in ((other, False), (known, True)):
        repository.settings = ["-c", "gpg.format=ssh", "-c", f"user.signingKey={key}", "-c", "commit.gpgSign=true"]
        commit = repository.commit({"a": key.name})
        made.fetch()
        if good:
            made.refuse(commit)
        else:
            with pytest.raises(InvalidStack, match="not signed"):
                made.refuse(commit)


@pytest.fixture
def gpg() -> Iterator[Callable[[str], Path]]:
    """A folder of gpg, by whose name it has a key that signs."""
    homes: list[Path] = []

    def make(name: str) -> Path:
        homes.append(home := Path(tempfile.mkdtemp(prefix="gpg-")))  # its path must be short, for gpg's sockets
        made = ["--batch", "--passphrase", "", "--quick-gen-key", f"{name}@example.org", "ed25519", "sign"]
        subprocess.run(["gpg", "--homedir", str(home), *made], check=True, capture_output=True)
        return home

    yield make
    for home in homes:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
        shutil.rmtree(home, ignore_errors=True)


def signing(home: Path, name: str, folder: Path) -> list[str]:
    """The settings of git by which the key in a folder of gpg signs."""
    program = folder / f"sign-{name}"
    program.write_text(f'#!/bin/sh\nexec gpg --homedir {home} "$@"\n')
    program.chmod(0o755)
    key = ("-c", f"user.signingKey={name}@example.org")
    return ["-c", f"gpg.program={program}", *key, "-c", "commit.gpgSign=true"]


def test_a_keyring_of_gpg_does_as_well(repository: Repository, clone: Make, gpg: Callable[[str], Path], tmp_path: Path):
    homes = {name: gpg(name) for name in ("known", "other")}
    ring = tmp_path / "keys.asc"
    exported = ["gpg", "--homedir", str(homes["known"]), "--armor", "--export"]
    ring.write_bytes(subprocess.run(exported, check=True, capture_output=True).stdout)
    clones = clone(keys=ring)
    for name, good in (("other", False), ("known", True)):
        repository.settings = signing(homes[name], name, tmp_path)
        commit = repository.commit({"a": name})
        clones.fetch()
        if good:
            clones.refuse(commit)
        else:
            with pytest.raises(InvalidStack, match="not signed"):
                clones.refuse(commit)


def test_whom_the_agents_own_user_trusts_is_nobody_where_the_keys_are_those_of_ssh(
    repository: Repository,
    clone: Make,
    gpg: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    allowed = tmp_path / "allowed"
    allowed.write_text(f"ann@example.org {ssh_key(tmp_path, 'known').with_suffix('.pub').read_text()}")
    home = gpg("eve")
    monkeypatch.setenv("GNUPGHOME", str(home))
    repository.settings = signing(home, "eve", tmp_path)
    commit = repository.commit({"a": "1"})
    repository.git("verify-commit", commit)
    made = clone(keys=allowed)
    made.fetch()
    with pytest.raises(InvalidStack, match="not signed"):
        made.refuse(commit)


def test_commits_that_are_needed_are_kept(repository: Repository, clone: Make):
    commits = [repository.commit({"a": str(number)}) for number in range(3)]
    made = clone()
    made.fetch()
    for commit in commits:
        assert made.has(commit)
    made.keep(commits[:1])
    made.keep(commits[:2])
    names = made.git.run("for-each-ref", "--format=%(refname)", "refs/deployer/kept").decode().split()
    assert names == sorted(f"refs/deployer/kept/{commit}" for commit in commits[:2])
