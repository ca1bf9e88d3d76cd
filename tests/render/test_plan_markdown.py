"""The plan as the comment of a review: nothing that a name or a value holds becomes markup."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from syrupy.assertion import SnapshotAssertion

from deployer.errors import Diagnostic, Place
from deployer.fields.field import Effect
from deployer.fields.kinds import show_text
from deployer.plan.model import (
    STAYS,
    Action,
    Call,
    Cause,
    Change,
    Danger,
    FieldChange,
    Gap,
    LostData,
    Part,
    Plan,
    Shows,
    Step,
)
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
        Change(
            some(),
            Action.UPDATE,
            some(),
            (field(), noted),
            (step,),
            gap,
            some(),
            some(),
            some(),
            dangers=((Danger.POWER, some()),),
        ),
        Change(some(), Action.REMOVE, some(), (), (step, step)),
        Change(some(), Action.KEPT, some(), detail=some()),
    )
    engine = EngineInfo(some(), some(), some())
    return Plan(some(), some(), engine, 1, changes, (), (some(),), "sha256:0", left_alone=(some(),))


PLAIN = as_markdown(plan_with(lambda: "y"), show_all=True)


@pytest.mark.parametrize("preset", PRESETS)
@settings(deadline=None)
@given(st.data())
def test_no_element_but_ours_appears(preset: str, data: st.DataObject) -> None:
    """Whatever names and values hold, a CommonMark parser makes of it just the elements that a plain plan has, the
    text outside of code elements is the plain plan's, and no control or bidirectional mark is left.
    """
    shown = as_markdown(plan_with(lambda: data.draw(ANY)), show_all=True)
    page, plain = seen(shown, preset), seen(PLAIN, preset)
    assert _less_the_marker(page) == _less_the_marker(plain)
    assert page.text == plain.text
    assert shown == "\n".join(map(harmless, shown.split("\n")))
    assert shown.encode()


def _less_the_marker(page: Seen) -> list[object]:
    """The elements after the marker, in which the stack's name has no room for more than letters."""
    (kind, said), *rest = page.elements
    assert kind == "comment"
    assert re.fullmatch(r" deployer plan: [\w.-]+ ", str(said), re.ASCII)
    return rest


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_written_is_what_is_read(attack: str) -> None:
    """A value is shown as it is, but for what `harmless` makes of it: by itself, and in a line of a diff."""
    page = seen(as_markdown(plan_with(lambda: attack)))
    said = harmless(f"x{attack}x")
    assert said.replace("  ", " \xa0") in page.code
    diff = next(text for text in page.code if text.startswith("- "))
    assert diff.splitlines() == [
        f"- {said}: {harmless(show_text(f'x{attack}x'))}",
        f"+ {said}: {harmless(show_text(f'x{attack}x'))}",
        f"! {said}: {said}",
    ]


@pytest.mark.parametrize("run", [1, 2, 3, 4, 10])
def test_no_run_of_backticks_ends_a_fence(shop: Plan, run: int) -> None:
    """The fence is longer than any in it; the line would be one by itself."""
    field = FieldChange("command", "`" * run, f"{'`' * run} \n{'`' * run}", (Cause.EDIT,), Effect.REPLACE)
    shown = as_markdown(replace(shop, changes=(Change("service.web[1]", Action.REPLACE, "command", (field,)),)))
    fence = "`" * max(3, run + 1)
    assert f"\n{fence}diff\n- command: {'`' * run}\n" in shown
    tokens = [token for token in MarkdownIt("commonmark").parse(shown) if token.type == "fence"]
    assert [token.info for token in tokens] == ["diff"]


def test_it_looks_like_this(shop: Plan, snapshot: SnapshotAssertion) -> None:
    """The marker, the line that sums it up, what somebody may regret, a folded block a resource."""
    assert as_markdown(shop) == snapshot


def test_a_plan_of_every_action_and_cause_looks_like_this(everything: Plan, snapshot: SnapshotAssertion) -> None:
    assert as_markdown(everything, show_all=True) == snapshot


def test_it_begins_with_the_line_that_sums_it_up(shop: Plan) -> None:
    """After a marker that nobody sees: a heading of numbers and words of ours, then a folded block a resource, replicas
    in one.
    """
    shown = as_markdown(shop)
    assert shown.startswith(
        "<!-- deployer plan: flask-shop -->\n"
        "### 1 build, 1 push, 2 replacements, 1 update, 1 removal; 5 unchanged, 1 kept.\n\n<p><code>"
    )
    page = seen(shown)
    assert "service.web[1..2]" in page.code
    assert page.code.count("service.web[1..2]") == 2
    at = page.code.index("environment.DEBUG")
    assert page.code[at + 1] == "stack.yaml:31"
    assert '- environment.DEBUG: "0"\n+ environment.DEBUG: "1"\n' in shown


@pytest.mark.parametrize(
    ("name", "marked"), [("shop", "shop"), ("my_shop-2", "my_shop-2"), ("a --> b", "a_--__b"), ("-->\n#", "--___")]
)
def test_a_marker_tells_whose_plan_it_is(shop: Plan, name: str, marked: str) -> None:
    """A program finds the comment by it; no name ends it too early."""
    assert as_markdown(replace(shop, stack=name)).startswith(f"<!-- deployer plan: {marked} -->\n### ")


def test_few_changes_are_unfolded_and_many_are_not(shop: Plan) -> None:
    """A comment with little in it needs no click; steps stay folded."""
    assert "<details open>" not in as_markdown(shop)
    few = as_markdown(replace(shop, changes=shop.changes[2:4]))
    assert few.count("<details open>") == 1
    assert few.count("<details>") == 1


def test_folds_are_whole(everything: Plan) -> None:
    """As many begin as end, and never is there an empty line in them but around a fence."""
    shown = as_markdown(everything, show_all=True)
    assert len(re.findall(r"<details(?: open)?>", shown)) == shown.count("</details>")
    without = re.sub(r"\n\n(`+)diff\n.*?\n\1\n\n", "", shown, flags=re.DOTALL)
    for block in without.split("\n\n")[3:]:
        assert block.startswith("<details>\n<summary>")
        assert block.endswith("\n</details>")


def test_every_change_has_its_steps(shop: Plan) -> None:
    """Folded, whether it has fields or not; nothing that goes with a call is in them."""
    shown = as_markdown(shop)
    assert "<summary>1 step</summary>\n<ol>\n<li><code>build web</code></li>" in shown
    assert "<summary>2 steps</summary>\n<ol>\n<li><code>stop shop-web-1</code></li>" in shown
    assert "hunter2" not in shown


def risk_lines(plan: Plan) -> list[str]:
    """What stands unfolded near the top, less its markup."""
    lines = re.findall("<li><b>.*</li>", as_markdown(plan).split("<details")[0])
    return [html.unescape(re.sub("<[^>]*>", "", line)) for line in lines]


def test_what_somebody_may_regret_is_plain_near_the_top(shop: Plan) -> None:
    """Data that goes or stays, what is down, replaced, undone or removed, and what loses its protection."""
    changes = (
        replace(shop.changes[2], gap=Gap(1, 11, (Part("stop", 0, 10), Part("start", 1, 1)), others=1)),
        Change("volume.cache", Action.REMOVE, "its data goes", loses=(LostData("shop_cache", 12_340_000),)),
        shop.changes[4],
        Change(
            "service.old[1]",
            Action.REMOVE,
            "no longer in the stack",
            notes=(("volumes./data", f"{STAYS}until docker volume rm 0a1b"),),
        ),
        Change("volume.data", Action.KEPT, "no longer in the stack", detail="shop_data"),
        Change("volume.db", Action.KEPT, "protected (stack.yaml:9)", detail="shop_db", protects=("shop_db", True)),
        Change("volume.log", Action.UPDATE, "protect", protects=("shop_log", False)),
        Change("volume.new", Action.CREATE, "new", protects=("shop_new", True)),
        Change("image.x", Action.REMOVE, "an old build", steps=(Step(Call.REMOVE_IMAGE, "x"),)),
    )
    assert risk_lines(replace(shop, changes=changes)) == [
        "Data goes, for good: volume.cache shop_cache (12.3 MB)",
        "No longer protected: volume.log",
        "Down for a while: service.web[1] 1s to 11s; 1 other replica runs on",
        "Replaced: service.web[1]",
        "Changed by hand, put back: service.db[1] mem_limit",
        "Removed: service.old[1]",
        "Data stays: service.old[1] volumes./data stays, with its data, until docker volume rm 0a1b, "
        "volume.data no longer in the stack; data stays until docker volume rm shop_data",
        "Protected, stays: volume.db protected (stack.yaml:9): to let it go, apply a file that names it without "
        "`protect`",
    ]


def test_of_many_that_a_risk_meets_ten_are_named(shop: Plan) -> None:
    """The others are counted."""
    changes = tuple(Change(f"service.s{number}[1]", Action.REMOVE, "gone") for number in range(13))
    (line,) = risk_lines(replace(shop, changes=changes))
    assert line.startswith("Removed: service.s0[1], service.s1[1], ")
    assert line.endswith("service.s9[1] and 3 more")


def test_a_plan_without_any_risk_says_so(shop: Plan) -> None:
    """Where something changes at all."""
    harmless_one = replace(shop, changes=(shop.changes[0],))
    assert "<p>Nothing is replaced, removed or down for it.</p>" in as_markdown(harmless_one)
    assert "down for it" not in as_markdown(replace(shop, changes=()))


def test_nothing_sensitive_is_shown(everything: Plan) -> None:
    """Only that it changed."""
    shown = as_markdown(everything)
    assert not re.search("never|seen|at all", shown)
    assert "- environment.DB_PASSWORD: (sensitive)\n+ environment.DB_PASSWORD: (sensitive)\n" in shown


def test_a_side_that_is_unset_has_no_line(shop: Plan) -> None:
    """What is added has the line after, what is taken away the line before."""
    fields = (
        FieldChange("labels.new", None, '"1"', (Cause.EDIT,), Effect.NONE),
        FieldChange("labels.old", '"1"', None, (Cause.EDIT,), Effect.NONE),
        FieldChange("networks.front", None, "connected as web", (Cause.EDIT,), Effect.IN_PLACE),
        FieldChange(
            "environment.KEY",
            None,
            None,
            (Cause.EDIT,),
            Effect.REPLACE,
            sensitive=True,
            shows=(Shows.UNSET, Shows.NOTHING),
        ),
    )
    shown = as_markdown(replace(shop, changes=(Change("service.web[1]", Action.UPDATE, "x", fields),)))
    assert (
        '```diff\n+ labels.new: "1"\n- labels.old: "1"\n+ networks.front: connected as web\n'
        "+ environment.KEY: (sensitive)\n```\n" in shown
    )


def test_what_is_not_compared_is_said(shop: Plan) -> None:
    """A reviewer would take a mounted file for looked at."""
    plan = replace(shop, uncompared={"service.web": ("./conf", "/etc/x")}, ignored={"service.db": ("mem_limit",)})
    shown = as_markdown(plan)
    assert "<summary>Not compared</summary>" in shown
    assert "<li><code>service.web</code> what is in <code>./conf, /etc/x</code></li>" in shown
    assert "<li><code>service.db</code> <code>mem_limit</code> (ignored)</li>" in shown
    assert "Not compared" not in as_markdown(shop)


def test_an_empty_plan_says_above_all_that_mounted_files_are_in_none(shop: Plan) -> None:
    """A change of these alone would read as if it did nothing."""
    plan = replace(shop, changes=())
    assert "Mounted files and folders are not compared" not in as_markdown(plan)
    told = as_markdown(replace(plan, uncompared={"service.web": ("./conf",)}))
    assert "<p>Mounted files and folders are not compared: what changes in them alone is in no plan.</p>" in told


def test_a_plan_with_a_warning_is_not_called_harmless(shop: Plan) -> None:
    harmless_one = replace(shop, changes=(replace(shop.changes[0], gap=None),))
    warned = replace(harmless_one, warnings=(Diagnostic("stack-renamed", "the old one stays"),))
    assert "Nothing is replaced, removed or down" in as_markdown(harmless_one)
    assert "Nothing is replaced, removed or down" not in as_markdown(warned)


def test_all_lists_what_stays(shop: Plan) -> None:
    """In a block of its own."""
    assert "<li><code>network.front</code></li>" in as_markdown(shop, show_all=True)
    assert "network.front" not in as_markdown(shop)


def test_an_empty_plan_is_two_lines(shop: Plan) -> None:
    """And the marker."""
    shown = as_markdown(replace(shop, changes=()))
    assert "### Nothing to change; 5 unchanged.\n\n<p><code>flask-shop on unix:///var/run/docker.sock" in shown
    assert len(shown.splitlines()) == 4


def test_steps_are_what_is_left_out_first(shop: Plan) -> None:
    """Of a plan that is too long for a comment; that is said."""
    changes = tuple(
        replace(shop.changes[2], address=f"service.s{n}[1]", steps=shop.changes[2].steps * 20) for n in range(50)
    )
    shown = as_markdown(replace(shop, changes=changes))
    assert "shop-web-1" not in shown
    assert shown.count('+ environment.DEBUG: "1"') == 50
    assert "<p>The steps do not fit in here: <code>deployer plan --verbose</code> shows all.</p>" in shown


def test_then_changes_are_left_out_and_counted(shop: Plan) -> None:
    """Whole blocks."""
    changes = tuple(Change(f"volume.v{number}", Action.CREATE, "new", detail="y" * 500) for number in range(200))
    shown = as_markdown(replace(shop, changes=changes))
    kept = shown.count("<details>")
    assert f"<p>{200 - kept} of the 200 changes and the steps do not fit in here: " in shown
    assert shown.count("</details>") == kept


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(1, 30_000), st.integers(0, 5), st.sampled_from("y`&-<")), max_size=40),
    st.lists(st.integers(1, 30_000), max_size=40),
)
def test_no_plan_is_longer_than_a_comment(changes: list[tuple[int, int, str]], warnings: list[int]) -> None:
    """Whatever is long in it; no fold and no fence is broken by that."""
    made = [
        Change(
            f"service.s{n}[1]",
            Action.REPLACE,
            "x",
            (FieldChange("x" * fields, "a", sign * size, (Cause.EDIT,), Effect.NONE, note=sign * size),) * fields,
            (Step(Call.STOP, sign * size),),
            detail=sign * size,
        )
        for n, (size, fields, sign) in enumerate(changes)
    ]
    said = tuple(Diagnostic("code", "w" * size, hint="&" * size) for size in warnings)
    plan = Plan("shop", "there", EngineInfo("h", "1", "1"), 1, tuple(made), (), (), "sha256:0", warnings=said)
    shown = as_markdown(plan)
    assert len(shown) <= LONGEST
    page = seen(shown)
    opened = sum(isinstance(each, tuple) and each[0] == "details" for each in page.elements)
    assert opened == page.elements.count("details")
    assert page.elements.count(("pre", [])) == len(re.findall("^`{3,}diff$", shown, re.MULTILINE))


def test_a_cause_leads_to_its_line_where_that_can_be_read(shop: Plan) -> None:
    """And no name of a file breaks out of the address."""
    page = seen(as_markdown(shop, lambda place: f"https://git.example/{place.file}#L{place.line}"))
    assert ("a", [("href", "https://git.example/stack.yaml#L31")]) in page.elements
    attack = seen(as_markdown(plan_with(lambda: '"><b>@me'), lambda place: f"https://git.example/{place.file}"))
    assert ("a", [("href", 'https://git.example/x"><b>@mex')]) in attack.elements
    assert not any(isinstance(element, tuple) and element[0] == "b" and element[1] for element in attack.elements)
