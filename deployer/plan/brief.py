"""A new container in a few words: what it runs, where it can be reached, how much it mounts."""

from __future__ import annotations

from deployer.fields.container import BY_NAME
from deployer.resources.desired import DesiredService


def brief(service: DesiredService, image: str) -> str:
    """`redis:7, port 127.0.0.1:6379:6379, 2 mounts`; `image` is what it runs, "" where that is built first."""
    ports = BY_NAME["ports"].kind.show(service.asked["ports"]).replace('"', "")
    mounts = len(service.asked["volumes"]) + len(service.asked.get("tmpfs", ()))
    parts = (
        image or f"the image of {service.image.address}",
        f"port{'s' if ', ' in ports else ''} {ports}" if ports else "",
        f"{mounts} mount{'s' if mounts > 1 else ''}" if mounts else "",
    )
    return ", ".join(part for part in parts if part)
