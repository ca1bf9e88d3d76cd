"""A new container in a few words: what it runs, where it can be reached, how much it mounts."""

from __future__ import annotations

from deployer.fields.container import BY_NAME
from deployer.resources.desired import DesiredService


def brief(service: DesiredService) -> str:
    """`redis:7, port 127.0.0.1:6379:6379, 2 mounts`; of a build its address, as its tag says nothing to a person."""
    image = service.image.address if service.image.address.startswith("build.") else service.image.reference
    ports = BY_NAME["ports"].kind.show(service.asked["ports"]).replace('"', "")
    mounts = len(service.asked["volumes"]) + len(service.asked.get("tmpfs", ()))
    parts = (
        image,
        f"port{'s' if ', ' in ports else ''} {ports}" if ports else "",
        f"{mounts} mount{'s' if mounts > 1 else ''}" if mounts else "",
    )
    return ", ".join(part for part in parts if part)
