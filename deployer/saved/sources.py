"""What a plan was made from, as salted digests that tell nothing, but which source has changed."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping

from deployer.sources.noted import UNSET, WHOLE, Seen

_ROUNDS = 20_000
"""So that a guess at a short secret costs something; what goes into a build is much, and is digested once."""

_NAMED = 5_000
"""Of a build with more files only the digest over all of them is kept, for a plan must stay small enough to be read."""

_ALWAYS_READ = ("HOME",)
"""It is asked for whether or not a path begins with `~`, and is another one on another machine."""


def digests(seen: Seen, salt: bytes, folder: str) -> dict[str, str]:
    """By what a person calls each source; files are named from `folder`, the one that deployer runs in."""
    found = {shown(path, folder): _slow(digest, salt) for path, digest in seen.files.items()}
    found |= {
        f"${name}": digest if digest == UNSET else _slow(digest, salt)
        for name, digest in seen.variables.items()
        if name not in _ALWAYS_READ
    }
    many = Counter(name.partition(": ")[0] for name in seen.inputs)
    named = (name for name in seen.inputs if many[name.partition(": ")[0]] <= _NAMED or name.endswith(f": {WHOLE}"))
    return found | {name: _quick(seen.inputs[name], salt) for name in named}


def shown(path: str, folder: str) -> str:
    """A file's name from that folder, where another checkout has it at the same place; else its absolute path."""
    common = os.path.commonpath([path, folder])
    return path if common == posixpath.sep else os.path.relpath(path, folder)


def changed(then: Mapping[str, str], now: Mapping[str, str], *, whole: bool) -> Iterator[str]:
    """What is not as it was, in words. Until the `whole` is read again, what is missing may only come later."""
    named = set[str]()
    for name, digest in now.items():
        if then.get(name) == digest or name.endswith(f": {WHOLE}"):
            continue
        named.add(name)
        if name not in then:
            yield f"{name} was not there" if not name.startswith("$") else f"{name} was not asked for"
        elif UNSET in (digest, then[name]):
            yield f"{name} is {'not set' if digest == UNSET else 'set'} now"
        else:
            yield f"{name} has changed"
    if whole:
        gone = [name for name in then if name not in now]
        named |= set(gone)
        yield from (f"{name} is not {'asked for' if name.startswith('$') else 'there'} any more" for name in gone)
    wholes = (name for name in now if name.endswith(f": {WHOLE}"))
    for name in (each for each in wholes if then.get(each, now[each]) != now[each]):
        build = name.removesuffix(WHOLE)
        if not any(each.startswith(build) for each in named):
            listed = any(each.startswith(build) for each in now if each != name)
            yield f"{build}{'how its files may be used' if listed else 'one of its many files'} has changed"


def _slow(digest: str, salt: bytes) -> str:
    return hashlib.pbkdf2_hmac("sha256", digest.encode(), salt, _ROUNDS, dklen=16).hex()


def _quick(digest: str, salt: bytes) -> str:
    return hashlib.blake2b(digest.encode(), key=salt, digest_size=16).hexdigest()
