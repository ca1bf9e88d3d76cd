"""An answer that was lost, while the engine is there all the same: what was asked for is asked again, twice at most."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from deployer.errors import DeployerError, Unreachable
from deployer.reconcile.protocol import Reader

T = TypeVar("T")

RETURNS = 10.0
"""Seconds for which an engine that does not answer is waited for: an init system starts it again in less."""


def asked_again(reader: Reader, ask: Callable[[], T], again: Callable[[], T], stop: Event | None = None) -> T:
    """What `ask` gives, or `again` where its answer was lost and the engine answers. Raises DeployerError."""
    for attempt in (ask, again):
        try:
            return attempt()
        except Unreachable as error:
            if not is_about_the_engine(error) or not answers(reader, RETURNS, stop):
                raise
    return again()


def is_about_the_engine(error: DeployerError) -> bool:
    """Whether it is the engine that did not answer; a registry may be out of reach, too."""
    return isinstance(error, Unreachable) and any(each.code.startswith("engine-") for each in error.diagnostics)


def answers(reader: Reader, seconds: float, stop: Event | None = None) -> bool:
    """Whether the engine answers, within so many seconds."""
    until = time.monotonic() + seconds
    while True:
        try:
            reader.now()
        except DeployerError:
            if time.monotonic() >= until or (stop and stop.is_set()):
                return False
            time.sleep(0.2)
        else:
            return True
