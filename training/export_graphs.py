"""The graphs a drawing needs, as modules to be traced: text, condition, denoise, decode, encode, enlarge.

They compute what the training modules compute, from the same parameters, in the form that runs fastest without
torch: caption keys once per prompt, no joined matrices, rotary positions as one rotation of halves (which OpenVINO
knows as a single operation). The export holds each one against the module it came from.

Shapes: B batch, C channels, H height, W width, N image tokens, T caption tokens, D width, E caption embedding,
L layers, A attention heads, K head width.
"""

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from training.network import Block, DrawingNetwork
from training.spaces import Latents, Pixels, Space, proper_rgba
from training.superres import GRID, OUTPUT_PX, SuperResolution
from training.text import TextEncoder


def rms_norm(x: Tensor, scale: Tensor | None = None) -> Tensor:
    """Spelled out in the form that OpenVINO joins into a single operation."""
    even = x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + 1e-6)
    return even if scale is None else scale * even


def turned(x: Tensor) -> Tensor:
    """The halves of the last axis, swapped, the new first negated; sliced, so that OpenVINO sees a rotation."""
    half = x.shape[-1] // 2
    return torch.cat([-x[..., half:], x[..., :half]], dim=-1)


class Text(nn.Module):
    """Token ids int64 `[B, T]` and mask bool `[B, T]` to token embeddings `[B, T, E]`."""

    def __init__(self, encoder: TextEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, ids_BT: Tensor, mask_BT: Tensor) -> Tensor:
        return self.encoder(ids_BT, mask_BT)


class Condition(nn.Module):
    """Token embeddings, mask, drop and guidance to what every step needs: caption keys and values, and the whole caption.

    The guidance is an input only where the network reads it; it joins the whole caption, so that the other graph and
    whoever fills its passes know nothing of it.
    """

    def __init__(self, network: DrawingNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, text_BTE: Tensor, mask_BT: Tensor, drop_B: Tensor, guidance_B: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        text_BTD = self.network.encode_text(text_BTE, mask_BT, drop_B)
        layers = [torch.stack(block.text_keys(text_BTD), dim=1) for block in self.network.blocks]
        return torch.stack(layers, dim=1), self.network.pooled(text_BTD, guidance_B)  # [B, L, 2, A, T, K] and [B, D]


FAR = -30_000.0  # what a place beyond the end of a canvas adds to its attention; half precision has it


class Denoise(nn.Module):
    """`DrawingNetwork.denoise`, with caption keys given instead of computed at every step.

    Canvases come as tokens, one after the other by rows, and with the number of their form in `NetworkShape.grids`. In
    one batch the shorter ones are padded at the end; what is there is nobody's business and changes nothing.
    """

    def __init__(self, network: DrawingNetwork) -> None:
        super().__init__()
        self.network = network
        assert network.shape.patch == 1, "a token is a cell of the canvas"
        places = [network.place if form == "square" else getattr(network, f"place_{form}") for form in network.shape.grids]
        longest = max(map(len, places))

        def padded(rows_ND: Tensor, value: float = 0.0) -> Tensor:
            return F.pad(rows_ND, (0, 0, 0, longest - len(rows_ND)), value=value)

        self.longest = longest
        self.register_buffer("places", torch.cat([padded(one.detach()) for one in places]))
        for name in ("cos", "sin"):
            tables = [getattr(network, f"{name}_{form}") for form in network.shape.grids]
            self.register_buffer(name, torch.cat([padded(torch.cat([one, one], dim=-1)) for one in tables]))
        self.register_buffer("ends", torch.stack([padded(torch.zeros(len(one), 1), FAR)[:, 0] for one in places]))
        self.register_buffer("frequencies", 100 * torch.exp(torch.arange(128) * (-math.log(1000.0) / 128)))

    def _heads(self, x_BND: Tensor) -> Tensor:
        width = self.network.shape.head_width
        return x_BND.view(-1, x_BND.shape[1], self.network.shape.width // width, width).transpose(1, 2)

    def _layer(
        self, block: Block, x_BND: Tensor, time_B6D: Tensor, keys_BATK: Tensor, values_BATK: Tensor, where: tuple[Tensor, Tensor, Tensor]
    ) -> Tensor:
        cos, sin, ends = where
        parts = (time_B6D + block.modulation).unbind(1)
        shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = (part.unsqueeze(1) for part in parts)
        even = rms_norm(x_BND) * (1 + scale_a) + shift_a
        q, k, v = (self._heads(layer(even)) for layer in (block.query, block.key, block.value))
        q, k = (x * cos + turned(x) * sin for x in (rms_norm(q, block.q_scale), rms_norm(k, block.k_scale)))
        mixed = F.scaled_dot_product_attention(q, torch.cat([keys_BATK, k], dim=2), torch.cat([values_BATK, v], dim=2), ends)
        x_BND = x_BND + gate_a * block.out(mixed.transpose(1, 2).flatten(2))
        even = rms_norm(x_BND) * (1 + scale_f) + shift_f
        return x_BND + gate_f * block.feed.fall(F.silu(block.feed.gate(even)) * block.feed.rise(even))

    def forward(self, noisy_BCN: Tensor, time_B: Tensor, keys_BL2ATK: Tensor, pooled_BD: Tensor, form_B: Tensor) -> Tensor:
        net, num = self.network, noisy_BCN.shape[2]
        cell_BN = form_B[:, None] * self.longest + torch.arange(num)
        x = net.patch_in(noisy_BCN.transpose(1, 2)) + self.places[cell_BN]
        ends = self.ends[form_B][:, None, None, :num]
        ends = F.pad(ends, (keys_BL2ATK.shape[4], 0))  # a caption ends nowhere
        where = (self.cos[cell_BN][:, None], self.sin[cell_BN][:, None], ends)
        angles = time_B[:, None] * self.frequencies
        time = net.time_in(torch.cat([angles.cos(), angles.sin()], dim=-1)) + net.pooled_in(pooled_BD)
        modulation = net.modulation(F.silu(time)).unflatten(-1, (6, net.shape.width))
        for index, block in enumerate(net.blocks):
            x = self._layer(block, x, modulation, keys_BL2ATK[:, index, 0], keys_BL2ATK[:, index, 1], where)
        shift, scale = net.out_modulation(F.silu(time)).unsqueeze(1).chunk(2, dim=-1)
        return net.patch_out(rms_norm(x) * (1 + scale) + shift).transpose(1, 2)


class Decode(nn.Module):
    """Canvas to premultiplied RGBA 0-1 at the space's own size."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.model = space.model if isinstance(space, Latents) else None

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        made = canvas_BCHW if self.model is None else self.model.decode(canvas_BCHW)
        return proper_rgba((made + 1) / 2)


class Encode(nn.Module):
    """Premultiplied RGBA 0-1 at 256 px to the canvas."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        assert isinstance(space, Pixels | Latents)
        self.model = space.model if isinstance(space, Latents) else None
        self.fold = OUTPUT_PX // space.picture_px

    def forward(self, rgba_BCHW: Tensor) -> Tensor:
        small = F.avg_pool2d(rgba_BCHW, self.fold) * 2 - 1
        return small if self.model is None else self.model.encode(small)


class Enlarge(nn.Module):
    """Premultiplied RGBA 0-1 at the space's own size to full size, not clipped; plain resampling until a head is trained.

    The plain enlargement that the head adds to is a convolution here, on the grid of its last one: the two are added
    before they become a picture, which takes a third of the time.
    """

    def __init__(self, head: SuperResolution | None, picture_px: int) -> None:
        super().__init__()
        self.head, self.factor, self.fold = head, OUTPUT_PX // picture_px, picture_px // GRID
        self.register_buffer("plain", 2 * plain_kernel(self.fold, self.factor))  # from 0-1 to -1 to 1

    def forward(self, rgba_BCHW: Tensor) -> Tensor:
        if self.head is None:
            return F.interpolate(rgba_BCHW, scale_factor=self.factor, mode="bicubic", align_corners=False)
        sharper = self.head.out[0](self.head.body(self.head.into(rgba_BCHW * 2 - 1)))
        plain = F.conv2d(F.pad(rgba_BCHW, (1, 1, 1, 1), mode="replicate"), self.plain, stride=self.fold)
        return self.head.out[1](sharper + plain) / 2


def plain_kernel(fold: int, factor: int, channels: int = 4) -> Tensor:
    """Bilinear enlargement by `factor` as a convolution from cells of `fold` pixels and their neighbours.

    `[channels * (fold * factor)^2, channels, fold + 2, fold + 2]`, as `PixelShuffle` takes it.
    """
    num = fold + 2
    along = F.interpolate(torch.eye(num)[None], scale_factor=factor, mode="linear", align_corners=False)[0]
    along = along[:, factor : factor * (fold + 1)].T  # [fold * factor, fold + 2]
    kernel = torch.einsum("cd,yr,xs->cyxdrs", torch.eye(channels), along, along)
    return kernel.reshape(-1, channels, num, num)
