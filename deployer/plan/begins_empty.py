"""New, empty volumes of a service where its containers have others, or, where it has none, those of a service that
goes: a service may have been renamed together with its volume. The data does not come along.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deployer.fields.field import section
from deployer.fields.mounts import is_nameless
from deployer.plan.differences import Facts
from deployer.plan.nameless import carried_over
from deployer.plan.next_image import config_of
from deployer.resources.desired import DesiredService
from deployer.resources.inspected import is_removed_when_it_stops
from deployer.resources.observed import ObservedContainer


@dataclass(frozen=True, slots=True)
class Empty:
    """A volume that begins empty: its address, "" of one without a name; its target, the engine's name of the one where
    the data stays, and the service that has that one and goes, "" where it is its own.
    """

    volume: str
    target: str
    stays_in: str
    had_by: str = ""

    @property
    def told(self) -> str:
        """`volume.new at /data: data stays in shop_old`."""
        whose = f"data of service.{self.had_by}" if self.had_by else "data"
        return f"{self.volume or 'a volume without a name'} at {self.target}: {whose} stays in {self.stays_in}"

    @property
    def note(self) -> tuple[str, str]:
        """The same beneath a new container: of what, and what."""
        text = f"begins empty; the data of service.{self.had_by}, which goes, stays in {self.stays_in}"
        return self.volume or f"volumes.{self.target}", text


def begins_empty(service: DesiredService, facts: Facts) -> Iterator[Empty]:
    """Each, by target. What others of the stack go on using is left by nobody."""
    own = facts.observed.of_service(service.name)
    going = [each for each in facts.observed.containers if each.service in facts.going]
    named = {thing.name for thing in facts.desired.volumes.values()}
    for target, volume in _new(service, facts):
        for container in own or going:
            old = _volume_at(target, container)
            stays = old not in (() if own else named) and not (own and _comes_along(old, volume, service, container))
            if old and old != volume and stays:
                yield Empty(facts.made.get(volume, ""), target, old, "" if own else container.service)


def _new(service: DesiredService, facts: Facts) -> Iterator[tuple[str, str]]:
    """The targets of those that are made for it, each with the volume's name: also those that its image declares."""
    config = config_of(facts.images[service.image.address], facts.observed) or {}
    declared = dict.fromkeys(section(config, "Volumes"), ("volume", ""))
    for target, mount in sorted({**declared, **dict(service.asked["volumes"])}.items()):
        if mount[0] == "volume" and (mount[1] in facts.made or is_nameless(mount)):
            yield target, mount[1]


def _volume_at(target: str, container: ObservedContainer) -> str:
    """What keeps its data when it goes; "" where nothing does."""
    kind, name, *_ = dict(container.values["volumes"]).get(target, ("", ""))
    if kind != "volume" or (not name and container.is_alive and is_removed_when_it_stops(container.raw)):
        return ""
    return name or container.anonymous.get(target, "")


def _comes_along(old: str, new: str, service: DesiredService, container: ObservedContainer) -> bool:
    return not new and old in carried_over(service, container).values()
