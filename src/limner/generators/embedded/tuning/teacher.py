"""What teaching needs of the embedded model: pictures as it takes them, errors, and the course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import PromptTooLong
from limner.generators.embedded.adapter import Corrections
from limner.generators.embedded.canvas import to_premultiplied, to_straight
from limner.generators.embedded.networks import Caption, Floats, Networks, open_networks
from limner.generators.embedded.sampler import SAMPLERS, draw_noise, guided, time_grid
from limner.generators.embedded.tokens import Tokens
from limner.generators.embedded.tuning.graph import open_torch
from limner.generators.embedded.tuning.teaching import (
    Following,
    Lessons,
    Schedule,
    Taught,
    errors_of,
    teach,
)
from limner.generators.embedded.weights import Weights

# Shapes: N pictures, H height, W width, C channels (RGBA, straight alpha), K times.

SAMPLER = "dpm++2m"
Pictures = NDArray[np.uint8]
"""`[N, H, W, C]`"""


class Teacher:
    """Teaches the embedded model. Making one loads nothing.

    Args:
        num_threads: 0 takes every core the process may use.
        weights: another set than the packaged one.
        memory: as the generator's.
    """

    def __init__(
        self, *, num_threads: int = 0, weights: Weights | None = None, memory: Path | None = None
    ) -> None:
        self._num_threads = num_threads
        self._weights = weights or Weights()
        self._memory = memory

    @property
    def base(self) -> Mapping[str, str]:
        """Tagged hash of every file of the weights that are taught, by name."""
        return self._weights.ingredients

    @property
    def base_label(self) -> str:
        """The weights as people name them: ``name@version``."""
        return f"{self._weights.card.name}@{self._weights.card.version}"

    @property
    def licence(self) -> str:
        """SPDX expression of the weights."""
        return self._weights.card.licence

    @property
    def picture_px(self) -> int:
        """Width and height that pictures are to have."""
        return self._weights.card.output_px

    def require_able(self) -> None:
        """Refuse at once where torch is missing; raises GeneratorUnavailable."""
        open_torch()

    def require_caption(self, caption: str) -> None:
        """Refuse a caption that the network cannot read whole; raises PromptTooLong."""
        num_tokens, most = self._tokens.count(caption), self._tokens.num_usable
        if num_tokens > most:
            raise PromptTooLong(
                f"The caption {caption[:60]!r} has {num_tokens} tokens; allowed are up to {most}."
            )

    def lessons(self, images: Sequence[NDArray[np.uint8]], captions: Sequence[str]) -> Lessons:
        """Pictures `[H, W, C]` of `picture_px` and their captions as the network takes them."""
        clean = [self._networks.encode(to_premultiplied(one)[None])[0] for one in images]
        read = [self._read(one) for one in captions]
        joined = (np.concatenate(part) for part in zip(*read, strict=True))
        return Lessons(np.stack(clean), Caption(*joined))

    def teach(
        self,
        lessons: Lessons,
        chosen_by: Lessons,
        schedule: Schedule,
        following: Following,
        kept: bytes | None = None,
    ) -> Taught:
        """See `teaching.teach`.

        Raises:
            GeneratorUnavailable: torch is not installed here.
            DrawingCancelled: the caller said so; the state was kept before.
        """
        torch = open_torch(self._num_threads)
        graphs = self._networks.graphs
        model = graphs.read(graphs.drawing_part("denoise")._replace(num_rows=0))
        nothing = self._read("")
        return teach(torch, model, lessons, chosen_by, nothing, schedule, following, kept)

    def errors(self, lessons: Lessons, corrections: Corrections, seed: int) -> Floats:
        """See `teaching.errors_of`; by the engine that draws, with corrections or without."""
        networks = self._networks
        predict = networks.corrected(corrections) if corrections else networks.predict_clean
        return errors_of(predict, lessons, seed)

    def draw(self, captions: Caption, seeds: Sequence[int], corrections: Corrections) -> Pictures:
        """One picture for every caption, with its seed, as a plain request would draw it."""
        card, networks = self._weights.card, self._networks
        predict = networks.corrected(corrections) if corrections else networks.predict_clean
        nothing = Caption(*(np.repeat(one, len(seeds), 0) for one in self._read("")))
        noise = np.stack([draw_noise(seed, card.canvas) for seed in seeds])
        walk = SAMPLERS[SAMPLER](noise, time_grid(card.steps[2], shift=card.time_shift))
        clean, question = noise, next(walk)
        with suppress(StopIteration):
            while True:
                at = np.full(len(seeds), question.time, np.float32)
                (given,) = predict([question.noisy_BCHW], at, captions)
                (free,) = predict([question.noisy_BCHW], at, nothing)
                clean = guided(given, free, card.guidance[2])
                question = walk.send(clean)
        return self._shown(clean)

    def redrawn(self, lessons: Lessons) -> Pictures:
        """Pictures as they come back when the model can draw them no better: a perfect copy."""
        return self._shown(lessons.clean_NCHW)

    def _shown(self, clean_NCHW: Floats) -> Pictures:
        return to_straight(self._networks.finish(clean_NCHW))

    def _read(self, caption: str) -> Caption:
        return self._networks.read_caption(
            self._tokens.rows([caption]), np.array([not caption], np.bool_)
        )

    @cached_property
    def _networks(self) -> Networks:
        return open_networks(self._weights, self._num_threads, self._memory)

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens(self._weights.read("tokenizer.json"), self._weights.card.text_tokens)
