"""Looking at scale: how fast, at what memory, and what a thousand broken files do to it.

Pictures are cuts of the photographs that come with scikit-image, 512 pixels on a side, as JPEG, PNG
and WebP. All benchmarks run what `limner look` runs, into a data folder of their own.
"""

from __future__ import annotations

import io
import multiprocessing
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image as PillowImage

from benchmarks.figure import Measurement, median_measurement
from limner.app import open_looker, wire_parts
from limner.core.settings import Settings, read_settings
from limner.executors.pool import num_cores
from limner.studio.look.looker import Asked, Task
from limner.studio.look.run import Told, begin_look, look
from limner.studio.look.sources import find_items

SIDE_PX = 512
NUM_PICTURES = 10_000
NUM_BROKEN = 1000
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "retina")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400)


def measure_look_rate(is_quick: bool) -> Measurement:
    """Pictures a second with all default checks, by as many processes as there are cores."""
    num = 60 if is_quick else NUM_PICTURES
    with TemporaryDirectory() as folder:
        write_pictures(Path(folder, "in"), num)
        rate = _rate(_settings(Path(folder, "home")), Path(folder, "in"), num)
    print(f"by {num_cores()} processes", file=sys.stderr)
    return Measurement(value=round(rate, 2), n=num)


def measure_look_memory(is_quick: bool) -> Measurement:
    """By how much the memory of all processes of a look grows from a tenth of it on, in percent.

    Memory is the most that each process ever had in use, added up.
    """
    num = 60 if is_quick else NUM_PICTURES
    told_at = {num // 10: "a tenth", num // 2: "half", num * 9 // 10: "nine tenths"}
    peaks_mb: list[float] = []
    with TemporaryDirectory() as folder:
        write_pictures(Path(folder, "in"), num)
        for number, _ in enumerate(_looked(_settings(Path(folder, "home")), Path(folder, "in"))):
            if number in told_at:
                each_mb = _peaks_mb()
                peaks_mb.append(sum(each_mb))
                print(f"{each_mb} MB at {told_at[number]}", file=sys.stderr)
    return Measurement(value=round(100 * (peaks_mb[-1] / peaks_mb[0] - 1), 2), n=num)


def measure_look_speedup(is_quick: bool) -> Measurement:
    """How many times as fast a look is as a plain loop that calls the same checks and tags.

    The loop runs in one process, whose networks take every core there is, and stores nothing. The
    two look at the same pictures in turns, three times; the figure is the median.
    """
    num, num_turns = (40, 1) if is_quick else (600, 3)
    ratios: list[float] = []
    with TemporaryDirectory() as folder:
        place = Path(folder, "in")
        write_pictures(place, num)
        for turn in range(num_turns):
            plain = _plain_rate(_settings(Path(folder, f"loop-{turn}")), place, num)
            rate = _rate(_settings(Path(folder, f"look-{turn}")), place, num)
            print(f"a look {rate:.1f}/s, a plain loop {plain:.1f}/s", file=sys.stderr)
            ratios.append(rate / plain)
    return median_measurement(ratios)


def _rate(settings: Settings, folder: Path, num: int) -> float:
    """Pictures a second, start of the processes included."""
    began = time.perf_counter()
    assert sum(1 for _ in _looked(settings, folder)) == num
    return num / (time.perf_counter() - began)


def measure_look_mutated(is_quick: bool) -> Measurement:
    """Mutated files that ended a process or got no row, of 1,000."""
    num = 60 if is_quick else NUM_BROKEN
    with TemporaryDirectory() as folder:
        place = Path(folder, "in")
        place.mkdir()
        rng = np.random.default_rng(3)
        whole = list(_whole_files())
        for number in range(num):
            suffix, content = whole[number % len(whole)]
            (place / f"{number:05}{suffix}").write_bytes(_mutated(content, rng))
        rows: Counter[str] = Counter()
        names: set[str] = set()
        for told in _looked(_settings(Path(folder, "home")), place):
            rows["looked at" if told.fault is None else told.fault.code] += 1
            names.add(told.name.removeprefix(f"{place}/").partition("/")[0].partition("#")[0])
    print(dict(rows), file=sys.stderr)
    return Measurement(value=rows["process_lost"] + num - len(names), n=num)


def _looked(settings: Settings, folder: Path) -> Iterator[Told]:
    parts = wire_parts(settings)
    opening = partial(open_looker, settings, Asked())
    run = begin_look(parts, [folder], Asked(), opening().sha256)
    yield from look(parts, run, opening, num_processes=num_cores())
    parts.close()


def _plain_rate(settings: Settings, folder: Path, num: int) -> float:
    """The same checks and tags, one picture after the other, nothing stored."""
    looker = open_looker(settings, Asked())
    tasks = [Task(at, item, 0.5) for at, item in enumerate(find_items([folder]))][:num]
    looker(tasks[0])
    began = time.perf_counter()
    for task in tasks:
        looker(task)
    return num / (time.perf_counter() - began)


def _peaks_mb() -> list[int]:
    """Most memory this process had in use so far, and each that works for it; Linux only."""
    ids = ["self", *(one.pid for one in multiprocessing.active_children())]
    texts = [Path(f"/proc/{one}/status").read_text() for one in ids]
    return [int(text.partition("VmHWM:")[2].split()[0]) // 1024 for text in texts]


def _settings(home: Path) -> Settings:
    return read_settings(default_home=home, environment={})


def write_pictures(folder: Path, num: int) -> None:
    """Make a folder with so many cuts of photographs, the same ones every time."""
    folder.mkdir()
    rng = np.random.default_rng(11)
    photographs = _photographs()
    for number in range(num):
        whole = photographs[number % len(photographs)]
        side = int(rng.integers(200, min(whole.size) + 1))
        left, top = (int(rng.integers(0, one - side + 1)) for one in whole.size)
        cut = whole.resize((SIDE_PX, SIDE_PX), box=(left, top, left + side, top + side))
        suffix = "png" if number % 10 == 0 else "webp" if number % 10 == 1 else "jpg"
        cut.save(folder / f"{number:05}.{suffix}", quality=85)


def _photographs() -> list[PillowImage.Image]:
    from skimage import data

    return [PillowImage.fromarray(getattr(data, one)()).convert("RGB") for one in PHOTOGRAPHS]


def _whole_files() -> Iterator[tuple[str, bytes]]:
    """One file of every kind that comes in, odd ones too."""
    picture = _photographs()[0].resize((160, 120))
    deep = PillowImage.fromarray(np.arange(160 * 120, dtype=np.uint16).reshape(120, 160))
    frames = [picture, picture.rotate(90), picture.rotate(180)]
    kinds = (
        (".png", picture, {}),
        (".jpg", picture, {}),
        (".jpg", picture.convert("CMYK"), {}),
        (".webp", picture, {}),
        (".bmp", picture, {}),
        (".tif", picture, {"compression": "tiff_lzw"}),
        (".png", deep, {}),
        (".gif", picture, {"save_all": True, "append_images": frames}),
        (".webp", picture, {"save_all": True, "append_images": frames}),
        (".png", picture, {"save_all": True, "append_images": frames}),
    )
    written: list[bytes] = []
    for suffix, image, options in kinds:
        buffer = io.BytesIO()
        name = {".jpg": "JPEG", ".tif": "TIFF"}.get(suffix, suffix[1:].upper())
        image.save(buffer, name, **options)
        written.append(buffer.getvalue())
        yield suffix, written[-1]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(written[:3]):
            archive.writestr(f"{number}.png", content)
    yield ".zip", packed.getvalue()
    yield ".svg", SVG
    yield ".heic", HEIC
    yield ".mp4", HEIC.replace(b"heic", b"isom")


def _mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Cut, with bits turned over, with a piece doubled, or with a piece of noise in it."""
    changed = bytearray(content)
    start, length = int(rng.integers(0, len(changed))), int(rng.integers(1, 64))
    match int(rng.integers(0, 4)):
        case 0:
            del changed[start:]
        case 1:
            for at in rng.integers(0, len(changed), 1 + length // 8):
                changed[at] ^= 1 << int(rng.integers(0, 8))
        case 2:
            changed[start:start] = changed[start : start + length]
        case _:
            changed[start : start + length] = rng.bytes(length)
    return bytes(changed)
