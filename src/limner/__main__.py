"""Entry of the command ``limner``; turns what nobody foresaw into one sentence and an exit code."""

from __future__ import annotations

import atexit
import os
import sys

from limner.faces.cli import app_for

UNFORESEEN = 5
UNFLUSHED = 120  # what the interpreter itself ends with when its output cannot be written


def main() -> None:
    """Run the command line, and end the process as soon as all is written.

    The interpreter would take the networks and itself apart, a quarter of a second after a drawing.
    What ends it early is registered first, so that it comes last: threads have ended by then, and
    everybody else's exit functions have run.
    """
    codes: list[int] = []
    atexit.register(lambda: _end(*codes))
    try:
        app_for(sys.argv[1] if len(sys.argv) > 1 else "")(prog_name="limner")
    except SystemExit as leaving:
        codes[:] = [leaving.code if isinstance(leaving.code, int) else int(bool(leaving.code))]
        raise
    except Exception as error:  # noqa: BLE001 - the edge: an honest failure, never a success
        sys.stderr.write(f"limner: this should not happen: {type(error).__name__}: {error}\n")
        codes[:] = [UNFORESEEN]
        sys.exit(UNFORESEEN)


def _end(code: int | None = None) -> None:
    if code is None:
        return  # a signal or whoever called us ends the process, in a way of their own
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = UNFLUSHED
    os._exit(code)


if __name__ == "__main__":
    main()
