"""What a command that draws can begin before the rest of the program is loaded.

The drawing networks take as long to load as everything that is imported for storing, judging and
sealing, and on another core. Beside `app`, this is the only module that knows whose they are.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from limner.core.errors import LimnerError


@contextmanager
def loading_networks() -> Generator[None]:
    """Load the drawing networks in a thread meanwhile; on leaving, what has not begun is left out.

    A fault here is told by whoever needs the networks, in its own place.
    """
    stop = threading.Event()
    thread = threading.Thread(target=_load, args=(stop,), name="load networks")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _load(stop: threading.Event) -> None:
    from platformdirs import user_data_path

    from limner.core.settings import read_settings
    from limner.generators.embedded.networks import open_networks
    from limner.generators.embedded.weights import Weights

    try:
        settings = read_settings(default_home=Path(user_data_path("limner")))
        open_networks(Weights(), settings.num_threads, settings.home).load(stop)
    except LimnerError:
        return
