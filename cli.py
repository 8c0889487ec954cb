"""The terminal entry: ``goldshelf VERB``."""

import sys

from terminal.main import run


def main() -> None:
    """Run one verb and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
