"""Draws every candidate, drops what is unfit, and writes the sprite files and the rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from training.data import colours, render, sprites
from training.data.manifest import Row
from training.data.packages import DataError
from training.data.sources import Candidate
from training.data.splits import core, read_lists, split_of

SIZES_PX = (256, 128, 64)
CHUNK = 64

Say = Callable[[str], None]


def build(found: Sequence[Candidate], work: Path, num_processes: int, say: Say) -> list[Row]:
    """Draw the candidates and write `sprites_*.u8` in the work folder.

    Args:
        found: what to draw, in the order of the index.
        work: the data work folder.
        num_processes: how many draw at the same time.
        say: told every dropped picture with its flaw, and the progress.

    Returns:
        The rows of the sound pictures, in the order of the sprite files.
    """
    sound: list[Candidate] = []
    for number, (candidate, flaw) in enumerate(_drawn(found, work, num_processes)):
        if flaw:
            say(f"left out {candidate.picture}: {flaw}")
        else:
            sound.append(candidate)
        if number % 1000 == 999:
            say(f"{number + 1} of {len(found)} drawn")
    return _pack(_without_twins(sound, work, say), work)


def _drawn(
    found: Sequence[Candidate], work: Path, num_processes: int
) -> Iterator[tuple[Candidate, str]]:
    with ProcessPoolExecutor(num_processes) as pool:
        flaws = pool.map(_draw_one, found, [work] * len(found), chunksize=16)
        yield from zip(found, flaws, strict=True)


def _draw_one(candidate: Candidate, work: Path) -> str:
    """Draw one picture into the cache; returns its flaw, empty for none."""
    try:
        sprite_HWC = render.draw_cached(candidate.drawing, _cached(candidate, work))
    except DataError as error:
        return str(error)
    return sprites.flaw(sprite_HWC) or (
        _clipart_flaw(sprite_HWC) if candidate.package.family == "clipart" else ""
    )


def _clipart_flaw(sprite_HWC: sprites.Bytes) -> str:
    """Clip art was drawn for many uses; scenes and plain line drawings are left out."""
    if sprites.is_full_rectangle(sprite_HWC):
        return "a full rectangle"
    shares = colours.word_shares(sprite_HWC[::4, ::4].astype(np.float32) / 255)
    without_colour = sum(shares[colours.WORDS.index(word)] for word in ("black", "white"))
    return "a line drawing" if without_colour > 0.9 else ""


def _cached(candidate: Candidate, work: Path) -> Path:
    return render.cache_path(work, candidate.package.key, candidate.icon)


def _without_twins(sound: Iterable[Candidate], work: Path, say: Say) -> list[Candidate]:
    """Drop a picture whose pixels another one of the set has already."""
    first: dict[str, str] = {}
    kept: list[Candidate] = []
    for candidate in sound:
        pixels = render.draw_cached(candidate.drawing, _cached(candidate, work))
        twin = first.setdefault(hashlib.sha256(pixels.tobytes()).hexdigest(), candidate.picture)
        if twin == candidate.picture:
            kept.append(candidate)
        else:
            say(f"left out {candidate.picture}: the same as {twin}")
    return kept


def _pack(sound: Sequence[Candidate], work: Path) -> list[Row]:
    """Write the sprite files under temporary names, then swap all of them in."""
    partials = {size: sprites.sprite_path(work, size).with_suffix(".partial") for size in SIZES_PX}
    files = {size: path.open("wb") for size, path in partials.items()}
    held_concepts, held_styles = read_lists()
    held_cores = [core(concept) for concept in held_concepts]
    rows: list[Row] = []
    for start in range(0, len(sound), CHUNK):
        chunk = sound[start : start + CHUNK]
        sprites_NHWC = np.stack(
            [render.draw_cached(one.drawing, _cached(one, work)) for one in chunk]
        )
        half_NHWC = sprites.halved(sprites_NHWC)
        quarter_NHWC = sprites.halved(half_NHWC)
        for size, pixels in zip(SIZES_PX, (sprites_NHWC, half_NHWC, quarter_NHWC), strict=True):
            files[size].write(pixels.tobytes())
        for one, sprite_HWC, small_HWC in zip(chunk, sprites_NHWC, quarter_NHWC, strict=True):
            rows.append(
                Row(
                    index=len(rows),
                    picture=one.picture,
                    package=one.package.name,
                    version=one.package.version,
                    package_sha256=one.package.sha256,
                    icon=one.icon,
                    author=one.author,
                    licence=one.package.licence,
                    render_sha256=sprites.sprite_hash(sprite_HWC),
                    style=one.style,
                    concept=one.concept,
                    group=one.group,
                    keywords=one.keywords,
                    colours=colours.dominant_words(small_HWC.astype(np.float32) / 255),
                    split=split_of(one.concept, one.style, held_cores, held_styles),
                )
            )
    for size, file in files.items():
        file.close()
        partials[size].rename(sprites.sprite_path(work, size))
    return rows


def differences(sample: Sequence[Candidate], rows: Mapping[str, Row]) -> list[str]:
    """Draw a sample again, past the cache, and say which pictures are not those of the manifest."""
    return [
        f"{one.picture} is drawn differently now"
        for one in sample
        if sprites.sprite_hash(render.draw(one.drawing)) != rows[one.picture].render_sha256
    ]
