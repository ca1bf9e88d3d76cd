"""What an image reference says: which registry, which repository, which tag."""

from __future__ import annotations

from dataclasses import dataclass

HUB = "docker.io"


@dataclass(frozen=True, slots=True)
class Reference:
    """An image reference in its parts; `repository` has `library/` where the Hub would put it."""

    registry: str
    repository: str
    tag: str
    digest: str

    @property
    def official(self) -> str:
        """The name of one of the Hub's official images; empty for any other image."""
        name = self.repository.removeprefix("library/")
        return name if self.registry == HUB and "/" not in name else ""

    @property
    def moves(self) -> bool:
        """Whether it means whatever is newest: no tag, or `latest`, and no digest."""
        return not self.digest and self.tag in ("", "latest")


def read_reference(text: str) -> Reference:
    """The parts of a reference that is written as the docker client takes it."""
    name, _, digest = text.partition("@")
    first, slash, rest = name.partition("/")
    elsewhere = bool(slash) and ("." in first or ":" in first or first == "localhost")
    registry, path = (first, rest) if elsewhere else (HUB, name)
    repository, colon, tag = path.rpartition(":")
    if not colon:
        repository, tag = path, ""
    registry = HUB if registry in ("index.docker.io", "registry-1.docker.io") else registry
    if registry == HUB and "/" not in repository:
        repository = f"library/{repository}"
    return Reference(registry, repository, tag, digest)
