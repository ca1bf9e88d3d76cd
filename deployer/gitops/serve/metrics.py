"""What happens, counted, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from deployer import __version__
from deployer.gitops.rules import Condition
from deployer.gitops.serve.board import Board

if TYPE_CHECKING:
    from deployer.plan.model import Plan

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


disable_created_metrics()  # a series more for each counter, which says when the process began


class Metrics:
    """What has happened is counted as it happens; what is so now is asked of the board."""

    def __init__(self, board: Board) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Now(board))
        of = self._registry
        self._rounds = Counter("deployer_syncs", "Rounds of the agent.", registry=of)
        self._failures = Counter("deployer_sync_failures", "Rounds in which something failed.", registry=of)
        self._seconds = Histogram(
            "deployer_sync_duration_seconds", "How long a round took.", buckets=_SECONDS, registry=of
        )
        self._changes = Counter(
            "deployer_changes", "Changes that were carried out, or failed to be.", ("stack", "action"), registry=of
        )

    def round_done(self, seconds: float, *, failed: bool) -> None:
        self._rounds.inc()
        self._failures.inc(failed)
        self._seconds.observe(seconds)

    def carried_out(self, plan: Plan) -> None:
        for change in plan.changes:
            self._changes.labels(plan.stack, change.action.value).inc()

    def text(self) -> bytes:
        """In the text format of Prometheus (0.0.4)."""
        return generate_latest(self._registry)


class _Now(Collector):
    def __init__(self, board: Board) -> None:
        self._board = board

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        shown = self._board.now()
        yield InfoMetricFamily("deployer_build", "Which deployer this is.", {"version": __version__})
        reached = "When the repository was last reached, in seconds since 1970."
        yield GaugeMetricFamily("deployer_repository_reached_timestamp_seconds", reached, shown.status.synced)
        condition = GaugeMetricFamily(
            "deployer_stack_condition", "1 for the condition that a stack has.", labels=("stack", "condition")
        )
        drifted = GaugeMetricFamily("deployer_stack_drifted", "1 where a stack has drifted.", labels=("stack",))
        pending = GaugeMetricFamily(
            "deployer_stack_pending_changes", "Changes that are not carried out.", labels=("stack",)
        )
        revision = GaugeMetricFamily("deployer_stack_revision", "The last revision of a stack.", labels=("stack",))
        for stack in shown.status.stacks:
            for each in Condition:
                condition.add_metric((stack.label, each.value), float(stack.condition is each))
            drifted.add_metric((stack.label,), float(stack.condition is Condition.DRIFTED))
            if stack.pending is not None:
                pending.add_metric((stack.label,), float(stack.pending))
            if stack.history:
                revision.add_metric((stack.label,), float(max(entry.revision for entry in stack.history)))
        yield from (condition, drifted, pending, revision)
