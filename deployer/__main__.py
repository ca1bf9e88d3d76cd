"""The program: `deployer`, and `python -m deployer`."""

from __future__ import annotations

import gc
import os
import sys
from io import TextIOWrapper

GARBAGE_AT = 100_000
"""So many new objects before Python looks for circles among them: its 700 cost a short run a tenth of its time."""


def main() -> None:
    """Run the command line; exits with one of `deployer.errors.Exit`."""
    gc.set_threshold(GARBAGE_AT)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # what others may have installed for theirs; 15 ms to look
    _write_all_signs()
    from deployer.cli.app import run

    sys.exit(run(sys.argv[1:]))


def _write_all_signs() -> None:
    """What the locale lacks ends nothing: a terminal shows an escape, and files, which are YAML or JSON, are UTF-8."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding=None if sys.stdout.isatty() else "utf-8", errors="backslashreplace")


if __name__ == "__main__":
    main()
