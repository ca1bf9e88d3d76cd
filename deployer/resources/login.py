"""Who one is for a registry: what the docker client keeps, and what a registry is shown."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Login:
    """Only a header of a request and the input of a credential helper may hold the password.

    An identity token, which some registries give in place of a password, has no user.
    """

    username: str
    password: str = field(repr=False)
    is_token: bool = False
