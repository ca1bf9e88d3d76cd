"""Remembers the digests of files by their status, so that what has not changed is not read again; it is never wrong.

A status tells that a file is the same only if a later change would have shown in it. One that was changed a moment
before it was read could be changed again without a trace, within the grain of its file system's clock (two seconds on
FAT), or, through a mapping of it into memory, until the kernel has written that back (35 seconds, unless the machine
is set otherwise). Such a file is not remembered, and so read again.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from deployer.sources.cache_files import cache_folder, forget_oldest, write_whole

KEPT = 50
YOUNG = 40 * 1_000_000_000
"""Nanoseconds."""

_MAGIC = b"deployer stat cache 1\n"
_STATUS = struct.Struct("<qqqQQI")
_CHECK = hashlib.sha256().digest_size
_RECORD = _STATUS.size + _CHECK
_COUNT = struct.Struct("<I")


def key_of(root: Path, patterns: Sequence[str]) -> str:
    """A context by its folder and what is left out of it: two builds of one folder need not see the same files."""
    return json.dumps([os.fsencode(root).hex(), *patterns])


def record(before: os.stat_result, after: os.stat_result, digest: bytes, began: int) -> bytes:
    """What is kept of a file that was read between two looks at its status; empty where that proves nothing.

    `began` is when the reading did, in nanoseconds since 1970.
    """
    status = _packed(before)
    if status != _packed(after) or max(before.st_mtime_ns, before.st_ctime_ns) >= began - YOUNG:
        return b""
    return status + digest


def digest_in(record: bytes, status: os.stat_result) -> str:
    """The digest of the content as hex digits, where the file still has the status it had; else empty."""
    return record[_STATUS.size :].hex() if record.startswith(_packed(status)) else ""


def recall(key: str) -> dict[str, bytes]:
    """The records of a context by path; none where there are none, or they are damaged or another user's."""
    try:
        with open(_path(key), "rb") as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return {}
            content = file.read()
    except (OSError, RuntimeError):
        return {}
    head = _MAGIC + _check(key.encode())
    body = content[len(head) + _CHECK :]
    if content[: len(head)] != head or content[len(head) : len(head) + _CHECK] != _check(body):
        return {}
    (count,) = _COUNT.unpack_from(body)
    records = body[_COUNT.size : _COUNT.size + count * _RECORD]
    names = os.fsdecode(body[_COUNT.size + count * _RECORD :]).split("\0")
    return {name: records[at * _RECORD : (at + 1) * _RECORD] for at, name in enumerate(names[:count])}


def keep(key: str, records: Mapping[str, bytes]) -> None:
    """Keep the records of a context; where nothing can be written, nothing is kept and nothing is said."""
    names = b"\0".join(map(os.fsencode, records))
    body = b"".join((_COUNT.pack(len(records)), *records.values(), names))
    with suppress(OSError, RuntimeError):
        path = _path(key)
        write_whole(path, b"".join((_MAGIC, _check(key.encode()), _check(body), body)))
        forget_oldest(path.parent, KEPT)


def _packed(status: os.stat_result) -> bytes:
    return _STATUS.pack(
        status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev, status.st_mode
    )


def _check(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _path(key: str) -> Path:
    return cache_folder("contexts", hashlib.sha256(key.encode()).hexdigest()[:32])
