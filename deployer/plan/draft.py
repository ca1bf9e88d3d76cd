"""A change while the plan is being made: the change itself, and what the order needs to know of it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from deployer.fields.attachments import fixed_addresses
from deployer.fields.ports import addresses_meet
from deployer.plan.model import Call, Change
from deployer.resources.desired import DesiredService
from deployer.resources.observed import ObservedContainer

HostPort = tuple[str, int, str]

FixedAddress = tuple[str, str]
"""The engine's name of a network, and an address in it."""

STARTS = (Call.START, Call.UNPAUSE, Call.RESTART)
"""The calls after which a container runs."""

DISRUPTIVE = (Call.LET_STOPPED_STAY, Call.STOP, *STARTS)
"""The calls that a living container, or whoever waits for one, notices."""


@dataclass(slots=True)
class Draft:
    """`image` and `mounted_images` are the addresses of the new container's images, `networks` and `volumes` the
    engine's names of what it uses; `gives` and `takes` fixed ports of the host, `gives_addresses` and `takes_addresses`
    fixed addresses; `gives_name` the name that the old container gives up if the steps say so, `takes_name` one that
    another container of the stack has until then. `joins` are the services whose namespaces or mounts it has, `follows`
    those that the living one is started anew with; `forgets` the addresses (of a service less its number) that are made
    only after the old container is removed; `starts_from` the addresses of the builds and images that a build starts
    from. `provides` are the addresses of images that are there once it is done; `registries` the services that are the
    registries which it pulls from or pushes to.
    """

    change: Change
    service: DesiredService | None = None
    number: int = 0
    old: ObservedContainer | None = None
    image: str = ""
    mounted_images: frozenset[str] = frozenset()
    networks: frozenset[str] = frozenset()
    leaves: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()
    gives: frozenset[HostPort] = frozenset()
    takes: frozenset[HostPort] = frozenset()
    gives_addresses: frozenset[FixedAddress] = frozenset()
    takes_addresses: frozenset[FixedAddress] = frozenset()
    gives_name: str = ""
    takes_name: str = ""
    joins: frozenset[str] = frozenset()
    follows: frozenset[str] = frozenset()
    forgets: frozenset[str] = frozenset()
    starts_from: frozenset[str] = frozenset()
    provides: frozenset[str] = frozenset()
    registries: frozenset[str] = frozenset()
    waits_for: Mapping[str, str] = field(default_factory=dict[str, str])

    def has(self, *calls: Call) -> bool:
        return any(step.call in calls for step in self.change.steps)

    def first(self, *calls: Call) -> int | None:
        """The index of the first step that makes one of these calls."""
        return next((index for index, step in enumerate(self.change.steps) if step.call in calls), None)

    def gives_up(self, network: str) -> int | None:
        """The index of the step after which the old container has no address in a network any more."""
        return self._own(Call.STOP, Call.DISCONNECT, network)

    def takes_in(self, network: str) -> int | None:
        """The index of the step with which the new container, or the living one, takes its address in a network."""
        return self._own(Call.START, Call.CONNECT, network)

    def _own(self, whole: Call, single: Call, network: str) -> int | None:
        """The step that does it for all networks, else the one that does it for this one."""
        step = self.first(whole)
        if step is not None:
            return step
        toward = (each.payload[0] if each.call is Call.CONNECT else each.payload for each in self.change.steps)
        calls = enumerate(zip((each.call for each in self.change.steps), toward, strict=True))
        return next((index for index, (call, at) in calls if call is single and at == network), None)

    @property
    def gives_up_name(self) -> int | None:
        """The index of the step after which the old container does not have its name any more."""
        old = self.old.id if self.old else ""
        return next(
            (
                index
                for index, step in enumerate(self.change.steps)
                if step.target == old and step.call in (Call.REMOVE, Call.RENAME)
            ),
            None,
        )

    @property
    def takes_up_name(self) -> int | None:
        """The index of the step after which a container has the name that it is to have."""
        renames = (index for index, step in enumerate(self.change.steps) if step.call is Call.RENAME)
        return max(renames, default=None)

    @property
    def ready(self) -> int | None:
        """The index of its own wait, which comes after its start; waits for others come before."""
        start = self.first(*STARTS)
        waits = (Call.AWAIT_READY, Call.AWAIT_COMPLETED)
        after = range(0 if start is None else start, len(self.change.steps))
        return next((index for index in after if self.change.steps[index].call in waits), None)

    @property
    def last(self) -> int:
        return len(self.change.steps) - 1


def meet(given: Set[HostPort], taken: Set[HostPort]) -> bool:
    """Whether one of these ports of the host is one of those: on the same address, or one is on all of them."""
    return any(
        port == other_port and protocol == other_protocol and addresses_meet(address, other_address)
        for address, port, protocol in given
        for other_address, other_port, other_protocol in taken
    )


def networks_of(service: DesiredService) -> frozenset[str]:
    """The networks that a service is to be in, as the engine names them."""
    return frozenset(service.context.networks.get(key, key) for key, _ in service.asked["networks"])


def addresses_of(service: DesiredService) -> frozenset[tuple[str, str]]:
    """The fixed addresses that a service asks for, in the networks as the engine names them."""
    return frozenset(
        (service.context.networks.get(key, key), address)
        for key, entry in service.asked["networks"]
        for address in fixed_addresses(entry)
    )


def network_of(draft: Draft) -> str | None:
    """The network that it makes, removes, or makes anew, as the engine names it."""
    return next(
        (step.target for step in draft.change.steps if step.call in (Call.CREATE_NETWORK, Call.REMOVE_NETWORK)), None
    )
