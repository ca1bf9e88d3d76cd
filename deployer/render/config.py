"""The stack as resolved, in long forms: for what Compose knows, the very text that `docker compose config` prints.

Beyond Compose it has `builds` and `images`, and all networks and volumes of the stack, for they are made (Compose
leaves out those that no service uses). Secrets are masked, also the user info of URLs. A dollar sign is written `$$`,
as in a stack file. What differs, and why, is in docs/explanation/config.md.
"""

from __future__ import annotations

from typing import Any, cast

from deployer.fields import network, volume
from deployer.fields.attachments import DEFAULT
from deployer.fields.copies import Section
from deployer.fields.field import Field
from deployer.fields.mounts import host_path
from deployer.fields.sensitive import MASK, mask_user_info
from deployer.render.compose_order import DEPLOY, SERVICE, THING, in_order
from deployer.render.extensions import with_extensions, with_extensions_at_the_top
from deployer.render.json_text import as_json_text
from deployer.render.key_order import ByName, yaml_order
from deployer.render.long_form import long_form, long_value
from deployer.render.service_tree import Scope, Tree, blkio_in_json, build_tree, joined, service_tree
from deployer.render.yaml_text import as_yaml_text
from deployer.resources.from_stack import hidden_in, image_of
from deployer.stack.model import EngineThing, Network, Source, Stack
from deployer.stack.service import ServiceKeys


def as_yaml(stack: Stack) -> str:
    """Without the last line end, as every form has it."""
    return tree_as_yaml(_shown(with_extensions(_tree(stack), stack)))


def tree_as_yaml(tree: Tree) -> str:
    """The same of a tree that is resolved and masked already."""
    return as_yaml_text(tree).removesuffix("\n")


def as_json(stack: Stack) -> str:
    """As in Compose's JSON, what Go writes even where nothing is said is there: `command`, `ipam`, `placement`; and of
    the user's own keys those at the top alone.
    """
    tree = with_extensions_at_the_top(_tree(stack), stack)
    for name, service in tree["services"].items():
        whole = in_order({"command": None, "entrypoint": None, **service}, SERVICE)
        if "blkio_config" in service:
            whole["blkio_config"] = blkio_in_json(service["blkio_config"])
        if "deploy" in service:
            whole["deploy"] = in_order({"resources": {}, "placement": {}, **service["deploy"]}, DEPLOY)
        tree["services"][name] = whole
    for key, thing in tree.get("networks", {}).items():
        tree["networks"][key] = in_order({"ipam": {}, **thing}, THING)
    return as_json_text(_shown(ByName(tree)))


def whole_tree(stack: Stack, *, bare: bool = False) -> Tree:
    """What both forms print, less the user's own keys and what configs hold, and with what Compose has no place for, so
    that the very same stack can be read from it again.

    `bare`, with all that is sensitive in it, and what configs hold: for a machine, and shown to nobody.
    """
    own = {"x-deployer": {"sensitive": list(stack.sensitive)}} if stack.sensitive else {}
    tree = _tree(stack, bare=bare, whole=True)
    for source in tree.get("configs", {}).values():
        source.update({"content": MASK} if "content" in source and not bare else {})
    return {**own, **_sorted(_shown(tree, bare=bare))}


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
    used = {key for service in stack.services.values() for key in joined(service)}
    networks = {**({DEFAULT: Network.model_validate({})} if DEFAULT in used else {}), **stack.networks}
    own = {name: build for name, build in stack.builds.items() if not _builds_itself(stack, name)}
    tree: Tree = {"name": stack.name}
    if stack.registries:
        tree["registries"] = ByName({name: _registry(stack, name, bare) for name in stack.registries})
    if own:
        scopes = {name: Scope(stack.folder, stack.sensitive_in_build(name), bare=bare) for name in own}
        tree["builds"] = ByName({name: build_tree(build, scopes[name]) for name, build in own.items()})
    if stack.images:
        tree["images"] = ByName({name: long_form(image) for name, image in stack.images.items()})
    tree["services"] = ByName({name: _service(stack, name, bare=bare, whole=whole) for name in stack.services})
    if networks:
        named = {key: _thing(thing, stack.network_name(key), network.FIELDS) for key, thing in networks.items()}
        tree["networks"] = ByName(named)
    if stack.volumes:
        named = {key: _thing(thing, stack.volume_name(key), volume.FIELDS) for key, thing in stack.volumes.items()}
        tree["volumes"] = ByName(named)
    for section in ("secrets", "configs"):
        names = [name for kind, name in stack.copied(stack.services) if kind == section]
        if names:
            tree[section] = ByName({name: _source(stack, section, name, bare) for name in names})
    return tree


def _service(stack: Stack, name: str, *, bare: bool, whole: bool) -> Tree:
    service = stack.services[name]
    values = {"args": stack.builds[name].args} if service.build else {}
    build = service.build.model_copy(update=values) if service.build else None
    hidden = frozenset[tuple[str, str]]() if bare else hidden_in(stack, name)
    return service_tree(service, build, Scope(stack.folder, stack.sensitive_in(name), hidden, bare, whole))


def _registry(stack: Stack, name: str, bare: bool) -> Tree:
    """Where a password comes from, never what it is; what a sensitive variable went into is hidden."""
    said = long_form(stack.registries[name])
    if bare:
        return said
    hidden = {path[2] for path in stack.tainted if path[:2] == ("registries", name) and path[2] != "password"}
    return {key: MASK if key in hidden else value for key, value in said.items()}


def _source(stack: Stack, section: Section, name: str, bare: bool) -> Tree:
    source: Source = stack.source(section, name)
    called: Tree = {"name": source.name or f"{stack.name}_{name}"}
    labels: Tree = {"labels": ByName(source.labels)} if source.labels else {}
    if source.file is not None:
        hidden = not bare and (section, name, "file") in stack.tainted
        return {**called, "file": MASK if hidden else host_path(source.file, stack.folder), **labels}
    if source.environment is not None:
        return {**called, "environment": source.environment, **labels}
    hidden = not bare and (section == "secrets" or (section, name, "content") in stack.tainted)
    return {**called, "content": MASK if hidden else source.content, **labels}


def _builds_itself(stack: Stack, name: str) -> bool:
    return name in stack.services and stack.services[name].build is not None


def _thing(thing: EngineThing, name: str, rows: tuple[Field, ...]) -> Tree:
    said = {
        row.name: long_value(value, row.kind.written)
        for row in rows
        if (value := getattr(thing, row.name, None)) is not None
    }
    flags = {flag: True for flag in ("external", "protect") if getattr(thing, flag, False)}
    return in_order({"name": name, **said, **flags}, THING)


def _shown(value: Any, *, bare: bool = False) -> Any:
    """The tree as a stack file would say it, less the user info of URLs."""
    match value:
        case dict():
            entries = cast("dict[str, Any]", value)
            return type(entries)({key.replace("$", "$$"): _shown(item, bare=bare) for key, item in entries.items()})
        case list():
            return [_shown(item, bare=bare) for item in cast("list[Any]", value)]
        case str():
            return (value if bare else mask_user_info(value)).replace("$", "$$")
        case _:
            return value


def _sorted(value: Any) -> Any:
    """Plain mappings, those by names in the order of the names."""
    match value:
        case dict():
            entries = cast("dict[str, Any]", value)
            names = sorted(entries, key=yaml_order) if isinstance(value, ByName) else entries
            return {name: _sorted(entries[name]) for name in names}
        case list():
            return [_sorted(item) for item in cast("list[Any]", value)]
        case _:
            return value
