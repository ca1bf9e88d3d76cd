"""The command line in a terminal, and somebody who types there."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import deployer

ROOT = Path(deployer.__file__).parents[1]


@dataclass
class Terminal:
    """A terminal of 24 rows and 80 columns in which a program runs."""

    process: subprocess.Popen[bytes]
    ours: int
    theirs: int
    shown: bytes = b""

    def until(self, text: bytes) -> None:
        """Read what the program shows until it has shown that."""
        deadline = time.monotonic() + 60
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            if select.select([self.ours], [], [], 1)[0]:
                with suppress(OSError):
                    self.shown += os.read(self.ours, 4096)

    def ask_size_until(self, answer: bytes) -> None:
        """The engine sizes the terminal a moment after the command has begun."""
        deadline = time.monotonic() + 60
        self.shown = b""
        while answer not in self.shown:
            assert time.monotonic() < deadline, self.shown
            self.type(b"stty size; echo as''ked\r")
            self.until(b"asked")

    def type(self, keys: bytes) -> None:
        self.shown = b""
        os.write(self.ours, keys)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)


@contextmanager
def in_terminal(*arguments: str, folder: Path | None = None) -> Iterator[Terminal]:
    """`deployer` with these arguments."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "deployer", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=folder, start_new_session=True
    )
    try:
        yield Terminal(process, ours, theirs)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)
