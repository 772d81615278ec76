"""What the referee is shown: damaged views of sprites with sentence vectors of what they show.

The referee has to judge drawn pictures that are soft, bent or dirty, so sprites are turned, bent,
recoloured, laid on grounds, covered in part, blurred, made noisy and coarsely quantised. Colours
are named after all of that which may change them. It chooses no rows: the caller does.
Shapes: N rows, B batch, C channels, H height, W width, K captions, E sentence width.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from training.data import colours
from training.data.captions import coloured, said_name, with_article
from training.data.styles import STYLES
from training.text import TextEncoder

PICTURE_PX = 64
NAME_FORMS = ("{a_c}", "{c} emoji", "a picture of {a_c}", "{a_c}, on a plain background")
NO_COLOUR = -1

Row = dict[str, Any]


def read_rows(data: Path) -> list[Row]:
    """The rows beside the sprite files."""
    return [json.loads(line) for line in (data / "rows.jsonl").read_text().splitlines()]


def read_sprites(data: Path, indices: Sequence[int], size: int = PICTURE_PX) -> Tensor:
    """Premultiplied RGBA uint8 `[N, 4, size, size]` of some rows."""
    sprites = np.memmap(data / f"sprites_{size}.u8", np.uint8, "r").reshape(-1, size, size, 4)
    return (
        torch.from_numpy(np.ascontiguousarray(sprites[list(indices)]))
        .permute(0, 3, 1, 2)
        .contiguous()
    )


def embed_cached(encoder: TextEncoder, captions: Sequence[str], folder: Path) -> Tensor:
    """Sentence vectors float16 `[N, E]`, kept in a file named for the captions."""
    digest = hashlib.sha256("\n".join(captions).encode()).hexdigest()[:16]
    path = folder / f"sentences_{digest}.pt"
    if path.exists():
        return torch.load(path, weights_only=True)
    distinct = list(dict.fromkeys(captions))
    parts = [encoder.embed(distinct[at : at + 2048]) for at in range(0, len(distinct), 2048)]
    place = {caption: number for number, caption in enumerate(distinct)}
    vectors = torch.cat(parts)[[place[caption] for caption in captions]].half()
    torch.save(vectors, path.with_suffix(".partial"))
    path.with_suffix(".partial").replace(path)
    return vectors


class Sentences(NamedTuple):
    """Sentence vectors by what is said, float16, last axis E."""

    names: Tensor  # [concepts, name forms, E]
    coloured: Tensor  # [concepts, colour words, E]
    captions: Tensor  # [rows, K, E]


def sentences(
    encoder: TextEncoder, concepts: Sequence[str], rows: Sequence[Row], folder: Path, seed: int
) -> Sentences:
    """Say everything once that training will say."""
    rng = np.random.default_rng(seed)
    said = (
        [form.format(c=c, a_c=with_article(c, c)) for c in concepts for form in NAME_FORMS],
        [with_article(f"{word} {c}", c) for c in concepts for word in colours.WORDS],
        [caption for row in rows for caption in row_captions(row, rng)],
    )
    shapes = ((len(concepts), -1), (len(concepts), -1), (len(rows), -1))
    return Sentences(
        *(
            embed_cached(encoder, part, folder).view(*shape, 384)
            for part, shape in zip(said, shapes, strict=True)
        )
    )


def row_captions(row: Row, rng: np.random.Generator) -> list[str]:
    """Two captions of a row: with keywords, and with its colours; both with its style at times."""
    name = said_name(row["concept"], rng, share=0.4)
    style = str(rng.choice(STYLES[row["style"]].phrases))
    keywords = [
        str(word) for word in rng.permutation(list(row["keywords"]) or [name.split()[-1]])[:2]
    ]
    words = [with_article(name, name), *keywords]
    tinted = with_article(coloured(name, row["colours"][:2]), name)
    return [
        ", ".join([style, *words] if rng.random() < 0.5 else words),
        f"{tinted}, {style}" if rng.random() < 0.7 else tinted,
    ]


class Views(NamedTuple):
    """A batch: RGB float `[B, 3, H, W]` 0-1; the colour word of each picture or `NO_COLOUR`;
    whether its colours are other than the row says."""

    rgb: Tensor
    colour: Tensor
    is_recoloured: Tensor


def make_views(rgba_BCHW: Tensor, rng: torch.Generator, strength: float = 1.0) -> Views:
    """Damage sprites and lay them on grounds.

    Args:
        rgba_BCHW: premultiplied uint8 `[B, 4, 64, 64]`.
        rng: of everything random.
        strength: 0-1, how much of all this; early in training little of it teaches faster.
    """
    rgba = bend(rgba_BCHW.float() / 255, rng, strength)
    rgba, is_recoloured = turn_hue(rgba, rng, strength)
    colour = name_colours(rgba)
    rgb = lay_on_ground(rgba, rng, strength)
    hurt = chance(len(rgb), strength, rng).nonzero()[:, 0]
    rgb[hurt] = damage(rgb[hurt], rng)
    return Views(rgb.clamp_(0, 1), colour, is_recoloured)


def chance(batch: int, share: float, rng: torch.Generator) -> Tensor:
    """Bool `[B]`, true with probability `share`."""
    return torch.rand(batch, generator=rng) < share


def between(shape: Sequence[int], low: float, high: float, rng: torch.Generator) -> Tensor:
    """Uniform numbers."""
    return torch.rand(*shape, generator=rng) * (high - low) + low


def bend(rgba: Tensor, rng: torch.Generator, strength: float) -> Tensor:
    """Scale, turn, mirror, shift, and move points about smoothly."""
    batch = len(rgba)
    zoom = 1 / between((batch,), 1 - 0.5 * strength, 1.12, rng)
    stretch = 1 + between((batch,), -0.12, 0.12, rng)
    angle = between((batch,), -0.22, 0.22, rng) * chance(batch, 0.6 * strength, rng)
    mirrored = 1 - 2 * chance(batch, 0.5, rng).float()
    room = (zoom - 1).clamp(min=0.08)
    shift = between((batch, 2), -1, 1, rng) * room[:, None]
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    matrix = torch.stack(
        [cos * mirrored * stretch, -sin, shift[:, 0], sin * mirrored, cos / stretch, shift[:, 1]], 1
    )
    grid = F.affine_grid(matrix.view(batch, 2, 3), list(rgba.shape), align_corners=False)
    bent = chance(batch, 0.4 * strength, rng).view(-1, 1, 1, 1)
    size = between((batch, 1, 1, 1), 0.0, 0.09, rng) * bent
    coarse = torch.randn(batch, 2, 5, 5, generator=rng) * size
    moved = F.interpolate(coarse, size=rgba.shape[-2:], mode="bicubic", align_corners=False)
    return F.grid_sample(rgba, grid + moved.permute(0, 2, 3, 1), align_corners=False).clamp_(0, 1)


def turn_hue(rgba: Tensor, rng: torch.Generator, strength: float) -> tuple[Tensor, Tensor]:
    """Turn the hue of up to a third of the pictures, and change saturation and light a little."""
    batch = len(rgba)
    turned = chance(batch, 0.33 * strength, rng)
    angle = between((batch,), 0.5, 2 * math.pi - 0.5, rng) * turned
    cos, sin = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None] / math.sqrt(3)
    skew = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    matrix = cos * torch.eye(3) + (1 - cos) / 3 + sin * skew
    saturation = between((batch, 1, 1), 0.75, 1.25, rng)
    matrix = saturation * matrix + (1 - saturation) / 3
    light = between((batch, 1, 1), 0.85, 1.12, rng)
    alpha = rgba[:, 3:]
    rgb = ((matrix * light) @ rgba[:, :3].flatten(2)).view(batch, 3, *rgba.shape[2:])
    return torch.cat([torch.minimum(rgb.clamp(min=0), alpha), alpha], 1), turned


def name_colours(rgba: Tensor, least_share: float = 0.4, lead: float = 1.6) -> Tensor:
    """Index in `colours.WORDS` of the colour that clearly rules each picture, or `NO_COLOUR`."""
    small = F.avg_pool2d(rgba, 4)[:, :, ::2, 1::2].permute(0, 2, 3, 1).numpy()
    batch, side = len(small), small.shape[1]
    alpha = small[..., 3]
    words = colours.word_indices(
        (small[..., :3] / np.maximum(alpha, 1e-3)[..., None]).reshape(-1, 3)
    )
    words = words.reshape(batch, side * side)
    weights = np.where(alpha > 0.25, alpha, 0).reshape(batch, -1)
    shares = np.stack([(weights * (words == word)).sum(1) for word in range(len(colours.WORDS))], 1)
    shares = shares / np.maximum(weights.sum(1), 1e-3)[:, None] * colours.WORD_WEIGHTS
    order = np.sort(shares, axis=1)
    is_clear = (order[:, -1] >= least_share) & (order[:, -1] >= lead * order[:, -2])
    return torch.from_numpy(np.where(is_clear, shares.argmax(1), NO_COLOUR))


def lay_on_ground(rgba: Tensor, rng: torch.Generator, strength: float) -> Tensor:
    """White for at least a third, then a named colour, any colour, or a soft mixture of some."""
    batch = len(rgba)
    prototypes = torch.from_numpy(
        np.stack([colours.prototype(word) for word in colours.background_words()])
    )
    kind = torch.rand(batch, generator=rng)
    plain = prototypes[torch.randint(len(prototypes), (batch,), generator=rng)]
    plain = plain + 0.03 * torch.randn(batch, 3, generator=rng)
    plain = torch.where((kind > 0.66)[:, None], torch.rand(batch, 3, generator=rng), plain)
    plain = torch.where((kind < 1 - 0.67 * strength)[:, None], torch.ones(3), plain).clamp(0, 1)
    ground = plain[..., None, None].expand(-1, -1, *rgba.shape[2:]).clone()
    soft = (kind > max(0.9, 1 - 0.67 * strength)).nonzero()[:, 0]
    ramp = between((len(soft), 3, 2, 2), 0, 1, rng)
    ground[soft] = F.interpolate(ramp, size=rgba.shape[-2:], mode="bilinear", align_corners=True)
    return torch.addcmul(rgba[:, :3], 1 - rgba[:, 3:], ground)


def damage(rgb: Tensor, rng: torch.Generator) -> Tensor:
    """Cover, soften, quantise and add noise, each to some of the pictures."""
    batch = len(rgb)
    parts = torch.randperm(batch, generator=rng).split(math.ceil(batch / 8))
    rgb = rgb.clone()
    cover(rgb, torch.cat(parts[:2]), rng)
    for rows in parts[2:4]:
        soften(rgb, rows, rng)
    rgb[parts[4]] = quantise_blocks(rgb[parts[4]], between((len(parts[4]), 1), 0.03, 0.35, rng))
    speckled = chance(batch, 0.35, rng).nonzero()[:, 0]
    fine = between((len(speckled), 1, 1, 1), 0, 0.08, rng)
    rgb[speckled] += fine * torch.randn(len(speckled), *rgb.shape[1:], generator=rng)
    blotched = chance(batch, 0.35, rng).nonzero()[:, 0]
    coarse = between((len(blotched), 1, 1, 1), 0, 0.2, rng) * torch.randn(
        len(blotched), 3, 9, 9, generator=rng
    )
    rgb[blotched] += F.interpolate(
        coarse, size=rgb.shape[-2:], mode="bilinear", align_corners=False
    )
    return rgb


def soften(rgb: Tensor, rows: Tensor, rng: torch.Generator) -> None:
    """Shrink some pictures and enlarge them again, in place."""
    side = int(torch.randint(14, 44, (1,), generator=rng))
    small = F.interpolate(rgb[rows], size=(side, side), mode="bilinear", antialias=True)
    rgb[rows] = F.interpolate(small, size=rgb.shape[-2:], mode="bilinear", align_corners=False)


def cover(rgb: Tensor, rows: Tensor, rng: torch.Generator) -> None:
    """Paint one rectangle of a random colour over each of some pictures, in place."""
    side = rgb.shape[-1]
    size = torch.randint(6, 22, (len(rows), 2), generator=rng).tolist()
    place = torch.randint(0, side, (len(rows), 2), generator=rng).tolist()
    tint = torch.rand(len(rows), 3, 1, 1, generator=rng)
    for number, row in enumerate(rows.tolist()):
        (height, width), (top, left) = size[number], place[number]
        rgb[row, :, top : top + height, left : left + width] = tint[number]


def quantise_blocks(rgb: Tensor, step: Tensor) -> Tensor:
    """Round the cosine transform of 8 x 8 blocks, coarser where detail is fine, as JPEG does."""
    at = torch.arange(8).float()
    basis = torch.cos((2 * at[None, :] + 1) * at[:, None] * math.pi / 16) * 0.5
    basis[0] /= math.sqrt(2)
    batch, channels, height, width = rgb.shape
    blocks = rgb.view(batch, channels, height // 8, 8, width // 8, 8).permute(0, 1, 2, 4, 3, 5)
    steps = step.view(-1, 1, 1, 1, 1, 1) * (1 + at[:, None] + at[None, :]) / 4
    coded = torch.round(basis @ blocks @ basis.T / steps) * steps
    return (basis.T @ coded @ basis).permute(0, 1, 2, 4, 3, 5).reshape(rgb.shape)
