"""How watching does on streams whose truth is known: false alarms, delays, what changes are seen.

Streams are made so that all that `limner watch run` reads is in them: scores of several forms, two
of them alike, one that is nearly always the same; a mix of styles; vectors of prompts; calibrated
probabilities. A null stream goes on as its reference did. In the others one thing changes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.figure import Measurement, median_measurement
from limner.core.judging import CheckNotAble, ImageSubject
from limner.core.records import Picture
from limner.core.watching import Reading, ReadingVerdict, Sensitivity
from limner.evals.intervals import share
from limner.monitoring.performance import guess_rates
from limner.monitoring.sample import Audits, Sample
from limner.monitoring.stream import read_stream
from limner.monitoring.window import read_window

# Shapes: N images, E width of a vector.

SENSITIVITY = Sensitivity(run_length=10_000, window=100)
NUM_REFERENCE = 400
NUM_STREAM = 1000  # within which one alarm in ten null streams is what was asked for
NUM_NULL = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How a stream is made.

    Attributes:
        shift: of one score, in its standard deviations.
        stickers: share of the prompts and styles that are of the second kind.
        repeats: share of images whose seed was the one before.
        alike: correlation of the two scores that are alike.
        rare: share of images at which the rare score is 1.
        held, refused: shares of the decisions.
    """

    shift: float = 0.0
    stickers: float = 0.3
    repeats: float = 0.0
    alike: float = 0.8
    rare: float = 0.02
    held: float = 0.08
    refused: float = 0.02


NULL = Made()
CHANGES = {
    "quarter-sigma": Made(shift=0.25),
    "half-sigma": Made(shift=0.5),
    "one-sigma": Made(shift=1.0),
    "prompt-mix": Made(stickers=0.6),
    "stuck-seed": Made(repeats=1.0),
    # Another model moves everything a little: scores, how they go together, what is decided.
    "swapped-model": Made(shift=0.3, alike=0.4, rare=0.06, held=0.14, refused=0.04),
}


def make(num: int, rng: np.random.Generator, made: Made = NULL) -> Sample:
    """So many images of a stream."""
    sharpness_N = rng.normal(made.shift, 1.0, num)
    is_sticker_N = rng.random(num) < made.stickers
    is_repeat_N = rng.random(num) < made.repeats
    vectors_NE = rng.normal(0.0, 1.0, (num, 32)) + 1.5 * is_sticker_N[:, None]
    return Sample(
        image_ids=[str(k) for k in range(num)],
        numbers={
            "score.sharpness": sharpness_N,
            "score.alike": made.alike * sharpness_N
            + np.sqrt(1 - made.alike**2) * rng.normal(size=num),
            "score.heavy": rng.standard_t(2, num),
            "score.steps": rng.poisson(2.0, num).astype(np.float64),
            "score.rare": (rng.random(num) < made.rare).astype(np.float64),
            "prompt.words": 1.0 + rng.poisson(5.0, num),
        },
        kinds={
            "style": ["sticker" if one else "flat icon" for one in is_sticker_N],
            "decisions": list(
                rng.choice(
                    ["released", "held", "refused"],
                    num,
                    p=[1 - made.held - made.refused, made.held, made.refused],
                )
            ),
            "repeated_seeds": ["yes" if one else "no" for one in is_repeat_N],
        },
        vectors={"prompts": vectors_NE},
        probability_bad={"atoms": rng.beta(1, 9, num)},
        is_released=np.ones(num, np.bool_),
        slices=[() for _ in range(num)],
    )


def alarm_at(reference: Sample, stream: Callable[[int], Sample], rng: np.random.Generator) -> int:
    """Images until the first alarm, read window by window as a worker does; 0 for none.

    Args:
        reference: what was found good.
        stream: the first so many images of the stream.
        rng: permutes.
    """
    size, seed = SENSITIVITY.window, int(rng.integers(2**31))
    for stop in range(size, NUM_STREAM + 1, size):
        seen = stream(stop)
        window = part(seen, stop - size, stop)
        readings = read_stream(reference, seen, SENSITIVITY, after=stop - size, seed=seed)
        readings += read_window(reference, window, Audits(), SENSITIVITY, position=stop, rng=rng)
        at = [one.position for one in readings if one.verdict is ReadingVerdict.ALARM]
        if at:
            return min(at)
    return 0


def part(sample: Sample, start: int, stop: int) -> Sample:
    """The images from `start` up to before `stop`."""
    return Sample(
        image_ids=sample.image_ids[start:stop],
        numbers={name: one[start:stop] for name, one in sample.numbers.items()},
        kinds={name: one[start:stop] for name, one in sample.kinds.items()},
        vectors={name: one[start:stop] for name, one in sample.vectors.items()},
        probability_bad={n: one[start:stop] for n, one in sample.probability_bad.items()},
        is_released=sample.is_released[start:stop],
        slices=sample.slices[start:stop],
    )


def _first_alarm(made: Made, seed: int) -> int:
    rng = np.random.default_rng(seed)
    reference, whole = make(NUM_REFERENCE, rng), make(NUM_STREAM, rng, made)
    return alarm_at(reference, lambda num: part(whole, 0, num), rng)


def measure_false_alarms(is_quick: bool) -> Measurement:
    """Share of null streams of 1,000 images with any alarm at all, in percent; 10 was asked for."""
    num = 20 if is_quick else NUM_NULL
    alarms = sum(_first_alarm(NULL, seed) > 0 for seed in range(num))
    found = share(alarms, num)
    assert found.low is not None
    assert found.high is not None
    return Measurement(
        value=round(100 * alarms / num, 2),
        n=num,
        interval=(round(100 * found.low, 2), round(100 * found.high, 2)),
    )


def delay(made: Made) -> Callable[[bool], Measurement]:
    """A measure of the median number of images until an alarm; 1,000 where there was none."""
    return partial(_measure_delay, made)


def _measure_delay(made: Made, is_quick: bool) -> Measurement:
    num = 5 if is_quick else 60
    return median_measurement([_first_alarm(made, 10_000 + k) or NUM_STREAM for k in range(num)])


def measure_jpeg(is_quick: bool) -> Measurement:
    """Images until an alarm when photographs are saved at JPEG quality 40 instead of 92.

    Random pieces of the photographs that come with scikit-image, judged by the checks of exposure
    and sharpness.
    """
    delays: list[float] = []
    for reference, changed, rng in resaved(is_quick):
        readings: list[Reading] = read_stream(reference, changed, SENSITIVITY, after=0, seed=1)
        readings += read_window(
            reference, part(changed, 0, 100), Audits(), SENSITIVITY, position=100, rng=rng
        )
        at = [one.position for one in readings if one.verdict is ReadingVerdict.ALARM]
        delays.append(min(at, default=NUM_STREAM))
    return median_measurement(delays)


def resaved(is_quick: bool) -> Iterator[tuple[Sample, Sample, np.random.Generator]]:
    """References at quality 92, streams at 40, and what goes on drawing at random."""
    rng = np.random.default_rng(1)
    num_reference, num_stream, num = (120, 100, 1) if is_quick else (300, 300, 10)
    for _ in range(num):
        reference = _photographed(num_reference, 92, rng)
        yield reference, _photographed(num_stream, 40, rng), rng


def _photographed(num: int, quality: int, rng: np.random.Generator) -> Sample:
    from PIL import Image as PillowImage

    from benchmarks.mark.pictures import photographs
    from limner.checks.exposure import Exposure
    from limner.checks.sharpness import Sharpness

    photos = [one[..., :3] for one in photographs() if min(one.shape[:2]) > 128]
    checks = (Exposure(), Sharpness())
    scores: dict[str, list[float]] = {f"score.{one.card.name}": [] for one in checks}
    bits: list[float] = []
    for _ in range(num):
        photo_HWC = photos[int(rng.integers(len(photos)))]
        top = int(rng.integers(photo_HWC.shape[0] - 128))
        left = int(rng.integers(photo_HWC.shape[1] - 128))
        buffer = io.BytesIO()
        piece = PillowImage.fromarray(
            np.ascontiguousarray(photo_HWC[top : top + 128, left : left + 128])
        )
        piece.save(buffer, "JPEG", quality=quality)
        bits.append(8 * len(buffer.getvalue()) / 128**2)
        decoded = np.asarray(PillowImage.open(buffer).convert("RGBA"))
        subject = ImageSubject(picture=Picture.of(decoded))
        for one in checks:
            try:
                score = one.measure(subject).score
            except CheckNotAble:  # a piece of plain sky has no edge
                score = float("nan")
            scores[f"score.{one.card.name}"].append(score)
    return Sample(
        image_ids=[str(k) for k in range(num)],
        numbers={
            **{name: np.array(values) for name, values in scores.items()},
            "bits_per_pixel": np.array(bits),
        },
        is_released=np.ones(num, np.bool_),
        slices=[() for _ in range(num)],
    )


def expected_bad(calibration: float) -> Callable[[bool], Measurement]:
    """A measure of how far the expected share of bad images is from the true one, in points.

    Args:
        calibration: what true odds are multiplied by in the probabilities; 1 is right.
    """
    return partial(_measure_expected, calibration)


def _measure_expected(calibration: float, is_quick: bool) -> Measurement:
    num = 20 if is_quick else 200
    rng = np.random.default_rng(2)
    errors: list[float] = []
    for _ in range(num):
        truth_N = rng.beta(1, 9, 500)
        odds_N = calibration * truth_N / (1 - truth_N)
        told_N = odds_N / (1 + odds_N)
        is_bad_N, is_released_N = rng.random(500) < truth_N, told_N < 0.3
        value = guess_rates(told_N, is_released_N).released_bad.value
        assert value is not None
        errors.append(100 * abs(value - float(is_bad_N[is_released_N].mean())))
    return median_measurement(errors)
