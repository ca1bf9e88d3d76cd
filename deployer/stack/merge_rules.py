"""Which of Compose's rules holds at which path of a stack file (compose-go, `override`), and for our own keys."""

from __future__ import annotations

from deployer.fields.mounts import target_path
from deployer.fields.parse import mapping
from deployer.fields.ports import Port
from deployer.fields.ports import port as read_port
from deployer.stack.merge import (
    Keys,
    Rule,
    as_list,
    by_name,
    by_subnet,
    named,
    of_one_driver,
    replaced,
    under,
    unique,
)
from deployer.stack.places import MappingNode, Node, ScalarNode, below

_STARTED = {"condition": "service_started", "required": True}


def _text(node: Node | None) -> str:
    return "" if not isinstance(node, ScalarNode) or node.value is None else str(node.value)


def _word(node: Node) -> frozenset[str]:
    """A text, up to what it assigns."""
    return frozenset(filter(None, [_text(node).partition("=")[0]]))


def _path(node: Node) -> frozenset[str]:
    return frozenset(filter(None, [_text(below(node, "path") if isinstance(node, MappingNode) else node)]))


def _host(node: Node) -> frozenset[str]:
    """One name and address: several addresses of a name stand beside each other."""
    name, _, address = _text(node).replace("=", ":", 1).partition(":")
    return frozenset({f"{name}={address}"})


def _hosts(node: Node) -> list[Node] | None:
    """`{name: address}` and `{name: [address, address]}` as a list of `name=address`."""
    if not isinstance(node, MappingNode):
        return as_list(node)
    pairs = [(name, item) for name, entry in node.entries.items() for item in as_list(entry.node) or ()]
    return [
        ScalarNode(item.line, item.column, item.source, f"{name}={_text(item)}", None, tag=item.tag)
        for name, item in pairs
    ]


def _mounted(node: Node) -> frozenset[str]:
    """Of a volume, the path in the container."""
    if isinstance(node, MappingNode):
        target = _text(below(node, "target"))
    else:
        parts = _text(node).split(":")
        target = parts[1] if len(parts) > 1 else parts[0]
    try:
        return frozenset({target_path(target)} if target else ())
    except ValueError:
        return frozenset({target})  # what is wrong with it is told when all is merged


def _device(node: Node) -> frozenset[str]:
    if isinstance(node, MappingNode):
        return frozenset(filter(None, [_text(below(node, "target"))]))
    parts = _text(node).split(":")
    return frozenset(filter(None, [parts[1] if len(parts) > 1 else parts[0]]))


def _tmpfs(node: Node) -> frozenset[str]:
    return frozenset(filter(None, [_text(node).partition(":")[0]]))


def _copied(folder: str) -> Keys:
    """Of a secret or config, the path in the container."""

    def keys(node: Node) -> frozenset[str]:
        if isinstance(node, MappingNode):
            return frozenset({_text(below(node, "target")) or f"{folder}/{_text(below(node, 'source'))}"})
        return frozenset({f"{folder}/{_text(node)}"})

    return keys


def _published(node: Node) -> frozenset[str]:
    """Each pair of ports that an entry publishes."""
    written = {key: _text(entry.node) for key, entry in node.entries.items()} if isinstance(node, MappingNode) else None
    try:
        entry = read_port(written or _text(node))
        known = Port.model_validate(entry) if mapping(entry) else entry
        return frozenset(map(str, known.expanded()))
    except ValueError:
        return frozenset({str(written or _text(node))})  # what is wrong with it is told when all is merged


def _port_by_port(node: Node) -> list[Node]:
    """`3000-3001:80-81` as `3000:80` and `3001:81`."""
    if not isinstance(node, ScalarNode):
        return [node]
    pieces: list[Node] = []
    for host, published, target, protocol in read_port(_text(node)).expanded():
        address = f"[{host}]" if ":" in host else host
        text = ":".join([*([address] if address else []), *([published] if published or host else []), str(target)])
        pieces.append(ScalarNode(node.line, node.column, node.source, f"{text}/{protocol}", None))
    return pieces


_WORDS = Rule(unique(_word))
_REPLACED = Rule(replaced)
_BY_NAME = Rule(form=by_name, below={"*": _REPLACED})
_TEXTS = Rule(unique(lambda node: frozenset(filter(None, [_text(node)]))))
_WORD_OR_WORDS = Rule(unique(_word, items=as_list))
_PATHS = Rule(unique(_path, items=as_list))
_BUILD = Rule(
    form=under("context"),
    below={
        "args": _BY_NAME,
        "additional_contexts": _BY_NAME,
        "labels": _BY_NAME,
        "extra_hosts": Rule(unique(_host, items=_hosts)),
        "tags": _WORDS,
        "platforms": _WORDS,
    },
)
SERVICE = Rule(
    below={
        "annotations": _BY_NAME,
        "build": _BUILD,
        "cap_add": _WORDS,
        "cap_drop": _WORDS,
        "command": _REPLACED,
        "configs": Rule(unique(_copied(""))),
        "depends_on": Rule(form=named(_STARTED)),
        "deploy": Rule(below={"labels": _BY_NAME}),
        "devices": Rule(unique(_device)),
        "dns": _WORD_OR_WORDS,
        "dns_opt": _WORDS,
        "dns_search": _WORD_OR_WORDS,
        "entrypoint": _REPLACED,
        "env_file": _PATHS,
        "environment": _BY_NAME,
        "expose": _TEXTS,
        "extra_hosts": Rule(unique(_host, items=_hosts)),
        "healthcheck": Rule(below={"test": _REPLACED}),
        "label_file": _PATHS,
        "labels": _BY_NAME,
        "links": _WORDS,
        "logging": Rule(of_one_driver),
        "models": Rule(form=named({})),
        "networks": Rule(form=named({}), below={"*": Rule(below={"aliases": _WORDS, "link_local_ips": _WORDS})}),
        "ports": Rule(unique(_published, _port_by_port)),
        "profiles": _WORDS,
        "secrets": Rule(unique(_copied("/run/secrets"))),
        "sysctls": _BY_NAME,
        "tmpfs": Rule(unique(_tmpfs, items=as_list)),
        "ulimits": Rule(below={"*": _REPLACED}),
        "volumes": Rule(unique(_mounted)),
    }
)
_LABELLED = Rule(below={"*": Rule(below={"labels": _BY_NAME})})
ROOT = Rule(
    below={
        "services": Rule(below={"*": SERVICE}),
        "builds": Rule(below={"*": _BUILD}),
        "images": Rule(below={"*": Rule(form=under("from"))}),
        "volumes": _LABELLED,
        "secrets": _LABELLED,
        "configs": _LABELLED,
        "networks": Rule(
            below={"*": Rule(below={"labels": _BY_NAME, "ipam": Rule(below={"config": Rule(by_subnet)})})}
        ),
    }
)
