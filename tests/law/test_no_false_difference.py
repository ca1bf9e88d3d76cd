"""What was applied is no difference: however it was spelled, whatever the image supplies and the engine fills in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deployer.plan.model import Cause
from deployer.reconcile.protocol import Engine
from deployer.resources import identity

pytestmark = pytest.mark.engine

LIVES = ["sh", "-c", "trap 'exit 0' TERM INT QUIT USR1; sleep 1000 & wait"]
QUICK = {"stop_grace_period": "0s", "deploy": {"update_config": {"monitor": "0s"}}}


SUPPLIED = (
    "ENV MODE=image EMPTY= PATH=/bin:/usr/bin",
    "LABEL maker=us tier=image",
    "RUN mkdir -p /app /kept && touch /kept/seed",
    "WORKDIR /app",
    "VOLUME /kept",
    "EXPOSE 80 53/udp",
    "STOPSIGNAL SIGUSR1",
    'ENTRYPOINT ["sh", "-c"]',
    "CMD [\"trap 'exit 0' TERM USR1 INT; sleep 1000 & wait\"]",
    "USER 1000:1000",
)


@pytest.fixture(scope="module")
def quiet(image: Callable[..., str]) -> str:
    """An image that supplies all that an image can but a health check, which would keep the machine busy."""
    return image("quiet", *SUPPLIED)


@pytest.fixture(scope="module")
def full(image: Callable[..., str]) -> str:
    """An image that supplies all that an image can."""
    return image("full", *SUPPLIED, "HEALTHCHECK --interval=1s --timeout=3s --retries=5 CMD true")


def services_on(full: str, quiet: str) -> dict[str, dict[str, Any]]:
    """Services that say nothing, some and all of what the image supplies, in every spelling."""
    loop = LIVES[2]
    said: dict[str, dict[str, Any]] = {
        "nothing": {},
        "environment-mapping": {"environment": {"MODE": "mine", "MORE": 1, "FLAG": True}},
        "environment-list": {"environment": ["MODE=mine", "MORE=1", "EMPTY"]},
        "environment-same": {"environment": {"MODE": "image"}},
        "environment-taken": {"environment": {"MODE": None, "EMPTY": ""}},
        "labels-mapping": {"labels": {"tier": "mine", "many": 1, "none": None}},
        "labels-list": {"labels": ["tier=mine", "bare", "a=b=c"]},
        "labels-same": {"labels": {"maker": "us"}},
        "user": {"user": "0"},
        "user-same": {"user": "1000:1000"},
        "health-off": {"healthcheck": {"disable": True}},
        "health-none": {"healthcheck": {"test": ["NONE"]}},
        "health-some": {"healthcheck": {"retries": 2, "start_period": "1m"}},
        "health-text": {"healthcheck": {"test": "test -d /app", "interval": "1000ms"}},
        "health-list": {"healthcheck": {"test": ["CMD", "test", "-d", "/app"], "timeout": "2s"}},
        "signal-number": {"stop_signal": 2},
        "signal-short": {"stop_signal": "term"},
        "entrypoint": {"entrypoint": LIVES},
        "entrypoint-text": {"entrypoint": ["sh", "-c", loop], "command": "a b 'c d'"},
        "entrypoint-none": {"entrypoint": [""], "command": LIVES},
        "entrypoint-empty": {"entrypoint": [], "command": LIVES},
        "command-empty": {"command": []},
        "command": {"command": [loop]},
        "command-text": {"command": f'"{loop}"'},
        "over-the-volume": {
            "volumes": [{"type": "tmpfs", "target": "/kept/", "tmpfs": {"size": "1m", "mode": 0o1777}}]
        },
        "named-volume": {"volumes": ["data:/kept"]},
        "ports": {"ports": ["80", "127.0.0.1::53/udp", {"target": 9000, "host_ip": "127.0.0.1"}]},
        "port-range": {"ports": ["127.0.0.1:39100-39140:80"]},
        "own-name-as-alias": {"networks": {"default": {"aliases": ["own-name-as-alias", "NAME-own-name-as-alias-1"]}}},
        "grace-at-its-default": {"stop_grace_period": "10s"},
        "signal-at-its-default": {"stop_signal": "SIGTERM"},
        "folder-same": {"working_dir": "/app/"},
        "folder-long": {"working_dir": "/app//x/.."},
        "signal-fifteen": {"stop_signal": "15"},
        "environment-twice": {"environment": ["TWICE=1", "OTHER=2", "TWICE=3"]},
        "bridge": {"network_mode": "bridge"},
        "host": {"network_mode": "host"},
        "mounts-spelled": {"volumes": ["data://kept/../kept/", "/usr/./lib/:/u/"]},
        "exposed": {"expose": [80, "81-82", "9/udp"], "ports": ["127.0.0.1::81"]},
        "named": {"hostname": "named", "networks": {"default": {"aliases": ["other"]}}},
        "named-by-alias": {"hostname": "other-name", "networks": {"default": {"aliases": ["other-name"]}}},
        "names": {
            "extra_hosts": ["a:10.0.0.1", "b=[0::1]", "gw=host-gateway"],
            "dns": ["9.9.9.9", "::0001"],
            "dns_search": ".",
            "dns_opt": ["use-vc", "ndots:2", "use-vc"],
        },
        "terminal": {"tty": "true", "stdin_open": True},
        "held": {
            "cap_add": ["sys_nice", "CAP_NET_ADMIN"],
            "cap_drop": ["all"],
            "security_opt": ["no-new-privileges", "seccomp:unconfined"],
            "read_only": True,
            "tmpfs": ["/run/:mode=0755,size=1024k,noexec", "/tmp:exec,ro"],
        },
        "memory-over-the-volume": {"tmpfs": "/kept"},
        "numbers": {
            "ulimits": {"nofile": {"soft": "100", "hard": 200}, "core": "0"},
            "sysctls": {"net.core.somaxconn": 64},
            "group_add": [5, "0006"],
            "pids_limit": "-1",
        },
        "devices": {"devices": ["/dev/null:/dev/x:mr", {"source": "/dev/zero"}]},
        "logging-options": {"logging": {"options": {"max-size": "1m"}}},
        "logging-driver": {"logging": {"driver": "json-file"}},
        "logging-nothing": {"logging": {}},
        "flags-off": {"tty": False, "stdin_open": "false", "read_only": False, "privileged": False, "cap_add": []},
        "left-out": {"blkio_config": {"weight": 300}, "cpu_percent": 50, "mem_swappiness": 10},
        "processors": {"cpuset": 0, "cpu_period": "50ms", "cpu_quota": 25000, "cpu_shares": "512"},
        "memory": {"mem_limit": "64m", "memswap_limit": "128m", "mem_reservation": "16384k", "oom_score_adj": "0"},
        "engine-given": {
            "runtime": "runc",
            "cgroup": "host",
            "isolation": "default",
            "userns_mode": "private",
            "uts": "",
        },
        "policy": {"deploy": {"restart_policy": {"condition": "none"}}},
        "limits": {"cpus": ".5", "deploy": {"resources": {"limits": {"memory": "64mb"}}}},
        "three": {"deploy": {"replicas": 3}},
        "init-off": {"init": False, "restart": "no", "labels": {}, "environment": [], "ports": [], "volumes": []},
    }
    everything: dict[str, Any] = {}
    for part in ("environment-list", "labels-list", "user", "health-list", "signal-number", "entrypoint-text"):
        everything |= said[part]
    said["everything"] = everything | {"volumes": ["data:/kept", "/usr:/u:ro"], "restart": "on-failure:0", "init": True}
    checked = {"nothing", "everything", *(name for name in said if name.startswith("health-"))}
    return {name: {"image": full if name in checked else quiet, **QUICK, **keys} for name, keys in said.items()}


@pytest.fixture(scope="module")
def whole(live_stack: Callable[[str], Any], full: str, quiet: str) -> Iterator[Any]:
    """All these services, applied."""
    stack = live_stack("image")
    services = services_on(full, quiet)
    aliases = services["own-name-as-alias"]["networks"]["default"]["aliases"]
    aliases[1] = aliases[1].replace("NAME", stack.name)
    stack.write(services, volumes={"data": {}})
    try:
        outcome = stack.apply()
        assert not outcome.errors, [str(error) for error in outcome.errors]
        yield stack
    finally:
        stack.remove_everything()


def said(stack: Any) -> dict[str, list[str]]:
    return {
        address: [f"{each.field}: {each.before} -> {each.after}" for each in change.fields] or [change.action]
        for address, change in stack.changes().items()
    }


def test_what_the_image_supplies_is_no_difference(whole: Any) -> None:
    """Nor is anything that the daemon fills in, however it was asked for."""
    assert said(whole) == {}


def test_what_the_host_lacks_is_told(whole: Any) -> None:
    """The engine takes it with no more than a warning, and leaves it out."""
    host = whole.container("left-out")["HostConfig"]
    shown = {
        "blkio_config.weight": host["BlkioWeight"],
        "cpu_percent": host["CpuPercent"],
        "mem_swappiness": host["MemorySwappiness"],
    }
    told = [warning.message.split(" ")[0] for warning in whole.plan().warnings if warning.code == "not-in-effect"]
    assert told == [f"services.left-out.{name}" for name, value in shown.items() if value in (0, None)]


def test_a_second_apply_keeps_every_container(whole: Any, engine: Engine) -> None:
    """Nothing is made anew or touched."""

    def ours() -> set[tuple[str, str]]:
        listed = (it for it in engine.containers() if (it["Labels"] or {}).get(identity.PROJECT) == whole.name)
        return {(it["Id"], it["State"]) for it in listed}

    before = ours()
    assert not whole.apply().done
    assert ours() == before != set()


def test_a_restart_is_no_difference(whole: Any, engine: Engine) -> None:
    """Random ports get new numbers then, and a port from a range may: the asked form is compared."""
    for service in (
        "nothing",
        "ports",
        "port-range",
        "own-name-as-alias",
        "limits",
        "over-the-volume",
        "named",
        "held",
        "everything",
    ):
        was = whole.container(service)["Id"]
        engine.stop_container(was, timeout=0)
        engine.start_container(was)
    assert said(whole) == {}


def test_another_tag_of_the_same_image_is_no_difference(whole: Any, engine: Engine, full: str) -> None:
    """Ids are compared, not names."""
    found = engine.image(full)
    assert found
    repository, _, _ = full.partition(":")
    engine.tag(found["Id"], repository, "elsewhere")
    kept = whole.file.read_text()
    try:
        whole.file.write_text(kept.replace(f'"{full}"', f'"{repository}:elsewhere"'))
        assert f"{repository}:elsewhere" in whole.file.read_text()
        assert said(whole) == {}
    finally:
        whole.file.write_text(kept)
        engine.remove_image(f"{repository}:elsewhere")


def test_an_entrypoint_is_one_edit_though_the_images_command_goes_with_it(whole: Any, full: str, quiet: str) -> None:
    """What only follows from an edit is neither drift nor an edit of its own; nor is what an edit brings back."""
    services = services_on(full, quiet)
    services["nothing"] = {**services["nothing"], "entrypoint": LIVES}
    services["entrypoint"] = {"image": quiet, **QUICK}
    services["health-off"] = {"image": full, **QUICK}
    services["health-some"] = {**services["health-some"], "healthcheck": {"disable": True}}
    kept = whole.file.read_text()
    try:
        aliases = services["own-name-as-alias"]["networks"]["default"]["aliases"]
        aliases[1] = aliases[1].replace("NAME", whole.name)
        whole.write(services, volumes={"data": {}})
        fields = {
            address: {each.field.partition(".")[0] for each in change.fields}
            for address, change in whole.changes().items()
        }
        causes = {cause for change in whole.changes().values() for each in change.fields for cause in each.causes}
    finally:
        whole.file.write_text(kept)
    assert fields == {
        "service.nothing[1]": {"entrypoint"},
        "service.entrypoint[1]": {"entrypoint"},
        "service.health-off[1]": {"healthcheck"},
        "service.health-some[1]": {"healthcheck"},
    }
    assert causes == {Cause.EDIT}
