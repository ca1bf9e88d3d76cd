"""How the engine's log frames become lines, however the connection cuts them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deployer.engine.logs import log_lines


def frame(stream: int, data: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


def lines(chunks: list[bytes], tty: bool = False) -> list[tuple[str, str]]:
    return [(line.stream, line.text) for line in log_lines("web", iter(chunks), tty=tty)]


@given(st.data())
def test_the_cuts_of_the_connection_do_not_matter(data: st.DataObject):
    """The same bytes give the same lines, in whatever pieces they come."""
    sent = frame(1, b"one\ntwo") + frame(2, b"warn\n") + frame(1, b"") + frame(1, b" and more\n") + frame(2, b"last")
    cuts = sorted(data.draw(st.sets(st.integers(0, len(sent)))))
    chunks = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]

    assert lines(chunks) == [
        ("stdout", "one"),
        ("stderr", "warn"),
        ("stdout", "two and more"),
        ("stderr", "last"),
    ]


def test_a_terminal_has_one_stream_and_its_own_line_ends():
    """With a tty there are no frames, and a line ends with carriage return and newline."""
    assert lines([b"a\r\nb", b"c\r", b"\nd"], tty=True) == [("stdout", "a"), ("stdout", "bc"), ("stdout", "d")]


def test_a_sign_that_is_cut_between_frames_stays_whole():
    """Only whole lines are decoded; what is not UTF-8 is shown as such."""
    euro = "€".encode()

    assert lines([frame(1, euro[:1]), frame(1, euro[1:] + b"\n\xff\n")]) == [("stdout", "€"), ("stdout", "\ufffd")]


def test_the_time_in_the_middle_of_a_line_is_left_out():
    """With times, each frame begins with one, also that which goes on with a line."""
    sent = frame(1, b"T1 one ") + frame(1, b"T2 and more\n") + frame(1, b"T3 two\n")

    found = log_lines("web", iter([sent]), tty=False, timestamps=True)

    assert [line.text for line in found] == ["T1 one and more", "T3 two"]
