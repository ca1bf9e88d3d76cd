"""What a commit holds, by its listing alone: what in it is refused, and which stacks are in it. Nothing is read."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deployer.errors import Diagnostic

LINK, SUBMODULE = "120000", "160000"
MOST_FILES = 100_000
LARGEST_FILE = 64 * 1024 * 1024
MOST_BYTES = 1024 * 1024 * 1024
_MOST_HOPS = 40
_MOST_TOLD = 5
_PATTERNS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, link or submodule of a commit: its mode as git writes it, its object's id, its size in bytes."""

    mode: str
    id: str
    size: int
    path: str


@dataclass(frozen=True, slots=True)
class StackFile:
    """A stack file by its path in the repository, and what lies beside it to go over it."""

    path: str
    over: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        return (self.path, self.over) if self.over else (self.path,)


def changed_first(files: Sequence[StackFile], changed: Collection[str]) -> list[StackFile]:
    """The stack files in the order in which they are looked at: first those of which something, or beneath whose
    folder something, is `changed`. Whoever has pushed waits for these.
    """
    folders = {above for path in changed for above in _folders(path)}

    def rank(file: StackFile) -> int:
        return 0 if not set(file.files).isdisjoint(changed) else 1 if posixpath.dirname(file.path) in folders else 2

    return sorted(files, key=rank)


def changed_paths(before: Sequence[Entry], now: Sequence[Entry]) -> set[str]:
    was, are = ({each.path: (each.mode, each.id) for each in entries} for entries in (before, now))
    return {path for path in was.keys() | are.keys() if was.get(path) != are.get(path)}


def beneath(paths: Collection[str], folders: Collection[str]) -> list[str]:
    """Those of the paths that are one of these files or folders, or lie in one; "" is the top folder."""
    return sorted(each for each in paths if not {each, *_folders(each)}.isdisjoint(folders))


def _folders(path: str) -> Iterator[str]:
    while path:
        path = posixpath.dirname(path)
        yield path


def entries_of(listing: bytes) -> list[Entry]:
    """The answer of `git ls-tree -r -z -l`."""
    found: list[Entry] = []
    for line in filter(None, listing.split(b"\0")):
        about, _, path = line.partition(b"\t")
        mode, _, id, size = about.decode().split()
        found.append(Entry(mode, id, int(size) if size.isdigit() else 0, path.decode("utf-8", "surrogateescape")))
    return found


def refusals(entries: Sequence[Entry], links: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Why a commit is not taken: what leads out of it, and what is far too much. `links` are targets by path."""
    if len(entries) > MOST_FILES:
        yield _wrong(f"it holds {len(entries)} files, and {MOST_FILES} are the most", "keep what is deployed apart")
        return
    size = sum(each.size for each in entries)
    if size > MOST_BYTES:
        most = f"{MOST_BYTES // 1024 // 1024} MiB"
        yield _wrong(f"it holds {size // 1024 // 1024} MiB, and {most} are the most", "keep data elsewhere")
    wrong = list(_each(entries, links))
    yield from wrong[:_MOST_TOLD]
    if len(wrong) > _MOST_TOLD:
        yield _wrong(f"{len(wrong) - _MOST_TOLD} more are refused", "")


def _each(entries: Sequence[Entry], links: Mapping[str, str]) -> Iterator[Diagnostic]:
    for each in entries:
        parts = each.path.split("/")
        if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
            yield _wrong(f"{each.path!r} is no path of a file", "")
        elif not _is_text(each.path):
            yield _wrong(f"{each.path!r} has a name that is no UTF-8", "name it otherwise")
        elif each.mode == SUBMODULE:
            hint = "submodules are never fetched: put its files into this repository"
            yield _wrong(f"{each.path} is a submodule, which lies elsewhere", hint)
        elif each.size > LARGEST_FILE:
            most = f"{LARGEST_FILE // 1024 // 1024} MiB"
            yield _wrong(f"{each.path} has {each.size // 1024 // 1024} MiB, and {most} are the most", "")
        elif each.mode == LINK and leaves(each.path, links):
            yield _wrong(f"{each.path} is a link that leads out of the repository", "link to a file in it")


def _is_text(path: str) -> bool:
    return path == path.encode("utf-8", "replace").decode()


def leaves(path: str, links: Mapping[str, str]) -> bool:
    """Whether what a path names lies outside of the tree, all links on the way followed, as the kernel does. A circle
    leads nowhere.
    """
    here: list[str] = []
    waiting = path.split("/")
    hops = 0
    while waiting:
        part = waiting.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                return True
            here.pop()
            continue
        here.append(part)
        target = links.get("/".join(here))
        if target is not None:
            hops += 1
            if target.startswith("/"):
                return True
            if hops > _MOST_HOPS:
                return False
            here.pop()
            waiting = [*target.split("/"), *waiting]
    return False


def stacks_in(
    paths: Collection[str], globs: Sequence[str], names: Sequence[str], overrides: Sequence[Sequence[str]]
) -> list[StackFile]:
    """The stacks of a commit, by path. `globs` name files, or folders with a stack file of a default name; without any,
    it is the one in the top folder. `names` are those default names, the first one first, `overrides` the names of what
    goes over a file: of a stack's, then of a compose file's.
    """
    known = set(paths)
    by_folder: dict[str, set[str]] = {}
    for path in known:
        folder, _, name = path.rpartition("/")
        by_folder.setdefault(folder, set()).add(name)
    over = {name for group in overrides for name in group}
    found: set[str] = set()
    for glob in globs or ("",):
        pattern = pattern_of(glob)
        found |= {
            path
            for path in known
            if pattern.fullmatch(path) and path.endswith((".yaml", ".yml")) and path.rpartition("/")[2] not in over
        }
        for folder, there in by_folder.items():
            name = next((each for each in names if each in there), None)
            if name and pattern.fullmatch(folder):
                found.add(f"{folder}/{name}" if folder else name)
    return [StackFile(path, _over(path, known, names, overrides)) for path in sorted(found)]


def _over(path: str, known: Collection[str], names: Sequence[str], overrides: Sequence[Sequence[str]]) -> str:
    folder, slash, name = path.rpartition("/")
    if name not in names:
        return ""
    group = overrides[0 if name.startswith("stack.") else 1]
    return next((f"{folder}{slash}{each}" for each in group if f"{folder}{slash}{each}" in known), "")


def pattern_of(glob: str) -> re.Pattern[str]:
    """`*` is any name, or a part of one, `**` any folders, `?` one character."""
    parts: list[str] = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", glob.strip("/").removeprefix("./"))
    return re.compile("".join(_PATTERNS.get(part) or re.escape(part) for part in parts), re.DOTALL)


def _wrong(message: str, hint: str) -> Diagnostic:
    return Diagnostic("commit-refused", message, hint=hint)
