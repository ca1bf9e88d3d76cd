#!/usr/bin/env python3
"""Write what this deployer, or an earlier one, leaves on an engine into tests/upgrades: a fixture of its format.

Run it, with an engine to try on (DOCKER_HOST), in the commit that changes what labels or records hold:

    scripts/keep_format.py NAME                  tests/upgrades/NAME, by the code of this checkout
    scripts/keep_format.py NAME --code FOLDER    by that of another checkout, such as one of an earlier commit

The stack is tests/upgrades/stack.yaml, less the services that the code does not know yet. It is applied, changed in
place and by replacements, and applied again: so records hold what labels cannot. Then all of it is removed again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
from ruamel.yaml import YAML

HERE = Path(__file__).resolve().parent.parent
FIXTURES = HERE / "tests" / "upgrades"
FOLDER = Path("/srv/upgrades")
"""Labels hold it, and so it is the same wherever a fixture is written."""

OF_THE_MACHINE = ("ResolvConfPath", "HostnamePath", "HostsPath", "LogPath", "GraphDriver")
STACK = "upgrades"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="what the format brought, in a word or two: `predecessor`")
    parser.add_argument("--code", type=Path, default=HERE, help="the checkout whose deployer writes")
    arguments = parser.parse_args()
    written = FIXTURES / arguments.name
    FOLDER.mkdir()
    try:
        make_checkout()
        stack = known_to(arguments.code)
        run(arguments.code, "apply", "--yes", stack=stack)
        change(stack["services"])
        (FOLDER / "conf" / "shop.conf").write_text("b\n")
        run(arguments.code, "apply", "--yes", stack=stack)
        written.mkdir(exist_ok=True)
        state = json.dumps(dict(observed()), indent=1, sort_keys=True)
        (written / "state.json").write_text(anonymous(state) + "\n")
        with (written / "stack.yaml").open("w") as file:
            YAML().dump(stack, file)
    finally:
        remove_all()
        shutil.rmtree(FOLDER)
    print(f"{written.relative_to(HERE)}: {', '.join(stack['services'])}")


def make_checkout() -> None:
    (FOLDER / "conf").mkdir()
    (FOLDER / "conf" / "shop.conf").write_text("a\n")
    (FOLDER / "db_password.txt").write_text("fixture")
    for words in (["init", "-q"], ["remote", "add", "origin", "https://example.com/shop.git"]):
        subprocess.run(["git", *words], cwd=FOLDER, check=True)


def change(services: dict[str, Any]) -> None:
    """One is updated in place, others are replaced: a volume without a name goes over."""
    services["web"]["mem_limit"] = "48M"
    for name in {"mounts", "nameless"} & services.keys():
        services[name]["labels"] = {"round": "2"}


def known_to(code: Path) -> dict[str, Any]:
    """The stack, less what that code does not know."""
    whole = YAML(typ="safe").load((FIXTURES / "stack.yaml").read_text())
    services = {name: said for name, said in whole["services"].items() if is_valid(code, part(whole, [name]))}
    return part(whole, services)


def part(whole: Mapping[str, Any], names: Any) -> dict[str, Any]:
    """Some services, with what they need at the top."""
    services = {name: whole["services"][name] for name in names}
    if "web" not in services and any("web" in json.dumps(said) for said in services.values()):
        services["web"] = whole["services"]["web"]
    found: dict[str, Any] = {"name": STACK, "services": services}
    for section in ("networks", "volumes", "secrets", "configs"):
        text = json.dumps(services)
        found |= {section: used} if (used := {k: v for k, v in whole[section].items() if f'"{k}' in text}) else {}
    return found


def is_valid(code: Path, stack: Mapping[str, Any]) -> bool:
    return run(code, "validate", stack=stack, check=False) == 0


def run(code: Path, *words: str, stack: Mapping[str, Any], check: bool = True) -> int:
    with (FOLDER / "stack.yaml").open("w") as file:
        YAML().dump(dict(stack), file)
    environment = {**os.environ, "PYTHONPATH": str(code.resolve())}
    done = subprocess.run(
        [sys.executable, "-m", "deployer", *words], cwd=FOLDER, env=environment, capture_output=True, text=True
    )
    if check and done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.returncode


def observed() -> Iterator[tuple[str, Any]]:
    """What the engine shows of the stack: containers less what is of the machine, networks, volumes, images."""
    client = docker.from_env().api
    filters = {"label": f"com.docker.compose.project={STACK}"}
    containers = [client.inspect_container(each["Id"]) for each in client.containers(all=True, filters=filters)]
    for each in containers:
        each["State"].get("Health", {}).pop("Log", None)
    yield "containers", [{key: each[key] for key in each if key not in OF_THE_MACHINE} for each in containers]
    yield "networks", client.networks(filters=filters)
    yield "volumes", (client.volumes(filters={"name": STACK}) or {})["Volumes"] or []
    images = {each["Image"] for each in containers}
    kept = ("Id", "RepoTags", "RepoDigests", "Config")
    yield "images", [{key: image[key] for key in kept} for image in map(client.inspect_image, sorted(images))]
    yield "engine", {key: client.version()[key] for key in ("Version", "ApiVersion")}


def anonymous(state: str) -> str:
    """The same, less the names of the machine that it was written on."""
    root = docker.from_env().api.info()["DockerRootDir"]
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    others = {root: "/var/lib/docker", boot: "00000000-0000-4000-8000-000000000000"}
    for own, shown in others.items():
        state = state.replace(own, shown)
    return state.replace(f'\\"host\\": \\"{os.uname().nodename}\\"', '\\"host\\": \\"builder\\"')


def remove_all() -> None:
    client = docker.from_env().api
    filters = {"label": f"com.docker.compose.project={STACK}"}
    for each in client.containers(all=True, filters=filters):
        client.remove_container(each["Id"], force=True, v=True)
    for each in client.networks(filters=filters):
        client.remove_network(each["Id"])
    for each in client.volumes(filters={"name": STACK})["Volumes"] or []:
        if each["Name"].startswith((f"{STACK}_", f"{STACK}.deployer.")):
            client.remove_volume(each["Name"])


if __name__ == "__main__":
    main()
