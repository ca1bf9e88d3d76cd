"""The plan as the comment of a review: nothing that a name or a value holds becomes markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from deployer.errors import Place
from deployer.fields.field import Effect
from deployer.plan.model import Action, Call, Cause, Change, FieldChange, Gap, Part, Plan, Step
from deployer.render.harmless import harmless
from deployer.render.plan_markdown import LONGEST, as_markdown
from deployer.resources.wire import EngineInfo

ATTACKS = (
    "</code></td></tr></table></details>",
    "</summary></details>\n\n# mine",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- ",
    "]]>",
    "```\nrm -rf /\n```",
    "``",
    "| a | b |\n|---|---|",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "https://evil.example www.evil.example me@evil.example",
    "@octocat @org/team #123 org/repo#1",
    "&lt;b&gt; &#60; &amp",
    "**bold** _em_ ~~gone~~ $x$ :rocket:",
    "\r\n\r\n- item\n1. item\n> quote",
    "\u202egnp.exe\u2066",
    "\x1b[31mred\x1b]8;;https://evil.example\x07",
    "    code",
    "\t",
    "\\`\\",
    "{{ template }} ${{ secrets.X }}",
    "\u2028\u2029\x85\x0b\x0c",
    "\0",
)
ANY = st.one_of(st.sampled_from(ATTACKS), st.text(st.characters(codec=None), max_size=20))
PRESETS = ("commonmark", "js-default")


class Seen(HTMLParser):
    """The elements of a page in their order, and its texts: those in code elements, and the others."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[object] = []
        self.code: list[str] = []
        self.text = ""
        self._in_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, attrs))
        if tag == "code":
            self._in_code = True
            self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        self.elements.append(tag)
        self._in_code = self._in_code and tag != "code"

    def handle_data(self, data: str) -> None:
        if self._in_code:
            self.code[-1] += data
        else:
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.elements.append(("comment", data))

    def handle_decl(self, decl: str) -> None:
        self.elements.append(("declaration", decl))

    def handle_pi(self, data: str) -> None:
        self.elements.append(("instruction", data))

    def unknown_decl(self, data: str) -> None:
        self.elements.append(("unknown", data))


def seen(markdown: str, preset: str = "commonmark") -> Seen:
    """What a reader's browser gets."""
    page = Seen()
    page.feed(MarkdownIt(preset, {"html": True}).render(markdown))
    page.close()
    return page


def plan_with(text: Callable[[], str]) -> Plan:
    """Every place of a plan that a name or a value can come to, none of them empty."""

    def some() -> str:
        return f"x{text()}x"

    def field() -> FieldChange:
        return FieldChange(
            some(), some(), some(), tuple(Cause), Effect.NONE, some(), True, Place(some(), 1), note=some(), quoted=True
        )

    step = Step(Call.STOP, some(), detail=some(), name=some())
    gap = Gap(1, 2, (Part(some(), 1, 2, some()),))
    noted = FieldChange(some(), None, None, (Cause.EDIT,), Effect.NONE, note=some())
    changes = (
        Change(some(), Action.UPDATE, some(), (field(), noted), (step,), gap, some(), some(), some()),
        Change(some(), Action.REMOVE, some(), (), (step, step)),
        Change(some(), Action.KEPT, some(), detail=some()),
    )
    engine = EngineInfo(some(), some(), some())
    return Plan(some(), some(), engine, 1, changes, (), (some(),), "sha256:0", left_alone=(some(),))


PLAIN = as_markdown(plan_with(lambda: "y"), verbose=True, show_all=True)


@pytest.mark.parametrize("preset", PRESETS)
@settings(deadline=None)
@given(st.data())
def test_no_element_but_ours_appears(preset: str, data: st.DataObject) -> None:
    """Whatever names and values hold, a CommonMark parser makes of it just the elements that a plain plan has, the
    text outside of code elements is the plain plan's, and no control or bidirectional mark is left.
    """
    shown = as_markdown(plan_with(lambda: data.draw(ANY)), verbose=True, show_all=True)
    page, plain = seen(shown, preset), seen(PLAIN, preset)
    assert page.elements == plain.elements
    assert page.text == plain.text
    assert shown == "\n".join(map(harmless, shown.split("\n")))
    assert shown.encode()


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_written_is_what_is_read(attack: str) -> None:
    """A value is shown as it is, but for what `harmless` makes of it."""
    page = seen(as_markdown(plan_with(lambda: attack)))
    said = harmless(f"x{attack}x").replace("  ", " \xa0")
    assert said in page.code
    assert page.code.count(said) >= 5


def test_it_begins_with_the_line_that_sums_it_up(shop: Plan) -> None:
    """A heading of numbers and words of ours, then a folded block a resource, replicas in one."""
    shown = as_markdown(shop)
    assert shown.startswith(
        "### 1 build, 1 push, 2 replacements, 1 update, 1 removal; 5 unchanged, 1 kept.\n\n<p><code>"
    )
    page = seen(shown)
    assert [element for element in page.elements if element == ("details", [])] == [("details", [])] * 6
    assert "service.web[1..2]" in page.code
    at = page.code.index("environment.DEBUG")
    assert page.code[at + 1 : at + 4] == ['"0"', '"1"', "stack.yaml:31"]


def test_blocks_are_folded_and_whole(shop: Plan) -> None:
    """Each block of HTML ends where the next empty line is, and no earlier."""
    for block in as_markdown(shop, verbose=True, show_all=True).split("\n\n")[2:]:
        assert block.startswith("<details>\n<summary>")
        assert block.endswith("\n</details>")


def test_steps_are_shown_where_they_are_asked_for_or_nothing_else_tells(shop: Plan) -> None:
    """A change with fields has its steps with --verbose only."""
    assert "stop shop-web-1" not in as_markdown(shop)
    assert "stop shop-web-1" in as_markdown(shop, verbose=True)
    assert "hunter2" not in as_markdown(shop, verbose=True)


def test_nothing_sensitive_is_shown(everything: Plan) -> None:
    """Only that it changed."""
    shown = as_markdown(everything, verbose=True)
    assert not re.search("never|seen|at all", shown)
    assert "(sensitive)" in shown


def test_all_lists_what_stays(shop: Plan) -> None:
    """In a block of its own."""
    assert "<li><code>network.front</code></li>" in as_markdown(shop, show_all=True)
    assert "network.front" not in as_markdown(shop)


def test_an_empty_plan_is_two_lines(shop: Plan) -> None:
    shown = as_markdown(replace(shop, changes=()))
    assert shown.startswith("### Nothing to change; 5 unchanged.\n\n<p><code>flask-shop on unix:///var/run/docker.sock")
    assert len(shown.splitlines()) == 3


def test_a_plan_that_is_too_long_for_a_comment_says_so(shop: Plan) -> None:
    """Whole blocks are left out, and counted."""
    changes = tuple(Change(f"volume.v{number}", Action.CREATE, "new", detail="y" * 500) for number in range(200))
    shown = as_markdown(replace(shop, changes=changes))
    assert len(shown) < LONGEST + 200
    kept = shown.count("<details>")
    assert f"<p>{200 - kept} more, which do not fit in here.</p>" in shown
    assert shown.count("</details>") == kept


def test_a_cause_leads_to_its_line_where_that_can_be_read(shop: Plan) -> None:
    """And no name of a file breaks out of the address."""
    page = seen(as_markdown(shop, lambda place: f"https://git.example/{place.file}#L{place.line}"))
    assert ("a", [("href", "https://git.example/stack.yaml#L31")]) in page.elements
    attack = seen(as_markdown(plan_with(lambda: '"><b>@me'), lambda place: f"https://git.example/{place.file}"))
    assert ("a", [("href", 'https://git.example/x"><b>@mex')]) in attack.elements
    assert not any(isinstance(element, tuple) and element[0] == "b" and element[1] for element in attack.elements)
