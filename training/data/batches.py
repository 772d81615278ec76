"""Endless training batches, painted with batched tensor work, and fixed held-out pairs for
measuring.

    batches = Batches(folder, size=64, batch=128, seed=2)
    rgba_BCHW, captions, facts = batches.next()

`rgba_BCHW` is float32, premultiplied, 0..1. Only rows of the split "train" are ever used by
`Batches`. `size` is the shorter side of the pictures.
"""

# Shapes: B pictures, K sprites, C = 4 channels (red, green, blue, alpha; premultiplied), H
# height, W width.

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional

from training.data.colours import Floats
from training.data.manifest import Row, read_jsonl
from training.data.pool import Pool
from training.data.scenes import SQUARE, Background, Canvas, Placement, Scene, SceneMaker
from training.data.splits import Split
from training.data.sprites import open_sprites

SOURCES_PX = (64, 128, 256)
TILE_STEP = 16
EVALUATION_SEED = 20261123

Facts = dict[str, list[Any]]


class Painter:
    """Paints scenes from the sprite files of a folder."""

    def __init__(self, folder: Path, size: int) -> None:
        self.size = size
        # Sprites finer than the pictures would cost time and add nothing.
        self._sprites = {px: open_sprites(folder, px) for px in SOURCES_PX if px <= max(size, SOURCES_PX[1])}

    def paint(self, scenes: Sequence[Scene]) -> torch.Tensor:
        """Paint scenes of one form.

        Returns:
            rgba_BCHW: float32 [B, 4, H, W], premultiplied, 0..1.
        """
        (canvas,) = {scene.canvas for scene in scenes}
        rgba_BCHW = torch.stack([self._ground(scene.background, canvas) for scene in scenes])
        by_side: dict[int, list[tuple[int, Placement]]] = defaultdict(list)
        for number, scene in enumerate(scenes):
            for placement in scene.placements:
                by_side[self._side_px(placement)].append((number, placement))
        for side_px, entries in by_side.items():
            tiles_KCHW = self._tiles([placement for _, placement in entries], side_px)
            for (number, placement), tile_CHW in zip(entries, tiles_KCHW, strict=True):
                self._lay_over(rgba_BCHW[number], tile_CHW, placement)
        return rgba_BCHW

    def small_sprite(self, row: Row) -> Floats:
        """A row's sprite at 32 pixels, [32, 32, 4] in 0..1: enough to tell its colours."""
        return self._sprites[64][row.index, ::2, ::2].astype(np.float32) / 255

    def _side_px(self, placement: Placement) -> int:
        """Sides are rounded to a few sizes, so that many sprites share one sampling."""
        return max(1, round(placement.side * TILE_STEP)) * self.size // TILE_STEP

    def _ground(self, background: Background, canvas: Canvas) -> torch.Tensor:
        height, width = round(canvas.height * self.size), round(canvas.width * self.size)
        canvas_CHW = torch.zeros(4, height, width)
        if background.ground == "transparent":
            return canvas_CHW
        canvas_CHW[3] = 1
        first_C11, last_C11 = (
            torch.from_numpy(background.rgb[place])[:, None, None] for place in (0, -1)
        )
        length = width if background.is_across else height
        ramp_L = (torch.arange(length) + 0.5) / length
        if background.ground == "split":
            ramp_L = (ramp_L > 0.5).float()
        ramp_HW = ramp_L[None, :] if background.is_across else ramp_L[:, None]
        canvas_CHW[:3] = first_C11 + (last_C11 - first_C11) * ramp_HW
        return canvas_CHW

    def _tiles(self, placements: Sequence[Placement], side_px: int) -> torch.Tensor:
        """Sample sprites into tiles: scaled, shifted, turned, mirrored and recoloured."""
        source_px = next((px for px in self._sprites if px >= 1.5 * side_px), max(self._sprites))
        indices = np.array([placement.row.index for placement in placements])
        pixels_KHWC = torch.from_numpy(self._sprites[source_px][indices])
        sprites_KCHW = pixels_KHWC.permute(0, 3, 1, 2).float().mul_(1 / 255)
        maps_K23 = torch.from_numpy(
            np.stack([_sampling_map(placement) for placement in placements])
        )
        # A tile pixel much wider than a source pixel is sampled twice, against jagged edges.
        taps = (-0.25, 0.25) if source_px > 1.4 * side_px else (0.0,)
        tiles_KCHW = torch.zeros(len(placements), 4, side_px, side_px)
        for tap in taps:
            moved_K23 = maps_K23.clone()
            moved_K23[:, :, 2] += maps_K23[:, :, :2].sum(-1) * (tap * 2 / side_px)
            grid = functional.affine_grid(
                moved_K23, [len(placements), 4, side_px, side_px], align_corners=False
            )
            tiles_KCHW += functional.grid_sample(sprites_KCHW, grid, align_corners=False) / len(
                taps
            )
        return _recoloured(tiles_KCHW, placements)

    def _lay_over(
        self, canvas_CHW: torch.Tensor, tile_CHW: torch.Tensor, placement: Placement
    ) -> None:
        side = tile_CHW.shape[-1]
        top = min(canvas_CHW.shape[1] - side, max(0, round(placement.top * self.size)))
        left = min(canvas_CHW.shape[2] - side, max(0, round(placement.left * self.size)))
        window_CHW = canvas_CHW[:, top : top + side, left : left + side]
        window_CHW.mul_(1 - tile_CHW[3]).add_(tile_CHW)


def _sampling_map(placement: Placement) -> Floats:
    """The 2 x 3 map from tile to sprite coordinates (-1..1), the inverse of what is done."""
    angle = np.radians(placement.degrees)
    cosine, sine = np.cos(angle) / placement.scale, np.sin(angle) / placement.scale
    matrix = np.array([[cosine, sine], [-sine, cosine]])
    if placement.is_mirrored:
        matrix[0] *= -1
    offset = -matrix @ (2 * np.array(placement.shift))
    return np.concatenate([matrix, offset[:, None]], axis=1).astype(np.float32)


def _recoloured(tiles_KCHW: torch.Tensor, placements: Sequence[Placement]) -> torch.Tensor:
    chosen = [
        number for number, placement in enumerate(placements) if placement.recolouring is not None
    ]
    if chosen:
        matrices = torch.from_numpy(np.stack([placements[number].recolouring for number in chosen]))  # type: ignore[misc]
        picked_KCHW = tiles_KCHW[chosen]
        rgb_KCHW = torch.einsum("koc,kchw->kohw", matrices, picked_KCHW)
        picked_KCHW[:, :3] = torch.minimum(rgb_KCHW.clamp_(min=0), picked_KCHW[:, 3:])
        tiles_KCHW[chosen] = picked_KCHW
    return tiles_KCHW


class Batches:
    """Endless batches of training pictures with captions and facts.

    Args:
        folder: the data work folder, with sprite files and `rows.jsonl`.
        size: shorter side of the pictures in pixels, 64, 128 or 256.
        batch: pictures a batch.
        seed: of everything random in it.
        is_core: only core concepts (`pool.core_rows`).
    """

    def __init__(
        self, folder: Path, size: int, batch: int, seed: int, *, is_core: bool = False
    ) -> None:
        rows = read_jsonl(folder / "rows.jsonl")
        self._batch = batch
        self._painter = Painter(folder, size)
        self.pool = Pool.of_core(rows) if is_core else Pool.of_training(rows)
        self.concepts = sorted({row.concept for row in rows})
        self.styles = sorted({row.style for row in rows})
        self._maker = SceneMaker(self.pool, self._painter.small_sprite, np.random.default_rng(seed))

    def next(self, canvas: Canvas = SQUARE) -> tuple[torch.Tensor, list[str], Facts]:
        """One batch: pictures [B, 4, H, W] of one form, their captions, lists of facts by name."""
        self._maker.canvas = canvas
        scenes = [self._maker.draw() for _ in range(self._batch)]
        return self._painter.paint(scenes), [scene.caption for scene in scenes], facts_of(scenes)

    def state_dict(self) -> dict[str, Any]:
        """Where the random draws are, as plain values."""
        return {"generator": self._maker.generator.bit_generator.state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._maker.generator.bit_generator.state = state["generator"]


def facts_of(scenes: Sequence[Scene]) -> Facts:
    """What each scene shows, as lists by name; concept, style and row are of the first thing."""
    return {
        "kind": [scene.kind for scene in scenes],
        "row": [scene.placements[0].row.index for scene in scenes],
        "concept": [scene.placements[0].row.concept for scene in scenes],
        "concepts": [
            tuple(placement.row.concept for placement in scene.placements) for scene in scenes
        ],
        "style": [scene.placements[0].row.style for scene in scenes],
        "colours": [scene.placements[0].words for scene in scenes],
        "count": [len(scene.placements) for scene in scenes],
        "relation": [scene.relation for scene in scenes],
        "background": [scene.background.words for scene in scenes],
        "is_recoloured": [
            any(placement.recolouring is not None for placement in scene.placements)
            for scene in scenes
        ],
    }


def evaluation_pairs(
    folder: Path,
    size: int,
    split: Split = "heldout_style",
    count: int = 512,
    seed: int = EVALUATION_SEED,
) -> tuple[torch.Tensor, list[str], Facts]:
    """Fixed pictures of a held-out split with captions: the rows in turn, each one alone.

    Returns:
        The same three values as `Batches.next`.
    """
    rows = [row for row in read_jsonl(folder / "rows.jsonl") if row.split == split]
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(rows))
    painter = Painter(folder, size)
    maker = SceneMaker(Pool(rows), painter.small_sprite, generator)
    scenes = [maker.draw(rows[order[number % len(rows)]]) for number in range(count)]
    return painter.paint(scenes), [scene.caption for scene in scenes], facts_of(scenes)
