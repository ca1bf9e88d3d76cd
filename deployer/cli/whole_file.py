"""A file that a command writes: there once it is whole, and not before."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deployer.errors import Diagnostic, WrongUsage


@contextmanager
def written_whole(path: Path, mode: int = 0o666) -> Iterator[Callable[[bytes], object]]:
    """Write to a file that is there once it is whole, and not before; gzip's where its name ends so. `mode` says who
    may read it, less what the umask takes away.
    """
    import gzip
    import tempfile

    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise WrongUsage(Diagnostic("cannot-write", f"{path} cannot be written: {error.strerror}")) from None
    try:
        with open(descriptor, "wb") as plain:
            if path.name.endswith((".gz", ".tgz")):
                with gzip.GzipFile("", "wb", compresslevel=6, fileobj=plain, mtime=0) as packed:
                    yield packed.write
            else:
                yield plain.write
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
