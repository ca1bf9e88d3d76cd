"""The stack as resolved, in long forms: for what Compose knows, the very shape that `docker compose config` prints.

Beyond Compose it has `builds` and `images`, and all networks and volumes of the stack, for they are made (Compose
leaves out those that no service uses). Secrets are masked, also the user info of URLs, and what a secret or config
holds. A dollar sign is written `$$`, as in a stack file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from deployer.fields import container, network, volume
from deployer.fields.attachments import DEFAULT, Attachment
from deployer.fields.blkio import LISTS, Blkio
from deployer.fields.copies import SECTIONS, Copy, SecretCopy, Section
from deployer.fields.field import Field
from deployer.fields.log_driver import OPTION, Logging
from deployer.fields.mount_forms import Mount
from deployer.fields.mounts import host_path
from deployer.fields.ports import Port
from deployer.fields.sensitive import MASK, is_sensitive_name, mask_line
from deployer.fields.ulimits import OneLimit, SoftAndHard
from deployer.render.long_form import long_form, long_value
from deployer.render.yaml_text import as_yaml_text
from deployer.resources.from_stack import hidden_in, image_of
from deployer.stack.model import EngineThing, Network, Source, Stack
from deployer.stack.service import Build, ServiceKeys, written

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


def as_yaml(stack: Stack) -> str:
    """Without the last line end, as every form has it."""
    return tree_as_yaml(_shown(_tree(stack)))


def as_json(stack: Stack) -> str:
    """As in Compose's JSON, what Go writes even where nothing is said is there: `command`, `ipam`, `placement`."""
    return tree_as_json(_shown(_tree(stack)))


def tree_as_yaml(tree: Tree) -> str:
    """The same of a tree that is resolved and masked already."""
    return as_yaml_text(tree).removesuffix("\n")


def tree_as_json(tree: Tree) -> str:
    tree = dict(tree)
    tree["services"] = dict(tree.get("services") or {})
    for name, service in tree["services"].items():
        tree["services"][name] = {"command": None, "entrypoint": None, **service}
        if "deploy" in service:
            tree["services"][name]["deploy"] = {"resources": {}, "placement": {}, **service["deploy"]}
    if "networks" in tree:
        tree["networks"] = {key: {"ipam": {}, **thing} for key, thing in tree["networks"].items()}
    return json.dumps(tree, indent=2)


def whole_tree(stack: Stack, *, bare: bool = False) -> Tree:
    """What both forms print, and what Compose has no place for, so that the very same stack can be read from it again.

    `bare`, with all that is sensitive in it: for a machine, and shown to nobody.
    """
    own = {"x-deployer": {"sensitive": list(stack.sensitive)}} if stack.sensitive else {}
    return {**own, **_shown(_tree(stack, bare=bare, whole=True), bare=bare)}


def services_of(stack: Stack) -> list[str]:
    return sorted(stack.services)


def images_of(stack: Stack) -> list[str]:
    """The images that the services run: references as they are written, and of builds the names, without the hash."""
    return sorted({_image_of(stack, name, service) for name, service in stack.services.items()})


def _image_of(stack: Stack, name: str, service: ServiceKeys) -> str:
    kind, _, key = image_of(stack, name, service).address.partition(".")
    if kind == "build":
        return stack.builds[key].tag or f"{stack.name}/{key}"
    return (stack.images[key].from_ or key) if key in stack.images else key


def _tree(stack: Stack, *, bare: bool = False, whole: bool = False) -> Tree:
    joined = {key for service in stack.services.values() for key in _joined(service)}
    networks = {**({DEFAULT: Network.model_validate({})} if DEFAULT in joined else {}), **stack.networks}
    own = {name: build for name, build in stack.builds.items() if not _builds_itself(stack, name)}
    tree: Tree = {"name": stack.name}
    if stack.registries:
        tree["registries"] = {name: _registry(stack, name, bare) for name in sorted(stack.registries)}
    if own:
        scopes = {name: Scope(stack.folder, stack.sensitive_in_build(name), bare=bare) for name in own}
        tree["builds"] = {name: _build(build, scopes[name]) for name, build in sorted(own.items())}
    if stack.images:
        tree["images"] = {name: long_form(image) for name, image in sorted(stack.images.items())}
    tree["services"] = {
        name: _service(
            service,
            Scope(stack.folder, stack.sensitive_in(name), frozenset() if bare else hidden_in(stack, name), bare, whole),
        )
        for name, service in sorted(stack.services.items())
    }
    if networks:
        tree["networks"] = {
            key: _thing(thing, stack.network_name(key), network.FIELDS) for key, thing in sorted(networks.items())
        }
    if stack.volumes:
        tree["volumes"] = {
            key: _thing(thing, stack.volume_name(key), volume.FIELDS) for key, thing in sorted(stack.volumes.items())
        }
    for section in SECTIONS:
        names = sorted(name for kind, name in stack.copied(stack.services) if kind == section)
        if names:
            tree[section] = {name: _source(stack, section, name, bare) for name in names}
    return tree


def _registry(stack: Stack, name: str, bare: bool) -> Tree:
    """Where a password comes from, never what it is; what a sensitive variable went into is hidden."""
    said = long_form(stack.registries[name])
    if bare:
        return said
    hidden = {path[2] for path in stack.tainted if path[:2] == ("registries", name) and path[2] != "password"}
    return {key: MASK if key in hidden else value for key, value in said.items()}


def _source(stack: Stack, section: Section, name: str, bare: bool) -> Tree:
    source: Source = stack.source(section, name)
    called: Tree = {"name": f"{stack.name}_{name}"}
    if source.file is not None:
        hidden = not bare and (section, name, "file") in stack.tainted
        return {**called, "file": MASK if hidden else host_path(source.file, stack.folder)}
    if source.environment is not None:
        return {**called, "environment": source.environment}
    return {**called, "content": source.content if bare else MASK}


def _builds_itself(stack: Stack, name: str) -> bool:
    return name in stack.services and stack.services[name].build is not None


def _service(service: ServiceKeys, scope: Scope) -> Tree:
    """Every key that is said, in the order of the alphabet; a row that is said under `deploy` stays there."""
    said = long_form(service, leave_out={"own", "build", "depends_on", *(row.name for row in container.FIELDS)})
    for row in container.FIELDS:
        value = getattr(service, row.name, None)
        if value or (value is not None and (scope.whole or row.name not in _ABSENT_WHERE_EMPTY)):
            shown = _ROWS[row.name](value, scope) if row.name in _ROWS else long_value(value, row.kind.written)
            said[row.name] = _without_hidden(row.name, shown, scope)
    if service.build:
        said["build"] = _build(service.build, scope, "dockerfile_inline")
    if service.needs:
        said["depends_on"] = {
            name: {"condition": one.condition, **({"restart": True} if one.restart else {}), "required": one.required}
            for name, one in sorted(service.needs.items())
        }
    if service.own:
        said["x-deployer"] = long_form(service.own)
    if joined := _joined(service):
        said["networks"] = _networks(joined, scope)
    return dict(sorted(said.items()))


def _without_hidden(row: str, shown: Any, scope: Scope) -> Any:
    """The value less what a sensitive variable went into."""
    entries = {entry for name, entry in scope.hidden if name == row}
    if "" in entries:
        return MASK
    if isinstance(shown, dict):
        return {key: MASK if key in entries else value for key, value in cast("Tree", shown).items()}
    return shown


def _joined(service: ServiceKeys) -> Mapping[str, Attachment]:
    if getattr(service, "network_mode", None):
        return {}
    found = written(service, container.BY_NAME["networks"])
    return (found[1] if found else {}) or {DEFAULT: Attachment(aliases=())}


def _build(build: Build, scope: Scope, inline: str = "inline") -> Tree:
    context = build.context if "://" in build.context else host_path(build.context, scope.folder)
    recipe = {inline: build.inline} if build.inline else {"dockerfile": build.dockerfile or "Dockerfile"}
    args = {"args": _masked(build.args, scope)} if build.args else {}
    further = {name: value for name in ("target", "tag") if (value := getattr(build, name))}
    pushed = {"push": list(build.push)} if build.push else {}
    return {"context": context, **recipe, **args, **further, **pushed}


def _thing(thing: EngineThing, name: str, rows: tuple[Field, ...]) -> Tree:
    said = {
        row.name: long_value(value, row.kind.written)
        for row in rows
        if (value := getattr(thing, row.name, None)) is not None
    }
    return {"name": name, **said, **({"external": True} if thing.external else {})}


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
    if mount.type == "bind" and mount.bind:
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
    return {key: _attachment(one) or None for key, one in sorted(attachments.items())}


def _attachment(one: Attachment) -> Tree:
    return {name: value for name, value in sorted(long_form(one).items()) if value}


def _masked(values: Mapping[str, str | None], scope: Scope) -> Tree:
    return {
        name: MASK if not scope.bare and is_sensitive_name(name, scope.sensitive) else value
        for name, value in sorted(values.items())
    }


def _extra_hosts(hosts: Mapping[str, tuple[str, ...]], scope: Scope) -> list[str]:
    shown = {name: (MASK,) if ("extra_hosts", name) in scope.hidden else found for name, found in hosts.items()}
    return sorted(f"{name}={address}" for name, addresses in shown.items() for address in addresses)


def _logging(logging: Logging, scope: Scope) -> Tree:
    driver = {"driver": logging.driver} if logging.driver else {}
    hidden = {name for name in logging.options or {} if ("logging", OPTION + name) in scope.hidden}
    options = _masked(logging.options or {}, scope) | dict.fromkeys(hidden, MASK)
    return {**driver, **({"options": options} if options else {})}


def _ulimits(limits: Mapping[str, SoftAndHard], _scope: Scope) -> Tree:
    """One number stays one, but for 0, which Compose takes for none."""
    return {
        name: value.hard if isinstance(value, OneLimit) and value.hard else {"soft": value.soft, "hard": value.hard}
        for name, value in sorted(limits.items())
    }


def _as_text(number: int, _scope: Scope) -> str:
    return str(number)


def _blkio(blkio: Blkio, _scope: Scope) -> Tree:
    """Rates are texts, also where they count accesses."""
    shown = {name: value for name, value in long_form(blkio).items() if value}
    for name in shown.keys() & LISTS.keys() - {"weight_device"}:
        shown[name] = [{**one, "rate": str(one["rate"])} for one in shown[name]]
    return shown


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
annotations cap_add cap_drop cgroup_parent cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period
cpu_rt_runtime cpu_shares cpuset device_cgroup_rules devices dns dns_opt dns_search domainname expose extra_hosts
gpus group_add hostname mem_reservation mem_swappiness memswap_limit oom_kill_disable oom_score_adj pids_limit
privileged publish_all read_only runtime security_opt stdin_open storage_opt sysctls tmpfs tty ulimits uts working_dir
"""
_ABSENT_WHERE_EMPTY = frozenset(_OPTIONAL.split())
"""The rows that Compose leaves out where they are false, 0 or empty."""


def _shown(value: Any, *, bare: bool = False) -> Any:
    """The tree as a stack file would say it, less the user info of URLs."""
    match value:
        case dict():
            return {key: _shown(item, bare=bare) for key, item in value.items()}
        case list():
            return [_shown(item, bare=bare) for item in value]
        case str():
            lines = value.split("\n") if bare else (mask_line(line, lambda _: False) for line in value.split("\n"))
            return "\n".join(lines).replace("$", "$$")
        case _:
            return value
