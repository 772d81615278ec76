"""How long it takes to seal an image, with its time-stamp, and to read it back before it leaves."""

from __future__ import annotations

import io
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw

from benchmarks.figure import Measurement, median_measurement
from limner.core.records import Operation
from limner.provenance.containers import MediaType
from limner.provenance.credential import Sealed, seal
from limner.provenance.facts import DecisionFacts, MarkFacts, Oversight, SealFacts
from limner.provenance.keys import KeyFolder
from limner.provenance.signers import Signer, own_signer

# Shapes: H height, W width, C channels (RGBA, straight alpha).

MEDIA_TYPES: tuple[MediaType, ...] = ("image/png", "image/jpeg", "image/webp")
OWN_PX, LARGE_PX = 256, 1024
FACTS = SealFacts(
    title="image.png",
    operation=Operation.TEXT,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    limner_version="0.1.0",
    model_name="limner-icons",
    model_version="1",
    model_sha256="sha256:" + "a" * 64,
    seed=1,
    pixels_sha256="sha256:" + "b" * 64,
    recipe_sha256="sha256:" + "c" * 64,
    oversight=Oversight.PROMPT_GUIDED,
    prompt_commitment="sha256:" + "d" * 64,
    decision=DecisionFacts(
        decision="released", decided_by="rule", criteria_sha256="sha256:" + "e" * 64, ledger_index=1
    ),
    mark=MarkFacts(algorithm="limner.mark.v1", value="1234"),
)


def measure_sealing(is_quick: bool) -> Measurement:
    """Median milliseconds to seal a file of 256 px, over PNG, JPEG and WebP in turn.

    Everything `seal` does: metadata written, manifest signed, time stamped by our own authority,
    and the sealed file read back and verified. Also printed: the 95th percentile, the first seal
    of a process (it loads the library), the same at 1024 px, how many bytes a seal adds, and the
    processor time of a seal, which tells what the wall time would be on free cores.
    """
    num_seals = 30 if is_quick else 300
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        signer = make_signer(Path(folder))
        seal_now(encoded(draw_picture(0, OWN_PX), MEDIA_TYPES[0]), MEDIA_TYPES[0], signer)
        print(f"first seal of a process, keys made: {(time.perf_counter() - begun) * 1e3:.0f} ms")
        for side_px in (LARGE_PX, OWN_PX):
            begun_cpu = time.process_time()
            times_ms, num_added = _times_of(side_px, num_seals, signer)
            cpu_ms = (time.process_time() - begun_cpu) * 1e3 / num_seals
            print(
                f"{side_px} px: median {np.median(times_ms):.1f} ms, "
                f"95th percentile {np.percentile(times_ms, 95):.1f} ms, "
                f"{cpu_ms:.1f} ms of processor time, {num_added:,} bytes added"
            )
    return median_measurement(times_ms)


def _times_of(side_px: int, num_seals: int, signer: Signer) -> tuple[list[float], int]:
    files = [(one, encoded(draw_picture(0, side_px), one)) for one in MEDIA_TYPES]
    times_ms: list[float] = []
    num_added = 0
    for number in range(num_seals):
        media_type, content = files[number % len(files)]
        begun = time.perf_counter()
        sealed = seal_now(content, media_type, signer)
        times_ms.append((time.perf_counter() - begun) * 1e3)
        if sealed.stamped_at is None:
            raise RuntimeError("a seal was left unstamped, so its time says nothing")
        num_added = len(sealed.content) - len(content)
    return times_ms, num_added


def make_signer(folder: Path) -> Signer:
    """The signer of a new install."""
    return own_signer(KeyFolder(folder / "keys").open(read_clock()))


def seal_now(content: bytes, media_type: MediaType, signer: Signer) -> Sealed:
    """Seal a file as of now."""
    return seal(content, media_type, FACTS, signer, read_clock=read_clock)


def read_clock() -> datetime:
    """The time now, UTC."""
    return datetime.now(UTC)


def draw_picture(seed: int, side_px: int) -> NDArray[np.uint8]:
    """A flat drawing on a transparent ground, another for every seed; uint8, RGBA."""
    rng = np.random.default_rng(seed)
    picture = PillowImage.new("RGBA", (side_px, side_px))
    pen = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y, size = rng.uniform(0.05, 0.6, 3) * side_px
        colour = (*(int(one) for one in rng.integers(0, 256, 3)), 255)
        pen.ellipse((x, y, x + size, y + size * 0.8), colour)
    return np.asarray(picture)


def encoded(image_HWC: NDArray[np.uint8], media_type: MediaType) -> bytes:
    """A file of these pixels without metadata; JPEG lies on white."""
    picture = PillowImage.fromarray(image_HWC, "RGBA")
    buffer = io.BytesIO()
    match media_type:
        case "image/png":
            picture.save(buffer, "PNG")
        case "image/webp":
            picture.save(buffer, "WEBP", lossless=True, exact=True)
        case "image/jpeg":
            ground = PillowImage.new("RGBA", picture.size, "white")
            flat = PillowImage.alpha_composite(ground, picture).convert("RGB")
            flat.save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue()
