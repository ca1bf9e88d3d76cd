"""Secrets that lie encrypted where everybody can read them, as in git: files of SOPS with age, and of age itself.

A file is known by what it holds. It is decrypted in memory: files of SOPS by the program `sops`, which gets them on its
standard input, and whose answer is what `sops decrypt` prints, byte for byte; files of age by pyrage.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from deployer.errors import Diagnostic, InvalidStack, Place
from deployer.sources.noted import note_file
from deployer.sources.traces import Trace, trace_in

KEY = "SOPS_AGE_KEY"
KEY_FILE = "SOPS_AGE_KEY_FILE"

_SECONDS = 60
_MOST_TOLD = 5
_AGE = (b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----")
_RECIPIENT = re.compile(r"(?:age1|ssh-)[\w+/=. -]{8,200}")
_MEND = "take it from git as it was, or encrypt it anew"
_NO_KEY, _NO_MAC, _OTHER_MAC = 128, 52, 51
"""What sops exits with where no key opens the file, where it has no MAC, and where that is another's."""

_held: ContextVar[Mapping[str, str] | None] = ContextVar("held", default=None)


@contextmanager
def keys_held() -> Iterator[None]:
    """While the context is open, the keys are nobody's but ours: their variables are gone for stack files and for what
    is started. For who carries out what somebody else has written.
    """
    token = _held.set({name: os.environ.pop(name) for name in (KEY, KEY_FILE) if name in os.environ})
    try:
        yield
    finally:
        os.environ.update(_held.get() or {})
        _held.reset(token)


@dataclass(frozen=True, slots=True)
class Encrypted:
    """`kind` is what sops calls the format, or `age`; `recipients` are the age recipients that the file names."""

    kind: str
    recipients: tuple[str, ...] = ()

    @property
    def by(self) -> str:
        return "age" if self.kind == "age" else "SOPS"


def decrypted(data: bytes, path: Path, shown: str, place: Place | None) -> bytes | None:
    """What an encrypted file holds; None of a file that is not encrypted, and has no trace of it. `shown` names it in
    diagnostics, `place` is where the stack names it. Raises InvalidStack, which says nothing of what the file holds.
    """
    found = recognised(data, path.name)
    if found is None:
        if trace := trace_in(data):
            raise _no_whole_file(trace, shown, place)
        return None
    refusal = _Refusal(found, shown, place)
    plain = _by_age(data, refusal) if found.kind == "age" else _by_sops(data, refusal)
    note_file(path, plain)  # the same, encrypted anew, is no other source
    return plain


def _no_whole_file(trace: Trace, shown: str, place: Place | None) -> InvalidStack:
    why = f"has conflict markers (line {trace.conflict})" if trace.conflict else f"is no whole file of {trace.by}"
    message = f"{shown} is encrypted by {trace.by} in part (line {trace.line}), and {why}"
    hint = f"{_MEND}; plain text that only quotes {trace.by} is taken as it is once it is encrypted with age"
    return InvalidStack(Diagnostic("encrypted-damaged", message, place, hint))


def recognised(data: bytes, name: str) -> Encrypted | None:
    """How a file is encrypted, by what it holds. Its name decides where two formats of SOPS look the same, as it does
    for sops: https://getsops.io/docs/#encrypting-binary-files
    """
    if data.lstrip().startswith(_AGE):
        return Encrypted("age")
    if b"sops" not in data or b"ENC[AES256_GCM," not in data:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if text.lstrip().startswith("{"):
        return _json(text, name)
    for kind, (begins, mac, recipient) in _TEXTS.items():
        if (begin := begins.search(text)) and mac.search(text, begin.start()):
            return Encrypted(kind, tuple(recipient.findall(text, begin.start())))
    return None


def _lines(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(each, re.MULTILINE) for each in patterns)


_TEXTS = {
    "dotenv": _lines(r"^sops_", r"^sops_mac=ENC\[", r"^sops_\w*age__list_\d+__map_recipient=(.+)$"),
    "ini": _lines(
        r"^\[sops\][ \r]*$", r"^mac[ ]*=[ ]*ENC\[", r"^(?:key_groups\w+_)?age__list_\d+__map_recipient[ ]*=[ ]*(.+)$"
    ),
    "yaml": _lines(r"^sops:[ \r]*$", r"^[ ]+mac:[ ]*[\"']?ENC\[", r"^[ -]+recipient:[ ]*(.+)$"),
}
"""What a format's metadata begin with, their MAC, and where they name recipients: sops writes each in one way alone."""


def _json(text: str, name: str) -> Encrypted | None:
    try:
        read = cast("dict[str, Any]", json.loads(text))
    except (ValueError, RecursionError):
        return None
    about = read.get("sops")
    if not isinstance(about, dict) or not str(cast("dict[str, Any]", about).get("mac", "")).startswith("ENC["):
        return None
    is_binary = read.keys() == {"data", "sops"} and not name.endswith(".json")
    return Encrypted("binary" if is_binary else "json", tuple(_recipients(about)))


def _recipients(metadata: Any) -> Iterator[str]:
    """In a file of several groups of keys they are one level further down."""
    for group in [metadata, *_listed(metadata, "key_groups")]:
        for key in _listed(group, "age"):
            if isinstance(key, dict):
                yield str(cast("dict[str, Any]", key).get("recipient"))


def _listed(owner: Any, key: str) -> list[Any]:
    found: Any = cast("dict[str, Any]", owner).get(key) if isinstance(owner, dict) else None
    return cast("list[Any]", found) if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Makes what is raised for a file that cannot be decrypted."""

    found: Encrypted
    shown: str
    place: Place | None

    @property
    def whom(self) -> str:
        """`by SOPS for age1..., age1...`: what a file says is shown as far as it may be a recipient."""
        stripped = (each.strip(" \r\"'") for each in self.found.recipients)
        named = [each for each in stripped if _RECIPIENT.fullmatch(each)]
        more = f" and {len(named) - _MOST_TOLD} more" if len(named) > _MOST_TOLD else ""
        return f"by {self.found.by}" + (f" for {', '.join(named[:_MOST_TOLD])}{more}" if named else "")

    def invalid(self, code: str, what: str, hint: str) -> InvalidStack:
        message = f"{self.shown} is encrypted {self.whom}{what}"
        return InvalidStack(Diagnostic(code, message, self.place, hint))

    def no_key(self, what: str) -> InvalidStack:
        return self.invalid(
            "encrypted-no-key", what, f"set {KEY_FILE} to a file with the age key, or {KEY} to the key itself"
        )

    def damaged(self, what: str) -> InvalidStack:
        return self.invalid("encrypted-damaged", what, _MEND)


def _by_sops(data: bytes, refusal: _Refusal) -> bytes:
    if not refusal.found.recipients:
        hint = "add an age recipient to it: sops rotate --add-age"
        raise refusal.invalid("encrypted-no-key", ", but not for age, and deployer has keys of age alone", hint)
    keys = _keys(refusal)
    program = shutil.which("sops")
    if not program:
        hint = "install sops, 3.9 or newer: https://getsops.io"
        raise refusal.invalid("encrypted-no-program", ", and the program sops, which decrypts it, is not there", hint)
    kind = refusal.found.kind
    arguments = [program, "decrypt", "--input-type", kind, "--output-type", kind, "/dev/stdin"]
    # A file may name services to be asked for its key. Whatever else this user has, they get nothing of it.
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent", **keys}
    try:
        done = subprocess.run(
            arguments, input=data, capture_output=True, env=environment, cwd="/", timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise refusal.damaged(f", and sops did not decrypt it within {_SECONDS} seconds") from None
    except OSError as error:
        raise refusal.invalid(
            "encrypted-no-program", f", and {program} cannot be run: {error.strerror}", "install sops anew"
        ) from None
    match done.returncode:
        case 0 if kind in _TEXTS and trace_in(done.stdout):  # a comment that cannot be decrypted is left as it is
            raise refusal.damaged(", and a part of it is not decrypted")
        case 0:
            return done.stdout
        case code if code == _NO_KEY:
            raise refusal.no_key(f", and no key in {' or '.join(_told(keys))} opens it")
        case code if code in (_OTHER_MAC, _NO_MAC):
            raise refusal.damaged(", and was changed since: its MAC does not fit")
        case code:
            raise refusal.damaged(f", and is damaged: sops cannot decrypt it, and exits with {code}")


def _by_age(data: bytes, refusal: _Refusal) -> bytes:
    keys = _keys(refusal)
    try:
        pyrage: Any = import_module("pyrage")
    except ImportError:
        hint = "in a checkout of deployer: pip install '.[age]'"
        raise refusal.invalid(
            "encrypted-no-program", ", and pyrage, which decrypts it, is not installed", hint
        ) from None
    try:
        usable = [each for each in _secret_keys(_texts(keys, refusal)) if each.startswith("AGE-SECRET-KEY-1")]
        identities = [pyrage.x25519.Identity.from_str(each) for each in usable]
        return bytes(pyrage.decrypt(data.lstrip(), identities))
    except pyrage.IdentityError:
        raise refusal.no_key(f", and what is in {' or '.join(_told(keys))} is no age key") from None
    except pyrage.DecryptError as error:
        if "matching keys" in str(error):
            raise refusal.no_key(f", and no key in {' or '.join(_told(keys))} opens it") from None
        raise refusal.damaged(", and is damaged") from None


def _keys(refusal: _Refusal) -> dict[str, str]:
    """The variables that say the keys, as sops reads them; where none names a file, the one where sops looks, too."""
    held = _held.get()
    variables = os.environ if held is None else held
    found = {name: value for name in (KEY, KEY_FILE) if (value := variables.get(name))}
    if KEY_FILE in found:
        found[KEY_FILE] = os.path.abspath(found[KEY_FILE])
    else:
        folder = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        usual = Path(folder, "sops", "age", "keys.txt")
        found |= {KEY_FILE: str(usual)} if usual.is_file() else {}
    if not found:
        raise refusal.no_key(", and no age key is given")
    if not _secret_keys(_texts(found, refusal)):
        raise refusal.no_key(f", and there is no age key in {' or '.join(_told(found))}")
    return found


def _texts(keys: Mapping[str, str], refusal: _Refusal) -> str:
    file = keys.get(KEY_FILE)
    try:
        text = Path(file).read_text() if file else ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise refusal.no_key(f", and {file}, where the age key should be, cannot be read: {reason}") from None
    return f"{keys.get(KEY, '')}\n{text}"


def _secret_keys(text: str) -> list[str]:
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return [word for line in lines for word in line.split() if word.startswith("AGE-")]


def _told(keys: Mapping[str, str]) -> list[str]:
    return [keys[KEY_FILE] if name == KEY_FILE else name for name in keys]
