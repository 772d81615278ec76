"""Convolutional autoencoder: pictures to a small grid of latents and back.

Shapes: B batch, C channels, H height, W width. It does not draw; it only gives the drawing network a smaller
space to work in (Rombach et al. 2022, arXiv:2112.10752). Plain reconstruction loss, no adversary.
"""

from dataclasses import asdict, dataclass, replace

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoencoderShape:
    """Sizes of an `Autoencoder`: `widths` from the finest grid (canvas / unshuffle) to the latent grid."""

    canvas: int = 128
    unshuffle: int = 4
    widths: tuple[int, ...] = (64, 128, 256)
    blocks: int = 2
    latent_channels: int = 32

    def as_dict(self) -> dict[str, object]:
        """Plain fields, for JSON."""
        return asdict(self)


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions around a normalisation over channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.GroupNorm(1, width)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Same shape out."""
        return x_BCHW + self.second(F.silu(self.first(F.silu(self.norm(x_BCHW)))))


def stage(width: int, blocks: int) -> list[nn.Module]:
    """Residual blocks of one resolution."""
    return [ResidualBlock(width) for _ in range(blocks)]


class Autoencoder(nn.Module):
    """RGBA picture (premultiplied, -1 to 1) to latents and back."""

    def __init__(self, shape: AutoencoderShape) -> None:
        super().__init__()
        self.shape = shape
        factor, widths = shape.unshuffle, shape.widths
        down: list[nn.Module] = [nn.PixelUnshuffle(factor), nn.Conv2d(4 * factor**2, widths[0], 3, padding=1)]
        for here, below in zip(widths, [*widths[1:], None], strict=True):
            down += stage(here, shape.blocks)
            if below is not None:
                down += [nn.PixelUnshuffle(2), nn.Conv2d(4 * here, below, 1)]
        down += [nn.GroupNorm(1, widths[-1]), nn.SiLU(), nn.Conv2d(widths[-1], shape.latent_channels, 1)]
        up: list[nn.Module] = [nn.Conv2d(shape.latent_channels, widths[-1], 3, padding=1)]
        for here, above in zip(reversed(widths), [*reversed(widths[:-1]), None], strict=True):
            up += stage(here, shape.blocks)
            if above is not None:
                up += [nn.Conv2d(here, 4 * above, 1), nn.PixelShuffle(2)]
        up += [nn.SiLU(), nn.Conv2d(widths[0], 4 * factor**2, 3, padding=1), nn.PixelShuffle(factor)]
        self.down = nn.Sequential(*down)
        self.up = nn.Sequential(*up)
        self.norm = nn.BatchNorm2d(shape.latent_channels, affine=False, momentum=0.01)

    def encode(self, rgba_BCHW: Tensor) -> Tensor:
        """Latents with mean 0 and variance 1 per channel."""
        return self.norm(self.down(rgba_BCHW).float())

    def decode(self, latent_BCHW: Tensor) -> Tensor:
        """Picture in about -1 to 1; the caller clips."""
        return self.up(latent_BCHW)

    def forward(self, rgba_BCHW: Tensor, noise: float = 0.0) -> Tensor:
        """Encode and decode; `noise` is the standard deviation added to the latents in training."""
        latent = self.encode(rgba_BCHW)
        if noise:
            latent = latent + noise * torch.randn_like(latent)
        return self.decode(latent)


def widened(narrow: Autoencoder, latent_channels: int) -> Autoencoder:
    """An autoencoder with more latent channels, which encodes the first ones and decodes as `narrow` does until it is trained.

    A drawing network that knows the first channels need only learn the others (docs/log.md).
    """
    wide = Autoencoder(replace(narrow.shape, latent_channels=latent_channels))
    state = wide.state_dict()
    state["up.0.weight"].zero_()
    for name, value in narrow.state_dict().items():
        state[name][tuple(slice(size) for size in value.shape)] = value
    wide.load_state_dict(state)
    return wide


def edge_loss(made_BCHW: Tensor, true_BCHW: Tensor) -> Tensor:
    """Mean absolute error of horizontal and vertical differences: keeps edges sharp without an adversary."""
    error = made_BCHW - true_BCHW
    return error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
