"""The real server and a real worker for tests of pages; only the generator is the painted one.

``python served.py HOME`` serves until it is ended, and prints the address of a signed-in page.
"""

import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import numpy as np
import uvicorn

from limner.app import (
    name_opted_out,
    open_enlargers,
    open_fingerprints,
    open_judge,
    open_recognizer,
    wire_parts,
)
from limner.core.settings import Settings, read_settings
from limner.faces.http.app import make_app
from limner.store.repository import Store
from limner.studio.parts import Parts
from limner.studio.studio import Studio
from limner.studio.tokens import Tokens
from limner.studio.working import run_worker
from limner.testing import PaintedGenerator

CRITERIA = Path(__file__).parents[1] / "assets" / "pages.yaml"


def page_settings(home: Path, **environment: str) -> Settings:
    return read_settings(
        default_home=home, environment={"LIMNER_CRITERIA": str(CRITERIA), **environment}
    )


def painted_parts(
    settings: Settings,
    painter: PaintedGenerator,
    read_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Parts:
    parts = Parts(
        settings=settings,
        open_generator=lambda: painter,
        open_store=lambda: Store.open(settings.home),
        open_judge=lambda: open_judge(settings, lambda text: name_opted_out(parts, text)),
        read_clock=read_clock,
        rng=np.random.default_rng(0),
        version="0.0.0",
        open_recognizer=lambda: open_recognizer(parts),
        open_fingerprints=lambda: open_fingerprints(settings),
        enlargers=open_enlargers(settings),
    )
    return parts


class Served:
    """A server on a port of its own, and a worker, in threads.

    Args:
        home: data folder.
        painter: what the worker draws with; ``None`` for everything as the product has it.
        **environment: more settings.
    """

    def __init__(self, home: Path, painter: PaintedGenerator | None, **environment: str) -> None:
        if painter is None:
            self.settings = read_settings(default_home=home, environment=environment)
        else:
            self.settings = page_settings(home, **environment)
        self.studio = Studio(self._parts(painter))
        self._working = Studio(self._parts(painter))
        self._stop = Event()
        config = uvicorn.Config(
            make_app(self.studio), host="127.0.0.1", port=0, log_level="warning", ws="none"
        )
        self._server = uvicorn.Server(config)
        self._threads: list[threading.Thread] = []

    def _parts(self, painter: PaintedGenerator | None) -> Parts:
        return (
            wire_parts(self.settings) if painter is None else painted_parts(self.settings, painter)
        )

    @property
    def address(self) -> str:
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def link(self, name: str = "ada", *scopes: str, path: str = "/") -> str:
        """An address that signs somebody in."""
        token = Tokens(self.studio.parts).create(name, scopes or ("admin",))
        return f"{self.address}{path}?token={token.text}"

    def __enter__(self) -> "Served":
        self._threads = [
            threading.Thread(target=self._server.run, daemon=True),
            threading.Thread(
                target=lambda: run_worker(self._working.parts, stop=self._stop), daemon=True
            ),
        ]
        for thread in self._threads:
            thread.start()
        while not self._server.started:
            self._stop.wait(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._stop.set()
        for thread in self._threads:
            thread.join(20)
        self._working.close()
        self.studio.close()


if __name__ == "__main__":
    with Served(Path(sys.argv[1]), PaintedGenerator(seconds_per_step=0.05)) as served:
        sys.stdout.write(f"{served.link()}\n")
        sys.stdout.flush()
        Event().wait()
