"""Whether drawings are copies: their nearest training pictures against those of held-out pictures.

A held-out picture was made by a person and never seen in training; how near it comes to a training
picture is what two drawings of one kind of thing have in common anyway. A drawing nearer than the
nearest twentieth of them is counted; the nearest hundredth is printed as well. That a copy would be
found is shown with canaries: held-out pictures are put into the index, and softened copies of them
are looked up. Nine in ten are found at a twentieth, four in ten at a hundredth, because some
held-out pictures have near twins in another set of the same maker.
After Carlini et al. 2023 (arXiv:2301.13188) and Somepalli et al. 2023 (arXiv:2212.03860).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Measurement
from benchmarks.quality.drawing import SEEDS, opened_drawing
from benchmarks.quality.held_out import held_out
from benchmarks.quality.intervals import share_with_interval
from benchmarks.quality.known_truth import softened
from benchmarks.quality.likeness import Index, Nearness, training_index
from benchmarks.quality.measure import per_cent
from benchmarks.quality.sentences import embed_text
from benchmarks.quality.specification import seen_concepts
from limner.checks.referee import Referee

NUM_PROMPTS = 125
QUICK_PROMPTS = 4
NEAR = 0.05
NEAREST = 0.01
QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5)


def measure_memorisation(is_quick: bool) -> Measurement:
    """Share of 500 drawings nearer to a training picture than 95 % of held-out pictures are.

    By pixels or by the referee, whichever finds it; in per cent. Held-out pictures themselves
    come to 6 %. Prompts are trained concepts in trained styles.
    """
    referee, index = Referee(embed_text), training_index()
    null = index.nearness([one.image_HWC for one in held_out()], referee)
    print_canaries(index, null, referee)
    prompts = seen_concepts()[:: len(seen_concepts()) // NUM_PROMPTS][:NUM_PROMPTS]
    prompts = prompts[:QUICK_PROMPTS] if is_quick else prompts
    outcomes: list[list[float]] = []
    found: list[Nearness] = []
    with opened_drawing() as drawing:
        for asked in prompts:
            images = [image for image in drawing.draw(asked, SEEDS) if image is not None]
            if images:
                found.append(index.nearness(images, referee))
                outcomes.append(is_near(found[-1], null).astype(float).tolist())
    drawn = Nearness(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
    print_quantiles("held-out", null)
    print_quantiles("drawn", drawn)
    for near in (NEAR, NEAREST):
        for name, asked in (("held-out", null), ("drawn", drawn)):
            print(
                f"{name:9} nearer than {near:.0%}: {per_cent(is_near(asked, null, near).mean())} %"
            )
    share, (low, high) = share_with_interval(outcomes, np.random.default_rng(0))
    return Measurement(
        value=per_cent(share),
        n=len(drawn.pixels_B),
        interval=(per_cent(low), per_cent(high)),
    )


def print_canaries(index: Index, null: Nearness, referee: Referee) -> None:
    """How many softened copies of planted pictures are found."""
    rng = np.random.default_rng(1)
    planted = [one.image_HWC for one in held_out()[::4]]
    copies = [softened(image_HWC, rng) for image_HWC in planted]
    found = index.planted_with(planted, referee).nearness(copies, referee)
    print(f"canaries: {per_cent(is_near(found, null).mean())} % of {len(copies)} copies found")


def is_near(asked: Nearness, null: Nearness, near: float = NEAR) -> NDArray[np.bool_]:
    """Whether each picture is nearer than a share `near` of `null`, by either measure."""
    return (asked.pixels_B < np.quantile(null.pixels_B, near)) | (
        asked.vectors_B < np.quantile(null.vectors_B, near)
    )


def print_quantiles(name: str, found: Nearness) -> None:
    """Distances at fixed quantiles, by both measures."""
    for kind, distances in zip(("pixels", "vectors"), found, strict=True):
        values = "  ".join(f"{at:.0%} {np.quantile(distances, at):.4f}" for at in QUANTILES)
        print(f"{name:9} {kind:8} {values}")
