"""Our side of a program that runs in a container: what is typed or piped goes in, what it writes comes out."""

from __future__ import annotations

import errno
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from deployer.errors import DeployerError, Diagnostic, WrongUsage

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
    """Past Python's buffers, so that nothing waits and no byte is changed. Raises BrokenPipeError where nobody reads
    it any more.
    """
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except OSError as error:
            if error.errno != errno.EIO:  # what a terminal says that is gone
                raise
            raise BrokenPipeError(error.errno, "the terminal is gone") from error


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


class Relay:
    """While it is used as a context, what would end us goes to the program in the container by `send`, as the name of
    the signal. Until it has `begun`, there is none, and it is a KeyboardInterrupt here.
    """

    def __init__(self, send: Callable[[str], None]) -> None:
        self.begun = False
        self._send = send
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
        wanted = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._heard) for number in wanted}
        threading.Thread(target=self._pass_on, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, number: int, _frame: Any) -> None:
        if not self.begun:
            raise KeyboardInterrupt
        self._signals.put(number)

    def _pass_on(self) -> None:
        """In a thread: what was interrupted may hold a lock that a request needs."""
        while True:
            name = signal.Signals(self._signals.get()).name
            with suppress(DeployerError):
                self._send(name)


def is_terminal(file: Any) -> bool:
    return file is not None and file.isatty()


def both_are_terminals() -> bool:
    """Whether somebody types and reads here: where either is a pipe, its bytes must stay as they are."""
    return is_terminal(sys.stdin) and is_terminal(sys.stdout)


def wants_terminal(*, tty: bool, no_tty: bool, detach: bool) -> bool:
    """Whether a command has a terminal: where that is said, else where both of ours are one. Raises WrongUsage."""
    if tty and no_tty:
        raise WrongUsage(Diagnostic("usage", "-t and -T exclude each other", hint="give only one"))
    if tty and not detach and not is_terminal(sys.stdin):
        raise WrongUsage(Diagnostic("usage", "-t needs a terminal on stdin", hint="leave it out, or say -T"))
    return tty or (not no_tty and not detach and both_are_terminals())
