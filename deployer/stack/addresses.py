"""Addresses that cannot be: outside of their subnet, of two services at once, or of several replicas."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from deployer.errors import Diagnostic, Place
from deployer.fields.attachments import Attachment
from deployer.fields.ipam import Ipam, Pool, canonical_address
from deployer.stack.model import Stack
from deployer.stack.service import said


def address_mistakes(stack: Stack) -> Iterator[Diagnostic]:
    """Every mistake about addresses: those of the networks, then those of the services in them."""
    for key, network in stack.networks.items():
        ipam: Ipam | None = getattr(network, "ipam", None)
        for index, pool in enumerate(ipam.config if ipam else ()):
            yield from _outside_of_pool(stack, ("networks", key, "ipam", "config", index), pool)
    taken: dict[tuple[str, str], str] = {}
    for name, key, address, place in _fixed(stack):
        if stack.services[name].replicas > 1:
            yield Diagnostic(
                "fixed-address",
                f"services.{name} has {stack.services[name].replicas} replicas, and only one can have {address}",
                place,
                "take it out, so that each gets an address of its own, or scale to 1",
            )
        yield from _of_network(stack, key, address, place)
        user = taken.setdefault((key, canonical_address(address)), name)
        if user != name:
            yield Diagnostic(
                "address-taken",
                f"services.{name}: services.{user} has the address {address} in the network {key} already",
                place,
                "give it another one",
            )


def _fixed(stack: Stack) -> Iterator[tuple[str, str, str, Place]]:
    """The service, network, text and place of each fixed address."""
    for name, service in stack.services.items():
        attachments: dict[str, Attachment] = said(service, "networks") or {}
        for key, attachment in attachments.items():
            for option in ("ipv4_address", "ipv6_address"):
                if address := getattr(attachment, option):
                    yield name, key, address, stack.places.at("services", name, "networks", key, option)


def _pools(stack: Stack, key: str) -> tuple[Pool, ...]:
    ipam: Ipam | None = getattr(stack.networks.get(key), "ipam", None)
    return ipam.config if ipam else ()


def _of_network(stack: Stack, key: str, address: str, place: Place) -> Iterator[Diagnostic]:
    """The engine gives fixed addresses in subnets alone that were asked for."""
    network = stack.networks.get(key)
    if network and network.external:
        return
    pools = _pools(stack, key)
    subnets = [pool.subnet for pool in pools if _within(address, pool.subnet)]
    if not subnets:
        known = ", ".join(pool.subnet for pool in pools)
        yield Diagnostic(
            "address-outside",
            f"the address {address} is in no subnet of the network {key}",
            place,
            f"its subnets: {known}"
            if known
            else f"give it one: networks: {{{key}: {{ipam: {{config: [{{subnet: ...}}]}}}}}}",
        )
    for pool in pools:
        reserved = {**pool.aux_addresses, **({"the gateway": pool.gateway} if pool.gateway else {})}
        for what, other in reserved.items():
            if canonical_address(other) == canonical_address(address):
                yield Diagnostic(
                    "address-taken", f"the address {address} is kept for {what} in the network {key}", place
                )


def _outside_of_pool(stack: Stack, path: tuple[str | int, ...], pool: Pool) -> Iterator[Diagnostic]:
    """What a subnet says of itself lies in it."""
    parts = [("ip_range", pool.ip_range), ("gateway", pool.gateway)]
    for key, text in parts:
        if text and not _within(text, pool.subnet):
            yield _outside(text, pool.subnet, stack.places.at(*path, key))
    for name, text in pool.aux_addresses.items():
        if not _within(text, pool.subnet):
            yield _outside(text, pool.subnet, stack.places.at(*path, "aux_addresses", name))


def _outside(text: str, subnet: str, place: Place) -> Diagnostic:
    return Diagnostic("address-outside", f"{text} is not in the subnet {subnet}", place, "correct one of them")


def _within(text: str, subnet: str) -> bool:
    inner, outer = ipaddress.ip_network(text), ipaddress.ip_network(subnet)
    return inner.version == outer.version and inner.prefixlen >= outer.prefixlen and inner.network_address in outer
