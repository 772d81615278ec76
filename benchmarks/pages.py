"""How long a person waits for a page when the store is large."""

from __future__ import annotations

import http.client
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import uvicorn

from benchmarks.figure import Measurement
from benchmarks.many_images import FIRST_AT, add_images
from benchmarks.server import CRITERIA
from limner.app import load_settings, name_opted_out, open_judge, open_recognizer
from limner.faces.http.app import make_app
from limner.store.repository import Store
from limner.studio.parts import Parts
from limner.studio.studio import Studio
from limner.studio.tokens import Tokens
from limner.testing import PaintedGenerator

NUM_IMAGES = 100_000
ROLES = {"requester": "ada", "operator": "op"}  # and the name of who has it


def measure_page_time(is_quick: bool) -> Measurement:
    """Milliseconds of a page at p95 with 100,000 images in the store: the slowest kind of page.

    The store has a row, a decision, three results and a gallery row for each image, and the files
    of one that was really drawn. Pages are asked for over HTTP, one after another, by somebody
    with 80,000 images: Draw, the gallery's first and a deep page, searches of every kind, among
    them words that fit no image and a style and decision that fit few, and the page of one image.
    Every kind's p95 is printed. The interval is that of the slowest kind, by bootstrap.
    """
    num_asked = 20 if is_quick else 200
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder)) as served:
        taken: dict[str, list[float]] = {}
        for role in ROLES:
            for name, path in _pages(served.image_id).items():
                token = served.token(role)  # its own, as one caller may not ask so often
                _ask(served.port, token, path)  # the first compiles the template
                times = [_ask(served.port, token, path) for _ in range(num_asked)]
                taken[f"{role}: {name}"] = times
    p95s = {name: float(np.quantile(times, 0.95)) for name, times in taken.items()}
    for name, p95 in p95s.items():
        print(f"{name:30} p95 {p95:6.1f} ms", file=sys.stderr)
    slowest = max(p95s, key=lambda name: p95s[name])
    sample = np.asarray(taken[slowest])
    drawn = np.random.default_rng(0).choice(sample, (2000, len(sample)))
    low, high = np.quantile(np.quantile(drawn, 0.95, axis=1), (0.025, 0.975))
    return Measurement(
        value=round(p95s[slowest], 1),
        n=num_asked * len(taken),
        interval=(round(float(low), 1), round(float(high), 1)),
    )


def _pages(image_id: str) -> dict[str, str]:
    deep = (FIRST_AT + timedelta(seconds=NUM_IMAGES // 10)).isoformat().replace("+", "%2B")
    return {
        "draw": "/",
        "image": f"/images/{image_id}",
        "gallery": "/gallery",
        "gallery, deep": f"/gallery?after={deep}~sha256:f",
        "words": "/gallery?words=golden+whale",
        "words of few": "/gallery?words=number+4711",
        "words of none": "/gallery?words=zeppelin",
        "style": "/gallery?style=striped",
        "held": "/gallery?outcome=held",
        "refused, of a style": "/gallery?outcome=refused&style=striped",
        "failed check": "/gallery?check=sharpness&verdict=fail",
        "days": "/gallery?since=2026-01-01&until=2026-01-01",
        "starred": "/gallery?starred=1",
        "tag": "/gallery?tag=best",
    }


def _ask(port: int, token: str, path: str) -> float:
    """Milliseconds until the whole page is there."""
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    taken_ms = (time.perf_counter() - start) * 1000
    if answer.status != 200 or b"</html>" not in content:
        raise RuntimeError(f"{path} answered {answer.status}: {content[:300]!r}")
    return taken_ms


class _Served(NamedTuple):
    """A server on a store of many images, the studio it serves, and an image that has its file."""

    port: int
    studio: Studio
    image_id: str

    def token(self, role: str) -> str:
        """A new token of who has this role."""
        return Tokens(self.studio.parts).create(ROLES[role], [role]).text


@contextmanager
def _served(home: Path) -> Generator[_Served]:
    (home / "criteria.yaml").write_text(CRITERIA, encoding="utf-8")
    studio = Studio(_parts(home))
    (image,) = studio.generate("a red fox", seed=1)
    add_images(home, image.image_id, range(NUM_IMAGES))
    config = uvicorn.Config(make_app(studio), port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield _Served(port, studio, image.image_id)
    finally:
        server.should_exit = True
        thread.join()
        studio.close()


def _parts(home: Path) -> Parts:
    settings = load_settings(home)
    parts = Parts(
        settings=settings,
        open_generator=PaintedGenerator,
        open_store=lambda: Store.open(home),
        open_judge=lambda: open_judge(settings, lambda text: name_opted_out(parts, text)),
        read_clock=lambda: FIRST_AT,
        rng=np.random.default_rng(0),
        version="0.0.0",
        requester="ada",
        open_recognizer=lambda: open_recognizer(parts),
    )
    return parts
