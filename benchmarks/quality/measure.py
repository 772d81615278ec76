"""The quality benchmarks, as the table of benchmarks calls them.

Before its one figure each prints what else it saw: the shares of its other judges, and how often
its judge is right on pictures of known truth.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.figure import Measurement
from benchmarks.quality.aspects import Reading, aspects, read_aspect
from benchmarks.quality.drawing import opened_drawing
from benchmarks.quality.judging import Eye
from benchmarks.quality.referee_worth import referee_worth
from benchmarks.quality.sentences import embed_text
from limner.checks.referee import Referee


def quality(name: str) -> Callable[[bool], Measurement]:
    """The benchmark of the aspect called `name`; its value is a share in per cent."""

    def measure(is_quick: bool) -> Measurement:
        """Draw, judge, and print what else was seen."""
        aspect = aspects(Eye(Referee(embed_text)))[name]
        with opened_drawing() as drawing:
            reading = read_aspect(aspect, drawing, is_quick=is_quick)
        print_reading(name, reading)
        headline = next(iter(reading.shares.values()))
        low, high = reading.interval
        return Measurement(
            value=per_cent(headline),
            n=reading.num_pictures,
            interval=(per_cent(low), per_cent(high)),
        )

    return measure


def measure_referee(is_quick: bool) -> Measurement:
    """Top-5 retrieval of the concept, among all names, of held-out styles; in per cent.

    The same pictures are looked at however quick it should be.
    """
    worths = referee_worth(Eye(Referee(embed_text)))
    for worth in worths:
        low, high = (per_cent(end) for end in worth.interval)
        print(
            f"{worth.name:48} {per_cent(worth.share):5} %  [{low}, {high}]  n {worth.num_pictures}"
        )
    low, high = worths[0].interval
    return Measurement(
        value=per_cent(worths[0].share),
        n=worths[0].num_pictures,
        interval=(per_cent(low), per_cent(high)),
    )


def print_reading(name: str, reading: Reading) -> None:
    """One line a judge, then the worth of the first one."""
    for judge, share in reading.shares.items():
        print(f"{name}, {judge}: {per_cent(share)} % of {reading.num_pictures} pictures")
    print(f"{name}: {reading.num_prompts} prompts, {reading.num_broken} broken pictures")
    print(
        f"{name}, judge on known truth: {per_cent(reading.judge_accuracy)} % right (guessing 50 %)"
    )


def per_cent(share: float) -> float:
    """A share of 0-1 in per cent, to a tenth."""
    return round(100 * share, 1)
