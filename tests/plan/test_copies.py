"""Secrets and configs in a plan: copied before the start, gone with their container, told without what they hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deployer.errors import Place
from deployer.fields.container import BY_NAME
from deployer.fields.copies import Section
from deployer.fields.field import Effect
from deployer.plan import steps
from deployer.plan.copies import as_bound, copies_of, told
from deployer.plan.diff import Sides, field_changes
from deployer.plan.model import Action, Call, Cause, Step
from deployer.plan.recovery import is_half_done, plan_recovery
from deployer.plan.things import remove_left_copy
from deployer.resources.applied import Applied, Secrecy, plain
from deployer.resources.as_read import salted, with_digests
from deployer.resources.desired import DesiredService
from deployer.resources.from_stack import desired
from deployer.resources.listed import copies_without_a_container
from deployer.resources.observed import Observed, ObservedContainer
from deployer.resources.records import Records
from deployer.resources.wire import EngineInfo
from deployer.stack.load import load

Make = Callable[..., ObservedContainer]
SHOP = """\
name: shop
services:
  web:
    image: busybox
    secrets: [pw, {source: pw, target: /etc/deep/pw, mode: 0400, uid: 5}]
    configs: [site, {source: site, target: /run/secrets/sub/site}]
secrets:
  pw: {file: ./pw.txt}
configs:
  site: {content: listen}
"""
WAIT = Step(Call.AWAIT_READY, "shop-web-1", steps.Wait())


def web(digests: dict[str, str], salt: str = "salt", text: str = SHOP) -> DesiredService:
    stack = load(text, file="stack.yaml", folder="/srv", environment={}, read_env_file=lambda _name, _place: {})
    return salted(with_digests(desired(stack, "there", {}), digests), salt).services["web"]


FIRST = {"secrets.pw": "1" * 64, "configs.site": "2" * 64}


def sides(make: Make, now: DesiredService, then: DesiredService) -> Sides:
    """A container as it was made for `then`."""
    values = {**{row.name: row.unset for row in BY_NAME.values()}, **then.asked, "stop_signal": "SIGTERM"}
    fields = {name: {key: plain(item) for key, item in then.asked[name]} for name in ("secrets", "configs", "networks")}
    found = replace(make("web"), values=values, applied=Applied("busybox", fields))
    place = lambda *path: Place("stack.yaml", len(path))  # noqa: E731
    return Sides(now, found, {}, found.applied, Secrecy("salt"), place)


def observed(*containers: ObservedContainer) -> Observed:
    return Observed(EngineInfo("", "", ""), containers, {}, {}, {}, {}, {}, Records())


def test_what_is_copied_is_sorted_by_where_it_is_unpacked():
    """One archive for `/run/secrets`, and one for all else; it names contents and holds none."""
    secrets, others = copies_of(web(FIRST))
    assert (secrets.folder, others.folder) == ("/run/secrets", "/")
    assert [(file.path, file.content, file.uid, file.mode) for file in secrets.files] == [
        ("pw", "secrets.pw", 0, 0o444),
        ("sub/site", "configs.site", 0, 0o444),
    ]
    assert [(file.path, file.content, file.uid, file.mode) for file in others.files] == [
        ("etc/deep/pw", "secrets.pw", 5, 0o400),
        ("site", "configs.site", 0, 0o444),
    ]


def test_a_container_is_filled_before_anything_else_happens(container: Make):
    """Right after it is created: before the old one stops, and before it could be started."""
    new = steps.NewContainer({}, "image.busybox", copies_of(web(FIRST)))
    fresh = [step.call for step in steps.create("shop-web-1", new, [], WAIT)]
    assert fresh == [Call.CREATE, Call.COPY, Call.COPY, Call.START, Call.AWAIT_READY]
    replaced = steps.replace_stop_first(container(), "shop-web-1", new, [], WAIT)
    assert [step.call for step in replaced][:4] == [Call.CREATE, Call.COPY, Call.COPY, Call.STOP]


def test_the_steps_of_a_copy_say_where_and_never_what():
    new = steps.NewContainer({}, "image.busybox", copies_of(web(FIRST)))
    _, first, second, *_ = steps.create("shop-web-1", new, [], WAIT)
    assert str(first) == "copy into shop-web-1 /run/secrets/pw, /run/secrets/sub/site"
    assert str(second) == "copy into shop-web-1 /etc/deep/pw, /site"


@pytest.mark.parametrize("way", ["remove", "replace"])
def test_the_secrets_of_a_container_go_after_it(container: Make, way: str):
    """By a step of their own: its other volumes without a name hold data, and stay."""
    old = replace(container(), copies=("a" * 64,))
    new = steps.NewContainer({}, "image.busybox")
    book = steps.remove(old) if way == "remove" else steps.replace_stop_first(old, old.name, new, [], WAIT)
    removed = next(step for step in book if step.call is Call.REMOVE)
    copy = next(step for step in book if step.call is Call.REMOVE_COPY)
    assert book.index(removed) < book.index(copy) == len(book) - 1
    assert (removed.payload, copy.target, str(copy)) == (None, "a" * 64, "remove the secrets of shop-web-1")


def test_what_was_never_taken_into_service_goes_with_its_volumes(container: Make):
    """A create that is taken back, and what a dead run left."""
    new = steps.NewContainer({}, "image.busybox")
    create, *_ = steps.create("shop-web-1", new, [], WAIT)
    (undo,) = create.undo
    assert (undo.call, undo.payload) == (Call.REMOVE, steps.WITH_VOLUMES)
    *_, last = plan_recovery(container(status="created"), observed()).change.steps
    assert (last.call, last.payload) == (Call.REMOVE, steps.WITH_VOLUMES)


def test_a_container_that_was_never_started_is_half_done(container: Make):
    """So is a successor whose predecessor is there; one that was started and has none is not."""
    running, created = container(), container(status="created")
    successor = replace(container(number=2), replaces=running.id)
    assert is_half_done(created, observed(created))
    assert is_half_done(successor, observed(running, successor))
    assert not is_half_done(running, observed(running, successor))
    assert not is_half_done(successor, observed(successor))


def test_a_copy_that_no_container_has_is_recovered():
    """It is told by its label; another stack's, and one that anybody has, is left alone."""
    label = {"io.deployer.copies": "shop"}
    volumes = [
        {"Name": "used", "Labels": label},
        {"Name": "left", "Labels": label},
        {"Name": "theirs", "Labels": {"io.deployer.copies": "other"}},
        {"Name": "data", "Labels": None},
    ]
    assert copies_without_a_container(volumes, [{"Mounts": [{"Name": "used"}, {}]}, {}], "shop") == ("left",)
    change = remove_left_copy("a" * 64).change
    assert (change.action, change.address) == (Action.RECOVER, "volume.aaaaaaaaaaaa")


def test_the_same_content_is_no_difference(container: Make):
    assert list(field_changes(sides(container, web(FIRST), web(FIRST)))) == []


def test_another_content_is_told_and_not_shown(container: Make):
    """With the place of its declaration, which names the file; a config is not sensitive, and not shown either."""
    now = web({"secrets.pw": "3" * 64, "configs.site": "4" * 64})
    found = {change.field: change for change in field_changes(sides(container, now, web(FIRST)))}
    assert found.keys() == {"secrets.pw", "secrets./etc/deep/pw", "configs./site", "configs./run/secrets/sub/site"}
    assert all((each.before, each.after, each.applied) == (None, None, None) for each in found.values())
    assert {each.causes for each in found.values()} == {(Cause.EDIT,)}
    assert {each.effect for each in found.values()} == {Effect.REPLACE}
    assert (found["secrets.pw"].sensitive, found["secrets.pw"].note) == (True, "pw.txt changed")
    assert (found["configs./site"].sensitive, found["configs./site"].note) == (False, "content changed")


def test_another_mode_or_owner_is_shown(container: Make):
    """Beside another content, too."""
    more = web(FIRST, text=SHOP.replace("[pw,", "[{source: pw, gid: 7},"))
    (change,) = field_changes(sides(container, more, web(FIRST)))
    assert (change.before, change.after) == ("mode 0444, owner 0:0", "mode 0444, owner 0:7")
    assert not change.sensitive
    both = web({**FIRST, "secrets.pw": "3" * 64}, text=SHOP.replace("[pw,", "[{source: pw, gid: 7},"))
    first = next(each for each in field_changes(sides(container, both, web(FIRST))) if each.field == "secrets.pw")
    assert first.sensitive
    assert first.note == "pw.txt changed; mode 0444, owner 0:0 -> mode 0444, owner 0:7"


def test_another_salt_is_another_digest():
    """Equal contents of two stacks do not look alike."""
    one, other = (web(FIRST, salt).asked["secrets"] for salt in ("a", "b"))
    assert one != other
    assert FIRST["secrets.pw"] not in repr((one, other))


@pytest.mark.parametrize(("source", "same"), [("/srv/pw.txt", True), ("/srv/other.txt", False)])
def test_what_compose_bound_from_the_same_file_is_taken_for_a_copy(container: Make, source: str, same: bool):
    """Of a container of Compose's alone: deployer binds nothing."""
    service = web(FIRST)
    bound = ("/run/secrets/pw", ("bind", source, True, 0, 0))
    found = replace(container("web"), values={"volumes": (bound,), "secrets": (), "configs": ()})
    values = as_bound(service, found)
    pw = dict(service.asked["secrets"])["pw"]
    assert (values["volumes"], values["secrets"]) == (((), (("pw", pw),)) if same else ((bound,), ()))
    ours = replace(found, applied=Applied("busybox", {}))
    assert as_bound(service, ours) is ours.values


@pytest.mark.parametrize(("changed", "same"), [({}, True), ({0: "other"}, False), ({1: 7}, False), ({3: 0o400}, False)])
def test_what_compose_copied_is_taken_for_a_copy_where_it_is_the_same_file(
    container: Make, changed: dict[int, Any], same: bool
):
    """Content, owner and permissions, as they were read back."""
    service = web(FIRST)
    pw = dict(service.asked["secrets"])["pw"]
    there: Any = tuple(changed.get(index, value) for index, value in enumerate(pw))
    values = {"volumes": (), "secrets": (), "configs": ()}
    found = replace(container("web"), values=values, copied={"/run/secrets/pw": there})
    assert as_bound(service, found)["secrets"] == ((("pw", pw),) if same else ())


def test_what_is_no_copy_is_told_as_it_is(container: Make):
    """A new one, and one that is taken out, show owner and mode."""
    service = web(FIRST)
    change: Any = object()
    section: Section = "secrets"
    for have, want in ((None, ("a", 0, 0, 0)), (("a", 0, 0, 0), object()), (("a", 0, 0, 0), ("a", 1, 0, 0))):
        assert told(change, sides(container, service, service), section, "pw", have, want) is change
