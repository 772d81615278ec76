"""What a command that draws can begin before the rest of the program is loaded.

The drawing networks take as long to load as everything that is imported for storing, judging and
sealing, and on another core. Beside `app`, this is the only module that knows whose they are.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from limner.core.errors import LimnerError

if TYPE_CHECKING:
    from limner.generators.embedded.graphs import Graphs


@contextmanager
def loading_networks() -> Generator[None]:
    """Load the drawing networks in a thread meanwhile; on leaving, what has not begun is left out.

    What runs the networks is imported before anything else goes on: two threads that import are in
    each other's way, while compiling a network needs no interpreter. A fault here is told by
    whoever needs the networks, in its own place.
    """
    stop, imported = threading.Event(), threading.Event()
    thread = threading.Thread(target=_load, args=(stop, imported), name="load networks")
    thread.start()
    imported.wait()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _load(stop: threading.Event, imported: threading.Event) -> None:
    with suppress(LimnerError):
        try:
            graphs = _graphs()
        finally:
            imported.set()
        graphs.load_for_drawing(stop)


def _graphs() -> Graphs:
    from platformdirs import user_data_path

    from limner.core.settings import read_settings
    from limner.generators.embedded.networks import open_networks
    from limner.generators.embedded.weights import Weights

    settings = read_settings(default_home=Path(user_data_path("limner")))
    networks = open_networks(Weights(), settings.num_threads, settings.home, settings.precision)
    return networks.graphs
