"""The plan as a page of its own: no name or value becomes markup, and the network is asked for nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import Diagnostic, Place
from deployer.plan.model import Action, Change, Danger, Plan
from deployer.render.graph import Edge, Graph
from deployer.render.harmless import harmless
from deployer.render.plan_html import FEW, as_html
from deployer.render.plan_words import folded
from tests.render.conftest import DEBUG
from tests.render.test_plan_markdown import ANY, ATTACKS, Seen, plan_with

GRAPH = Graph("shop", ("build.web", "service.db", "service.web"), (Edge("service.web", "service.db", "healthy"),))
REPOSITORY = "https://git.example/me/shop/blob/0a1b2c"


def seen(page: str) -> Seen:
    """What a reader's browser gets."""
    found = Seen()
    found.feed(page)
    found.close()
    return found


def with_warning(plan: Plan, text: str) -> Plan:
    return replace(plan, warnings=(Diagnostic("code", text, Place(text, 3), text),))


def link_to(place: Place) -> str:
    return f"{REPOSITORY}/{quote(place.file, errors='replace')}#L{place.line}"


def tags(page: str) -> list[tuple[str, list[tuple[str, str | None]]]]:
    """Each element that begins, with its attributes."""
    return [each for each in seen(page).elements if isinstance(each, tuple) and isinstance(each[1], list)]


def attributes(page: str, name: str) -> list[str]:
    return [value or "" for _, pairs in tags(page) for key, value in pairs if key == name]


def in_two(page: str) -> tuple[str, str]:
    """The page less its picture, and the picture."""
    before, _, rest = page.partition("<svg")
    drawn, _, after = rest.partition("</svg>")
    return before + after, f"<svg{drawn}</svg>"


def shape(page: str) -> list[tuple[str, list[str]]]:
    """The elements and the names of their attributes."""
    return [(tag, [key for key, _ in pairs]) for tag, pairs in tags(page)]


PLAIN, PICTURE = in_two(as_html(with_warning(plan_with(lambda: "y"), "y"), GRAPH, link_to))


@settings(deadline=None)
@given(st.data())
def test_no_element_but_ours_appears(data: st.DataObject) -> None:
    """Whatever names and values hold, a browser makes of it just the elements that a plain plan has."""
    text = f"x{data.draw(ANY)}x"
    page = as_html(with_warning(plan_with(lambda: data.draw(ANY)), text), GRAPH, link_to)
    rest, drawn = in_two(page)
    assert shape(rest) == shape(PLAIN)
    assert {tag for tag, _ in shape(drawn)} == {tag for tag, _ in shape(PICTURE)}
    assert page == "\n".join(map(harmless, page.split("\n")))


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_written_is_what_is_read(attack: str) -> None:
    page = seen(as_html(plan_with(lambda: attack), GRAPH))
    assert page.code.count(harmless(f"x{attack}x")) >= 4


def test_the_network_is_asked_for_nothing(shop: Plan) -> None:
    """No file, picture or font from elsewhere; and the page's own policy lets nothing in but its style and script."""
    page = as_html(shop, GRAPH)
    assert attributes(page, "src") == []
    assert all(link.startswith("#") for link in attributes(page, "href"))
    assert "@import" not in page
    assert "url(#arrow)" in page
    assert page.count("url(") == page.count("url(#arrow)")
    [policy] = [content for content in attributes(page, "content") if "default-src" in content]
    assert "default-src 'none'" in policy
    for element in ("style", "script"):
        text = re.search(f"<{element}>(.*?)</{element}>", page, re.DOTALL)
        assert text
        digest = base64.b64encode(hashlib.sha256(text[1].encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in policy
    assert attributes(page, "style") == []


def test_a_cause_leads_to_its_line_in_the_repository(shop: Plan) -> None:
    page = as_html(shop, GRAPH, link_to)
    assert f"{REPOSITORY}/stack.yaml#L31" in attributes(page, "href")
    assert not any(REPOSITORY in link for link in attributes(as_html(shop, GRAPH), "href"))


def test_a_place_that_can_be_read_nowhere_is_no_link(shop: Plan) -> None:
    page = as_html(shop, GRAPH, lambda _: "")
    assert "stack.yaml:31" in seen(page).text
    assert "" not in attributes(page, "href")


def kind_of(page: str, node: str) -> str:
    """How the picture shows a thing."""
    found = re.search(rf'<g class="(\w+)"><rect [^>]*/><text [^>]*>{re.escape(node)}</text>', page)
    assert found, node
    return found[1]


def test_the_picture_shows_what_becomes_of_each_thing(shop: Plan) -> None:
    """What is no longer in the stack, too."""
    page = as_html(shop, GRAPH)
    nodes = ("build.web", "service.web", "service.db", "service.old")
    assert [kind_of(page, node) for node in nodes] == ["made", "changed", "changed", "gone"]


def test_a_service_of_which_some_containers_stay_changes(shop: Plan) -> None:
    gone = replace(shop, changes=(Change("service.web[2]", Action.REMOVE, "fewer"),), unchanged=("service.web[1]",))
    assert kind_of(as_html(gone, GRAPH), "service.web") == "changed"
    assert kind_of(as_html(replace(gone, unchanged=()), GRAPH), "service.web") == "gone"


def test_what_stays_is_pale_and_leads_nowhere(shop: Plan) -> None:
    page = as_html(replace(shop, changes=(), unchanged=("service.db[1]",)), GRAPH)
    assert kind_of(page, "service.db") == "same"
    assert "<p>None.</p>" in page
    assert attributes(page, "href") == []


def test_a_box_of_the_picture_leads_to_its_change(shop: Plan) -> None:
    page = as_html(shop, GRAPH)
    targets = {link.removeprefix("#") for link in attributes(page, "href")}
    assert targets <= set(attributes(page, "id"))
    assert len(targets) == len({change.address.split("[")[0] for change in shop.changes})


def test_what_somebody_may_regret_is_at_the_top_and_leads_to_its_change(shop: Plan) -> None:
    *others, last = shop.changes
    power = replace(last, dangers=((Danger.POWER, "privileged"),))
    page = as_html(replace(shop, changes=(*others, power)), GRAPH)
    number = len(list(folded((*others, power))))
    risk = f'<b>New power over the host:</b> <a href="#c{number}"><code>{power.address}</code></a> privileged'
    assert page.index(risk) < page.index("<svg")
    assert f'id="c{number}"' in page


def test_a_plan_without_any_risk_says_so(shop: Plan) -> None:
    (update,) = (change for change in shop.changes if change.action is Action.UPDATE)
    calm = replace(shop, changes=(replace(update, fields=()),))
    said = "Nothing is replaced, removed or down for it."
    assert said in as_html(calm, GRAPH)
    assert said not in as_html(shop, GRAPH)


def test_many_changes_are_folded(shop: Plan) -> None:
    """And a few are not."""
    many = tuple(Change(f"service.a{number}[1]", Action.REPLACE, "image", (DEBUG,)) for number in range(FEW + 1))
    opened = '<details class="change changed" id="c1" open>'
    assert opened not in as_html(replace(shop, changes=many), GRAPH)
    assert opened in as_html(replace(shop, changes=many[:FEW]), GRAPH)


def test_nothing_sensitive_is_in_it(everything: Plan) -> None:
    page = as_html(everything, GRAPH)
    assert "(sensitive)" in page
    assert not {"never", "seen"} & set(seen(page).code)


def test_the_same_plan_gives_the_same_bytes(everything: Plan) -> None:
    assert as_html(everything, GRAPH) == as_html(everything, GRAPH)
