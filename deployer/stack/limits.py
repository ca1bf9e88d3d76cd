"""Limits that are each right, and that the engine refuses together: told at the line, before anything is done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deployer.errors import Diagnostic
from deployer.fields import container
from deployer.fields.memory import UNLIMITED
from deployer.stack.model import Stack
from deployer.stack.service import ServiceKeys, written

Refused = tuple[str, str, str]
"""The row to be told of, what is wrong with it, and what to do."""


def limits_that_conflict(stack: Stack) -> Iterator[Diagnostic]:
    for name, service in stack.services.items():
        for row, message, hint in (*_memory(service), *_processors(service), *_names(service)):
            found = written(service, container.BY_NAME[row])
            key = found[0] if found else row
            place = stack.places.at("services", name, *key.split("."))
            yield Diagnostic("keys-conflict", f"services.{name}: {message}", place, hint)


def _said(service: ServiceKeys, row: str) -> Any:
    found = written(service, container.BY_NAME[row])
    return found[1] if found else 0


def _memory(service: ServiceKeys) -> Iterator[Refused]:
    memory, swap, kept = (_said(service, row) for row in ("mem_limit", "memswap_limit", "mem_reservation"))
    if swap and swap != UNLIMITED and not memory:
        yield "memswap_limit", "memswap_limit needs mem_limit beside it", "it is memory and swap together"
    elif memory and swap and swap != UNLIMITED and swap < memory:
        yield "memswap_limit", "memswap_limit is less than mem_limit", "it is memory and swap together"
    if memory and kept > memory:
        yield "mem_reservation", "mem_reservation is more than mem_limit", "reserve less"


def _processors(service: ServiceKeys) -> Iterator[Refused]:
    for row in ("cpu_quota", "cpu_period"):
        if _said(service, "cpus") and _said(service, row) > 0:
            yield row, f"cpus and {row} exclude each other", "keep cpus"
    if _said(service, "cpu_rt_runtime") > _said(service, "cpu_rt_period") > 0:
        yield "cpu_rt_runtime", "cpu_rt_runtime is more than cpu_rt_period", "it is a part of each period"


def _names(service: ServiceKeys) -> Iterator[Refused]:
    for row in ("hostname", "domainname"):
        if _said(service, "uts") == "host" and _said(service, row):
            yield row, f"with uts: host it has the name of the host, and no {row}", "take one of them out"
