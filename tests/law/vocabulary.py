"""What a random service may say: each row in several values, each value in every spelling that a user may choose.

A row that is not listed says one of its two examples.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deployer.fields import container
from deployer.fields.field import Field, asked_text

Spellings = list[Any]
"""Ways to write one value."""


@dataclass(frozen=True)
class Words:
    """Of one row: its values other than the default, each in its spellings, and the ways to write the default."""

    values: list[Spellings]
    unset: Spellings = field(default_factory=list[Any])


FLAG = Words([[True, "true"]], [False, "false"])


def by_name(*mappings: dict[str, Any]) -> list[Spellings]:
    """A mapping, the same in another order, and as a list."""
    return [
        [one, dict(reversed(one.items())), [name if text is None else f"{name}={text}" for name, text in one.items()]]
        for one in mappings
    ]


def in_any_order(*lists: list[Any]) -> list[Spellings]:
    return [[one, one[::-1], [*one, *one[:1]]] for one in lists]


WORDS: dict[str, Words] = {
    "command": Words(
        [
            [["sleep", "1001"], "sleep 1001", "sleep '1001'", ["sleep", 1001]],
            [["sh", "-c", "sleep 1000; :"], 'sh -c "sleep 1000; :"'],
        ]
    ),
    "entrypoint": Words([[["env", "A=1"], "env A=1"], [["env", "A=2", "B=$$"], "env 'A=2' B=$$"]]),
    "environment": Words(
        by_name({"MODE": "a"}, {"MODE": "b", "EMPTY": ""}, {"PATH": "/bin:/sbin", "B": "x y", "A": "1=2"})
    ),
    "labels": Words(by_name({"tier": "a"}, {"tier": "b", "none": ""}, {"a.b/c": "1", "z": "ü"}), [{}, []]),
    "ports": Words(
        [
            [["127.0.0.1::7001"], ["127.0.0.1::7001/tcp"], [{"target": 7001, "host_ip": "127.0.0.1"}]],
            [["127.0.0.1::7001-7002"], ["127.0.0.1::7002", "127.0.0.1::7001"]],
            [["7003"], [7003], [{"target": "7003", "protocol": "tcp"}]],
            [["127.0.0.1::53/udp"], [{"target": 53, "protocol": "udp", "host_ip": "127.0.0.1"}]],
        ],
        [[]],
    ),
    "expose": Words([[["3000"], [3000], ["3000/tcp"]], [["3001-3002", "53/udp"], ["53/udp", 3002, "3001"]]], [[]]),
    "publish_all": FLAG,
    "volumes": Words(
        [
            [
                ["/usr:/mnt/a:ro"],
                ["/usr/:/mnt/a/:ro"],
                ["/usr/bin/..:/mnt/a:ro"],
                [{"type": "bind", "source": "/usr", "target": "/mnt/a", "read_only": True}],
            ],
            [["/usr:/mnt/a"], ["/usr:/mnt/a:rw"], [{"type": "bind", "source": "/usr", "target": "/mnt//a"}]],
            [
                ["data:/mnt/d", "/usr:/mnt/b:ro"],
                ["/usr:/mnt/b:ro", "data:/mnt/d/"],
                ["/usr:/mnt/b:ro", {"type": "volume", "source": "data", "target": "/mnt/d"}],
            ],
            [
                [{"type": "volume", "source": "data", "target": "/mnt/d", "volume": {"labels": ["tier=a"]}}],
                [{"type": "volume", "source": "data", "target": "/mnt/d", "volume": {"labels": {"tier": "a"}}}],
            ],
            [
                ["data:/mnt/d:z"],
                ["data:/mnt/d:rw,z"],
                [{"type": "volume", "source": "data", "target": "/mnt/d", "bind": {"selinux": "z"}}],
            ],
            [
                [{"type": "bind", "source": source, "target": "/mnt/a", "bind": {"recursive": "disabled"}}]
                for source in ("/usr", "/usr/bin/..")
            ],
            [["data:/mnt/d:ro"], [{"type": "volume", "source": "data", "target": "/mnt/d", "read_only": "true"}]],
        ],
        [[]],
    ),
    "tmpfs": Words(
        [
            ["/scratch:size=64m,mode=1777", ["/scratch:mode=1777,size=65536k"], ["/scratch/:size=67108864,mode=1777"]],
            [["/scratch:size=32m", "/more"], ["/more", "/scratch:size=32M"]],
        ],
        [[]],
    ),
    "devices": Words(
        [
            [
                ["/dev/null:/dev/xnull:rwm"],
                ["/dev/null:/dev/xnull"],
                ["/dev/null:/dev/xnull:mwr"],
                [{"source": "/dev/null", "target": "/dev/xnull"}],
            ],
            [["/dev/zero:/dev/xnull:r"], [{"source": "/dev/zero", "target": "/dev/xnull", "permissions": "r"}]],
        ],
        [[]],
    ),
    "networks": Words(
        [
            [{"default": {"aliases": ["a", "b"]}}, {"default": {"aliases": ["b", "a"]}}],
            [["front"], {"front": None}, {"front": {}}],
            [["front", "default"], {"default": {}, "front": {"aliases": []}}],
            [{"front": {"driver_opts": {"a": 1}}}, {"front": {"driver_opts": ["a=1"]}}],
            [{"default": {}, "front": {"priority": 1}}, {"front": {"priority": "1"}, "default": None}],
        ],
        [["default"], {"default": None}],
    ),
    "links": Words(
        [[["example:a"], ["example:a", "example:a"]], [["example:b", "example"], ["example", "example:b"]]], [[]]
    ),
    "external_links": Words(in_any_order(["elsewhere:a"], ["elsewhere:b", "there"]), [[]]),
    "volumes_from": Words([[["example"], ["example:rw"]], [["example:ro"]]], [[]]),
    "mac_address": Words([["02:42:ac:11:7f:ab", "02-42-AC-11-7F-AB"], ["02:42:ac:11:7f:01"]]),
    "ipc": Words([["shareable"], ["none"]], [""]),
    "pid": Words([["host"]], [""]),
    "network_mode": Words([["none"], ["host"]]),
    "secrets": Words(
        [
            [["example"], [{"source": "example"}], [{"source": "example", "target": "/run/secrets/example"}]],
            [
                [{"source": "example", "target": "other", "mode": 0o400}],
                [{"source": "example", "target": "other", "mode": "0400"}],
            ],
        ],
        [[]],
    ),
    "hostname": Words([["one.example"], ["two"]]),
    "extra_hosts": Words(
        [
            [["db=10.1.2.3"], ["db:10.1.2.3"], {"db": "10.1.2.3"}, {"db": ["10.1.2.3"]}],
            [["v6=::1", "gw=host-gateway"], ["gw:host-gateway", "v6=[0::1]"], {"v6": "0:0::1", "gw": "host-gateway"}],
        ],
        [[], {}],
    ),
    "dns": Words([["192.0.2.53", ["192.0.2.53"]], [["2001:db8::1", "192.0.2.1"], ["2001:DB8:0::1", "192.0.2.1"]]]),
    "dns_search": Words([["a.example", ["a.example"]], [["b.example", "a.example"]]]),
    "dns_opt": Words([[["ndots:2"], ["ndots:2", "ndots:2"]], [["ndots:3", "use-vc"]]]),
    "healthcheck": Words(
        [
            [{"test": ["CMD", "true"], "interval": "1s"}, {"interval": "1000ms", "test": ["CMD", "true"]}],
            [
                {"test": "true", "interval": "1s", "retries": 2},
                {"test": ["CMD-SHELL", "true"], "interval": "0m1s", "retries": "2"},
            ],
            [{"disable": True}, {"test": ["NONE"]}],
        ]
    ),
    "restart": Words([["always"], ["on-failure", "on-failure:0"], ["on-failure:3"], ["unless-stopped"]], ["no"]),
    "user": Words([["1001:1001"], ["1002"], ["nobody"]]),
    "group_add": Words(in_any_order([1001], ["1002", 1003]), [[]]),
    "working_dir": Words([["/srv/a", "/srv/a/", "/srv/./a"], ["/srv/b"]]),
    "tty": FLAG,
    "stdin_open": FLAG,
    "init": FLAG,
    "read_only": FLAG,
    "privileged": FLAG,
    "stop_signal": Words([["SIGINT", "INT", "int", 2, "2"], ["SIGQUIT", "quit", 3], ["SIGTERM", "term", 15]]),
    "stop_grace_period": Words([["1s", "1000ms", "0m1s"], ["2s"], ["10s"]]),
    "logging": Words(
        [
            [{"driver": "json-file", "options": {"max-size": "1m"}}],
            [
                {"driver": "local", "options": {"max-size": "2m", "max-file": 2}},
                {"options": {"max-file": "2", "max-size": "2m"}, "driver": "local"},
            ],
            [{"driver": "none"}],
        ],
    ),
    "cap_add": Words([[["NET_ADMIN"], ["net_admin"]], [["CAP_NET_RAW", "sys_nice"], ["SYS_NICE", "net_raw"]]], [[]]),
    "cap_drop": Words([[["ALL"], ["all"]], [["CHOWN", "CAP_NET_RAW"], ["cap_net_raw", "chown"]]], [[]]),
    "security_opt": Words(
        [
            [["no-new-privileges:true"], ["no-new-privileges"], ["no-new-privileges=true"]],
            [["seccomp=unconfined"], ["seccomp:unconfined"]],
        ],
        [[]],
    ),
    "sysctls": Words(
        [
            [{"net.core.somaxconn": 512}, {"net.core.somaxconn": "512"}, ["net.core.somaxconn=512"]],
            [
                {"net.core.somaxconn": 513, "net.ipv4.tcp_syncookies": 0},
                ["net.ipv4.tcp_syncookies=0", "net.core.somaxconn=513"],
            ],
        ],
        [{}, []],
    ),
    "cpus": Words([["0.5", 0.5, ".5", "0.50"], [1, "1", "1.0"]], [0, "0"]),
    "mem_limit": Words([["64M", "64m", "65536k", 67108864, "64mb", "64MiB"], ["1g", "1024m", "1.0GiB"]], [0]),
    "cpu_shares": Words([[512, "512"], [256]], [0]),
    "cpu_period": Words([[50000, "50000", "50ms"], ["60ms", 60000]], [0]),
    "cpu_quota": Words([[25000, "25ms", "25000us"], [30000]], [0, -1, "-1"]),
    "cpuset": Words([["0-1", "0,1", "1,0", "0-1,1"], ["0", 0, "0-0"]]),
    "memswap_limit": Words([["100M", "102400k", 104857600], [-1, "-1"]], [0]),
    "mem_reservation": Words([["16M", "16m", 16777216], ["24M", "24576kb"]], [0]),
    "mem_swappiness": Words([[10, "10"], [0, "0"]], [-1]),
    "oom_kill_disable": FLAG,
    "oom_score_adj": Words([[100, "100"], [200]], [0, "0"]),
    "blkio_config": Words(
        [
            [
                {"device_read_bps": [{"path": "/dev/loop0", "rate": rate}], "device_read_iops": []}
                for rate in ("12M", 12582912, "12288kb")
            ],
            [{"device_write_iops": [{"path": "/dev/loop0", "rate": rate}]} for rate in (90, "90")],
        ],
        [{}, {"weight": 0}],
    ),
    "device_cgroup_rules": Words(in_any_order(["c 1:3 mr", "b 7:* rmw"], ["c 1:5 r"]), [[]]),
    "userns_mode": Words([["host"]], ["private"]),
    "uts": Words([["host"]], [""]),
    "shm_size": Words([["128M", "128m", 134217728], ["1g", "1024m"]], ["64M", "65536kb"]),
    "pids_limit": Words([[100, "100"], [200]], [0, -1]),
    "ulimits": Words(
        [
            [{"nofile": 1000}, {"nofile": {"soft": 1000, "hard": "1000"}}, {"nofile": "1000"}],
            [{"nofile": {"soft": 900, "hard": 1000}, "core": 0}, {"core": "0", "nofile": {"hard": 1000, "soft": 900}}],
        ],
        [{}],
    ),
}


def words_of(row: Field) -> Words:
    return WORDS.get(row.name) or Words([[example] for example in row.example])


RANDOM = tuple(
    row for row in container.FIELDS if row is not container.IMAGE and not row.unproven and row.fills is not asked_text
)
"""The rows of a random service; not those whose value may be the engine's own choice, and then is no difference."""
