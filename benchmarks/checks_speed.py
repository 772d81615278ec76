"""How long the checks take: beside the drawing of a picture, on an incoming one, and in a gallery.

Wall times of this machine as it is: nothing is subtracted for what else runs on it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from benchmarks.figure import Measurement, median_measurement
from benchmarks.quality.held_out import held_out
from benchmarks.quality.specification import OBJECT_COLOURS, seen_concepts
from limner.app import load_settings, wire_parts
from limner.checks.near_copy.check import NearCopy
from limner.checks.near_copy.fingerprint import HASH_BYTES, Fingerprint
from limner.core.judging import ImageSubject, Result
from limner.core.records import Picture, Request
from limner.core.rights import OptedOut, RightsKind
from limner.store import schema
from limner.store.database import open_database, transaction
from limner.studio.judging import Judge, Screened
from limner.studio.parts import Parts
from limner.studio.studio import Studio

# Shapes: H height, W width, C channels (RGBA, straight alpha), N pictures, B bytes.

Bytes = NDArray[np.uint8]

SEED = 20261127
INCOMING_PX = 1024
NUM_ENTRIES = 1_000_000
ROWS_AT_ONCE = 50_000
REGISTERED_AT = "2026-11-01T00:00:00+00:00"
WARMING = 3  # pictures drawn first, that do not count
NOISE = 6  # grey levels, as in a photograph


@dataclass(frozen=True, kw_only=True, eq=False)
class _TimedJudge(Judge):
    """Adds up how long whoever draws waits for the checks.

    Attributes:
        waited_ms: of the request checks, then of the image checks, of every picture.
    """

    waited_ms: list[float] = field(default_factory=list[float])

    def screen(self, request: Request) -> Screened:
        started = time.perf_counter()
        screened = super().screen(request)
        self.waited_ms.append(1000 * (time.perf_counter() - started))
        return screened

    def look(self, subject: ImageSubject) -> tuple[Result, ...]:
        started = time.perf_counter()
        results = super().look(subject)
        self.waited_ms.append(1000 * (time.perf_counter() - started))
        return results


def measure_checks_time(is_quick: bool) -> Measurement:
    """Time that all checks add to the drawing of a picture, in per cent of it; median of pictures.

    The time is what the road of a picture waits for them: before the drawing for the request
    checks, and from the marked picture to the last result for the image checks, which
    run side by side. Texts are read for them while the picture is marked, which takes
    longer and leaves a core free. Also printed: the checks' own times added up, however many ran
    at once. The default criteria, `personal`, default settings, one picture at a time, a new prompt
    each, in one process whose networks are loaded. Measured before in the same run, and printed:
    the criteria `team`, which ask for more, reading text among it where the extra is installed.
    """
    num_pictures = 4 if is_quick else 30
    _print_waited("team", num_pictures)
    return median_measurement(_print_waited("personal", num_pictures))


def _print_waited(criteria: str, num_pictures: int) -> list[float]:
    """What pictures wait for the checks of shipped criteria, in per cent of their drawing."""
    shares: list[float] = []
    sums: list[float] = []
    timed: dict[str, list[float]] = {}
    unable: set[str] = set()
    with tempfile.TemporaryDirectory() as home:
        settings = replace(load_settings(Path(home)), criteria=criteria)
        with Studio(wire_parts(settings)) as studio:
            judge = _timed(studio.parts.judge)
            studio.parts.judge = judge
            for number, prompt in enumerate(_prompts(num_pictures + WARMING)):
                judge.waited_ms.clear()
                (image,) = studio.generate(prompt, seed=number)
                if image.decided.decision.criteria_sha256 is None:
                    raise RuntimeError("there are no criteria in force, so nothing was judged")
                drawing_ms = 1000 * image.record.seconds
                shares.append(100 * sum(judge.waited_ms) / drawing_ms)
                results = studio.parts.store.results_of(image.image_id)
                unable |= {str(one["check"]) for one in results if one["score"] is None}
                each = {str(one["check"]): 1000 * float(str(one["seconds"])) for one in results}
                sums.append(100 * sum(each.values()) / drawing_ms)
                for name, value_ms in {"drawing": drawing_ms, **each}.items():
                    timed.setdefault(name, []).append(value_ms)
    for name, values_ms in timed.items():
        print(f"checks-time, {criteria}, {name}: {np.median(values_ms[WARMING:]):.2f} ms")
    print(f"checks-time, {criteria}, added up: {np.median(sums[WARMING:]):.1f} % of the drawing")
    if unable:
        print(f"checks-time, {criteria}, could not run here: {', '.join(sorted(unable))}")
    waited = median_measurement(shares[WARMING:])
    print(f"checks-time, {criteria}: {waited.value:.1f} % of the drawing, {waited.interval}")
    return shares[WARMING:]


def _timed(judge: Judge) -> _TimedJudge:
    return _TimedJudge(
        criteria=judge.criteria,
        request_checks=judge.request_checks,
        image_checks=judge.image_checks,
        num_lanes=judge.num_lanes,
    )


def measure_checks_incoming(is_quick: bool) -> Measurement:
    """Milliseconds of all image checks but that of text on a picture of 1024 px; median.

    The pictures have no plain area, as photographs have none; each is another one.
    """
    timed: dict[str, list[float]] = {}
    totals: list[float] = []
    with tempfile.TemporaryDirectory() as home:
        judge = wire_parts(load_settings(Path(home))).judge
        checks = [check for name, check in judge.image_checks.items() if name != "text"]
        for subject in _incoming(5 if is_quick else 40):
            started = time.perf_counter()
            results = judge.judge_by(checks, subject)
            totals.append(1000 * (time.perf_counter() - started))
            for one in results:
                timed.setdefault(one.check, []).append(1000 * one.seconds)
    for name, each in timed.items():
        print(f"checks-incoming, {name}: {np.median(each[1:]):.2f} ms")
    return median_measurement(totals[1:])


def measure_near_copy_search(is_quick: bool) -> Measurement:
    """Milliseconds of finding the nearest of a million registered pictures; median of questions.

    The way of the check itself: a rights register of a million opt-outs with a picture each is
    asked whether it has changed, and the gallery kept of it is searched. Not counted, but printed,
    is reading the register for the first picture of a process. Hashes are random bits, every other
    question is near one of them: none may be missed.
    """
    rng = np.random.default_rng(SEED)
    hashes_NB = rng.integers(0, 256, (NUM_ENTRIES, 2 * HASH_BYTES), np.uint8)
    picture = Picture.of(np.zeros((1, 1, 4), np.uint8))
    with tempfile.TemporaryDirectory() as home:
        parts = wire_parts(load_settings(Path(home)))
        check = parts.judge.image_checks["near-copy-registered"]
        assert isinstance(check, NearCopy)
        assert parts.fingerprints is not None
        _register(parts, hashes_NB, parts.fingerprints.taken_with)
        started = time.perf_counter()
        check.compare(picture, _asked(None, rng))
        print(f"near-copy-search, first: {time.perf_counter() - started:.1f} s")
        timed: list[float] = []
        for number in range(20 if is_quick else 400):
            at = int(rng.integers(NUM_ENTRIES)) if number % 2 else None
            asked = _asked(None if at is None else hashes_NB[at], rng)
            started = time.perf_counter()
            found = check.compare(picture, asked)
            timed.append(1000 * (time.perf_counter() - started))
            if found.details.get("nearest") != (None if at is None else str(at + 1)):
                raise RuntimeError(f"{found.details} was found where picture {at} was asked for")
        parts.close()
    return median_measurement(timed)


def _register(parts: Parts, hashes_NB: Bytes, taken_with: str) -> None:
    """A row of an opt-out and one of its picture for each; the ledger plays no part."""
    _ = parts.store  # makes the tables
    engine = open_database(parts.settings.home)
    for start in range(0, len(hashes_NB), ROWS_AT_ONCE):
        numbers = range(start, min(start + ROWS_AT_ONCE, len(hashes_NB)))
        entry = {
            "kind": RightsKind.OPT_OUT,
            "opted_out": OptedOut.PICTURE,
            "registered_at": REGISTERED_AT,
        }
        looks = [
            {
                "entry_id": at + 1,
                "pixels_sha256": f"sha256:{at:064x}",
                "pdq": hashes_NB[at, :HASH_BYTES].tobytes(),
                "look": hashes_NB[at, HASH_BYTES:].tobytes(),
                "taken_with": taken_with,
            }
            for at in numbers
        ]
        with transaction(engine) as connection:
            rows = [{"entry_id": at + 1, **entry} for at in numbers]
            connection.execute(schema.rights_entries.insert(), rows)
            connection.execute(schema.rights_looks.insert(), looks)
    engine.dispose()


def _prompts(num_prompts: int) -> list[str]:
    """Different prompts with a thing, its colour and a background."""
    concepts = seen_concepts()
    rng = np.random.default_rng(SEED)
    prompts: list[str] = []
    for at in rng.permutation(len(concepts))[:num_prompts]:
        ground = OBJECT_COLOURS[int(rng.integers(len(OBJECT_COLOURS)))]
        prompts.append(f"{concepts[at].prompt} on a {ground} background")
    return prompts


def _incoming(num_pictures: int) -> Iterator[ImageSubject]:
    rng = np.random.default_rng(SEED)
    drawn = held_out()
    for at in rng.permutation(len(drawn))[: num_pictures + 1]:
        picture = PillowImage.fromarray(drawn[at].image_HWC)
        picture = picture.resize((INCOMING_PX, INCOMING_PX), PillowImage.Resampling.BICUBIC)
        ground = PillowImage.new("RGBA", picture.size, (90, 120, 140, 255))
        ground.alpha_composite(picture)
        noisy_HWC = np.asarray(ground).astype(np.int16)
        noisy_HWC[..., :3] += rng.integers(
            -NOISE, NOISE + 1, (INCOMING_PX, INCOMING_PX, 3), np.int16
        )
        yield ImageSubject(picture=Picture.of(np.clip(noisy_HWC, 0, 255).astype(np.uint8)))


def _asked(hashes_B: Bytes | None, rng: np.random.Generator) -> Fingerprint:
    """A fingerprint at random, or one with ten bits of a known one's turned over."""
    if hashes_B is None:
        return Fingerprint(rng.bytes(HASH_BYTES), rng.bytes(HASH_BYTES))
    bits = np.unpackbits(hashes_B)
    bits[rng.choice(len(bits), 10, replace=False)] ^= 1
    content = np.packbits(bits).tobytes()
    return Fingerprint(content[:HASH_BYTES], content[HASH_BYTES:])
