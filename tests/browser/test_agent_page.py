"""The page of the agent, in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from deployer.gitops.rules import Condition, Reason
from deployer.gitops.serve.app import Serving
from deployer.gitops.serve.board import Board
from deployer.gitops.serve.metrics import Metrics
from deployer.gitops.serve.server import served
from tests.browser.conftest import NARROW, WIDE
from tests.browser.looks import hindrances, overflow
from tests.gitops.board import STACKS, Agent, agent, board_of, stack

PAGES = ("", "stacks/shop/stack.yaml", "stacks/db/stack.yaml", "log", "plans/shop/stack.yaml", "stacks/none")


@dataclass(frozen=True)
class Site:
    agent: Agent
    board: Board
    address: str


@contextmanager
def serve(agent: Agent) -> Iterator[Site]:
    board = board_of(agent)
    with served(Serving(board, Metrics(board), agent.wake), ("127.0.0.1", 0)) as address:
        yield Site(agent, board, address)


@pytest.fixture
def site() -> Iterator[Site]:
    with serve(agent(trouble="the remote cannot be reached")) as found:
        yield found


def test_what_becomes_of_a_stack_appears_by_itself(page: Page, site: Site) -> None:
    page.goto(site.address)
    row = page.get_by_role("row").filter(has_text="blog")
    expect(row.locator(".badge")).to_have_text("Ready")
    blog = stack("blog/stack.yaml", Condition.DEGRADED, Reason.UNHEALTHY, "web[1] is unhealthy", name="blog")
    site.agent.show(blog)
    expect(row.locator(".badge")).to_have_text("Degraded")
    expect(row).to_contain_text("web[1] is unhealthy")
    site.board.tell("blog: this was said just now")
    expect(page.locator(".log li").last).to_contain_text("this was said just now")


def test_the_title_says_how_many_are_not_ready(page: Page, site: Site) -> None:
    page.goto(site.address)
    expect(page).to_have_title("3 of 4 stacks not ready: https://git.example/me/hosts.git")


def test_who_reads_keeps_the_place_when_something_is_new(page: Page, site: Site) -> None:
    page.goto(site.address)
    page.get_by_role("link", name="blog").focus()
    site.agent.show(*STACKS, stack("late/stack.yaml", Condition.READY, Reason.IN_STEP, "in step", name="late"))
    expect(page.get_by_role("link", name="late")).to_be_visible()
    assert page.evaluate("document.activeElement.textContent") == "blog"


def test_an_agent_that_is_gone_is_told(browser: Browser) -> None:
    page = browser.new_page()
    with serve(agent()) as site:
        page.goto(site.address)
        expect(page.locator("#live")).to_have_text("It follows what happens.")
    expect(page.locator("#live")).to_contain_text("does not answer")
    page.close()


def test_the_keyboard_is_enough(page: Page, site: Site) -> None:
    """From the list to a stack, to its whole plan."""
    page.goto(site.address)
    for name in ("flask-shop", "The whole plan, with what needs what"):
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent") == name:
                break
        with page.expect_navigation():
            page.keyboard.press("Enter")
    assert page.url == f"{site.address}plans/flask-shop"


def test_all_is_there_without_scripts(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.address)
    expect(page.locator("tbody tr")).to_have_count(len(STACKS))
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_hinders_a_reader(browser: Browser, site: Site, size: tuple[int, int], scheme: str) -> None:
    """What axe-core calls serious, or a page that must be scrolled sideways."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    for path in PAGES:
        page.goto(site.address + path)
        assert overflow(page) <= 0, path
        assert hindrances(page) == [], path
    context.close()


def test_no_commit_is_broken_however_long_the_reason(page: Page) -> None:
    """At a width at which a table is crowded."""
    page.set_viewport_size({"width": 1200, "height": 900})
    words = "an address that nobody can reach, and an image:that-is-called/otherwise; " * 6
    with serve(
        agent(stack("apps/a-long-name/stack.yaml", Condition.DEGRADED, Reason.INVALID, words, name="a" * 40))
    ) as site:
        for path in ("", "stacks/" + "a" * 40):
            page.goto(f"{site.address}{path}")
            for each in page.locator("td .commit").all():
                assert each.evaluate("each => each.getClientRects().length") == 1
                assert overflow(page) == 0


def test_what_failed_stands_in_the_log_with_its_own_indent(page: Page, site: Site) -> None:
    site.board.tell("blog: Degraded", ("last log lines:", "  boom", "    at line 3"))
    page.goto(f"{site.address}log")
    shown = page.locator(".log li").last.inner_text().splitlines()
    assert shown[1:] == ["last log lines:", "  boom", "    at line 3"]
