"""The plan as a person reads it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from deployer.errors import Diagnostic, Place
from deployer.fields.field import Effect
from deployer.plan.model import HOLDS_DATA, Action, Call, Cause, Change, FieldChange, LostData, Plan, Shows, Step
from deployer.render.plan_text import SIGNS, as_text
from deployer.render.plan_words import question
from deployer.resources.wire import EngineInfo

ENGINE = EngineInfo("unix:///run/d.sock", "28.5.2", "1.51")
HEAD = 2
"""Lines above the first change."""


def plan_of(*changes: Change, revision: int = 7, unchanged: tuple[str, ...] = ()) -> Plan:
    return Plan("shop", "there", ENGINE, revision, changes, (), unchanged, "sha256:0")


def change_of(*fields: FieldChange, address: str = "service.web[1]", **more: object) -> Change:
    change = Change(address, Action.REPLACE, "", fields, detail="stop-first")
    return replace(change, **more)  # pyright: ignore[reportArgumentType]


def field_of(*causes: Cause, **more: object) -> FieldChange:
    field = FieldChange("mem_limit", "256m", "512m", causes, Effect.IN_PLACE)
    return replace(field, **more)  # pyright: ignore[reportArgumentType]


def field_line(field: FieldChange) -> str:
    """What stands beneath a change for this field, its blanks made single."""
    return " ".join(as_text(plan_of(change_of(field))).splitlines()[HEAD + 1].split())


def change_line(change: Change) -> str:
    return " ".join(as_text(plan_of(change)).splitlines()[HEAD].split())


def test_the_plan_looks_as_the_manual_shows_it(shop: Plan) -> None:
    """A line a change, fields beneath with values and cause, like replicas on one line, a closing line."""
    assert as_text(shop) + "\n" == dedent("""\
        flask-shop on unix:///var/run/docker.sock (28.5.2), revision 7 -> 8

          + build.web               build     ./web, 14 files: app.py and 1 more changed
          ^ push.web->private       push      192.168.11.37:5000/peng-flaskweb:1.0
          ~ service.web[1..2]       replace   start-first, no gap expected
              image                 peng-flaskweb:1.0 @ 3f2a91 -> (built above)
              environment.DEBUG     "0" -> "1"              stack.yaml:31
          ~ service.db[1]           update    in place, no restart
              mem_limit             256m -> 512m            drift: was 512m when revision 7 was applied
          - service.old[1]          remove    no longer in the stack
          ! volume.data             kept      no longer in the stack; data stays until docker volume rm flask-shop_data

        1 build, 1 push, 2 replacements, 1 update, 1 removal; 5 unchanged, 1 kept.
        """)


@pytest.mark.parametrize(
    ("files", "destroy", "said"),
    [
        (("stack.yaml",), False, ""),
        (("compose.yaml",), False, ""),
        (("stack.yaml", "stack.override.yaml"), False, "from stack.yaml, stack.override.yaml"),
        (("prod.yaml",), False, "from prod.yaml"),
        (("/srv/shop/stack.yaml",), False, "from /srv/shop/stack.yaml"),
        (("stack.yaml",), True, "from stack.yaml"),
        ((), True, "no stack file was read: what bears the stack's name on the engine goes"),
        (None, False, ""),
    ],
)
def test_the_head_says_which_files_were_read(files: tuple[str, ...] | None, destroy: bool, said: str) -> None:
    """But for one that is found by its name in the current folder; a removal always does."""
    assert as_text(replace(plan_of(), files=files), destroy=destroy).splitlines()[1] == said


def test_every_action_has_a_sign_and_a_noun(everything: Plan) -> None:
    """Whatever happens is on a line of its own, and in the closing line, but for data that is kept."""
    lines = as_text(everything).splitlines()
    shown = {(line.split()[0], line.split()[2]) for line in lines if re.match(r"  \S ", line)}
    assert shown == {(SIGNS[action], action.value) for action in Action}
    assert lines[-1] == (
        "1 build, 1 pull, 1 load, 1 push, 1 creation, 2 replacements, 1 update, 1 rename, 1 start, 1 restart, 1 stop, "
        "1 kill, 1 pause, 1 unpause, 1 removal, 1 recovery; 5 unchanged, 1 kept."
    )


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        (field_of(Cause.EDIT, at=Place("stack.yaml", 31)), "mem_limit 256m -> 512m stack.yaml:31"),
        (field_of(Cause.EDIT), "mem_limit 256m -> 512m edited"),
        (field_of(Cause.DRIFT), "mem_limit 256m -> 512m drift"),
        (field_of(Cause.UNKNOWN), "mem_limit 256m -> 512m cause unknown: nothing tells what was applied"),
        (field_of(Cause.UNKNOWN, applied_known=True), "mem_limit 256m -> 512m cause unknown"),
        (
            field_of(Cause.EDIT, Cause.DRIFT, applied="64m", applied_known=True, applied_by=6, at=Place("a.yaml", 2)),
            "mem_limit 256m -> 512m a.yaml:2; and drift: was 64m when revision 6 was applied",
        ),
        (
            field_of(Cause.DRIFT, applied_known=True, applied_by=7, after=None),
            "mem_limit 256m -> (unset) drift: was unset when revision 7 was applied",
        ),
        (field_of(Cause.IMAGE, after="a:1 @ 12"), "mem_limit 256m -> a:1 @ 12 the tag names another image now"),
        (field_of(Cause.IMAGE, after="a:1 (pulled above)"), "mem_limit 256m -> a:1 (pulled above)"),
        (field_of(Cause.BUILD, after="a:1 @ 12"), "mem_limit 256m -> a:1 @ 12 built from other inputs"),
        (field_of(Cause.BUILD, after="(built above)"), "mem_limit 256m -> (built above)"),
        (
            field_of(Cause.DEPENDENCY, note="network front is another one"),
            "mem_limit 256m -> 512m network front is another one",
        ),
        (field_of(Cause.EDIT, before=None), "mem_limit (unset) -> 512m edited"),
        (field_of(Cause.EDIT, before=None, after=None, note="added"), "mem_limit added"),
        (
            field_of(Cause.EDIT, at=Place("stack.yaml", 31, behind=(Place(".env", 3), Place("b.env", 9)))),
            "mem_limit 256m -> 512m stack.yaml:31 with .env:3 and b.env:9",
        ),
        (
            field_of(Cause.EDIT, at=Place("stack.yaml", 31, behind=(Place("$TAG of the shell", 0, 0),))),
            "mem_limit 256m -> 512m stack.yaml:31 with $TAG of the shell",
        ),
        (field_of(Cause.EDIT, sensitive=True), "mem_limit (sensitive) -> (sensitive) edited"),
        (
            field_of(Cause.EDIT, sensitive=True, shows=(Shows.UNSET, Shows.EMPTY)),
            "mem_limit (unset) -> (empty) edited",
        ),
        (
            field_of(Cause.DRIFT, sensitive=True, applied_known=True),
            "mem_limit (sensitive) -> (sensitive) drift",
        ),
        (field_of(Cause.DRIFT, field="state", applied_known=True), "state 256m -> 512m drift"),
        (
            field_of(Cause.DRIFT, field="state", note="left so by the apply of revision 2, which failed"),
            "state 256m -> 512m left so by the apply of revision 2, which failed",
        ),
        (
            field_of(Cause.EDIT, Cause.DRIFT, at=Place("a.yaml", 2), note="left so by the apply of revision 2"),
            "mem_limit 256m -> 512m a.yaml:2; left so by the apply of revision 2",
        ),
        (field_of(Cause.EDIT, after="134217729"), "mem_limit 256m -> 134217729 (128m + 1 byte) edited"),
        (field_of(Cause.EDIT, before="134217729"), "mem_limit 134217729 (128m + 1 byte) -> 512m edited"),
        (
            field_of(Cause.EDIT, after="134217729", quoted=True),
            'mem_limit "256m" -> "134217729" edited',
        ),
        (
            field_of(Cause.EDIT, before="(not in the snapshot)", quoted=True),
            'mem_limit (not in the snapshot) -> "512m" edited',
        ),
        (field_of(Cause.EDIT, field="secrets.pw", after=None), "secrets.pw 256m -> (not there) edited"),
        (field_of(Cause.EDIT, field="configs.site", before=None), "configs.site (not there) -> 512m edited"),
        (field_of(Cause.EDIT, field="volumes./data", after=None), "volumes./data 256m -> (not mounted) edited"),
        (
            field_of(Cause.EDIT, field="networks.front", before=None),
            "networks.front (not connected) -> 512m edited",
        ),
    ],
)
def test_a_field_names_its_values_and_its_cause(field: FieldChange, shown: str) -> None:
    """Edit names file and line, drift the value that was applied; what is unset or sensitive says so."""
    assert field_line(field) == shown


def test_drift_from_what_nobody_knows_who_applied_names_no_revision() -> None:
    """There is no revision 0, and the last one may have failed, or may never have touched the container."""
    field = field_of(Cause.DRIFT, applied="512m", applied_known=True)
    assert field_line(field).endswith("drift: was 512m when last applied")


def test_a_change_that_may_not_be_needed_says_on_what_that_hangs() -> None:
    """Where only the image may differ, the build that tells is named; where more differs, it is needed anyway."""
    only_image = change_of(field_of(Cause.BUILD), known_after="build.web", unless_image="sha256:1")
    assert change_line(only_image).endswith("stop-first; only if the image of build.web differs")
    assert change_line(replace(only_image, known_after="image.db")).endswith("stop-first; only if image.db differs")
    assert change_line(replace(only_image, unless_image="")).endswith("stop-first")


def test_without_fields_the_reason_is_shown() -> None:
    """What is done, then why."""
    pull = Change("image.redis", Action.PULL, "it is not on the engine", detail="redis:7")
    assert change_line(pull) == "v image.redis pull redis:7; it is not on the engine"


@pytest.mark.parametrize(
    "differs",
    [
        {"address": "service.web[3]"},
        {"address": "service.api[2]"},
        {"detail": "start-first"},
        {"fields": ()},
        {"action": Action.UPDATE},
    ],
)
def test_only_like_replicas_next_to_each_other_are_one_line(differs: dict[str, object]) -> None:
    """Another service, a gap in the numbers, another action, detail or field: two lines."""
    one = change_of(field_of(Cause.EDIT))
    other = replace(one, **{"address": "service.web[2]", **differs})  # pyright: ignore[reportArgumentType]
    text = as_text(plan_of(one, other))
    assert ".." not in text
    assert "service.web[1]" in text


def test_three_replicas_are_folded_and_counted() -> None:
    """The range is the first and the last number."""
    changes = [change_of(field_of(Cause.EDIT), address=f"service.web[{number}]") for number in (9, 10, 11)]
    text = as_text(plan_of(*changes))
    assert "service.web[9..11]" in text
    assert text.endswith("3 replacements; 0 unchanged.")


def test_verbose_shows_every_step_of_every_replica_and_what_went_into_a_build(shop: Plan) -> None:
    """Steps are numbered beneath their change."""
    text = as_text(shop, verbose=True)
    assert (
        dedent("""\
        service.web[2]          replace   start-first, no gap expected
              image                 peng-flaskweb:1.0 @ 3f2a91 -> (built above)
              environment.DEBUG     "0" -> "1"              stack.yaml:31
               1. stop shop-web-2
               2. start shop-web-2.next
        """)
        in text
    )
    assert "      context/app.py        changed\n" in text
    assert "hunter2" not in text


def test_an_id_is_as_short_as_docker_shows_it() -> None:
    """Where a step has no name for its container, or says an id besides."""
    step = Step(Call.DISCONNECT, "4f" * 32, detail=f"from {'ab' * 32}")
    change = Change("service.web[1]", Action.REMOVE, "", steps=(step,))
    assert f"1. disconnect {'4f' * 6} from {'ab' * 6}\n" in as_text(plan_of(change), verbose=True)


def test_all_lists_what_stays(shop: Plan) -> None:
    """Each address that does not change, with a sign of its own."""
    assert "  = network.front           unchanged\n" in as_text(shop, show_all=True)
    assert "network.front" not in as_text(shop)


def test_an_empty_plan_says_so() -> None:
    """One line, and the revision stays."""
    assert as_text(plan_of(unchanged=("a", "b"))) == (
        "shop on unix:///run/d.sock (28.5.2), revision 7\n\nNothing to change; 2 unchanged."
    )


def test_data_that_is_kept_is_named_even_if_nothing_changes() -> None:
    """A volume that the stack no longer names is not forgotten."""
    text = as_text(plan_of(Change("volume.data", Action.KEPT, "no longer in the stack")))
    assert "! volume.data" in text
    assert text.endswith("\n\nNothing to change; 0 unchanged, 1 kept.")


def test_the_first_plan_and_the_last_one_have_heads_of_their_own() -> None:
    """There is no revision 0, and after destroy there is none."""
    removal = Change("service.web[1]", Action.REMOVE, "destroy")
    kept = Change("volume.data", Action.KEPT, HOLDS_DATA)
    assert as_text(plan_of(removal, revision=0)).splitlines()[0].endswith("(28.5.2), first revision")
    assert as_text(plan_of(revision=0)).splitlines()[0].endswith("(28.5.2), no revision yet")
    text = as_text(plan_of(removal, kept), destroy=True)
    assert text.splitlines()[0].endswith("(28.5.2), revision 7 -> none")
    assert "kept      it holds data; to remove it, too: --volumes\n" in text


@pytest.mark.parametrize(
    ("result", "said"),
    [("succeeded", "revision 7"), ("failed", "revision 7 (failed)"), ("at work", "revision 7 (at work)")],
)
def test_the_head_says_what_became_of_the_last_revision_where_that_is_not_what_it_asked_for(
    result: str, said: str
) -> None:
    """Whoever reads `revision 7` takes that for what runs."""
    removal = Change("service.web[1]", Action.REMOVE, "destroy")

    def head_of(*changes: Change, destroy: bool = False) -> str:
        return as_text(replace(plan_of(*changes), result=result), destroy=destroy).splitlines()[0]

    assert head_of(removal).endswith(f", {said} -> 8")
    assert head_of(removal, destroy=True).endswith(f", {said} -> none")
    assert head_of().endswith(f", {said}")


def test_warnings_stand_where_they_are_read_last(shop: Plan, snapshot: SnapshotAssertion) -> None:
    """Between the changes and the closing line: who keeps the plan keeps them."""
    place = Place("stack.yaml", 9, 5, excerpt="    mem_swappiness: 10")
    warnings = (
        Diagnostic("not-in-effect", "services.web: mem_swappiness has no effect here", place, "take it out"),
        Diagnostic("rolled-back", "this undoes the rollback to revision 3"),
    )
    assert as_text(replace(shop, warnings=warnings)) == snapshot
    assert as_text(replace(shop, changes=(), warnings=warnings[1:])).endswith(
        "\n\nwarning[rolled-back]: this undoes the rollback to revision 3\n\nNothing to change; 5 unchanged."
    )


def test_a_long_value_is_cut() -> None:
    """Nobody reads more than a line."""
    line = field_line(field_of(Cause.EDIT, before="a" * 500, after="b"))
    assert f"{'a' * 120}… -> b" in line
    assert "a" * 121 not in line


def test_long_values_are_cut_so_that_the_difference_is_seen() -> None:
    """Two values that begin alike are not shown as the same."""
    line = field_line(field_of(Cause.EDIT, before="a" * 300 + "x" + "c" * 300, after="a" * 300 + "y" + "c" * 300))
    assert f"…{'a' * 20}x" in line
    assert f"…{'a' * 20}y" in line
    assert "c" * 100 not in line.replace("…", "").replace("c" * 99, "")


def test_colour_adds_nothing_but_colour(everything: Plan) -> None:
    """Without its codes it is the plain text; what is made is green, what goes red, what changes yellow."""
    colored = as_text(everything, color=True)
    assert re.sub(r"\x1b\[\d*m", "", colored) == as_text(everything)
    for style, sign in (("32", "+"), ("33", "~"), ("31", "-"), ("33", "!")):
        assert f"\x1b[{style}m{sign} service.x" in colored
    assert "\x1b[2mstack.yaml:3; and drift" in colored


def test_nothing_sensitive_is_shown(everything: Plan) -> None:
    """Even where a value should not have come this far."""
    for verbose in (False, True):
        text = as_text(everything, verbose=verbose)
        assert not {"never", "seen", "at all"} & set(re.findall(r"never|seen|at all", text))
        assert "environment.DB_PASSWORD" in text


ANY = st.text(st.characters(codec=None), max_size=12)


def _field(text: Callable[[], str]) -> FieldChange:
    return FieldChange(text(), text(), text(), tuple(Cause), Effect.NONE, text(), True, Place(text(), 1), note=text())


@given(st.data())
def test_nothing_in_a_plan_steers_the_terminal(data: st.DataObject) -> None:
    """Whatever names and values hold, there are just the lines that there should be, and no control in them."""

    def text() -> str:
        return data.draw(ANY)

    step = Step(Call.STOP, text(), detail=text())
    change = Change(text(), Action.UPDATE, text(), (_field(text), _field(text)), (step,), None, text(), text(), "x")
    plan = Plan(text(), text(), EngineInfo(text(), text(), text()), 1, (change,), (), (text(),), text())
    shown = as_text(plan, verbose=True, show_all=True)
    assert len(shown.split("\n")) == 2 + 1 + 2 + 1 + 1 + 2
    assert {unicodedata.category(sign) for sign in shown.replace("\n", "")}.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
    assert shown.encode()


def removal(address: str, detail: str, *loses: LostData) -> Change:
    return Change(address, Action.REMOVE, "the stack goes", detail=detail, loses=loses)


def test_data_that_goes_is_shown_with_its_size() -> None:
    """Of a container's volumes without a name, too."""
    volume = removal("volume.data", "shop_data", LostData("shop_data", 12_340_000))
    container = removal("service.web[1]", "with its data at /a, /b", LostData("f" * 64, 0), LostData("e" * 64))
    assert change_line(volume) == "- volume.data remove shop_data (12.3 MB); the stack goes"
    assert change_line(container).endswith("with its data at /a, /b (0 B, size unknown); the stack goes")


def test_replicas_with_data_of_their_own_are_lines_of_their_own() -> None:
    ones = (removal(f"service.web[{number}]", "with its data at /a", LostData(str(number) * 64)) for number in (1, 2))
    assert as_text(plan_of(*ones)).count("with its data at /a") == 2


def test_what_is_asked_names_all_the_data_that_goes() -> None:
    """Each volume with its size, those without a name with the container that has them; without any, no more."""
    plan = plan_of(
        removal("service.web[1]", "with its data at /a", LostData("f" * 64)),
        removal("volume.data", "shop_data", LostData("shop_data", 12_340_000)),
    )
    assert question(plan, "Remove all this?") == dedent("""\
        This data goes, for good:
          ffffffffffff of service.web[1]  size unknown
          shop_data                       12.3 MB
        Remove all this?""")
    assert question(plan_of(), "Remove all this?") == "Remove all this?"
