"""The page of what a mark withstands, written by a full run of `python -m benchmarks mark`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "mark.md"

HEAD = """# What a mark withstands

Written by `python -m benchmarks mark`. A mark counts as recovered when its whole number is read and
is the right one; a picture that cannot carry a mark counts as not recovered. What fails stands here
as well as what holds. How often a mark is read where there is none:
`python -m benchmarks mark-false-positives`. Drawing a picture anew removes its mark, and a mark can
be copied onto another picture; `limner verify` therefore says whether the content fits.
"""
WASHING = """
## Washing out

Who holds many marked pictures of one key can average them and subtract what they have in common.
Of opaque pictures of 256 px still read:
"""


class SetFigures(NamedTuple):
    """What was measured on one kind of pictures.

    Attributes:
        num_pictures: and how many of them cannot carry a mark.
        psnr_db: mean over visible pixels, and the least of any picture.
        similarity: mean SSIM on white.
        marking_ms: median.
        recovered: per cent of the pictures, by attack.
        num_wrong: numbers that were read and are not the right ones, over all attacks.
    """

    name: str
    num_pictures: int
    num_uncarried: int
    psnr_db: tuple[float, float]
    similarity: float
    marking_ms: float
    recovered: Mapping[str, float]
    num_wrong: int


class Washing(NamedTuple):
    """How many of `num_victims` pictures still read after averaging `num_averaged` others."""

    num_averaged: int
    num_victims: int
    num_whole: int
    num_cropped: int


def mark_page(source: str, sets: Sequence[SetFigures], washings: Sequence[Washing]) -> str:
    """The page, as Markdown.

    Args:
        source: where flat art came from, in words.
        sets: in the order of their rows and columns.
        washings: in the order of their numbers.
    """
    lines = [HEAD, f"Flat art: {source}.", "", "## What it costs to see", ""]
    lines += _table(
        ["pictures", "number", "cannot carry", "PSNR dB", "least", "SSIM", "marking ms"],
        [
            [
                one.name,
                str(one.num_pictures),
                str(one.num_uncarried),
                f"{one.psnr_db[0]:.1f}",
                f"{one.psnr_db[1]:.1f}",
                f"{one.similarity:.4f}",
                f"{one.marking_ms:.0f}",
            ]
            for one in sets
        ],
    )
    lines += ["", "## Recovered, in per cent", ""]
    attacks = list(sets[0].recovered)
    lines += _table(
        ["after", *(one.name for one in sets)],
        [[name, *(f"{one.recovered[name]:.0f}" for one in sets)] for name in attacks],
    )
    num_wrong = sum(one.num_wrong for one in sets)
    lines += ["", f"Numbers read that were not the right ones: {num_wrong}.", WASHING]
    lines += _table(
        ["averaged", "victims", "whole", "cropped to 90 %"],
        [[str(number) for number in one] for one in washings],
    )
    return "\n".join(lines) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
