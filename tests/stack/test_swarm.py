"""What only Swarm carries out of a stack file."""

from __future__ import annotations

import pytest

from deployer.stack.load import load


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("{labels: {a: b}}", ["labels"]),
        ("{placement: {constraints: [a == b], max_replicas_per_node: 1}}", ["placement"]),
        ("{endpoint_mode: vip, rollback_config: {parallelism: 1}}", ["rollback_config", "endpoint_mode"]),
        ("{restart_policy: {condition: any, delay: 1s}}", ["restart_policy.delay"]),
        ("{resources: {reservations: {cpus: 1, memory: 1m}}}", ["resources.reservations.cpus"]),
        ("{replicas: 2, restart_policy: {condition: any}}", []),
    ],
)
def test_what_only_swarm_carries_out_is_taken_and_told_at_its_line(keys: str, told: list[str]) -> None:
    """As Compose takes it; nothing is ignored in silence."""
    text = f"name: shop\nservices:\n  web:\n    image: a\n    deploy: {keys}\n"
    stack = load(text, file="stack.yaml", folder="/shop", environment={}, read_env_file=lambda *_: {})
    assert [warning.code for warning in stack.warnings] == ["swarm-only"] * len(told)
    assert [warning.message.split(" ")[0] for warning in stack.warnings] == [
        f"services.web.deploy.{key}" for key in told
    ]
    assert all(warning.place and warning.place.line == 5 for warning in stack.warnings)
