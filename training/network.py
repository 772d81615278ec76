"""The drawing network: a small diffusion transformer over image tokens, conditioned on a caption.

Shapes: B batch, C channels, H height, W width, N image tokens, T caption tokens, D width, E caption embedding.

The block is JiT's (Li & He 2025, arXiv:2511.13720): RMSNorm, QK-norm, SwiGLU, rotary positions, no biases. Caption
keys and values are computed once per prompt and joined to the image's own inside one attention call (PRX,
Photoroom 2025). Time enters by one shared modulation with a learned offset per layer (adaLN-single, PixArt-alpha,
arXiv:2310.00426). The network predicts the clean image from a noisy one; it knows nothing of sampling or losses.
"""

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own convention)
from torch import Tensor, nn

GUIDANCE_BANDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShape:
    """Sizes of a `DrawingNetwork`; stored in every checkpoint and in the exported model."""

    channels: int
    canvas: int
    patch: int
    width: int = 320
    depth: int = 12
    head_width: int = 64
    hidden: int = 832
    text_width: int = 384
    text_tokens: int = 32
    text_blocks: int = 1
    bottleneck: int = 128
    reads_guidance: bool = False
    long_side: int = 0

    @property
    def grid(self) -> int:
        """Image tokens along the shorter side."""
        return self.canvas // self.patch

    @property
    def grids(self) -> dict[str, tuple[int, int]]:
        """Rows and columns of image tokens, by form; `long_side` tokens are along the longer side, 0 for squares only."""
        short, long = self.grid, self.long_side
        return {"square": (short, short)} | ({"wide": (short, long), "tall": (long, short)} if long else {})

    def as_dict(self) -> dict[str, int | bool]:
        """Plain fields, for JSON."""
        return asdict(self)


def rms_norm(x: Tensor, scale: Tensor | None = None) -> Tensor:
    """Root-mean-square normalisation over the last axis, without a learned scale unless one is given."""
    return F.rms_norm(x, (x.shape[-1],), scale, eps=1e-6)


def rotary_table(positions: Tensor, width: int, base: float) -> tuple[Tensor, Tensor]:
    """Cosines and sines `[N, width / 2]` for positions `[N, axes]`, each axis taking an equal share of `width`."""
    share = width // (2 * positions.shape[1])
    frequencies = base ** (-torch.arange(share, dtype=torch.float32) / share)
    angles = (positions[:, :, None] * frequencies).flatten(1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, table: tuple[Tensor, Tensor]) -> Tensor:
    """Turn the two halves of the last axis of `x [..., N, width]` by the table's angles (RoFormer, arXiv:2104.09864)."""
    cos, sin = (part.to(x.dtype) for part in table)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


def joined(x: Tensor, *layers: nn.Linear) -> Tensor:
    """Outputs of several layers side by side, by one matrix product.

    The layers stay apart as parameters because Muon must orthogonalise each on its own.
    """
    return F.linear(x, torch.cat([layer.weight for layer in layers]))


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Softmax attention over `[B, heads, N, D]` and `[B, heads, M, D]`, written out.

    Compiled, this runs forward and back in under a third of the time of PyTorch's fused CPU kernel at these sizes
    (docs/log.md), and forward-mode derivatives pass through it.
    """
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
    return torch.softmax(scores.float(), dim=-1).to(value.dtype) @ value


class SwiGLU(nn.Module):
    """Gated feed-forward layer (Shazeer 2020, arXiv:2002.05202)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gate = nn.Linear(width, hidden, bias=False)
        self.rise = nn.Linear(width, hidden, bias=False)
        self.fall = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`[..., D]` to `[..., D]`."""
        gate, value = joined(x, self.gate, self.rise).chunk(2, dim=-1)
        return self.fall(F.silu(gate) * value)


class TextBlock(nn.Module):
    """Pre-norm transformer block that fits the frozen caption embedding to the drawing network."""

    def __init__(self, width: int, hidden: int, heads: int, tokens: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention = nn.Parameter(torch.ones(width))
        self.norm_feed = nn.Parameter(torch.ones(width))
        self.query, self.key, self.value = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.out = nn.Linear(width, width, bias=False)
        self.feed = SwiGLU(width, hidden)
        table = rotary_table(torch.arange(tokens, dtype=torch.float32)[:, None], width // heads, 1000.0)
        self.register_buffer("cos", table[0], persistent=False)
        self.register_buffer("sin", table[1], persistent=False)

    def forward(self, text_BTD: Tensor) -> Tensor:
        """`[B, T, D]` to `[B, T, D]`."""
        batch, tokens, width = text_BTD.shape
        qkv = joined(rms_norm(text_BTD, self.norm_attention), self.query, self.key, self.value)
        q, k, v = qkv.view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        table = (self.cos, self.sin)
        mixed = attend(rotate(rms_norm(q), table), rotate(rms_norm(k), table), v)
        text_BTD = text_BTD + self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return text_BTD + self.feed(rms_norm(text_BTD, self.norm_feed))


class Block(nn.Module):
    """One layer: attention of image tokens over caption and image, then a gated feed-forward layer."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        width = shape.width
        self.heads = width // shape.head_width
        self.query, self.key, self.value = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.text_key, self.text_value = (nn.Linear(width, width, bias=False) for _ in range(2))
        self.out = nn.Linear(width, width, bias=False)
        self.feed = SwiGLU(width, shape.hidden)
        self.q_scale = nn.Parameter(torch.ones(shape.head_width))
        self.k_scale = nn.Parameter(torch.ones(shape.head_width))
        self.modulation = nn.Parameter(torch.zeros(6, width))

    def text_keys(self, text_BTD: Tensor) -> tuple[Tensor, Tensor]:
        """Caption keys and values `[B, heads, T, head_width]`, the same at every step of one drawing."""
        batch, tokens, _ = text_BTD.shape
        kv = joined(text_BTD, self.text_key, self.text_value).view(batch, tokens, 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        return rms_norm(kv[0], self.k_scale), kv[1]

    def forward(self, x_BND: Tensor, time_B6D: Tensor, text: tuple[Tensor, Tensor], rotary: tuple[Tensor, Tensor]) -> Tensor:
        """`[B, N, D]` to `[B, N, D]`."""
        batch, tokens, width = x_BND.shape
        shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = (time_B6D + self.modulation).unsqueeze(2).unbind(1)
        qkv = joined(rms_norm(x_BND) * (1 + scale_a) + shift_a, self.query, self.key, self.value)
        q, k, v = qkv.view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k = rotate(rms_norm(q, self.q_scale), rotary), rotate(rms_norm(k, self.k_scale), rotary)
        mixed = attend(q, torch.cat([text[0], k], dim=2), torch.cat([text[1], v], dim=2))
        x_BND = x_BND + gate_a * self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x_BND + gate_f * self.feed(rms_norm(x_BND) * (1 + scale_f) + shift_f)


class DrawingNetwork(nn.Module):
    """Noisy image, time and caption in; estimate of the clean image out."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        width, patch_values = shape.width, shape.channels * shape.patch**2
        self.patch_in = nn.Sequential(
            nn.Linear(patch_values, min(shape.bottleneck, patch_values), bias=False),
            nn.Linear(min(shape.bottleneck, patch_values), width),
        )
        self.text_in = nn.Linear(shape.text_width, width)
        self.pad_token = nn.Parameter(torch.randn(width) * 0.02)
        self.null_text = nn.Parameter(torch.randn(shape.text_tokens, width) * 0.02)
        heads = width // shape.head_width
        self.text_blocks = nn.ModuleList(
            TextBlock(width, shape.hidden, heads, shape.text_tokens) for _ in range(shape.text_blocks)
        )
        self.time_in = nn.Sequential(nn.Linear(256, width), nn.SiLU(), nn.Linear(width, width))
        self.pooled_in = nn.Linear(width, width, bias=False)
        if shape.reads_guidance:
            self.guidance_in = nn.Sequential(nn.Linear(2 * GUIDANCE_BANDS, width), nn.SiLU(), nn.Linear(width, width, bias=False))
        self.modulation = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.depth))
        self.out_modulation = nn.Linear(width, 2 * width)
        self.patch_out = nn.Linear(width, patch_values)
        self._register_positions()
        self._start_values()

    def _register_positions(self) -> None:
        """Positions of every form, counted from the middle of the canvas: tokens of the square lie in the longer ones too."""
        for form, grid in self.shape.grids.items():
            lines = [(torch.arange(num) + 0.5 - (num - self.shape.grid) / 2) / self.shape.grid * 8 for num in grid]
            places = torch.stack(torch.meshgrid(*lines, indexing="ij"), dim=-1).flatten(0, 1)
            for name, table in zip(("cos", "sin"), rotary_table(places, self.shape.head_width, 100.0), strict=True):
                self.register_buffer(f"{name}_{form}", table, persistent=False)
            if form == "square":
                bands = places[:, :, None] * (0.5 ** torch.arange(8)) * math.pi
                fixed = torch.cat([bands.sin(), bands.cos()], dim=-1).flatten(1)
                self.place = nn.Parameter(fixed @ torch.randn(fixed.shape[1], self.shape.width) * 0.05)
            else:
                self.register_parameter(f"place_{form}", nn.Parameter(torch.empty(len(places), self.shape.width)))
        self.spread_places()

    @torch.no_grad()
    def spread_places(self) -> None:
        """Start what is learnt of a longer form's tokens as what is known of the nearest ones of the square."""
        square = self.place.view(self.shape.grid, self.shape.grid, -1)
        for form, grid in self.shape.grids.items():
            if form != "square":
                rows, columns = (
                    (torch.arange(num) - (num - self.shape.grid) // 2).clamp(0, self.shape.grid - 1) for num in grid
                )
                getattr(self, f"place_{form}").copy_(square[rows][:, columns].flatten(0, 1))

    def _start_values(self) -> None:
        for layer in (self.modulation, self.out_modulation, self.patch_out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        if self.shape.reads_guidance:
            nn.init.zeros_(self.guidance_in[-1].weight)

    def encode_text(self, text_BTE: Tensor, mask_BT: Tensor, drop_B: Tensor) -> Tensor:
        """Caption embedding fitted to the network.

        Args:
            text_BTE: float, last hidden state of the text encoder, T = `shape.text_tokens`.
            mask_BT: bool, true where a token is real; the others take a learned padding token.
            drop_B: bool, true where the caption is to be left out (classifier-free guidance, arXiv:2207.12598).

        Returns:
            float `[B, T, D]`; its first token stands for the whole caption.
        """
        even, real = rms_norm(text_BTE), mask_BT[..., None]
        sentence = (even * real).sum(dim=1, keepdim=True) / real.sum(dim=1, keepdim=True)
        text = torch.where(real, self.text_in(even), self.pad_token)
        text = torch.cat([self.text_in(sentence), text[:, 1:]], dim=1)  # in place of the first, which says nothing
        text = torch.where(drop_B[:, None, None], self.null_text, text)
        for block in self.text_blocks:
            text = block(text)
        return rms_norm(text)

    @torch.no_grad()
    def whiten_text(self, text_BTE: Tensor, mask_BT: Tensor) -> None:
        """Start `text_in` so that caption tokens like these come out with mean 0 and covariance 1.

        MiniLM's tokens share one large mean and few directions; from a random start the network is long in telling
        captions apart. Keeps the `width` strongest components.
        """
        tokens = rms_norm(text_BTE)[mask_BT].double()
        mean = tokens.mean(dim=0)
        variances, directions = torch.linalg.eigh((tokens - mean).T @ (tokens - mean) / len(tokens))
        kept = slice(-self.shape.width, None)
        weight = (directions[:, kept] / (variances[kept] + 0.01 * variances.mean()).sqrt()).T
        self.text_in.weight.copy_(weight)
        self.text_in.bias.copy_(-weight @ mean)

    def patchify(self, image_BCHW: Tensor) -> Tensor:
        """`[B, C, H, W]` to `[B, N, C * patch * patch]`."""
        (batch, channels, height, width), patch = image_BCHW.shape, self.shape.patch
        tiles = image_BCHW.reshape(batch, channels, height // patch, patch, width // patch, patch)
        return tiles.permute(0, 2, 4, 1, 3, 5).reshape(batch, height * width // patch**2, -1)

    def unpatchify(self, tokens_BNP: Tensor, form: str) -> Tensor:
        """The reverse of `patchify`."""
        (rows, columns), patch = self.shape.grids[form], self.shape.patch
        tiles = tokens_BNP.view(-1, rows, columns, self.shape.channels, patch, patch)
        return tiles.permute(0, 3, 1, 4, 2, 5).reshape(-1, self.shape.channels, rows * patch, columns * patch)

    def form_of(self, image_BCHW: Tensor) -> str:
        """Which of the network's forms a canvas has."""
        grid = tuple(side // self.shape.patch for side in image_BCHW.shape[2:])
        return next(form for form, one in self.shape.grids.items() if one == grid)

    def pooled(self, text_BTD: Tensor, guidance_B: Tensor | None = None) -> Tensor:
        """What of a caption, and of the guidance with it, joins the time; `[B, D]`. No guidance is a guidance of 1."""
        whole_BD = text_BTD[:, 0]
        if not self.shape.reads_guidance:
            return whole_BD
        guidance_B = torch.ones(len(text_BTD), device=text_BTD.device) if guidance_B is None else guidance_B
        angles = guidance_B.float().log()[:, None] * 2.0 ** torch.arange(-1, GUIDANCE_BANDS - 1)
        return whole_BD + self.guidance_in(torch.cat([angles.cos(), angles.sin()], dim=-1))

    def denoise(self, noisy_BCHW: Tensor, time_B: Tensor, text_BTD: Tensor, guidance_B: Tensor | None = None) -> Tensor:
        """Estimate of the clean image.

        Args:
            noisy_BCHW: float, `time * clean + (1 - time) * noise`, all of one form.
            time_B: float in 0 (noise) to 1 (clean).
            text_BTD: float, from `encode_text`; each caption may serve several images in a row, so that B is a
                multiple of its length.
            guidance_B: float from 1 up, one for each caption, where the network reads it (arXiv:2210.03142).

        Returns:
            float `[B, C, H, W]`.
        """
        share = len(noisy_BCHW) // len(text_BTD)
        pooled = self.pooled_in(self.pooled(text_BTD, guidance_B)).repeat_interleave(share, dim=0)
        form = self.form_of(noisy_BCHW)
        place = self.place if form == "square" else getattr(self, f"place_{form}")
        x = self.patch_in(self.patchify(noisy_BCHW)) + place
        steps = torch.exp(torch.arange(128, device=time_B.device) * (-math.log(1000.0) / 128))
        angles = time_B[:, None].float() * 100 * steps
        time = self.time_in(torch.cat([angles.cos(), angles.sin()], dim=-1)) + pooled
        modulation = self.modulation(F.silu(time)).view(-1, 6, self.shape.width)
        rotary = (getattr(self, f"cos_{form}"), getattr(self, f"sin_{form}"))
        for block in self.blocks:
            keys, values = (part.repeat_interleave(share, dim=0) for part in block.text_keys(text_BTD))
            x = block(x, modulation, (keys, values), rotary)
        shift, scale = self.out_modulation(F.silu(time)).unsqueeze(1).chunk(2, dim=-1)
        return self.unpatchify(self.patch_out(rms_norm(x) * (1 + scale) + shift), form)

    def forward(
        self, noisy_BCHW: Tensor, time_B: Tensor, text_BTE: Tensor, mask_BT: Tensor, drop_B: Tensor, guidance_B: Tensor | None = None
    ) -> Tensor:
        """`encode_text`, then `denoise`."""
        return self.denoise(noisy_BCHW, time_B, self.encode_text(text_BTE, mask_BT, drop_B), guidance_B)
