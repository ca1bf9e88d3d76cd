"""The order of the keys that Compose prints, where it is not ours (compose-go, types.ServiceConfig and its like)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployer.stack.variables import is_extension

_SERVICE = """
profiles annotations attach build develop blkio_config cap_add cap_drop cgroup_parent cgroup cpu_count cpu_percent
cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpus cpuset cpu_shares command configs container_name
credential_spec depends_on deploy device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint provider
environment expose external_links extra_hosts group_add gpus hostname healthcheck image init ipc isolation labels
links logging mem_limit mem_reservation memswap_limit mem_swappiness mac_address models networks network_mode
oom_kill_disable oom_score_adj pid pids_limit platform ports privileged publish_all pull_policy read_only restart
runtime scale secrets security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty
ulimits use_api_socket user userns_mode uts volumes volumes_from working_dir post_start pre_stop x-deployer
"""
SERVICE = tuple(_SERVICE.split())
DEPLOY = (
    *("mode", "replicas", "labels", "update_config", "rollback_config", "resources", "restart_policy", "placement"),
    "endpoint_mode",
)
THING = ("name", "driver", "driver_opts", "ipam", "external", "internal", "attachable", "labels")
"""Of a network or a volume."""


def in_order(keys: Mapping[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    """The same keys in that order, then those that it does not name as they are, and what is the user's own last."""
    known = [key for key in order if key in keys]
    others = [key for key in keys if key not in order]
    own = sorted(key for key in others if is_extension(key))
    return {key: keys[key] for key in (*known, *(key for key in others if not is_extension(key)), *own)}
