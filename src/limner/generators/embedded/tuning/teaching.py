"""Learning corrections from pictures with captions, step by step; stopped and gone on with exactly.

The loss is the one the network was trained with: the velocity error of its clean estimate
(rectified flow, JiT, arXiv:2511.13720). What a step draws at random follows from its number, so a
course that was stopped goes on as if it had not been. From time to time pictures that are not
taught are looked at; corrections are kept that lower their error by much more than the ones before
did. What comes after lowers it by little and is learning by heart (docs/log.md).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import openvino
from numpy.typing import NDArray
from safetensors.numpy import load, save

from limner.core.errors import DrawingCancelled
from limner.generators.embedded.adapter import Correction, Corrections, constants_of
from limner.generators.embedded.networks import Caption, Floats, PredictClean
from limner.generators.embedded.sampler import add_noise
from limner.generators.embedded.tuning.graph import Tensor, Torch, TorchGraph
from limner.graphs.compiled import capabilities

# Shapes: N pictures, B rows, K times, C channels, H height, W width, O outputs, I inputs, R rank.

FIXED_TIMES = (0.1, 0.3, 0.5, 0.7)  # errors are measured at these
NOISES = 2  # for each of them
LEAST_NOISE = 0.05
TIME_MEAN = -0.6  # of the logit; the network's own training had it
DROPPED = 0.12  # share of captions left out, as in its training: guidance needs both
MUCH_MORE = 1.1  # times the gain in error of the corrections that were kept before
WARM_STEPS = 20
SMALLEST = 8  # matrices thinner than this have nothing of low rank to learn


class Lessons(NamedTuple):
    """Pictures as the network takes them, float32 `[N, C, H, W]`, and their captions."""

    clean_NCHW: Floats
    captions: Caption

    def of(self, places: NDArray[np.integer[Any]]) -> Lessons:
        """Those at some places."""
        return Lessons(self.clean_NCHW[places], Caption(*(one[places] for one in self.captions)))

    def with_more(self, more: Lessons) -> Lessons:
        """These and others."""
        captions = (np.concatenate(pair) for pair in zip(self.captions, more.captions, strict=True))
        return Lessons(np.concatenate([self.clean_NCHW, more.clean_NCHW]), Caption(*captions))

    def __len__(self) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        return len(self.clean_NCHW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How much is taught.

    Attributes:
        steps: at most.
        batch: noised pictures a step.
        rank: of every correction.
        peak: highest learning rate.
        look_every: steps between two looks at pictures that are not taught.
        patience: looks without a new best after which it stops.
        seed: of everything drawn at random.
    """

    steps: int = 400
    batch: int = 16
    rank: int = 8
    peak: float = 3e-3
    look_every: int = 20
    patience: int = 3
    seed: int = 0


class TeachingStep(NamedTuple):
    """What is told after a step.

    Attributes:
        error: on the pictures that are not taught, over that without any correction; of the last
            look.
    """

    step: int
    num_steps: int
    error: float


class Taught(NamedTuple):
    """What came of it.

    Attributes:
        corrections: of the look that was kept.
        best_step: when that was; 0 where no look was better than without corrections.
        errors: by step of each look, over the error without corrections.
    """

    corrections: Corrections
    best_step: int
    errors: dict[int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """How a caller follows teaching and stops it.

    Attributes:
        on_step: told after every step.
        is_cancelled: asked before every step.
        keep: given, at every look and on cancelling, what `teach` can go on from.
    """

    on_step: Callable[[TeachingStep], None] | None = None
    is_cancelled: Callable[[], bool] | None = None
    keep: Callable[[bytes], None] | None = None


def teach(
    torch: Torch,
    model: openvino.Model,
    lessons: Lessons,
    chosen_by: Lessons,
    nothing: Caption,
    schedule: Schedule,
    following: Following,
    kept: bytes | None = None,
) -> Taught:
    """Learn corrections of a drawing network.

    Args:
        torch: the library.
        model: graph of the network.
        lessons: what is taught.
        chosen_by: pictures of the same kind that are not; they say when it is best.
        nothing: one row, the caption that is left out.
        schedule: how much.
        following: told and asked on the way.
        kept: state that `following.keep` was given by a course of the same arguments.

    Raises:
        DrawingCancelled: `is_cancelled` said yes; the state was kept before.
    """
    course = _Course(torch, model, nothing, schedule)
    if kept is None:
        course.errors[0] = 1.0
        course.error_without = course.error(chosen_by)
    else:
        course.restore(kept)
    for step in range(course.step, schedule.steps):
        if course.has_stalled:
            break
        if following.is_cancelled is not None and following.is_cancelled():
            _keep(following, course)
            raise DrawingCancelled(
                "Teaching was stopped; what was learnt so far is kept.",
                hint="Give the same command again, and it goes on.",
            )
        course.learn(lessons)
        if (step + 1) % schedule.look_every == 0 or step + 1 == schedule.steps:
            course.look(chosen_by)
            _keep(following, course)
        if following.on_step is not None:
            last_error = course.errors[max(course.errors)]
            following.on_step(TeachingStep(step + 1, schedule.steps, last_error))
    return Taught(course.best, course.best_step, course.errors)


def errors_of(predict: PredictClean, lessons: Lessons, seed: int) -> Floats:
    """Squared error of the clean estimate at fixed times and noises, `[N, K]`.

    Args:
        predict: runs the network.
        lessons: pictures, of which each has noise of its own.
        seed: of the noise.
    """
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((NOISES, *lessons.clean_NCHW.shape), np.float32)
    columns: list[Floats] = []
    for time in FIXED_TIMES:
        for one in noise:
            noisy = add_noise(lessons.clean_NCHW, one, time)
            (made,) = predict([noisy], np.full(len(lessons), time, np.float32), lessons.captions)
            columns.append(np.square(made - lessons.clean_NCHW).mean(axis=(1, 2, 3)))
    return np.stack(columns, axis=1)


def _keep(following: Following, course: _Course) -> None:
    if following.keep is not None:
        following.keep(course.state())


class _Course:
    """Corrections on their way, with all they need to go on."""

    def __init__(
        self, torch: Torch, model: openvino.Model, nothing: Caption, schedule: Schedule
    ) -> None:
        self._torch = torch
        self._nothing = nothing
        self._schedule = schedule
        self._has_bfloat16 = "BF16" in capabilities(openvino.Core())
        self._learnt = {
            name: tuple(torch.nn.Parameter(torch.from_numpy(one)) for one in start)
            for name, start in _starts(model, schedule).items()
        }
        self._graph = TorchGraph(torch, model, self._learnt)
        flat = [one for pair in self._learnt.values() for one in pair]
        self._optimizer = torch.optim.AdamW(flat, lr=schedule.peak, weight_decay=0.0)
        self.step = 0
        self.errors: dict[int, float] = {}
        self.error_without = math.nan
        self.best_step = 0
        self.best = self._now()

    def learn(self, lessons: Lessons) -> None:
        """One step."""
        torch, schedule = self._torch, self._schedule
        rng = np.random.default_rng((schedule.seed, self.step))
        batch = lessons.of(rng.integers(len(lessons), size=schedule.batch))
        logit = TIME_MEAN + rng.standard_normal(schedule.batch)
        times_B = (1 / (1 + np.exp(-logit))).astype(np.float32)
        times_B111 = times_B[:, None, None, None]
        noise = rng.standard_normal(batch.clean_NCHW.shape, np.float32)
        noisy = times_B111 * batch.clean_NCHW + (1 - times_B111) * noise
        captions = self._some_dropped(batch.captions, rng.random(schedule.batch) < DROPPED)
        with self._mixed_precision():
            made = self._graph(*map(torch.from_numpy, (noisy, times_B, *captions)))
        still_noise = torch.from_numpy(np.maximum(1 - times_B111, LEAST_NOISE))
        clean = torch.from_numpy(batch.clean_NCHW)
        ((made.float() - clean) / still_noise).square().mean().backward()
        for group in self._optimizer.param_groups:
            group["lr"] = schedule.peak * _share_of_peak(self.step, schedule.steps)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.step += 1

    def look(self, chosen_by: Lessons) -> None:
        """Measure the corrections as they are; keep them if they gain much more than those kept."""
        error = self.error(chosen_by) / self.error_without
        if 1 - error > MUCH_MORE * (1 - self.errors[self.best_step]):
            self.best, self.best_step = self._now(), self.step
        self.errors[self.step] = round(error, 5)

    @property
    def has_stalled(self) -> bool:
        """Whether the best is so many looks past that nothing better is to be expected."""
        since = sum(step > self.best_step for step in self.errors)
        return since >= self._schedule.patience

    def error(self, chosen_by: Lessons) -> float:
        """Mean squared error on pictures."""
        return float(errors_of(self._predict, chosen_by, self._schedule.seed).mean())

    def state(self) -> bytes:
        """All of it; see `restore`."""
        values: dict[str, NDArray[np.generic]] = {}
        for name, pair in self._learnt.items():
            for place, one in enumerate(pair):
                moments = self._optimizer.state.get(one, {})
                values[f"now/{place}/{name}"] = one.detach().numpy()
                for key in ("exp_avg", "exp_avg_sq"):
                    if key in moments:
                        values[f"{key}/{place}/{name}"] = moments[key].numpy()
            for place, one in enumerate(self.best[name]):
                values[f"best/{place}/{name}"] = one
        facts = {
            "step": self.step,
            "errors": self.errors,
            "error_without": self.error_without,
            "best_step": self.best_step,
        }
        return save(values, metadata={"facts": json.dumps(facts)})

    def restore(self, state: bytes) -> None:
        """Go on from a state of a course with the same schedule."""
        torch, values = self._torch, load(state)
        length = int.from_bytes(state[:8], "little")
        facts = json.loads(json.loads(state[8 : 8 + length])["__metadata__"]["facts"])
        self.step, self.best_step = facts["step"], facts["best_step"]
        self.error_without = facts["error_without"]
        self.errors = {int(step): error for step, error in facts["errors"].items()}
        for name, pair in self._learnt.items():
            for place, one in enumerate(pair):
                with torch.no_grad():
                    one.copy_(torch.from_numpy(values[f"now/{place}/{name}"]))
                if f"exp_avg/{place}/{name}" in values:
                    self._optimizer.state[one] = {
                        "step": torch.tensor(float(self.step)),
                        **{
                            key: torch.from_numpy(values[f"{key}/{place}/{name}"])
                            for key in ("exp_avg", "exp_avg_sq")
                        },
                    }
        self.best = {
            name: Correction(values[f"best/0/{name}"], values[f"best/1/{name}"])
            for name in self._learnt
        }

    def _now(self) -> Corrections:
        return {
            name: Correction(*(one.detach().numpy().copy() for one in pair))
            for name, pair in self._learnt.items()
        }

    def _predict(self, noisy: Sequence[Floats], times_B: Floats, captions: Caption) -> list[Floats]:
        """Lessons are squares, all of them in one array."""
        torch, (squares,) = self._torch, noisy
        with torch.no_grad(), self._mixed_precision():
            made: Tensor = self._graph(*map(torch.from_numpy, (squares, times_B, *captions)))
        return [made.float().numpy()]

    def _mixed_precision(self) -> AbstractContextManager[object]:
        """Products in bfloat16, unless the processor would only imitate it: 8 times as long."""
        return self._torch.autocast("cpu", self._torch.bfloat16, enabled=self._has_bfloat16)

    def _some_dropped(self, captions: Caption, is_dropped_B: NDArray[np.bool_]) -> Caption:
        def dropped(given: Floats, nothing: Floats) -> Floats:
            return np.where(is_dropped_B.reshape(-1, *[1] * (given.ndim - 1)), nothing, given)

        return Caption(*(dropped(*pair) for pair in zip(captions, self._nothing, strict=True)))


def _starts(model: openvino.Model, schedule: Schedule) -> dict[str, Correction]:
    """A correction for every matrix inside the network's blocks, adding nothing yet."""
    rng = np.random.default_rng(schedule.seed)
    starts: dict[str, Correction] = {}
    for name, node in constants_of(model):
        shape: list[int] = list(node.get_output_shape(0))
        if ".blocks." not in name or len(shape) != 2 or min(shape) <= SMALLEST:
            continue
        num_out, num_in = shape
        down = rng.standard_normal((schedule.rank, num_in)) / math.sqrt(num_in)
        up = np.zeros((num_out, schedule.rank), np.float32)
        starts[name] = Correction(down.astype(np.float32), up)
    return starts


def _share_of_peak(step: int, num_steps: int) -> float:
    """Warm up, then fall along a cosine to a tenth."""
    fall = 0.55 + 0.45 * math.cos(math.pi * step / num_steps)
    return min(1.0, (step + 1) / WARM_STEPS) * fall
