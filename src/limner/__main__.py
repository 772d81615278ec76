"""Entry of the command ``limner``; turns what nobody foresaw into one sentence and an exit code."""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
import threading
import time

UNFORESEEN = 5
UNFLUSHED = 120  # what the interpreter itself ends with when its output cannot be written
START_SECONDS = 3.0  # of a process, at the end of which it has imported what it needs


def main() -> None:
    """Run the command line, and end the process as soon as all is written.

    The interpreter would take the networks and itself apart, a quarter of a second after a drawing.
    What ends it early is registered first, so that it comes last: threads have ended by then, and
    everybody else's exit functions have run.
    """
    codes: list[int] = []
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names of files are bytes, and are printed as they are.
        sys.stdout.reconfigure(errors="surrogateescape")  # pyright: ignore[reportUnknownMemberType]
    atexit.register(lambda: _end(*codes))
    _leave_garbage(START_SECONDS)
    try:
        from limner.faces.cli import app_for  # noqa: PLC0415 - what is imported is no garbage

        app_for(sys.argv[1] if len(sys.argv) > 1 else "")(prog_name="limner")
    except SystemExit as leaving:
        codes[:] = [leaving.code if isinstance(leaving.code, int) else int(bool(leaving.code))]
        raise
    except Exception as error:  # noqa: BLE001 - the edge: an honest failure, never a success
        sys.stderr.write(f"limner: this should not happen: {type(error).__name__}: {error}\n")
        codes[:] = [UNFORESEEN]
        sys.exit(UNFORESEEN)


def _leave_garbage(seconds: float) -> None:
    """Look for garbage only from so many seconds on, and never among what is there by then.

    What a start makes stays until the process ends; looking it through again and again took 110 of
    the 950 ms of interpreter until the first picture.
    """

    def collect_from_now_on() -> None:
        time.sleep(seconds)
        gc.freeze()
        gc.enable()

    gc.disable()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=gc.enable)  # the thread is not there
    threading.Thread(target=collect_from_now_on, name="garbage", daemon=True).start()


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
