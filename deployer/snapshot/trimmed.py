"""The engine's answers, less what no plan looks at, and with what may be secret hidden.

Of a container, an image, a network or a volume only the keys named here are kept, so what a later engine adds stays
out until somebody has thought of it. Hidden is what people write as they like: the values of variables and labels,
commands, health checks, and the options of drivers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deployer.fields.container import FIELDS
from deployer.fields.copies import COPIES, SECTIONS, label_of
from deployer.fields.field import Context, Field, section
from deployer.fields.log_driver import OPTION
from deployer.resources import identity
from deployer.resources.applied import digest_with, plain
from deployer.resources.inspected import rows_of
from deployer.resources.record_labels import ABOUT, DESIRED, EXPIRES, HOLDER
from deployer.snapshot.hiding import SAME, Hide, Public, Text, hidden_digest, hider, is_digest, leaves, mapped, token

Json = Mapping[str, Any]

HIDDEN_ROWS = ("environment", "labels", "annotations", "command", "entrypoint", "healthcheck", "logging", "driver_opts")
"""The rows that hold what people write as they like; of a log driver the options, of a health check the command."""

OPTIONS = ("driver_opts", "labels")
"""The same in the entry of a network or a mount."""

_SHORTEST = 6

_STATE = ("Status", "Running", "Paused", "Restarting", "ExitCode", "StartedAt", "FinishedAt")
_CONFIG = (
    *("Hostname", "Domainname", "User", "ExposedPorts", "Tty", "OpenStdin", "Image", "Volumes", "WorkingDir"),
    *("StopSignal", "StopTimeout", "MacAddress"),
)
_ENDPOINT = (
    *("IPAMConfig", "Links", "Aliases", "NetworkID", "EndpointID", "Gateway", "IPAddress", "IPPrefixLen"),
    *("IPv6Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen", "MacAddress", "GwPriority", "DNSNames"),
)
_MOUNT = ("Type", "Name", "Source", "Destination", "Driver", "Mode", "RW", "Propagation")
_HOST = frozenset(
    {row.engine.split(".")[1] for row in FIELDS if row.engine.startswith("HostConfig.")}
    | {row.inspect.split(".")[1] for row in FIELDS if row.inspect.startswith("HostConfig.")}
    | {"AutoRemove", "Binds", "Mounts", "MaskedPaths", "ReadonlyPaths", "VolumesFrom", "Links"}
    | {"BlkioWeight", "BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps"}
    | {"BlkioDeviceReadIOps", "BlkioDeviceWriteIOps"}
) - {"LogConfig", "Annotations"}
_NETWORK = (
    *("Id", "Name", "Created", "Scope", "Driver", "EnableIPv4", "EnableIPv6", "IPAM", "Internal", "Attachable"),
    *("Ingress", "ConfigOnly"),
)
_IMAGE = ("Id", "RepoTags", "RepoDigests", "Os", "Architecture", "Variant", "Metadata")
_IMAGE_CONFIG = ("User", "ExposedPorts", "Volumes", "WorkingDir", "StopSignal", "ArgsEscaped", "Shell")
_FOREIGN_LABELS = (identity.PROJECT, identity.SERVICE, identity.ONEOFF, identity.NUMBER)


def secrets(inspect: Json) -> frozenset[str]:
    """The texts of a container that are nowhere hidden else, and of which its label has a digest alone: a sensitive
    variable went into them. What is shorter than a secret is may stand for anything.
    """
    try:
        rows = json.loads(section(inspect, "Config.Labels").get(identity.APPLIED, "{}")).get("fields", {})
        values = rows_of(FIELDS, inspect, Context())
    except (ValueError, AttributeError, RecursionError):
        return frozenset()
    found: set[str] = set()
    for row, stored in rows.items() if isinstance(rows, dict) else ():
        if row in values and row not in HIDDEN_ROWS and not isinstance(stored, (int, float)):
            entries = stored.items() if isinstance(stored, dict) else [("", stored)]
            hidden = [entry for entry, text in entries if is_digest(text)]
            there = dict(values[row]) if isinstance(stored, dict) else {"": values[row]}
            found.update(text for entry in hidden for text in leaves(there.get(entry)))
    return frozenset(text for text in found if len(text) >= _SHORTEST)


def without(document: dict[str, Any], texts: frozenset[str], salt: str) -> dict[str, Any]:
    """The document with these texts hidden, wherever they stand."""

    def hidden(said: str) -> str:
        for text in texts:
            said = said.replace(text, token(salt, text))
        return said

    return mapped(document, hidden) if texts else document


def container(inspect: Json, salt: str, public: Public = ()) -> dict[str, Any]:
    """A container of the stack; `public` are the texts that everybody who has the stack file can read in it."""
    hide = hider(salt, public)
    config, host = section(inspect, "Config"), section(inspect, "HostConfig")
    state, log = section(inspect, "State"), section(host, "LogConfig")
    networks = section(inspect, "NetworkSettings.Networks")
    return {
        "Id": inspect["Id"],
        "Name": inspect["Name"],
        "Image": inspect["Image"],
        "Created": inspect.get("Created", ""),
        "Platform": inspect.get("Platform", ""),
        "State": {
            **_kept(state, _STATE),
            **({"Health": {"Status": state["Health"].get("Status", "")}} if state.get("Health") else {}),
        },
        "Config": {
            **_kept(config, _CONFIG),
            **_program(config, hide),
            "Labels": _labels(section(config, "Labels"), salt, hide, _same(inspect, salt)),
        },
        "HostConfig": {
            **_kept(host, sorted(_HOST)),
            **({"Mounts": [_with_hidden_labels(each, hide) for each in host["Mounts"]]} if host.get("Mounts") else {}),
            "LogConfig": {"Type": log.get("Type", ""), "Config": _values(log.get("Config"), hide, OPTION)},
            **({"Annotations": _values(host["Annotations"], hide)} if host.get("Annotations") else {}),
        },
        "Mounts": _mounts(inspect),
        "NetworkSettings": {
            "Ports": section(inspect, "NetworkSettings").get("Ports"),
            "Networks": {name: _endpoint(each, hide) for name, each in networks.items()},
        },
    }


def listed(each: Json, stack: str, salt: str, public: Public = ()) -> dict[str, Any]:
    """A container of the list. Of other stacks' only what may be in the way, and what mounts or namespaces give."""
    labels = section(each, "Labels")
    ours = labels.get(identity.PROJECT) == stack
    hide = hider(salt, public)
    mounts = _mounts(each)
    return {
        **_kept(each, ("Id", "Names", "ImageID", "State")),
        "Ports": sorted(each.get("Ports") or (), key=lambda port: json.dumps(port, sort_keys=True)),
        "Labels": _labels(labels, salt, hide) if ours else _kept(labels, _FOREIGN_LABELS),
        "Mounts": mounts if ours else [_elsewhere(mount, hide) for mount in mounts],
        "NetworkSettings": {
            "Networks": {
                name: _kept(settings or {}, ("NetworkID", "IPAddress"))
                for name, settings in section(each, "NetworkSettings.Networks").items()
            }
        },
    }


def _mounts(shown: Json) -> list[dict[str, Any]]:
    """The engine has them in no order."""
    mounts = (_kept(each, _MOUNT) for each in shown.get("Mounts") or ())
    return sorted(mounts, key=lambda each: each.get("Destination", ""))


def _elsewhere(mount: dict[str, Any], hide: Hide) -> dict[str, Any]:
    """A folder of the host's that another stack mounts is nobody's business."""
    return {**mount, "Source": hide(mount.get("Source") or "")}


def image(inspect: Json, salt: str) -> dict[str, Any]:
    config, hide = section(inspect, "Config"), hider(salt)
    labels = _values(section(config, "Labels"), hide)
    metadata = _kept(section(inspect, "Metadata"), ("LastTagTime",))
    return {
        **_kept(inspect, _IMAGE),
        "Metadata": metadata,
        "Config": {**_kept(config, _IMAGE_CONFIG), **_program(config, hide), "Labels": labels},
    }


def network(each: Json, stack: str, salt: str) -> dict[str, Any]:
    return _thing(each, _NETWORK, stack, salt)


def volume(each: Json, stack: str, salt: str) -> dict[str, Any]:
    return _thing(each, ("Name", "CreatedAt", "Driver", "Scope"), stack, salt)


def record(each: Json, *, is_dead: bool) -> dict[str, Any]:
    """A record of the stack: what it asked for, and how it came about, may be of a time when secrets lay open."""
    labels = dict(section(each, "Labels"))
    if labels.get(DESIRED):
        labels[DESIRED] = "(not in the snapshot)"
    if ABOUT in labels:
        labels[ABOUT] = _about(labels[ABOUT])
    if HOLDER in labels:
        labels[HOLDER] = _holder(labels[HOLDER])
    if is_dead and EXPIRES in labels:
        labels[EXPIRES] = "0"
    return {"Name": each["Name"], "CreatedAt": each.get("CreatedAt", ""), "Labels": labels}


def _about(text: str) -> str:
    try:
        said = json.loads(text)
        return json.dumps({name: said[name] for name in ("command", "keep") if name in said})
    except (ValueError, TypeError, RecursionError):
        return ""


def _holder(text: str) -> str:
    """Who it was; whether that one is gone was told where the snapshot was taken."""
    try:
        said = json.loads(text)
        return json.dumps({**said, "boot": "", "container": "", "container_started": ""})
    except (ValueError, TypeError, RecursionError):
        return text


def _thing(each: Json, keys: Sequence[str], stack: str, salt: str) -> dict[str, Any]:
    hide, labels = hider(salt), section(each, "Labels")
    ours = labels.get(identity.PROJECT) == stack or labels.get(COPIES) == stack
    return {
        **_kept(each, keys),
        "Options": _values(each.get("Options"), hide),
        "Labels": _labels(labels, salt, hide) if ours else _kept(labels, (identity.PROJECT,)),
    }


def _kept(document: Json, keys: Sequence[str]) -> dict[str, Any]:
    return {key: document[key] for key in keys if key in document}


def _values(said: Json | None, hide: Hide, before: str = "") -> dict[str, str]:
    return {name: hide(str(text), before + name) for name, text in (said or {}).items()}


def _program(config: Json, hide: Hide) -> dict[str, Any]:
    check = section(config, "Healthcheck")
    kind, *command = check.get("Test") or [""]
    test = {"Test": [kind, *map(hide, command)]} if check.get("Test") else {}
    return {
        "Env": [_variable(each, hide) for each in config.get("Env") or ()],
        "Cmd": mapped(config.get("Cmd"), hide),
        "Entrypoint": mapped(config.get("Entrypoint"), hide),
        **({"Healthcheck": {**check, **test}} if check else {}),
    }


def _variable(text: str, hide: Hide) -> str:
    name, equals, value = text.partition("=")
    return f"{name}{equals}{hide(value, name)}"


def _endpoint(settings: Json, hide: Hide) -> dict[str, Any]:
    options = settings.get("DriverOpts")
    return {**_kept(settings, _ENDPOINT), "DriverOpts": _values(options, hide) if options else options}


def _with_hidden_labels(mount: Json, hide: Hide) -> Json:
    labels = section(mount, "VolumeOptions.Labels")
    if not labels or COPIES in labels:
        return mount
    return {**mount, "VolumeOptions": {**mount["VolumeOptions"], "Labels": _values(labels, hide)}}


def _labels(labels: Json, salt: str, hide: Hide, same: Callable[[str, str, str], bool] = lambda *_: False) -> Json:
    """Compose's and deployer's own as they are, less what of them may be secret; all others hidden."""
    copies = tuple(map(label_of, SECTIONS))
    found: dict[str, str] = {}
    for name, text in labels.items():
        if name == identity.APPLIED:
            found[name] = _applied(text, salt, hide, same)
        elif name in copies:
            found[name] = _json(text, lambda one: hidden_digest(salt, one))
        else:
            own = name.startswith(("com.docker.compose.", "io.deployer."))
            found[name] = text if own else hide(text, name)
    if identity.APPLIED in labels and identity.CONFIG_HASH in labels:
        was_sound = hashlib.sha256(labels[identity.APPLIED].encode()).hexdigest() == labels[identity.CONFIG_HASH]
        found[identity.CONFIG_HASH] = with_hash(found[identity.APPLIED]) if was_sound else "damaged"
    return found


def with_hash(label: str) -> str:
    """What tells that a label is as deployer wrote it."""
    return hashlib.sha256(label.encode()).hexdigest()


def _json(text: str, leaf: Text) -> str:
    try:
        return dumped(mapped(json.loads(text), leaf))
    except (ValueError, RecursionError):
        return "damaged"


def dumped(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _applied(text: str, salt: str, hide: Hide, same: Callable[[str, str, str], bool]) -> str:
    """What was asked for: where it is a digest already, whether it is that of what is there."""
    try:
        document = json.loads(text)
        rows = document["fields"]

        def stored(row: str, entry: str, value: Any) -> Any:
            if is_digest(value):
                return SAME if same(row, entry, value) else hidden_digest(salt, value)
            if is_open(row, entry):
                return mapped(_less_options(value, hide), lambda one: hidden_digest(salt, one))
            return mapped(value, lambda one: hide(one, "" if row == "healthcheck" else entry))

        found = {
            row: {entry: stored(row, entry, one) for entry, one in value.items()}
            if isinstance(value, dict)
            else stored(row, "", value)
            for row, value in rows.items()
        }
        return dumped({**document, "fields": found})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "damaged"


def is_open(row: str, entry: str) -> bool:
    """Whether what a row, or an entry of it, holds stays as it is."""
    if row == "logging":
        return not entry.startswith(OPTION)
    if row == "healthcheck":
        return entry != "test"
    return row not in HIDDEN_ROWS


def _less_options(value: Any, hide: Hide) -> Any:
    """What people write as they like, in a network's or a mount's entry."""
    if not isinstance(value, list):
        return value
    if len(value) == 2 and value[0] in OPTIONS and isinstance(value[1], list):
        return [value[0], [[name, hide(text)] for name, text in value[1]]]
    return [_less_options(each, hide) for each in value]


def _same(inspect: Json, salt: str) -> Callable[[str, str, str], bool]:
    """Whether a salted digest is that of what the container has in a row, or an entry of it."""
    values = rows_of(FIELDS, inspect, Context())
    by_name: dict[str, Field] = {row.name: row for row in FIELDS}

    def same(row: str, entry: str, digest: str) -> bool:
        if row not in by_name:
            return False
        return digest_in(salt, values[row], by_name[row], entry) == digest

    return same


def digest_in(salt: str, value: Any, row: Field, entry: str) -> str:
    """The salted digest of a row's value, or an entry's, as labels have it."""
    found = dict(value).get(entry) if row.kind.keyed else value
    return digest_with(salt, json.dumps(plain(found), ensure_ascii=False))
