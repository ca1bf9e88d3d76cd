"""Names and values from files, engines and logs steer nothing, in whatever form they are shown."""

from __future__ import annotations

import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.doctor.finding import Finding, Status
from deployer.errors import Diagnostic, Place
from deployer.fields.field import Effect
from deployer.plan.events import (
    ChangeDone,
    ChangeSkipped,
    Event,
    StepDone,
    StepFailed,
    StepStarted,
    Transfer,
    Undone,
)
from deployer.plan.model import Action, Call, Cause, Change, FieldChange, Plan, Step
from deployer.render import diagnostics, doctor, graph, images, plan_json, plan_text, progress, sarif, stats, status
from deployer.render.graph import Edge, Graph
from deployer.render.harmless import harmless
from deployer.render.live import LiveProgress
from deployer.resources.wire import EngineInfo, Progress

TEXT = st.one_of(
    st.text(st.characters(codec=None), max_size=20),
    st.sampled_from(
        (
            "\x1b]8;;https://evil.example\x07here\x1b]8;;\x07",
            "\x1b[2J\x1b[1;1H",
            "\x9b31m",
            "a\nb\r\nc\x85d\u2028e",
            "\u202e\u2066gpj.exe\u2069",
            "\u200fa\u200e",
            "[red]markup[/red] :rocket:",
            '%%{init: {}}%% --> end; click a href "x"',
            '"] ; subgraph x',
            '"; x -> y [label="',
            "</text><script>alert(1)</script>",
            "]]>&lt;&amp;<!--",
            "\ud800",
        )
    ),
)
STEERS = {"Cc", "Cs", "Zl", "Zp"}
BIDIRECTIONAL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def steers(text: str) -> bool:
    """Whether a terminal would do more with it than write it."""
    signs = set(text) - {"\n"}
    return bool({unicodedata.category(sign) for sign in signs} & STEERS or BIDIRECTIONAL.search(text))


def a_plan(text: str) -> Plan:
    step = Step(Call.STOP, text, detail=text)
    field = FieldChange(text, text, text, tuple(Cause), Effect.NONE, text, True, Place(text, 1), note=text)
    change = Change(text, Action.UPDATE, text, (field,), (step,), None, text, text, "x", text)
    return Plan(text, text, EngineInfo(text, text, text), 1, (change,), (), (text,), text, left_alone=(text,))


def a_graph(text: str) -> Graph:
    """Two nodes of that name, one needs the other."""
    one, other = f"service.{text}1", f"service.{text}2"
    return Graph(text, (one, other), (Edge(one, other, "started"),))


def events(text: str) -> list[Event]:
    step = Step(Call.BUILD, text, detail=text)
    failed = StepFailed(text, step, (Diagnostic("x", text, Place(text), text, text, (text,)),))
    transfers = [Transfer(text, Progress(text, text, 1, 2, aloud)) for aloud in (True, False)]
    done: list[Event] = [ChangeDone(text, Action.PULL), ChangeSkipped(text, text)]
    return [StepStarted(text, step), *transfers, StepDone(text, step, 1), failed, Undone(text, step), *done]


def told(listener: Callable[[StringIO], progress.Progress], text: str) -> str:
    stream = StringIO()
    with listener(stream) as tell:
        for event in events(text):
            tell(event)
    return stream.getvalue()


def a_diagnostic(text: str) -> Diagnostic:
    return Diagnostic("x", text, Place(text, 1, 2, text), text, text, (text,))


def a_finding(text: str) -> Finding:
    return Finding(text, Status.WARNING, text, text, Place(text))


def a_service(text: str) -> status.ServiceStatus:
    return status.ServiceStatus(text, 1, 1, text, (text,), text, (1,), (text,))


def an_image(text: str) -> images.StackImage:
    return images.StackImage(text, text, text, 1, text, (text,))


def a_usage(text: str) -> stats.Usage:
    return stats.Usage(text, text, 1, 1.0, 1, 1, 1, 1, 1, 1, 1)


FOR_PEOPLE: dict[str, Callable[[str], str]] = {
    "plan": lambda text: plan_text.as_text(a_plan(text), verbose=True, show_all=True),
    "graph": lambda text: graph.as_text(a_graph(text)),
    "mermaid": lambda text: graph.as_mermaid(a_graph(text)),
    "dot": lambda text: graph.as_dot(a_graph(text)),
    "svg": lambda text: graph.as_svg(a_graph(text)),
    "progress": lambda text: told(lambda stream: progress.PlainProgress(stream, verbose=True), text),
    "diagnostics": lambda text: diagnostics.as_text([a_diagnostic(text)]),
    "doctor": lambda text: doctor.as_text([a_finding(text)]),
    "status": lambda text: status.as_text([a_service(text)]),
    "images": lambda text: images.as_text([an_image(text)]),
    "stats": lambda text: stats.as_text([a_usage(text)]),
}
FOR_PROGRAMS: dict[str, Callable[[str], str]] = {
    "plan": lambda text: plan_json.as_json(a_plan(text), show_all=True),
    "progress": lambda text: told(progress.JsonProgress, text),
    "diagnostics": lambda text: diagnostics.as_json([a_diagnostic(text)], [a_diagnostic(text)]),
    "sarif": lambda text: sarif.as_sarif([a_diagnostic(text)]),
    "doctor": lambda text: doctor.as_json([a_finding(text)]),
    "status": lambda text: status.as_json([a_service(text)], stack=text),
    "images": lambda text: images.as_json([an_image(text)], stack=text),
    "stats": lambda text: stats.as_json([a_usage(text)], stack=text),
}


@pytest.mark.parametrize("form", FOR_PEOPLE)
@settings(deadline=None)
@given(TEXT)
def test_nothing_steers_a_terminal(form: str, text: str) -> None:
    """No control, no mark that turns the direction of text, no half character; it can be written as UTF-8."""
    shown = FOR_PEOPLE[form](text)
    assert not steers(shown)
    assert shown.encode()


@pytest.mark.parametrize("form", FOR_PROGRAMS)
@settings(deadline=None)
@given(TEXT)
def test_json_is_ascii_and_says_what_it_was_given(form: str, text: str) -> None:
    """Whoever only looks at it sees escapes; whoever reads it gets the very text."""
    shown = FOR_PROGRAMS[form](text)
    assert shown.isascii()
    assert not steers(shown)
    found = [
        value for line in (shown.splitlines() if form == "progress" else [shown]) for value in texts(json.loads(line))
    ]
    assert text in found


def texts(document: object) -> Iterator[object]:
    match document:
        case dict():
            for value in document.values():
                yield from texts(value)
        case list():
            for value in document:
                yield from texts(value)
        case _:
            yield document


@settings(max_examples=20, deadline=None)  # each draws, in a thread of its own
@given(TEXT)
def test_live_progress_writes_only_what_moves_the_cursor(text: str) -> None:
    """Beside Rich's own codes (colour, cursor, lines that are erased) there is nothing, and markup is no markup."""
    shown = told(lambda stream: LiveProgress(stream, verbose=True), text)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "")
    assert not steers(plain)
    if "[red]" in text:
        assert "[red]markup[/red] :rocket:" in plain


# Forms with a syntax of their own


@settings(deadline=None)
@given(TEXT)
def test_a_mermaid_label_is_one(text: str) -> None:
    """Each line is one of ours, whatever a name holds."""
    lines = graph.as_mermaid(a_graph(text)).split("\n")
    label = r"(?:[^\W_]|[ ._/:@\[\]()-]|#\d+;)*"
    assert lines[0] == "flowchart LR"
    assert all(re.fullmatch(rf'  n\d+\["{label}"\]', line) for line in lines[1:3])
    assert lines[3:] == ["  n0 -->|started| n1"]


@settings(deadline=None)
@given(TEXT)
def test_a_dot_name_is_one(text: str) -> None:
    """A quote or a backslash in it ends nothing."""
    lines = graph.as_dot(a_graph(text)).split("\n")
    name = r'"(?:[^"\\]|\\["\\])*"'
    assert re.fullmatch(rf"digraph {name} \{{", lines[0])
    assert all(re.fullmatch(rf"  {name};", line) for line in lines[3:5])
    assert re.fullmatch(rf'  {name} -> {name} \[label="started"\];', lines[5])
    assert lines[6:] == ["}"]


@settings(deadline=None)
@given(TEXT)
def test_an_svg_has_no_element_but_ours(text: str) -> None:
    """It is well-formed, and its texts are the names."""
    root = ET.fromstring(graph.as_svg(a_graph(text)))
    plain = ET.fromstring(graph.as_svg(a_graph("x")))
    assert [each.tag for each in root.iter()] == [each.tag for each in plain.iter()]
    named = [each.text for each in root.iter() if each.tag.endswith("}text")]
    assert harmless(f"service.{text}1") in named


def test_what_is_invisible_is_shown() -> None:
    """Two names that look alike are not shown alike."""
    for sign in "\u00ad\u200b\u2060\u3164\ufeff\u180e\u115f\u034f\U000e0041":
        assert harmless(f"a{sign}b") != f"a{sign}b"
        assert "\\" in harmless(sign)


def test_ordinary_writing_stays_as_it_is() -> None:
    for text in ("größe", "名前", "שלום", "مرحبا", "می\u200cخواهم", "👩\u200d🔬", "e\u0301", "a\u00a0b"):
        assert harmless(text) == text
