"""What the drawing network works on: pixels, or the latents of an autoencoder.

Both turn premultiplied RGBA pictures (0 to 1) into the network's canvas and back. Shapes: B batch, C channels,
H height, W width.
"""

from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from training import checkpoint
from training.autoencoder import Autoencoder, AutoencoderShape
from training.precision import mixed_precision


class Space(Protocol):
    """A reversible view of pictures, with the sizes the network needs."""

    picture_px: int
    channels: int
    canvas: int
    patch: int
    time_mean: float

    def to_canvas(self, rgba_BCHW: Tensor) -> Tensor:
        """Pictures to the network's canvas."""
        ...

    def to_picture(self, canvas_BCHW: Tensor) -> Tensor:
        """Canvas to premultiplied RGBA, clipped to 0-1 and with no colour above its alpha."""
        ...


def proper_rgba(rgba_BCHW: Tensor) -> Tensor:
    """Clip to 0-1 and hold each colour at or below alpha, as premultiplied pictures demand."""
    return torch.minimum(rgba_BCHW.clamp(min=0), rgba_BCHW[:, 3:].clamp(0, 1))


class Pixels:
    """The picture itself at 64 px, -1 to 1."""

    picture_px, channels, canvas, patch, time_mean = 64, 4, 64, 8, 0.3

    def to_canvas(self, rgba_BCHW: Tensor) -> Tensor:
        """See `Space`."""
        return rgba_BCHW * 2 - 1

    def to_picture(self, canvas_BCHW: Tensor) -> Tensor:
        """See `Space`."""
        return proper_rgba((canvas_BCHW.float() + 1) / 2)


def trained_autoencoder(run: Path) -> Autoencoder:
    """The autoencoder of a run, for reading only.

    Raises:
        FileNotFoundError: the run has no checkpoint.
    """
    state = checkpoint.load(run / "checkpoint.pt")
    if state is None:
        raise FileNotFoundError(f"no autoencoder checkpoint in {run}")
    model = Autoencoder(AutoencoderShape(**state["shape"]))
    model.load_state_dict(state["model"])
    return model.eval().requires_grad_(requires_grad=False).to(memory_format=torch.channels_last)


class Latents:
    """Latents of a trained autoencoder, mean 0 and variance 1."""

    patch, time_mean = 1, 0.0

    def __init__(self, model: Autoencoder) -> None:
        self.model = model
        shape = model.shape
        self.picture_px, self.channels = shape.canvas, shape.latent_channels
        self.canvas = shape.canvas // shape.unshuffle // 2 ** (len(shape.widths) - 1)

    @torch.no_grad()
    def to_canvas(self, rgba_BCHW: Tensor) -> Tensor:
        """See `Space`."""
        with mixed_precision():
            return self.model.encode(rgba_BCHW.contiguous(memory_format=torch.channels_last) * 2 - 1)

    @torch.no_grad()
    def to_picture(self, canvas_BCHW: Tensor) -> Tensor:
        """See `Space`."""
        with mixed_precision():
            made = self.model.decode(canvas_BCHW.contiguous(memory_format=torch.channels_last))
        return proper_rgba((made.float() + 1) / 2)


def open_space(name: str, work: Path) -> Space:
    """The space called `name`: ``pixels`` or ``latents``."""
    return Pixels() if name == "pixels" else Latents(trained_autoencoder(work / "autoencoder"))
