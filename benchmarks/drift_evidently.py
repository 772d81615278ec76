"""Evidently on the streams of `benchmarks.drift`, with its defaults, window by window.

Its defaults: each window against the reference, each column by its own test (Kolmogorov-Smirnov,
Z or chi-square, Jensen-Shannon or Wasserstein with 1,000 rows and more), drifted at p under 0.05,
with no correction; the whole at half of the columns. It takes the numbers and mixes of a stream; it
is given no vectors of prompts. Needs the extra `evidently`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.drift import (
    NULL,
    NUM_NULL,
    NUM_REFERENCE,
    NUM_STREAM,
    SENSITIVITY,
    Made,
    make,
    part,
    resaved,
)
from benchmarks.figure import Measurement, median_measurement
from limner.evals.intervals import share
from limner.monitoring.sample import Sample

NUM_DELAY = 20
MISSING = "Evidently is not installed; `pip install '.[evidently]'` in an environment of its own."


def measure_false_alarms(is_quick: bool) -> Measurement:
    """Share of null streams of 1,000 images in which any column was told drifted, in percent.

    How many had half of their columns drifted in some window, its verdict on the whole, is printed.
    """
    num = 3 if is_quick else NUM_NULL
    found = [_first_alarms(NULL, seed) for seed in range(num)]
    any_column = sum(one > 0 for one, _ in found)
    print(f"whole drifted: {sum(one > 0 for _, one in found)} of {num} null streams")
    estimate = share(any_column, num)
    assert estimate.low is not None
    assert estimate.high is not None
    return Measurement(
        value=round(100 * any_column / num, 2),
        n=num,
        interval=(round(100 * estimate.low, 2), round(100 * estimate.high, 2)),
    )


def delay(made: Made) -> Callable[[bool], Measurement]:
    """A measure of the median number of images until any column is told drifted."""
    return partial(_measure_delay, made)


def _measure_delay(made: Made, is_quick: bool) -> Measurement:
    """How many streams had half of their columns drifted in some window is printed."""
    num = 2 if is_quick else NUM_DELAY
    found = [_first_alarms(made, 10_000 + k) for k in range(num)]
    print(f"whole drifted: {sum(one > 0 for _, one in found)} of {num} streams")
    return median_measurement([one or NUM_STREAM for one, _ in found])


def measure_jpeg(is_quick: bool) -> Measurement:
    """Images until a column is told drifted when photographs are saved at JPEG quality 40, not 92.

    The same pieces of photographs as `benchmarks.drift.measure_jpeg` has.
    """
    found = [_alarms(reference, changed)[0] for reference, changed, _ in resaved(is_quick)]
    return median_measurement([one or NUM_STREAM for one in found])


def _first_alarms(made: Made, seed: int) -> tuple[int, int]:
    rng = np.random.default_rng(seed)
    return _alarms(make(NUM_REFERENCE, rng), make(NUM_STREAM, rng, made))


def _alarms(reference: Sample, stream: Sample) -> tuple[int, int]:
    """Images until any column, and until half of them, were told drifted; 0 for never."""
    size, any_at, half_at = SENSITIVITY.window, 0, 0
    for stop in range(size, len(stream.image_ids) + 1, size):
        num_drifted, num_columns = _drifted(reference, part(stream, stop - size, stop))
        any_at = any_at or (stop if num_drifted else 0)
        half_at = half_at or (stop if 2 * num_drifted >= num_columns else 0)
    return any_at, half_at


def _drifted(reference: Sample, window: Sample) -> tuple[int, int]:
    """Columns that it tells drifted, and all.

    Of its default report, `DataDriftPreset`, only the count is computed, which is the same metric:
    the report's plots of every column take ten times as long.
    """
    try:
        evidently, metrics = import_module("evidently"), import_module("evidently.metrics")
    except ImportError as error:
        raise SystemExit(MISSING) from error
    definition = evidently.DataDefinition(
        numerical_columns=list(reference.numbers), categorical_columns=list(reference.kinds)
    )
    tables = [evidently.Dataset.from_pandas(_table(one), definition) for one in (window, reference)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = evidently.Report([metrics.DriftedColumnsCount()]).run(*tables).dict()
    (counted,) = told["metrics"]
    return int(counted["value"]["count"]), len(reference.numbers) + len(reference.kinds)


def _table(sample: Sample) -> Any:  # noqa: ANN401 - pandas is there with evidently only
    return import_module("pandas").DataFrame({**sample.numbers, **sample.kinds})
