"""The clone: what a repository says now, taken whole or not at all, and put in place for one stack at a time.

    STATE/<repository>/repository.git    bare, shallow; `refs/deployer/accepted` is the commit that is followed
    STATE/<repository>/stacks/<stack>/<repository's name>/    the files of a commit, for one stack
    STATE/<repository>/index/<stack>     what git knows of them

A stack's folder stays where it is from commit to commit, and so do the folders in it: a container that has mounted one
goes on seeing it. Git writes it anew, file by file, before anything is planned: whoever was killed meanwhile begins
with that again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from deployer.errors import Busy, DeployerError, Diagnostic, InvalidStack, OperationFailed, Unreachable
from deployer.gitops.git import Git, NotRun
from deployer.gitops.remote import Credentials, Remote, in_environment, secrets_of
from deployer.gitops.signers import is_gpg, keyring, refuse_unsigned
from deployer.gitops.tree import LINK, Entry, entries_of, refusals
from deployer.gitops.versions import newest

_HEAD, _ACCEPTED, _KEPT = "refs/deployer/head", "refs/deployer/accepted", "refs/deployer/kept/"

_TAGS = "tags.json"
"""By commit, the tag that it was followed for, of the last ones."""

_TAGS_KEPT = 100

_OUTLIVES = 2.0
"""Seconds that a git has to end whose agent was killed; after them the locks that are there are nobody's."""


@dataclass(frozen=True, slots=True)
class Follow:
    """A branch, "" for the one that the remote's HEAD names, or the newest tag that a pattern matches."""

    branch: str = ""
    tag: str = ""

    def __str__(self) -> str:
        return f"tag {self.tag}" if self.tag else self.branch or "HEAD"

    @property
    def it(self) -> str:
        return "the tag" if self.tag else "the branch"

    @property
    def moves(self) -> str:
        """When there is something new."""
        return "there is a newer tag" if self.tag else "the branch moves"


@dataclass(frozen=True, slots=True)
class Clone:
    """`keys` is a file with the public keys of who may sign, None where nobody needs to."""

    folder: Path
    remote: Remote
    follow: Follow
    git: Git
    keys: Path | None = None
    _entries: dict[str, list[Entry]] = field(default_factory=dict[str, "list[Entry]"], repr=False, compare=False)

    def fetch(self) -> str:
        """The commit that the remote has now. Raises Unreachable where it cannot be had, and Stopped."""
        try:
            return self._fetched_past_locks()
        except OperationFailed as error:
            if not self._is_broken():
                raise _unreachable(error) from None
        # A disk that was full, or a power cut, may leave less than git needs: nothing is here that the remote lacks.
        shutil.rmtree(self.git.repository, ignore_errors=True)
        try:
            return self._fetched()
        except OperationFailed as error:
            raise _unreachable(error) from None

    def reach(self) -> None:
        """Raises Unreachable where the remote does not have what is followed, or cannot be asked. Nothing here is
        needed for that: somebody else may hold the clone.
        """
        try:
            name = self._name()
            if not self.git.run("ls-remote", "--end-of-options", self.remote.url, name).strip():
                raise OperationFailed(Diagnostic("git-failed", f"{self.remote.url} has no {name}"))
        except OperationFailed as error:
            raise _unreachable(error) from None

    def _fetched_past_locks(self) -> str:
        try:
            return self._fetched()
        except OperationFailed:
            if not any(self._locks()):
                raise
        time.sleep(_OUTLIVES)
        self._unlock()
        return self._fetched()

    def _locks(self) -> Iterator[Path]:
        return self.git.repository.rglob("*.lock")

    def _unlock(self) -> None:
        for left in self._locks():
            left.unlink(missing_ok=True)

    def _fetched(self) -> str:
        self._begin()
        name = self._name()
        self.git.run(
            *("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--force", "--depth=1", "--end-of-options"),
            *(self.remote.url, f"+{name}:{_HEAD}"),
        )
        commit = self.git.run("rev-parse", "--verify", f"{_HEAD}^{{commit}}").decode().strip()
        if self.follow.tag and self.tag_of(commit) != name.removeprefix("refs/tags/"):
            others = [(other, tag) for other, tag in self.noted(_TAGS).items() if other != commit]
            self.note(_TAGS, dict([*others, (commit, name.removeprefix("refs/tags/"))][-_TAGS_KEPT:]))
        return commit

    def tag_of(self, commit: str) -> str:
        """The tag that a commit was followed for, "" where a branch is followed or that is not known."""
        return str(self.noted(_TAGS).get(commit, "")) if self.follow.tag else ""

    def _name(self) -> str:
        if not self.follow.tag:
            return f"refs/heads/{self.follow.branch}" if self.follow.branch else "HEAD"
        listed = self.git.run("ls-remote", "--tags", "--refs", "--end-of-options", self.remote.url)
        names = re.findall(r"\trefs/tags/(.+)", listed.decode("utf-8", "replace"))
        found = newest([each for each in names if "\N{REPLACEMENT CHARACTER}" not in each], self.follow.tag)
        if found is None:
            hint = f"what is before a release, such as v1.2-rc1, is named by its hyphen: --tag '{self.follow.tag}-*'"
            raise OperationFailed(Diagnostic("git-failed", f"no tag matches {self.follow.tag}", hint=hint))
        return f"refs/tags/{found}"

    def _begin(self) -> None:
        if not (self.git.repository / "HEAD").exists():
            self.git.repository.mkdir(parents=True, exist_ok=True)
            self.git.run("init", "--quiet", "--bare", "--template=", str(self.git.repository))

    def _is_broken(self) -> bool:
        """Whether git says so of what is here. One that could not be run says nothing."""
        if not self.git.repository.exists():
            return False
        try:
            self.git.run("rev-parse", "--git-dir")
            self.git.run("fsck", "--connectivity-only", "--no-dangling", "--no-progress")
        except OperationFailed as error:
            return not isinstance(error, NotRun)
        return False

    def refuse(self, commit: str) -> None:
        """Raises InvalidStack where a commit is not signed as it must be, or leads out of itself: nothing is read."""
        if self.keys:
            refuse_unsigned(self.git, self.keys, commit)
        entries = self.entries(commit)
        found = list(refusals(entries, self._links(entries)))
        if found:
            raise InvalidStack(*(replace(each, message=f"{commit[:12]}: {each.message}") for each in found))

    def accept(self, commit: str) -> None:
        self.git.run("update-ref", _ACCEPTED, commit)

    def accepted(self) -> str:
        """The commit that was taken last; "" where there is none. Of a remote that is dead, it is what is followed.
        Raises NotRun, where nobody knows.
        """
        try:
            return self.git.run("rev-parse", "--verify", "--quiet", f"{_ACCEPTED}^{{commit}}").decode().strip()
        except NotRun:
            raise
        except OperationFailed:
            return ""

    def entries(self, commit: str) -> list[Entry]:
        """The files of a commit. Those of the last one are kept: each stack is put in place from it."""
        if commit not in self._entries:
            found = entries_of(self.git.run("ls-tree", "-r", "-z", "-l", "--full-tree", commit))
            self._entries.clear()
            self._entries[commit] = found
        return self._entries[commit]

    def _links(self, entries: Sequence[Entry]) -> dict[str, str]:
        links = [each for each in entries if each.mode == LINK and each.size <= 4096]
        if not links:
            return {}
        answer = self.git.run("cat-file", "--batch", input="".join(f"{each.id}\n" for each in links).encode())
        return {each.path: target for each, target in zip(links, _blobs(answer), strict=True)}

    def has(self, commit: str) -> bool:
        """Whether a commit is here, or can be had from the remote."""
        if self.git.succeeds("cat-file", "-e", f"{commit}^{{tree}}"):
            return True
        brought = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--depth=1", "--end-of-options")
        return self.git.succeeds(*brought, self.remote.url, f"+{commit}:{_KEPT}{commit}") and self.git.succeeds(
            "cat-file", "-e", f"{commit}^{{tree}}"
        )

    def keep(self, commits: Collection[str]) -> None:
        """Git keeps these commits, and may drop all others."""
        there = self.git.run("for-each-ref", "--format=%(refname)", _KEPT).decode().split()
        wanted = {f"{_KEPT}{commit}": commit for commit in commits}
        lines = [f"delete {name}" for name in there if name not in wanted]
        lines += [f"update {name} {commit}" for name, commit in wanted.items() if name not in there]
        if lines:
            self.git.run("update-ref", "--stdin", input="".join(f"{line}\n" for line in lines).encode())

    def noted(self, name: str) -> dict[str, Any]:
        """What was noted of each stack, by its path, in a file of that name: nothing that must not be lost."""
        try:
            found: object = json.loads((self.folder / name).read_text())
        except (OSError, ValueError):
            return {}
        return dict(cast("dict[str, Any]", found)) if isinstance(found, dict) else {}

    def note(self, name: str, values: Mapping[str, Any]) -> None:
        with suppress(OSError):
            new = self.folder / f"{name}.new"
            new.write_text(json.dumps(values))
            new.replace(self.folder / name)

    def place_of(self, stack_file: str) -> Path:
        """The folder that the files lie in which a stack is made from."""
        return self.folder / "stacks" / _slug(stack_file) / self.remote.name

    def put_in_place(self, commit: str, stack_file: str) -> Path:
        """The same, with the files of a commit in it, and those of no other; what git does not know stays.

        Raises InvalidStack where a folder that holds such data would have to go for a file.
        """
        place, index = self.place_of(stack_file), self.folder / "index" / _slug(stack_file)
        place.mkdir(parents=True, exist_ok=True)
        index.parent.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            os.unlink(f"{index}.lock")
        variables = {"GIT_INDEX_FILE": str(index)}
        self._refuse_data_in_the_way(commit, place, variables)
        self.git.run(f"--work-tree={place}", "read-tree", "--reset", "-u", commit, variables=variables)
        return place

    def _refuse_data_in_the_way(self, commit: str, place: Path, variables: dict[str, str]) -> None:
        folders = [
            each.path
            for each in self.entries(commit)
            if (place / each.path).is_dir() and not (place / each.path).is_symlink()
        ]
        if not folders:
            return
        tracked = set(
            self.git.run("ls-files", "-z", variables=variables).decode("utf-8", "surrogateescape").split("\0")
        )
        for folder in folders:
            for above, _, files in os.walk(place / folder):
                for name in files:
                    path = os.path.relpath(os.path.join(above, name), place)
                    if path not in tracked:
                        message = (
                            f"{folder} is a file in {commit[:12]}, and here it is a folder that holds data: {path}"
                        )
                        raise InvalidStack(
                            Diagnostic("data-in-the-way", message, hint="move the data, or name the file otherwise")
                        )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else uses this clone. Raises Busy where another one does. Locks that a dead git left are removed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        with open(self.folder / "lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                hint = "stop that one, or give this one a folder of its own: --state DIR"
                message = f"another agent works in {self.folder}"
                raise Busy(Diagnostic("state-in-use", message, hint=hint)) from None
            self._unlock()
            yield


def clone_of(
    state: Path,
    remote: Remote,
    follow: Follow,
    credentials: Credentials,
    keys: Path | None,
    stopping: Callable[[], bool],
) -> Clone:
    """A clone in a folder of its own beneath `state`. Raises InvalidStack where the keys cannot be read."""
    folder = state.absolute() / remote.folder
    gpg_home = keyring(keys) if keys and is_gpg(keys) else None
    git = Git(
        folder / "repository.git",
        in_environment(remote, credentials),
        secrets_of(credentials),
        credentials.key,
        _settings(folder, remote) if remote.path else None,
        gpg_home,
        stopping,
    )
    return Clone(folder, remote, follow, git, keys)


def _settings(folder: Path, remote: Remote) -> Path:
    """A repository on this machine may be another user's: who names it means it. The git that serves it takes this from
    a file alone (git-config(1), safe.directory).
    """
    folder.mkdir(parents=True, exist_ok=True)
    quoted = remote.path.replace("\\", "\\\\").replace('"', '\\"')
    found = folder / "git.config"
    found.write_text(f'[safe]\n\tdirectory = "{quoted}"\n\tdirectory = "{quoted}/.git"\n')
    return found


def _blobs(answer: bytes) -> Iterator[str]:
    """What `git cat-file --batch` answers, one object after the other."""
    at = 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        size = int(answer[at:end].split()[2])
        yield answer[end + 1 : end + 1 + size].decode("utf-8", "surrogateescape")
        at = end + 1 + size + 1


def _slug(path: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", path.removesuffix(".yaml").removesuffix(".yml")).strip("-.")
    return f"{readable[:60]}-{hashlib.sha256(path.encode('utf-8', 'surrogateescape')).hexdigest()[:6]}"


def _unreachable(error: DeployerError) -> Unreachable:
    said = error.diagnostics[0]
    hint = said.hint or "it is tried again; git ls-remote shows whether it answers from here"
    return Unreachable(Diagnostic("remote-unreachable", said.message, hint=hint))
