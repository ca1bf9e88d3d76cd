"""A file that a command writes: there once it is whole, and not before."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from deployer.errors import Diagnostic, WrongUsage


@contextmanager
def written_whole(path: Path, mode: int = 0o666) -> Iterator[Callable[[bytes], object]]:
    """Write to a file that is there once it is whole, and not before; gzip's where its name ends so. `mode` says who
    may read it, less what the umask takes away. A device or a pipe is written to as it is. Raises WrongUsage.
    """
    try:
        if _is_special(path):
            with open(path, "wb") as plain, _packed(plain, path) as write:
                yield write
        else:
            with _replacing(Path(os.path.realpath(path)), mode) as plain, _packed(plain, path) as write:
                yield write
    except BrokenPipeError:
        raise
    except OSError as error:
        raise WrongUsage(Diagnostic("cannot-write", f"{path} cannot be written: {error.strerror}")) from None


def _is_special(path: Path) -> bool:
    """Whether it is there and no file; a link is followed."""
    return path.exists() and not path.is_file()


@contextmanager
def _packed(plain: IO[bytes], path: Path) -> Iterator[Callable[[bytes], object]]:
    import gzip

    if path.name.endswith((".gz", ".tgz")):
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=plain, mtime=0) as packed:
            yield packed.write
    else:
        yield plain.write


@contextmanager
def _replacing(path: Path, mode: int) -> Iterator[IO[bytes]]:
    import tempfile

    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as plain:
            yield plain
        os.chmod(temporary, mode & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
