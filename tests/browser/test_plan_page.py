"""The page of a plan, in a browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from deployer.plan.model import Plan
from deployer.render.graph import Edge, Graph
from deployer.render.plan_html import FEW, as_html
from tests.browser.conftest import NARROW
from tests.browser.looks import hindrances, overflow
from tests.render.conftest import CHANGES, plan_of
from tests.render.test_plan_html import with_warning
from tests.render.test_plan_markdown import ATTACKS, plan_with

GRAPH = Graph(
    "flask-shop",
    ("build.web", "service.db", "service.web", "volume.data"),
    (
        Edge("service.web", "build.web", ""),
        Edge("service.web", "service.db", "healthy"),
        Edge("service.db", "volume.data", ""),
    ),
)


def saved(folder: Path, plan: Plan) -> str:
    """The address of its page."""
    file = folder / "plan.html"
    file.write_text(as_html(plan, GRAPH), "utf-8")
    return file.as_uri()


@pytest.fixture
def address(tmp_path: Path, shop: Plan) -> str:
    return saved(tmp_path, with_warning(shop, "something to know"))


@pytest.fixture
def shop() -> Plan:
    return plan_of(*CHANGES)


def many(count: int) -> Plan:
    """One with so many changes that they are folded."""
    changes = tuple(replace(CHANGES[2], address=f"service.s{number}[1]") for number in range(count))
    return plan_of(*changes)


def shown(page: Page) -> list[str]:
    return page.locator("details.change:visible > summary > code").all_inner_texts()


def test_nothing_is_asked_of_the_network(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.locator("details.change").first.click()
    assert asked == [address]


@pytest.mark.parametrize("attack", [*ATTACKS, "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>"])
def test_what_a_name_or_value_holds_is_text(page: Page, tmp_path: Path, attack: str) -> None:
    """No element, no script and no style comes of it; a dialog or an error in the page would fail the test."""
    count = "document.querySelectorAll('*').length"
    page.goto(saved(tmp_path, plan_with(lambda: "y")))
    plain = page.evaluate(count)
    page.goto(saved(tmp_path, plan_with(lambda: attack)))
    assert page.evaluate(count) == plain


def test_a_word_leaves_the_changes_that_have_it(page: Page, address: str) -> None:
    page.goto(address)
    everything = shown(page)
    page.get_by_role("searchbox").fill("MEM_limit")
    assert shown(page) == ["service.db[1]"]
    expect(page.get_by_role("status")).to_have_text(f"1 of {len(everything)} shown")
    page.get_by_role("searchbox").fill("")
    assert shown(page) == everything


def test_a_kind_of_change_can_be_left_out(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("gone").uncheck()
    assert "service.old[1]" not in shown(page)
    assert "service.db[1]" in shown(page)


def test_a_thing_of_the_picture_leads_to_its_change(page: Page, tmp_path: Path) -> None:
    """Which unfolds, where it was folded."""
    plan = many(FEW + 1)
    page.goto(saved(tmp_path, plan))
    change = page.locator("details.change").nth(FEW)
    assert change.get_attribute("open") is None
    page.locator("svg a").filter(has_text=f"service.s{FEW}").click()
    expect(change).to_have_attribute("open", "")


def test_the_keyboard_is_enough(page: Page, tmp_path: Path) -> None:
    """By it alone, a change is found, unfolded, and read to its last step."""
    page.goto(saved(tmp_path, many(FEW + 1)))
    page.get_by_role("searchbox").focus()
    page.keyboard.type("s3[")
    assert shown(page) == ["service.s3[1]"]
    change = page.locator("details.change:visible")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('details.change:not([hidden]) > summary')"):
            break
    page.keyboard.press("Enter")
    expect(change).to_have_attribute("open", "")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(change.locator("details.steps li").first).to_be_visible()


def test_all_can_be_read_without_scripts(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.locator("details.change > summary").count() == len(CHANGES) - 1
    expect(page.locator(".filter")).to_be_hidden()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 900), NARROW], ids=["wide", "narrow"])
def test_nothing_hinders_a_reader(browser: Browser, address: str, size: tuple[int, int], scheme: str) -> None:
    """What axe-core calls serious, or a page that must be scrolled sideways."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(address)
    assert overflow(page) <= 0
    assert hindrances(page) == []
    context.close()
