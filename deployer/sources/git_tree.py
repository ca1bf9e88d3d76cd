"""The files of a git repository as they were at a revision, in a folder of their own.

They are written by git itself with an index of their own: neither the user's index nor the work tree is touched. What
git ignores, such as `.env` and files of secrets, is of no revision: it is taken as it lies there now.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from deployer.errors import Diagnostic, InvalidStack

_SECONDS = 120
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_GIT = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_LARGEST = 1024 * 1024
_MOST = 2000
"""So many ignored files at most are taken along, none of them larger; where there are more, those in folders that git
ignores as a whole, such as what a package manager installs, are not.
"""


@dataclass(frozen=True, slots=True)
class GitTree:
    """`top` is the checkout's folder, `folder` where the files of the `commit` are, and with them those that git
    ignores and that were `taken` as they lie there now.
    """

    top: Path
    folder: Path
    commit: str
    taken: frozenset[Path] = frozenset()

    def inside(self, path: Path) -> Path:
        """Where a file of the checkout is as it was. Raises InvalidStack for one that is outside."""
        real = path.parent.resolve() / path.name
        if not real.is_relative_to(self.top):
            raise InvalidStack(
                Diagnostic("outside-repository", f"{path} is not in the repository {self.top}, so it has no revisions")
            )
        return self.folder / real.relative_to(self.top)


def tree_at(folder: Path, revision: str, into: Path) -> GitTree:
    """The repository that a folder lies in, as it was at a revision, written beneath an empty folder. Raises
    InvalidStack where there is none, or nothing can be told of the revision.
    """
    top = Path(os.path.realpath(_line(folder, "rev-parse", "--show-toplevel") or ""))
    if not _line(folder, "rev-parse", "--show-toplevel"):
        raise _refused("no-repository", f"{folder} is not in a git repository", "or git is not there: git --version")
    commit = _line(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}") or ""
    if not _COMMIT.fullmatch(commit):
        raise _refused(
            "no-revision",
            f"the repository {top} has no revision {revision!r}",
            "name a branch, a tag or a commit; in a checkout of CI, fetch it first: git fetch --depth=1 origin NAME",
        )
    tree = GitTree(top, into / top.name, commit)
    tree.folder.mkdir()
    index = {"GIT_INDEX_FILE": str(into / "index")}
    try:
        _git(top, "read-tree", commit, **index)
        _git(top, "checkout-index", "--all", "--force", f"--prefix={tree.folder}/", **index)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        hint = said.decode("utf-8", "replace").strip()[-300:]
        raise _refused("no-revision", f"git cannot write the files of {revision!r}", hint) from None
    taken = frozenset(_take_ignored(tree))
    _refuse_links_outside(tree, revision)
    return replace(tree, taken=taken)


def _refuse_links_outside(tree: GitTree, revision: str) -> None:
    """A link that leads out of the tree would have deployer read files of this machine for a stack of another's."""
    root = os.path.realpath(tree.folder)
    for folder, names, files in os.walk(tree.folder):
        for name in (*names, *files):
            path = os.path.join(folder, name)
            if os.path.islink(path) and not f"{os.path.realpath(path)}/".startswith(f"{root}/"):
                shown = os.path.relpath(path, tree.folder)
                message = f"{shown} at {revision} is a link that leads out of the repository; nothing was read"
                raise _refused("link-outside", message, "make it a file, or a link within the repository")


def _take_ignored(tree: GitTree) -> Iterator[Path]:
    listing = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard")
    names = _names(tree.top, *listing)
    if len(names) > _MOST:
        names = [name for name in _names(tree.top, *listing, "--directory") if not name.endswith("/")][:_MOST]
    for name in names:
        source, target = tree.top / name, tree.folder / name
        try:
            about = source.lstat()
            if stat.S_ISREG(about.st_mode) and about.st_size <= _LARGEST and not os.path.lexists(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
                yield target
        except OSError:  # it went meanwhile, or nobody may read it: then it is missed where it is needed
            continue


def _names(top: Path, *words: str) -> list[str]:
    try:
        return [os.fsdecode(name) for name in _git(top, *words).split(b"\0") if name]
    except (OSError, subprocess.SubprocessError):
        return []


def _line(folder: Path, *words: str) -> str | None:
    """The line that git prints; None where it fails."""
    try:
        return os.fsdecode(_git(folder, *words)).rstrip("\n")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *words: str, **further: str) -> bytes:
    """What git prints. A hook's GIT_DIR and the like are about another checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        [*_GIT, *words],
        cwd=folder,
        env={**environment, **further},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_SECONDS,
        check=True,
    )
    return done.stdout


def _refused(code: str, message: str, hint: str) -> InvalidStack:
    return InvalidStack(Diagnostic(code, message, hint=hint))
