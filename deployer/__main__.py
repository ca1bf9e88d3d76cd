"""The program: `deployer`, and `python -m deployer`."""

from __future__ import annotations

import gc
import os
import sys

GARBAGE_AT = 100_000
"""So many new objects before Python looks for circles among them: its 700 cost a short run a tenth of its time."""


def main() -> None:
    """Run the command line; exits with one of `deployer.errors.Exit`."""
    gc.set_threshold(GARBAGE_AT)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # what others may have installed for theirs; 15 ms to look
    from deployer.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
