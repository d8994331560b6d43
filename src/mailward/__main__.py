"""``python -m mailward``: the command line."""

import os
import sys

from mailward.cli.app import run


def main() -> None:
    """Run one command and end with its exit code (0 fine, 1 something is not well, 2 bad input, 3 not possible now)."""
    sys.exit(run(sys.argv[1:], os.environ))


if __name__ == "__main__":
    main()
