"""How often a mark comes back whole after what happens to pictures, and what it costs to see."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Measurement
from benchmarks.mark.attacks import ATTACKS, Attack, crop
from benchmarks.mark.page import PAGE, SetFigures, Washing, mark_page
from benchmarks.mark.pictures import (
    drawings,
    flat_art,
    flat_art_source,
    on_grounds,
    photographs,
)
from benchmarks.quality.intervals import share_with_interval
from limner.provenance.mark import MarkPayload, MarkUncarried, embed_mark, read_mark
from limner.provenance.mark.codeword import NUM_WORD_BITS, encode
from limner.provenance.mark.decoding import soft_bits
from limner.provenance.mark.embedding import tiles_across
from limner.provenance.mark.pattern import chips_at, pattern_of
from limner.provenance.mark.search import Views, Warp
from limner.studio.background import lay_under

# Shapes: H height, W width, C channels (RGBA, straight alpha).

KEY = bytes(range(32))
NUM_PICTURES, QUICK_PICTURES = 40, 2
NUM_DRAWINGS = 24
NUM_AVERAGED = (10, 100, 400)
WASHING_STRENGTHS = (1.0, 2.0, 4.0)

Bytes = NDArray[np.uint8]


class Marked(NamedTuple):
    """One picture with its mark; no pixels where it cannot carry one."""

    payload: MarkPayload
    image_HWC: Bytes | None
    psnr_db: float = float("nan")
    similarity: float = float("nan")
    seconds: float = float("nan")


class Outcome(NamedTuple):
    """One marked picture after one attack."""

    is_recovered: bool
    is_wrong: bool
    bit_accuracy: float
    seconds: float


def measure_mark(is_quick: bool) -> Measurement:
    """Share of marks at 512 px read whole after JPEG 50, half size, both, and crops to 90 and 75 %.

    In per cent, over photographs and flat art, opaque and transparent; every other attack and
    size is printed. A picture that cannot carry a mark counts as not recovered. A full run writes
    the page `docs/mark.md`.
    """
    print(f"flat art: {flat_art_source()}")
    promised: list[list[float]] = []
    sets: list[SetFigures] = []
    for name, pictures in picture_sets(is_quick):
        rng = np.random.default_rng(1)
        marked = [mark_one(picture_HWC, MarkPayload.draw(rng)) for picture_HWC in pictures]
        print_cost(name, marked)
        rows = {attack: [try_one(one, attack) for one in marked] for attack in ATTACKS}
        print_rows(rows)
        sets.append(figures_of(name, marked, rows))
        if name.endswith("512 px"):
            kept = [rows[attack] for attack in ATTACKS if attack.is_promised]
            promised += [
                [float(one.is_recovered) for one in each] for each in zip(*kept, strict=True)
            ]
    washings = measure_washing(
        2 if is_quick else 10, NUM_AVERAGED[:1] if is_quick else NUM_AVERAGED
    )
    if not is_quick:
        PAGE.write_text(mark_page(flat_art_source(), sets, washings), encoding="utf-8")
    share, interval = share_with_interval(promised, np.random.default_rng(0))
    low, high = (round(100 * end, 1) for end in interval)
    return Measurement(value=round(100 * share, 1), n=len(promised), interval=(low, high))


def picture_sets(is_quick: bool) -> Iterator[tuple[str, Sequence[Bytes]]]:
    """Every kind of picture, under its name."""
    num = QUICK_PICTURES if is_quick else NUM_PICTURES
    for side_px in (256, 512):
        flat = flat_art(num, np.random.default_rng(side_px), side_px)
        yield f"flat art, opaque, {side_px} px", on_grounds(flat)
        yield f"flat art, transparent, {side_px} px", flat
        yield f"photographs, {side_px} px", photographs(side_px)[:num]
    if not is_quick:
        yield "drawings, opaque, 256 px", drawings(NUM_DRAWINGS, is_transparent=False)
        yield "drawings, transparent, 256 px", drawings(NUM_DRAWINGS, is_transparent=True)


def mark_one(image_HWC: Bytes, payload: MarkPayload) -> Marked:
    """Mark a picture, and measure what that changed where it can be seen."""
    started = time.perf_counter()
    try:
        marked_HWC = embed_mark(image_HWC, payload, KEY)
    except MarkUncarried:
        return Marked(payload, None)
    seconds = time.perf_counter() - started
    from skimage.metrics import structural_similarity

    seen_HW = image_HWC[..., 3] > 0
    change = marked_HWC[seen_HW][:, :3].astype(np.float64) - image_HWC[seen_HW][:, :3]
    similarity = structural_similarity(
        lay_under(image_HWC, "#ffffff")[..., :3],
        lay_under(marked_HWC, "#ffffff")[..., :3],
        channel_axis=2,
    )
    psnr_db = 10 * np.log10(255**2 / np.mean(change**2))
    return Marked(payload, marked_HWC, float(psnr_db), float(similarity), seconds)


def try_one(marked: Marked, attack: Attack) -> Outcome:
    """Attack a marked picture and read it; the same harm every time."""
    if marked.image_HWC is None:
        return Outcome(False, False, float("nan"), float("nan"))
    rng = np.random.default_rng(marked.payload.mark_id)
    harmed_HWC = np.ascontiguousarray(attack.harm(marked.image_HWC, rng))
    started = time.perf_counter()
    reading = read_mark(harmed_HWC, [KEY], thorough=attack.is_geometric)
    seconds = time.perf_counter() - started
    if reading is not None:
        accuracy = 1 - reading.num_corrected_bits / NUM_WORD_BITS
    else:
        accuracy = bit_accuracy_in_place(harmed_HWC, marked)
    is_recovered = reading is not None and reading.payload == marked.payload
    return Outcome(is_recovered, reading is not None and not is_recovered, accuracy, seconds)


def bit_accuracy_in_place(harmed_HWC: Bytes, marked: Marked) -> float:
    """Share of the word's bits that read right where the mark was put; half is chance."""
    assert marked.image_HWC is not None
    pattern = pattern_of(KEY)
    warp = Warp(1 / tiles_across(*marked.image_HWC.shape[:2]), 0.0)
    chips_MM = chips_at(Views(harmed_HWC).spectrum(warp), (0.0, 0.0))
    read_N = soft_bits(chips_MM, pattern) < 0
    return float((read_N == encode(marked.payload.mark_id)).mean())


def print_cost(name: str, marked: Sequence[Marked]) -> None:
    """What marking costs: how many cannot carry it, how much is seen, how long it takes."""
    psnr = np.array([one.psnr_db for one in marked])
    print(
        f"\n{name}: {len(marked)} pictures, "
        f"{sum(one.image_HWC is None for one in marked)} cannot carry a mark\n"
        f"  PSNR over visible pixels {np.nanmean(psnr):.1f} dB, least {np.nanmin(psnr):.1f}; "
        f"SSIM {np.nanmean([one.similarity for one in marked]):.4f}; "
        f"marking {1000 * np.nanmedian([one.seconds for one in marked]):.0f} ms\n"
        f"  {'after':28} payload  bits right  wrong  read in ms"
    )


def print_rows(rows: dict[Attack, list[Outcome]]) -> None:
    """One line an attack."""
    for attack, outcomes in rows.items():
        is_recovered, is_wrong, accuracy, seconds = (
            np.array(part, np.float64) for part in zip(*outcomes, strict=True)
        )
        print(
            f"  {attack.name:28} {100 * is_recovered.mean():5.1f} %  "
            f"{100 * np.nanmean(accuracy):8.1f} %  {int(is_wrong.sum()):5}  "
            f"{1000 * np.nanmedian(seconds):10.0f}",
            flush=True,
        )


def figures_of(
    name: str, marked: Sequence[Marked], rows: dict[Attack, list[Outcome]]
) -> SetFigures:
    """What the page says of one kind of pictures."""
    psnr = [one.psnr_db for one in marked]
    return SetFigures(
        name=name,
        num_pictures=len(marked),
        num_uncarried=sum(one.image_HWC is None for one in marked),
        psnr_db=(float(np.nanmean(psnr)), float(np.nanmin(psnr))),
        similarity=float(np.nanmean([one.similarity for one in marked])),
        marking_ms=1000 * float(np.nanmedian([one.seconds for one in marked])),
        recovered={
            attack.name: 100 * float(np.mean([one.is_recovered for one in outcomes]))
            for attack, outcomes in rows.items()
        },
        num_wrong=sum(one.is_wrong for outcomes in rows.values() for one in outcomes),
    )


def measure_washing(num_victims: int, counts: Sequence[int]) -> list[Washing]:
    """What someone can do who holds many marked pictures of one key: average them, and subtract.

    What the pictures have in common is the pilot. The attacker knows how marking looks at a
    picture, not the key, and uses the strength that harms most.
    """
    print("\nwashing out: what K opaque pictures of 256 px have in common, subtracted")
    rng = np.random.default_rng(2)
    pictures = on_grounds(flat_art(max(counts) + num_victims, rng))
    marked = [mark_one(one, MarkPayload.draw(rng)) for one in pictures]
    images = [one.image_HWC for one in marked if one.image_HWC is not None]
    victims, held = images[:num_victims], images[num_victims:]
    cut = crop(0.9)
    washings: list[Washing] = []
    for count in counts:
        grain_HW = np.mean([np.clip(_grain(one), -3, 3) for one in held[:count]], axis=0)
        washed = [[_less(one, k * grain_HW) for k in WASHING_STRENGTHS] for one in victims]
        num_whole = sum(all(read_mark(one, [KEY]) for one in each) for each in washed)
        num_cut = sum(
            all(read_mark(cut(one, rng), [KEY], thorough=True) for one in each) for each in washed
        )
        print(
            f"  K = {count:4}: of {len(victims)}, {num_whole} still read, {num_cut} cropped to 90 %"
        )
        washings.append(Washing(count, len(victims), num_whole, num_cut))
    return washings


def _less(image_HWC: Bytes, grain_HW: NDArray[np.float64]) -> Bytes:
    washed_HWC = image_HWC.copy()
    washed_HWC[..., :3] = np.clip(np.rint(image_HWC[..., :3] - grain_HW[..., None]), 0, 255)
    return washed_HWC


def _grain(image_HWC: Bytes) -> NDArray[np.float64]:
    luma_HW = image_HWC[..., :3].mean(axis=2)
    blurred_HW = luma_HW
    for axis in (0, 1):
        blurred_HW = np.mean([np.roll(blurred_HW, k, axis) for k in range(-12, 13)], axis=0)
    return luma_HW - blurred_HW
