"""The program: `deployer`, and `python -m deployer`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; exits with one of `deployer.errors.Exit`."""
    from deployer.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
