"""Who may sign the commits that are taken: a keyring of gpg, or a file of allowed signers, as ssh-keygen reads it."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
from pathlib import Path

from deployer.errors import Diagnostic, InvalidStack, OperationFailed
from deployer.gitops.git import Git


def refuse_unsigned(git: Git, keys: Path, commit: str) -> None:
    """Raises InvalidStack where a commit is not signed by one of these keys. A commit says itself of what kind its
    signature is. One that is not of the kind of the keys is none: gpg would ask the keyring of the agent's user.
    """
    other = "gpg.ssh.program=false" if git.gpg_home else "gpg.program=false"
    settings = (other, "gpg.x509.program=false", f"gpg.ssh.allowedSignersFile={keys.absolute()}")
    try:
        git.run(*(word for each in settings for word in ("-c", each)), "verify-commit", "--end-of-options", commit)
    except OperationFailed:
        hint = f"who may sign is in {keys}: sign with one of those keys, or add the key there"
        message = f"{commit[:12]} is not signed by a key that is known here"
        raise InvalidStack(Diagnostic("commit-unsigned", message, hint=hint)) from None


def is_gpg(keys: Path) -> bool:
    """A keyring of gpg, armored or not; else it is a file of allowed signers, as ssh-keygen reads it. Raises
    InvalidStack where nobody can read it.
    """
    try:
        start = keys.read_bytes()[:64]
    except OSError as error:
        message = f"{keys} cannot be read: {error.strerror}"
        raise InvalidStack(Diagnostic("keys-unreadable", message, hint="it holds the keys of who may sign")) from None
    return start.startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK") or bool(start[:1] and start[0] & 0x80)


def keyring(keys: Path) -> Path:
    """A folder for gpg that knows these keys and no others. Its path is short: gpg makes sockets there, whose paths
    must not be longer than 107 bytes. Raises InvalidStack where gpg cannot read them.
    """
    home = Path(tempfile.mkdtemp(prefix="deployer-keys-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    try:
        subprocess.run(
            ["gpg", "--homedir", str(home), "--batch", "--no-autostart", "--quiet", "--import", str(keys.absolute())],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        message = f"gpg cannot read the keys in {keys}"
        raise InvalidStack(Diagnostic("keys-unreadable", message, hint="gpg --export --armor KEY > FILE")) from None
    return home
