"""What random stacks on the model have found once: each case alone, and as small as it can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deployer.plan.events import Event, StepStarted
from deployer.plan.model import Action, Call
from tests.model.deployer_on_model import Deployer
from tests.model.play import Play, playing
from tests.model.stacks import Deed, Service, Stack
from tests.model.watch import containers

FRONT = Service(networks=frozenset({"front"}))
BACK = Service(networks=frozenset({"back"}))


def plays(play: Callable[[Play], None]) -> None:
    playing(play, order=0)


def stack(edition: int = 0, /, **services: Service) -> Stack:
    """`edition` is that of both networks: another one has them made anew."""
    return Stack(services, {"front": edition, "back": edition})


def test_a_program_that_ends_well_when_stopped_has_not_completed_where_others_wait_for_its_health() -> None:
    """Stopped by hand it exits with 0, and under `restart: "no"` a one-shot would be done."""
    polite = replace(FRONT, program="serve-politely", restart="no", check=True)
    web = replace(FRONT, needs={"a": "service_healthy"})

    def play(on: Play) -> None:
        on.must_settle(stack(a=polite, b=web))
        on.by_hand([Deed("stop", 0)])
        on.must_settle(stack(a=polite, b=replace(web, edition=1)))
        assert _states(on) == {"shop-a-1": "running", "shop-b-1": "running"}

    plays(play)


def test_nor_where_others_are_in_its_network() -> None:
    """They could not be started without it."""
    polite = replace(FRONT, program="serve-politely", restart="no")

    def play(on: Play) -> None:
        on.must_settle(stack(a=polite, b=Service(mode="service:a")))
        on.by_hand([Deed("stop", 0)])
        on.must_settle(stack(a=polite, b=Service(mode="service:a", edition=1)))
        assert _states(on) == {"shop-a-1": "running", "shop-b-1": "running"}

    plays(play)


def test_nor_has_one_that_a_dead_apply_stopped() -> None:
    """It was to be replaced; the file as it was before starts it again, though it ended with 0."""
    polite = replace(FRONT, program="serve-politely", restart="on-failure")

    def play(on: Play) -> None:
        on.must_settle(stack(a=polite))
        for kill in range(1, 12):
            on.apply(stack(a=replace(polite, edition=1)), kill=kill)
            on.delete_records()
            on.must_settle(stack(a=polite))
            assert _states(on) == {"shop-a-1": "running"}, f"killed at request {kill}"

    plays(play)


def test_nor_has_one_in_the_network_of_a_container_that_a_dead_apply_removed() -> None:
    """It is made anew, in the network of the new one; a start would look for the one that is gone."""
    polite = Service(mode="service:a", program="serve-politely", restart="on-failure")
    before, after = stack(a=BACK, e=polite), stack(a=replace(BACK, edition=1), e=polite)

    def play(on: Play, kill: int) -> None:
        on.must_settle(before)
        on.apply(after, kill=kill)
        on.must_settle(after)

    for kill in range(1, 20):
        for order in range(4):
            playing(lambda on, kill=kill: play(on, kill), order)


def test_what_took_over_and_has_no_name_yet_can_be_replaced() -> None:
    """Its predecessor is gone, and its own successor needs the name that it still has."""

    def play(on: Play) -> None:
        on.must_settle(stack(a=FRONT))
        for kill in range(1, 12):
            on.apply(stack(a=replace(FRONT, edition=kill)), kill=kill)
            if "shop-a-1" not in _states(on):
                break
        assert _states(on) == {"shop-a-1.next": "running"}
        on.must_settle(stack(a=replace(FRONT, edition=20)))
        assert _states(on) == {"shop-a-1": "running"}

    plays(play)


def test_a_replacement_that_a_build_made_needless_still_starts_what_was_stopped() -> None:
    """The image is the same, and the container does not run."""
    app = replace(FRONT, image="app")

    def play(on: Play) -> None:
        on.must_settle(stack(a=app))
        on.by_hand([Deed("kill", 0)])
        on.must_settle(replace(stack(a=app), build="one#again"))

    plays(play)


def test_who_leaves_another_ones_network_for_one_that_is_made_anew_stops_first() -> None:
    """Its owner is in that network and goes: without that, each would wait for the other."""

    def play(on: Play) -> None:
        on.must_settle(stack(a=FRONT, b=Service(mode="service:a")))
        on.must_settle(stack(1, b=FRONT))

    plays(play)


def test_who_is_in_the_network_of_one_whose_network_is_made_anew_stops_first() -> None:
    def play(on: Play) -> None:
        on.must_settle(stack(a=FRONT, b=Service(mode="service:a")))
        on.must_settle(stack(1, a=FRONT, b=Service(mode="service:a")))

    plays(play)


def test_a_one_shot_that_runs_again_gives_up_its_address_before_all() -> None:
    """Its old container goes first, though another one takes the address, and what that one needs is made anew."""
    job = replace(FRONT, program="work", address=6)

    def play(on: Play) -> None:
        on.must_settle(stack(d=job))
        taker = replace(FRONT, image="keeper:1", address=6)
        on.must_settle(stack(1, a=taker, d=replace(job, needs={"a": "service_started"})))

    plays(play)


def test_a_volume_that_a_successor_took_over_from_another_image_is_no_loss_later() -> None:
    """The new image declares none there, the file names none, and still it holds the data that a one-shot ran for."""
    job = replace(BACK, program="work", needs={"a": "service_started"})

    def play(on: Play) -> None:
        on.must_settle(stack(a=replace(BACK, image="keeper:1"), e=job))
        on.must_settle(stack(a=BACK, e=job))

    plays(play)


def test_the_old_containers_of_a_one_shot_all_go_before_it_runs_again() -> None:
    """Two of them, for a service whose data was lost: neither waits until the other one has run."""
    job = replace(BACK, program="work", restart="on-failure", replicas=2, needs={"a": "service_started"})

    def play(on: Play) -> None:
        on.must_settle(stack(a=replace(BACK, image="keeper:1"), e=job))
        on.by_hand([Deed("remove with volumes", 0)])
        on.must_settle(stack(a=replace(BACK, image="keeper:1"), e=job))

    plays(play)


def test_services_that_depend_on_each_other_go_while_their_network_is_made_anew() -> None:
    """Both stop before what stays is started, and are removed once that is ready."""
    two = {"b": FRONT, "c": replace(FRONT, needs={"b": "service_started"})}

    def play(on: Play) -> None:
        on.must_settle(stack(a=FRONT, **two))
        on.must_settle(stack(1, a=FRONT))

    plays(play)


def test_replicas_that_are_started_anew_with_another_service_are_so_one_by_one() -> None:
    """Who watches would see that more than one is away."""
    three = replace(FRONT, replicas=3, restart="always", needs={"a": "service_started"}, follows=True)

    def play(on: Play) -> None:
        on.must_settle(stack(e=three))
        after = stack(a=FRONT, e=replace(three, restart="unless-stopped"))
        plan, _ = Deployer(on.engine).plan(after.document, after.contents)
        anew = [each for each in plan.changes if each.action is Action.UPDATE]
        assert [[step.call for step in each.steps] for each in anew] == [
            [Call.UPDATE, Call.STOP, Call.START, Call.AWAIT_READY]
        ] * 3
        on.must_settle(after)

    plays(play)


def test_who_is_removed_waits_for_nothing_to_start() -> None:
    """It depended on one that takes a port of one whose network it is in."""
    web = replace(BACK, port=8002)

    def play(on: Play) -> None:
        on.must_settle(stack(a=web, d=BACK, e=Service(mode="service:a", needs={"d": "service_started"})))
        on.must_settle(stack(d=web))

    plays(play)


def test_nothing_starts_after_what_it_needs_was_taken_back() -> None:
    """It is started, and then put back with one that it changes together with."""
    before = stack(a=BACK)
    after = stack(
        a=replace(BACK, edition=1), d=Service(mode="service:a"), e=replace(BACK, needs={"d": "service_started"})
    )

    def play(on: Play, fail: int) -> None:
        on.must_settle(before)
        on.apply(after, fail=fail)
        on.must_settle(after)

    for fail in range(1, 20):
        for order in range(8):
            playing(lambda on, fail=fail: play(on, fail), order)


def _states(on: Play) -> dict[str, str]:
    return {each["Name"][1:]: each["State"]["Status"] for each in containers(on.engine)}


def test_replicas_that_waited_for_one_that_fails_were_not_touched() -> None:
    """Their new containers were there, and the old ones ran on: there was nothing to put back."""
    web = replace(FRONT, replicas=3, check=True)

    def play(on: Play) -> None:
        on.must_settle(stack(a=web))
        outcome = on.apply(stack(a=replace(web, program="ail")))
        assert outcome
        assert (outcome.put_back, outcome.not_begun) == (["service.a[1]"], ["service.a[2]", "service.a[3]"])

    plays(play)


def test_nor_was_who_waited_for_another_service_that_fails() -> None:
    db, web = replace(FRONT, check=True), replace(FRONT, needs={"a": "service_healthy"})

    def play(on: Play) -> None:
        on.must_settle(stack(a=db, b=web))
        outcome = on.apply(stack(a=replace(db, program="ail"), b=replace(web, edition=1)))
        assert outcome
        assert (outcome.put_back, outcome.not_begun) == (["service.a[1]"], ["service.b[1]"])

    plays(play)


def test_what_a_dead_apply_left_is_told_once_with_what_becomes_of_the_service() -> None:
    """Its successor is removed, and the replacement that follows fails: that is put back, and not done as well."""
    web = replace(FRONT, check=True)

    def play(on: Play) -> None:
        on.must_settle(stack(a=web))
        told: set[str] = set()
        for kill in range(1, 12):
            on.apply(stack(a=replace(web, edition=1)), kill=kill)
            if outcome := on.apply(stack(a=replace(web, edition=2, program="ail"))):
                lists = (outcome.done, outcome.put_back, outcome.half_done, outcome.not_begun)
                assert sum("service.a[1]" in each for each in lists) == 1
                told |= {"put back"} if "service.a[1]" in outcome.put_back else set()
            on.must_settle(stack(a=web))
        assert told == {"put back"}

    plays(play)


def test_what_is_aborted_just_as_its_step_begins_is_told_as_half_done() -> None:
    """Nobody knows what the engine has done of it by then."""

    def abort(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step.call is Call.BUILD:
            raise KeyboardInterrupt

    def play(on: Play) -> None:
        app = stack(a=replace(FRONT, image="app"))
        outcome = Deployer(on.engine, tell=abort).apply(app.document, app.contents)
        assert outcome.aborted
        assert outcome.half_done == ["build.app"]
        on.must_settle(app)

    plays(play)
