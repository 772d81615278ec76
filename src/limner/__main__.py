"""Entry of the command ``limner``; turns what nobody foresaw into one sentence and an exit code."""

from __future__ import annotations

import sys

from limner.faces.cli import app


def main() -> None:
    """Run the command line."""
    try:
        app(prog_name="limner")
    except Exception as error:  # noqa: BLE001 - the edge: an honest failure, never a success
        sys.stderr.write(f"limner: this should not happen: {type(error).__name__}: {error}\n")
        sys.exit(5)


if __name__ == "__main__":
    main()
