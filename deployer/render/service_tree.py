"""A service as resolved, in long forms: the shape of what `docker compose config` prints of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from deployer.fields import container
from deployer.fields.attachments import DEFAULT, Attachment
from deployer.fields.blkio import LISTS, Blkio
from deployer.fields.copies import Copy, SecretCopy
from deployer.fields.log_driver import OPTION, Logging
from deployer.fields.mount_forms import Mount
from deployer.fields.mounts import host_path
from deployer.fields.ports import Port
from deployer.fields.sensitive import MASK, holds_secret
from deployer.fields.ulimits import OneLimit, SoftAndHard
from deployer.render.compose_order import SERVICE, in_order
from deployer.render.key_order import ByName
from deployer.render.long_form import long_form, long_value
from deployer.stack.service import Build, Dependency, ServiceKeys, written

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where relative paths start from, which names the stack adds to what is sensitive, and what else is hidden.

    In one that is `bare` nothing is; in one that is `whole`, what Compose leaves out where it is empty is there, too.
    """

    folder: str
    sensitive: tuple[str, ...]
    hidden: frozenset[tuple[str, str]] = frozenset()
    bare: bool = False
    whole: bool = False


def service_tree(service: ServiceKeys, build: Build | None, scope: Scope) -> Tree:
    """Every key that is said; a row that is said under `deploy` stays there. `build` is its own, with the values of its
    arguments.
    """
    said = long_form(service, leave_out={"own", "build", "depends_on", *(row.name for row in container.FIELDS)})
    for row in container.FIELDS:
        value = getattr(service, row.name, None)
        if value or (value is not None and (scope.whole or row.name not in _ABSENT_WHERE_EMPTY)):
            shown = _ROWS[row.name](value, scope) if row.name in _ROWS else long_value(value, row.kind.written)
            said[row.name] = _without_hidden(row.name, shown, scope)
    if build:
        said["build"] = build_tree(build, scope, "dockerfile_inline")
    if service.needs:
        said["depends_on"] = ByName({name: _dependency(one) for name, one in service.needs.items()})
    if service.own:
        said["x-deployer"] = long_form(service.own)
    if attached := joined(service):
        said["networks"] = _networks(attached, scope)
    return in_order(said, SERVICE)


def _dependency(one: Dependency) -> Tree:
    return {"condition": one.condition, **({"restart": True} if one.restart else {}), "required": one.required}


def _without_hidden(row: str, shown: Any, scope: Scope) -> Any:
    """The value less what a sensitive variable went into."""
    entries = {entry for name, entry in scope.hidden if name == row}
    if "" in entries:
        return MASK
    if isinstance(shown, dict):
        return type(shown)({key: MASK if key in entries else value for key, value in cast("Tree", shown).items()})
    return shown


def joined(service: ServiceKeys) -> Mapping[str, Attachment]:
    """The networks that it is in, the default one where it names none."""
    if getattr(service, "network_mode", None):
        return {}
    found = written(service, container.BY_NAME["networks"])
    return (found[1] if found else {}) or {DEFAULT: Attachment(aliases=())}


def build_tree(build: Build, scope: Scope, inline: str = "inline") -> Tree:
    context = build.context if "://" in build.context else host_path(build.context, scope.folder)
    recipe = {inline: build.inline} if build.inline else {"dockerfile": build.dockerfile or "Dockerfile"}
    args = {"args": _masked(build.args, scope)} if build.args else {}
    said = {
        "labels": _masked(build.labels, scope),
        "no_cache": build.no_cache,
        "extra_hosts": _extra_hosts(build.extra_hosts, scope),
        "network": build.network,
        "target": build.target,
        "tag": build.tag,
        "shm_size": str(build.shm_size or ""),
        "tags": list(build.tags),
        "platforms": list(build.platforms),
        "push": list(build.push),
    }
    return {"context": context, **recipe, **args, **{name: value for name, value in said.items() if value}}


def _ports(ports: tuple[Port, ...], _scope: Scope) -> list[Tree]:
    return [_port(port, *pair) for port in ports for pair in port.expanded()]


def _port(port: Port, host: str, published: str, target: int, protocol: str) -> Tree:
    parts = {
        "name": port.name,
        "mode": port.mode,
        "host_ip": host,
        "target": target,
        "published": published,
        "protocol": protocol,
        "app_protocol": port.app_protocol,
    }
    return {name: value for name, value in parts.items() if value}


def _mounts(mounts: tuple[Mount, ...], scope: Scope) -> list[Tree]:
    return [_mount(mount, scope) for mount in mounts]


def _mount(mount: Mount, scope: Scope) -> Tree:
    source = host_path(mount.source, scope.folder) if mount.type == "bind" else mount.source
    shown: Tree = {"type": mount.type, **({"source": source} if source else {}), "target": mount.target}
    if mount.read_only:
        shown["read_only"] = True
    if mount.consistency:
        shown["consistency"] = mount.consistency
    if mount.bind:
        shown["bind"] = long_form(mount.bind)
    if mount.type == "volume" and mount.volume:
        shown["volume"] = long_form(mount.volume)
    if mount.type == "tmpfs" and mount.tmpfs:
        shown["tmpfs"] = long_form(mount.tmpfs)
    if mount.type == "image" and mount.image:
        shown["image"] = long_form(mount.image)
    return shown


def _copies(copies: tuple[Copy, ...], _scope: Scope) -> list[Tree]:
    return [_copy(copy) for copy in copies]


def _copy(copy: Copy) -> Tree:
    """Owner and mode as texts; Compose says where a secret is, and of a config only what the file says."""
    shown: Tree = {"source": copy.source}
    if copy.target is not None or isinstance(copy, SecretCopy):
        shown["target"] = copy.target or copy.path
    shown |= {key: str(getattr(copy, key)) for key in ("uid", "gid") if key in copy.model_fields_set}
    return {**shown, **({"mode": f"{copy.mode:04o}"} if "mode" in copy.model_fields_set else {})}


def _networks(attachments: Mapping[str, Attachment], _scope: Scope) -> Tree:
    return ByName({key: _attachment(one) or None for key, one in attachments.items()})


def _attachment(one: Attachment) -> Tree:
    return {name: value for name, value in sorted(long_form(one).items()) if value}


def _masked(values: Mapping[str, str | None], scope: Scope) -> Tree:
    shown = {
        name: MASK if value is not None and not scope.bare and holds_secret(name, value, scope.sensitive) else value
        for name, value in values.items()
    }
    return ByName(shown)


def _extra_hosts(hosts: Mapping[str, tuple[str, ...]], scope: Scope) -> list[str]:
    shown = {name: (MASK,) if ("extra_hosts", name) in scope.hidden else found for name, found in hosts.items()}
    return sorted(f"{name}={address}" for name, addresses in shown.items() for address in addresses)


def _logging(logging: Logging, scope: Scope) -> Tree:
    driver = {"driver": logging.driver} if logging.driver else {}
    hidden = {name for name in logging.options or {} if ("logging", OPTION + name) in scope.hidden}
    options = ByName({**_masked(logging.options or {}, scope), **dict.fromkeys(hidden, MASK)})
    return {**driver, **({"options": options} if options else {})}


def _ulimits(limits: Mapping[str, SoftAndHard], _scope: Scope) -> Tree:
    """One number stays one, but for 0, which Compose takes for none."""
    return ByName(
        {
            name: value.hard if isinstance(value, OneLimit) and value.hard else {"soft": value.soft, "hard": value.hard}
            for name, value in limits.items()
        }
    )


def _as_text(number: int, _scope: Scope) -> str:
    return str(number)


def _blkio(blkio: Blkio, _scope: Scope) -> Tree:
    """Rates are texts, also where they count accesses."""
    shown = {name: value for name, value in long_form(blkio).items() if value}
    for name in shown.keys() & LISTS.keys() - {"weight_device"}:
        shown[name] = [{**one, "rate": str(one["rate"])} for one in shown[name]]
    return shown


def blkio_in_json(shown: Tree) -> Tree:
    """In JSON, Compose begins the keys of a device with a capital (compose-go gives them no name there)."""
    return {
        name: [{key.capitalize(): each for key, each in one.items()} for one in value] if name in LISTS else value
        for name, value in shown.items()
    }


_ROWS: dict[str, Callable[[Any, Scope], Any]] = {
    "ports": _ports,
    "volumes": _mounts,
    "environment": _masked,
    "extra_hosts": _extra_hosts,
    "logging": _logging,
    "ulimits": _ulimits,
    "blkio_config": _blkio,
    "mem_swappiness": _as_text,
    "memswap_limit": _as_text,
    "secrets": _copies,
    "configs": _copies,
}
"""The rows whose long form is more than their notation."""

_OPTIONAL = """
annotations cap_add cap_drop cgroup_parent container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period
cpu_rt_runtime cpu_shares cpuset device_cgroup_rules devices dns dns_opt dns_search domainname expose extra_hosts
gpus group_add hostname mem_reservation mem_swappiness memswap_limit oom_kill_disable oom_score_adj pids_limit platform
privileged publish_all read_only runtime security_opt stdin_open storage_opt sysctls tmpfs tty ulimits uts working_dir
"""
_ABSENT_WHERE_EMPTY = frozenset(_OPTIONAL.split())
"""The rows that Compose leaves out where they are false, 0 or empty."""
