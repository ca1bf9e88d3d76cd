"""What a container wrote, line by line, stdout and stderr told apart."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.resources.wire import LogLine

_HEADER = 8
_STREAMS = {1: "stdout", 2: "stderr"}


def log_lines(container: str, chunks: Iterator[bytes], *, tty: bool, timestamps: bool = False) -> Iterator[LogLine]:
    """Whole lines of each stream as they end; what has no line end comes last.

    The engine puts its time before each frame, also where a frame goes on with a line (it cuts them at 16 KiB).
    """
    pieces = pieces_of(chunks, tty=tty)
    rest: dict[str, bytes] = {}
    for stream, piece in pieces:
        if timestamps and not tty and rest.get(stream):
            piece = piece.partition(b" ")[2]
        *lines, rest[stream] = (rest.get(stream, b"") + piece).split(b"\n")
        yield from (_line(container, stream, line) for line in lines)
    yield from (_line(container, stream, line) for stream, line in rest.items() if line)


def pieces_of(chunks: Iterator[bytes], *, tty: bool) -> Iterator[tuple[str, bytes]]:
    """What came, with the stream that it is of; a terminal has only the one."""
    return (("stdout", chunk) for chunk in chunks) if tty else _frames(chunks)


def _frames(chunks: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    """The engine's frames, however the connection cut them: the stream in a byte, three empty, the length in four."""
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= _HEADER and len(buffer) >= (end := _HEADER + int.from_bytes(buffer[4:_HEADER], "big")):
            yield _STREAMS.get(buffer[0], "stdout"), buffer[_HEADER:end]
            buffer = buffer[end:]


def _line(container: str, stream: str, line: bytes) -> LogLine:
    return LogLine(container, stream, line.removesuffix(b"\r").decode(errors="replace"))
