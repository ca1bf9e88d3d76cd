"""Looks at what lies beneath an open folder, following no link on the way, so that nothing outside can be reached."""

from __future__ import annotations

import os

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK the opening of a named pipe that took a file's place would wait for a writer.
FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_beneath(root: int, path: str, flags: int) -> int:
    """Open what lies at a relative path; every part of it but the last is a folder. The caller closes it."""
    *folders, last = path.split("/") if path else ["."]
    current = os.dup(root)
    try:
        for part in folders:
            above, current = current, os.open(part, FOLDER_FLAGS, dir_fd=current)
            os.close(above)
        return os.open(last, flags, dir_fd=current)
    finally:
        os.close(current)


def entries(root: int, folder: str) -> list[tuple[str, os.stat_result]]:
    """The paths in a folder, relative to the root, each with the status of itself, not of what a link points to."""
    descriptor = open_beneath(root, folder, FOLDER_FLAGS)
    try:
        with os.scandir(descriptor) as found:
            prefix = f"{folder}/" if folder else ""
            return [(prefix + entry.name, entry.stat(follow_symlinks=False)) for entry in found]
    finally:
        os.close(descriptor)


def link_target(root: int, path: str) -> str:
    """What a link says, whether or not that exists."""
    folder, _, name = path.rpartition("/")
    descriptor = open_beneath(root, folder, FOLDER_FLAGS)
    try:
        return os.readlink(name, dir_fd=descriptor)
    finally:
        os.close(descriptor)
