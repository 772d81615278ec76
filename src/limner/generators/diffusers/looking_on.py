"""Looking on while a pipeline draws, without changing what it draws."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from limner.core.drawing import Sketch
from limner.core.errors import DrawingCancelled
from limner.generators.diffusers.loading import Pipeline, open_library
from limner.generators.diffusers.pictures import rgba_of
from limner.generators.together import PassStep

# Shapes: B pictures, H height, W width, C channels.

PREVIEWED = ("AutoencoderKL", "AutoencoderTiny", "AutoencoderDC")
"""Autoencoders that previews are decoded by; others take latents in shapes of their own."""


class Look:
    """Looks on at a call of a pipeline: counts steps and forwards, tells steps, stops between two.

    Args:
        pipeline: that is called.
        sketch: of any row.
        on_step: told after every step; ``None`` for nobody.
        is_cancelled: asked between two steps.

    Attributes:
        num_steps_run, num_forwards: so far.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        sketch: Sketch,
        on_step: Callable[[PassStep], None] | None,
        is_cancelled: Callable[[], bool],
    ) -> None:
        self._pipeline, self._sketch = pipeline, sketch
        self._on_step, self._is_cancelled = on_step, is_cancelled
        self._network: Any = getattr(pipeline, "transformer", None) or pipeline.unet
        self.num_steps_run = 0
        self.num_forwards = 0

    @contextmanager
    def on(self) -> Generator[None]:
        """Look on while the pipeline draws.

        Raises:
            DrawingCancelled: between two steps.
        """
        scheduler = self._pipeline.scheduler
        step = scheduler.step

        @wraps(step)  # pipelines look at its parameters: they pass on the pictures' generators
        def looked_on_step(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - diffusers' own
            made = step(*args, **named)
            self._step(made)
            return made

        scheduler.step = looked_on_step
        hook = self._network.register_forward_hook(self._count)
        try:
            yield
        finally:
            hook.remove()
            del scheduler.step

    def _count(self, *_: object) -> None:
        self.num_forwards += 1

    def _step(self, made: Any) -> None:  # noqa: ANN401 - diffusers' own
        self.num_steps_run += 1
        num_steps = max(self._num_steps(), self.num_steps_run)
        latents = cast(Any, made[0] if isinstance(made, tuple) else made.prev_sample)
        if self._on_step is not None:
            read = partial(self._preview, latents) if self._has_previews(latents) else None
            told = PassStep(self.num_steps_run, num_steps, read)
            self._on_step(told)
        if self.num_steps_run < num_steps and self._is_cancelled():
            raise DrawingCancelled()

    def _num_steps(self) -> int:
        scheduler = self._pipeline.scheduler
        return len(scheduler.timesteps) - (getattr(scheduler, "begin_index", None) or 0)

    def _has_previews(self, latents: Any) -> bool:  # noqa: ANN401 - a tensor
        """Whether latents lie as its autoencoder takes them, but for scale and shift."""
        pipeline = self._pipeline
        is_known = type(getattr(pipeline, "vae", None)).__name__ in PREVIEWED
        return is_known and (latents.ndim == 4 or hasattr(pipeline, "_unpack_latents"))

    def _preview(self, latents: Any, rows: slice) -> NDArray[np.uint8]:  # noqa: ANN401 - a tensor
        latents = latents[rows]
        torch, vae = open_library("torch"), self._pipeline.vae
        width_px, height_px = self._sketch.canvas
        with torch.no_grad():
            if latents.ndim == 3:  # packed, as in Flux
                scale = self._pipeline.vae_scale_factor
                latents = self._pipeline._unpack_latents(latents, height_px, width_px, scale)
            shift = getattr(vae.config, "shift_factor", None) or 0.0
            clean = latents.to(vae.dtype) / vae.config.scaling_factor + shift
            seen_BCHW = vae.decode(clean, return_dict=False)[0].float().clamp(-1, 1)
        seen_BHWC = (seen_BCHW.permute(0, 2, 3, 1).cpu().numpy() + 1) / 2
        return np.stack([rgba_of(one) for one in seen_BHWC])
