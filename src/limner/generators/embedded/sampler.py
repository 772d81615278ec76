"""Samplers: from noise to a clean canvas along the straight way a rectified flow was trained on.

Time runs from 0 (noise) to 1 (clean); ``noisy = time * clean + (1 - time) * noise``. The network
predicts the clean canvas. A sampler is a generator that asks: it yields a question, is sent the
answer, and the answer to its last question is the finished canvas. Whoever answers may put the
questions of many samplers into one pass. It knows nothing of prompts, masks or pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Shapes: B pictures, C channels, H height, W width.

Canvas = NDArray[np.floating[Any]]  # float32 here; scalars of Python keep it so


class Question(NamedTuple):
    """What a sampler wants to know: the clean canvases behind noisy ones.

    Attributes:
        noisy_BCHW: float32, all at the same time.
        time: below 1.
        ends_step: whether the answer is the estimate after a step.
    """

    noisy_BCHW: Canvas
    time: float
    ends_step: bool


Walk = Generator[Question, Canvas, None]
Sampler = Callable[[Canvas, Sequence[float]], Walk]


def draw_noise(seed: int, shape: tuple[int, int, int]) -> Canvas:
    """Standard normal noise of one picture, float32 `[C, H, W]`, the same for the same seed."""
    rng = np.random.Generator(np.random.PCG64(seed))
    return rng.standard_normal(shape, dtype=np.float32)


def time_grid(num_steps: int, *, start: float = 0.0, shift: float = 1.0) -> tuple[float, ...]:
    """`num_steps` + 1 times from `start` to 1; a `shift` above 1 spends more steps near the noise.

    Source: Esser et al. 2024 (arXiv:2403.03206), resolution-dependent shift, with time reversed.
    """
    line = np.linspace(0.0, 1.0, num_steps + 1)
    return tuple(float(time) for time in start + (1 - start) * line / (shift + (1 - shift) * line))


def add_noise(clean_BCHW: Canvas, noise_BCHW: Canvas, time: float) -> Canvas:
    """The point on the way from noise to a clean canvas."""
    return time * clean_BCHW + (1 - time) * noise_BCHW


def guided(given: Canvas, free: Canvas, guidance: float) -> Canvas:
    """Classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598); 1 is none."""
    return free + guidance * (given - free)


def euler(x_BCHW: Canvas, times: Sequence[float]) -> Walk:
    """First order; one question a step."""
    for time, after in pairwise(times):
        clean = yield Question(x_BCHW, time, ends_step=True)
        x_BCHW = _towards(x_BCHW, clean, time, after)


def heun(x_BCHW: Canvas, times: Sequence[float]) -> Walk:
    """Second order; two questions a step, but one in the last.

    Source: Karras et al. 2022 (arXiv:2206.00364, algorithm 1).
    """
    for time, after in pairwise(times):
        is_last = after >= 1.0
        clean = yield Question(x_BCHW, time, ends_step=is_last)
        if is_last:
            return
        there = _towards(x_BCHW, clean, time, after)
        slope_here = (clean - x_BCHW) / (1 - time)
        clean = yield Question(there, after, ends_step=True)
        slope_there = (clean - there) / (1 - after)
        x_BCHW = x_BCHW + ((after - time) / 2) * (slope_here + slope_there)


def dpm_solver_2m(x_BCHW: Canvas, times: Sequence[float]) -> Walk:
    """DPM-Solver++(2M) (Lu et al. 2022, arXiv:2211.01095, algorithm 2); one question a step."""
    before: Canvas | None = None
    log_snr_before = -math.inf
    for time, after in pairwise(times):
        clean = yield Question(x_BCHW, time, ends_step=True)
        if after >= 1.0:
            return
        log_snr = _log_snr(time)
        target = clean
        if before is not None and log_snr_before > -math.inf:
            weight = (_log_snr(after) - log_snr) / (2 * (log_snr - log_snr_before))
            target = (1 + weight) * clean - weight * before
        x_BCHW = _towards(x_BCHW, target, time, after)
        before, log_snr_before = clean, log_snr


SAMPLERS: Mapping[str, Sampler] = {"dpm++2m": dpm_solver_2m, "euler": euler, "heun": heun}


def _towards(x_BCHW: Canvas, clean_BCHW: Canvas, time: float, after: float) -> Canvas:
    kept = (1 - after) / (1 - time)
    return kept * x_BCHW + (after - kept * time) * clean_BCHW


def _log_snr(time: float) -> float:
    return math.log(time / (1 - time)) if time > 0 else -math.inf
