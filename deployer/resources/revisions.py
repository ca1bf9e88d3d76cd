"""What a revision keeps, so that it can be shown, compared and gone back to: the stack, its images, how it came about.

Nothing here is secret: it lies in labels of volumes (`docs/records.md`).
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from deployer.fields.references import with_tag

Tree = dict[str, Any]
"""A stack as `deployer config` prints it."""

KEPT = 10
"""How many revisions stay that can be gone back to, unless told otherwise."""

PIECE = 200_000
"""Characters of a stack that one volume holds; more go into others. Labels as long are written in 5 ms, listed in 2."""

_LARGEST = 64 * 1024 * 1024
_ASKING = ("apply", "rollback")
_TEXTS = ("command", "change", "commit", "folder", "failure")

BECAME = DONE, PUT_BACK, HALF_DONE, NOT_DONE, NOT_NEEDED = "done", "put back", "half done", "not done", "not needed"
"""What became of a change."""


@dataclass(frozen=True, slots=True)
class About:
    """How a revision came about.

    `command` is what was called, such as `apply`, `rollback to 5` or `stop web`, "" where an earlier deployer did not
    say; `change` what it changed, in a line, and `changes` all of it, where the line is cut. `commit` is that of the
    checkout whose file it was, "" where there is none, and `dirty` whether something in it was not committed. `folder`
    is the stack file's, `inactive` are the services that were no part of it by their profiles. So many revisions are to
    be kept as `keep` says. `masked` are salted digests of what is sensitive in the stack, by its path, `around` what
    can be shown of it, and `contents` those of what secrets and configs hold (`secrets.token`). `failure` is what made
    it fail, in a line, "" where nothing did. `became` are the changes by what became of them, in the order of
    BECAME; none where all are done, or it has not ended. What failed may be asked for `again` where nothing says that
    it is wrong: the engine or a registry was out of reach.
    """

    command: str = ""
    change: str = ""
    commit: str = ""
    dirty: bool = False
    folder: str = ""
    inactive: tuple[str, ...] = ()
    keep: int = KEPT
    changes: tuple[str, ...] = ()
    masked: Mapping[str, str] = field(default_factory=dict[str, str])
    around: Mapping[str, str] = field(default_factory=dict[str, str])
    contents: Mapping[str, str] = field(default_factory=dict[str, str])
    failure: str = ""
    became: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    again: bool = False

    @property
    def asks(self) -> bool:
        """Whether it asked for a stack of its own, as who starts or stops does not."""
        return not self.command or self.command.split()[0] in _ASKING

    def as_text(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


def about_of(text: str) -> About:
    """What a label says; of what is not as it should be, the default. What a later version adds is let be."""
    try:
        said: Any = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return About()
    if not isinstance(said, dict):
        return About()
    known = cast("dict[str, Any]", said)
    texts = {name: known[name] for name in _TEXTS if type(known.get(name)) is str}
    keep, inactive, changes = known.get("keep"), known.get("inactive"), known.get("changes")
    return About(
        **texts,
        dirty=known.get("dirty") is True,
        inactive=_texts(inactive),
        keep=keep if type(keep) is int and keep > 0 else KEPT,
        changes=_texts(changes),
        masked=_by_text(known.get("masked")),
        around=_by_text(known.get("around")),
        contents=_by_text(known.get("contents")),
        became=_lists(known.get("became")),
        again=known.get("again") is True,
    )


def _texts(said: Any) -> tuple[str, ...]:
    return tuple(map(str, cast("list[Any]", said))) if isinstance(said, list) else ()


def _lists(said: Any) -> dict[str, tuple[str, ...]]:
    found = cast("Tree", said) if isinstance(said, dict) else {}
    return {each: texts for each in BECAME if (texts := _texts(found.get(each)))}


def _by_text(said: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in cast("Tree", said).items()} if isinstance(said, dict) else {}


@dataclass(frozen=True, slots=True)
class KeptImage:
    """An image as a revision ran it: by which name, its id, and the names with digests under which registries have it.

    Of a build, `started_from` are the images that it was made from, as its Dockerfile calls them.
    """

    reference: str
    id: str
    digests: tuple[str, ...] = ()
    started_from: Mapping[str, KeptImage] = field(default_factory=dict[str, "KeptImage"])


def packed(value: object) -> str:
    """JSON, zlib, base64: what a label holds of something large."""
    return base64.b64encode(zlib.compress(json.dumps(value, ensure_ascii=False).encode(), 9)).decode()


def unpacked(text: str) -> Any:
    """The inverse. Raises ValueError for what is cut off, edited or far too large."""
    try:
        inflating = zlib.decompressobj()
        data = inflating.decompress(base64.b64decode(text, validate=True), _LARGEST)
        if not inflating.eof:
            raise ValueError("it ends too early")
        return json.loads(data)
    except (zlib.error, RecursionError) as error:
        raise ValueError(str(error)) from None


def tree_in(text: str) -> Tree | None:
    """The stack that was packed; None where it is damaged."""
    try:
        found = unpacked(text)
    except ValueError:
        return None
    services = cast("Tree", found).get("services") if isinstance(found, dict) else None
    return cast("Tree", found) if isinstance(services, dict) else None


def services_images(tree: Tree) -> dict[str, str]:
    """What each service of a stack runs, as a container's label says it: a reference, or the address of a build. Those
    that run an archive's image are left out: only the archive says what that is called.
    """
    services, builds, images = (cast("Tree", tree.get(key) or {}) for key in ("services", "builds", "images"))
    found: dict[str, str] = {}
    for name, service in services.items():
        image = str(service.get("image") or name)
        if service.get("build") or image in builds:
            found[name] = f"build.{name if service.get('build') else image}"
        elif image not in images:
            found[name] = with_tag(image)
        elif named := images[image].get("from"):
            found[name] = with_tag(str(named))
    return found


def images_text(images: Mapping[str, KeptImage]) -> str:
    return packed({address: asdict(image) for address, image in sorted(images.items())})


def images_in(text: str) -> dict[str, KeptImage]:
    """By address; none where nothing was packed, or it is damaged."""
    try:
        found = unpacked(text)
        return {str(address): _image(said) for address, said in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _image(said: Any) -> KeptImage:
    return KeptImage(
        str(said["reference"]),
        str(said["id"]),
        tuple(map(str, said["digests"])),
        {str(name): _image(base) for name, base in said["started_from"].items()},
    )


def pieces(text: str) -> list[str]:
    """The text in pieces that a volume can hold; one that is empty for an empty text."""
    return [text[start : start + PIECE] for start in range(0, len(text) or 1, PIECE)]
