"""Keys that the Compose Specification knows, or that will be ours, not carried out yet: an error, never silence."""

from __future__ import annotations

_SERVICE = """
annotations blkio_config cap_add cap_drop cgroup cgroup_parent configs container_name cpu_count
cpu_percent cpu_period cpu_quota  cpu_rt_period cpu_rt_runtime cpu_shares cpuset credential_spec develop
device_cgroup_rules devices dns dns_opt dns_search domainname  expose external_links extra_hosts gpus
group_add hostname ipc isolation links logging mac_address mem_reservation  mem_swappiness
memswap_limit models network_mode oom_kill_disable oom_score_adj pid pids_limit platform post_start pre_stop
privileged provider read_only runtime secrets security_opt shm_size stdin_open
storage_opt sysctls tmpfs tty ulimits use_api_socket  userns_mode uts volumes_from working_dir
"""

_BUILD = """
additional_contexts cache_from cache_to entitlements isolation privileged provenance pull sbom secrets ssh ulimits
"""

SERVICE = frozenset(_SERVICE.split())
"""Of a service. A row of the field table takes its name off the list by being there."""

BUILD = frozenset(_BUILD.split())
