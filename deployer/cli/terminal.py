"""Our side of a command that runs in a container: what is typed or piped goes in, what it writes comes out."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from deployer.errors import DeployerError

if TYPE_CHECKING:
    from deployer.reconcile.protocol import Session

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_CHUNK = 65536
_AGAIN = 0.05


def talk(session: Session, *, listens: bool) -> None:
    """Until the command has ended. Its input is ours, where it `listens`."""
    if listens:
        threading.Thread(target=_send_input, args=(session,), daemon=True).start()
    for stream, data in session.output():
        _write(_STDERR if stream == "stderr" else _STDOUT, data)


def _send_input(session: Session) -> None:
    """All that there is, then its end. Whether somebody still reads it is not our concern."""
    with suppress(OSError):
        while data := os.read(_STDIN, _CHUNK):
            session.send(data)
    session.end_input()


def _write(descriptor: int, data: bytes) -> None:
    """Past Python's buffers, so that nothing waits and no byte is changed."""
    while data:
        data = data[os.write(descriptor, data) :]


@contextmanager
def raw_terminal(resize: Callable[[int, int], None]) -> Iterator[None]:
    """Every key goes to the command, Ctrl-C too; `resize` is told the rows and columns, now and when they change."""
    import termios
    import tty

    before = termios.tcgetattr(_STDIN)
    changed, ended = threading.Event(), threading.Event()
    changed.set()
    thread = threading.Thread(target=_tell_sizes, args=(changed, ended, resize), daemon=True)
    handler = signal.signal(signal.SIGWINCH, lambda *_: changed.set())
    try:
        tty.setraw(_STDIN, termios.TCSADRAIN)
        thread.start()
        yield
    finally:
        ended.set()
        changed.set()
        signal.signal(signal.SIGWINCH, handler)
        termios.tcsetattr(_STDIN, termios.TCSADRAIN, before)


def _tell_sizes(changed: threading.Event, ended: threading.Event, resize: Callable[[int, int], None]) -> None:
    """The engine sizes the terminal only of a command that runs by now (20.10), so the first may need another try."""
    while changed.wait() and not ended.is_set():
        changed.clear()
        columns, rows = os.get_terminal_size(_STDIN)
        try:
            resize(rows, columns)
        except DeployerError:
            changed.set()
            ended.wait(_AGAIN)


def is_terminal(file: Any) -> bool:
    return file is not None and file.isatty()


def both_are_terminals() -> bool:
    """Whether somebody types and reads here: where either is a pipe, its bytes must stay as they are."""
    return is_terminal(sys.stdin) and is_terminal(sys.stdout)
