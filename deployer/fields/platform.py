"""The platform that a service's image is of, as containerd names it (github.com/containerd/platforms)."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from deployer.fields.field import Field, Kind, Value
from deployer.fields.kinds import same, schema
from deployer.fields.parse import describe, listing, refusal

_PART = re.compile("[A-Za-z0-9_.-]+")
_HINT = "write it as linux/amd64, linux/arm64 or linux/arm/v7"
_ARCHITECTURES = {
    "i386": ("386", ""),
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
_VARIANTS = {("amd64", "v1"): "", ("arm64", "8"): "", ("arm64", "v8"): "", ("arm", ""): "v7"}


def platform(os: str, architecture: str, variant: str = "") -> str:
    """One name for each platform; "" where the system or the architecture is not known."""
    if not os or not architecture:
        return ""
    architecture, implied = _ARCHITECTURES.get(architecture.lower(), (architecture.lower(), ""))
    variant = variant.lower() or implied
    if architecture == "arm" and variant.isdigit():
        variant = f"v{variant}"
    variant = _VARIANTS.get((architecture, variant), variant)
    return "/".join(filter(None, (os.lower(), architecture, variant)))


def read_written(written: Any) -> str:
    if written == "":
        return ""
    parts = written.split("/") if isinstance(written, str) else []
    if len(parts) not in (2, 3) or not all(map(_PART.fullmatch, parts)):
        raise refusal("bad-platform", f"expected a platform, not {describe(written)}", _HINT)
    return str(written)


def is_of(wanted: str, there: str) -> bool:
    """Whether what is of one platform is what is wanted; without a variant, any is."""
    return there == wanted or there.startswith(f"{wanted}/")


def as_wanted(have: Value, want: Value, _was: Value) -> Value:
    """Where nobody asks for one, or none is known, it is right."""
    return want if not want or not have or is_of(want, have) else have


def canonical(written: str) -> str:
    return platform(*written.split("/")) if written else ""


Platform = Annotated[str, BeforeValidator(read_written), schema("string")]


def _one(written: Any) -> Any:
    items = listing(written)
    if items is not None and len(items) > 1:
        hint = "one image is for one platform: keep the engine's own"
        raise refusal("not-supported-yet", "an image for several platforms is not supported yet", hint)
    return written


OnePlatform = Annotated[tuple[Platform, ...], BeforeValidator(_one)]

PLATFORM = Field(
    name="platform",
    kind=Kind(Platform, lambda written, _: canonical(written), same, str, str),
    engine="Platform",
    unset="",
    fills=as_wanted,
    example=("linux/amd64", "linux/arm64"),
    doc="The platform of the image, as `linux/arm64`; unless set, the engine's, or that of the image which is there.",
    unproven="an image that is on an engine has one platform; a registry that has two is tried by itself",
)
