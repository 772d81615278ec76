"""Looking for the pilot of a mark in a picture that was turned, mirrored, cropped or tilted.

Every way the picture may lie is a warp (tile size, tilt), a quarter turn, a mirroring and a shift.
All shifts are tried at once by correlation with the pilot; turns and mirrorings cost one more
each; warps are a list. Pictures stretched in one direction only are not looked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.provenance.mark.codeword import Floats
from limner.provenance.mark.evidence import at_reading_size, evidence_of, folded
from limner.provenance.mark.pattern import NUM_CHIPS, Pattern, Spectrum, spectrum_of

# Shapes: H height, W width, C channels, T tile pixels a side, F frequencies a side, O orientations,
# S shifts a side.

TILE_COUNTS = (1, 2)  # on the short side of a picture that was not cropped
SIZES = (0.48, 2.1)  # of a tile, of the short side: from a finely marked whole to a cropped half
SIZE_STEP = 0.02  # of a tile, for a tile as large as the short side; proportionally finer below
TILT_STEP_DEGREES = 1.25  # the same
MAX_TILT_DEGREES = 6.0

_NUM_SHIFTS = 2 * NUM_CHIPS  # half a chip apart
_READING_COUNTS = (0.5, 1, 2)  # reading sizes that warps start from


class Warp(NamedTuple):
    """Tile side over the picture's short side, and a tilt counter-clockwise."""

    tile_size: float
    tilt_degrees: float


class Pose(NamedTuple):
    """Where a pilot may be, and how far it stands out there."""

    pilot_score: float
    warp: Warp
    quarter_turns: int
    is_mirrored: bool
    shift: tuple[float, float]
    spectrum_FF: Spectrum


class Views:
    """The evidence of one picture at every reading size, worked out when first needed.

    Args:
        image_HWC: uint8, RGB or RGBA.
    """

    def __init__(self, image_HWC: NDArray[np.uint8]) -> None:
        self._image_HWC = image_HWC
        self._evidence: dict[float, Floats] = {}
        self.short_side_px = min(image_HWC.shape[:2])

    def evidence(self, num_tiles: float) -> Floats:
        """Evidence with so many tiles on the short side, `[H, W]`."""
        if num_tiles not in self._evidence:
            small_HWC = at_reading_size(self._image_HWC, num_tiles)
            self._evidence[num_tiles] = evidence_of(small_HWC)
        return self._evidence[num_tiles]

    def spectrum(self, warp: Warp) -> Spectrum:
        """What lies in one tile when the warp is undone."""
        num_tiles = min(_READING_COUNTS, key=lambda count: abs(math.log(count * warp.tile_size)))
        evidence_HW = self.evidence(num_tiles)
        is_whole = warp.tilt_degrees == 0 and num_tiles * warp.tile_size == 1
        return spectrum_of(
            folded(evidence_HW if is_whole else _unwarped(evidence_HW, warp, num_tiles))
        )


def whole_warps() -> list[Warp]:
    """The warps of a picture that was neither cropped nor tilted."""
    return [Warp(1 / count, 0.0) for count in TILE_COUNTS]


def wide_warps() -> list[Warp]:
    """Crops at any tile size, and tilts of a whole picture, its corners cut off or kept."""
    warps = [Warp(size, 0.0) for size in _tile_sizes()]
    for count in TILE_COUNTS:
        num_steps = math.ceil(MAX_TILT_DEGREES * count / TILT_STEP_DEGREES)
        for step in range(-num_steps, num_steps + 1):
            tilt = step * TILT_STEP_DEGREES / count
            shrunk = math.cos(math.radians(tilt)) + abs(math.sin(math.radians(tilt)))
            warps += [Warp(1 / count, tilt), Warp(1 / count / shrunk, tilt)] if step else []
    return warps


def pilot_poses(views: Views, warps: Sequence[Warp], pattern: Pattern) -> list[Pose]:
    """The best pose of every warp, turn and mirroring; best first."""
    poses = [pose for warp in warps for pose in _poses(views.spectrum(warp), warp, pattern)]
    return sorted(poses, key=lambda pose: -pose.pilot_score)


def refined(views: Views, pose: Pose, pattern: Pattern) -> Pose:
    """The pose with its warp put right to an eighth of the search's steps."""
    for part in (0.5, 0.25, 0.125):
        size, tilt = pose.warp
        for a, b in product((-part, 0, part), repeat=2):
            warp = Warp(size * (1 + a * SIZE_STEP * size), tilt + b * TILT_STEP_DEGREES * size)
            spectrum_FF = views.spectrum(warp)
            near = _pose(spectrum_FF, warp, pose.quarter_turns, pose.is_mirrored, pattern)
            pose = max(pose, near, key=lambda one: one.pilot_score)
    return pose


def _poses(spectrum_FF: Spectrum, warp: Warp, pattern: Pattern) -> Iterator[Pose]:
    """The best shift in each of the eight ways a square can lie."""
    for quarter_turns, is_mirrored in product(range(4), (False, True)):
        yield _pose(spectrum_FF, warp, quarter_turns, is_mirrored, pattern)


def _pose(
    spectrum_FF: Spectrum, warp: Warp, quarter_turns: int, is_mirrored: bool, pattern: Pattern
) -> Pose:
    turned_FF = _turned_back(spectrum_FF, quarter_turns, is_mirrored)
    score, shift = _best_shift(turned_FF, pattern)
    return Pose(score, warp, quarter_turns, is_mirrored, shift, turned_FF)


def _turned_back(spectrum_FF: Spectrum, quarter_turns: int, is_mirrored: bool) -> Spectrum:
    """The spectrum of the tile turned clockwise, then mirrored left to right; shifts aside."""
    for _ in range(quarter_turns):
        spectrum_FF = _reversed(spectrum_FF.T, axis=1)
    return _reversed(spectrum_FF, axis=1) if is_mirrored else spectrum_FF


def _reversed(spectrum_FF: Spectrum, axis: int) -> Spectrum:
    return np.roll(np.flip(spectrum_FF, axis), 1, axis)


def _best_shift(spectrum_FF: Spectrum, pattern: Pattern) -> tuple[float, tuple[float, float]]:
    """Correlation with the pilot at its best shift, in standard deviations, and that shift."""
    half = NUM_CHIPS // 2
    cross_SS = np.zeros((_NUM_SHIFTS, _NUM_SHIFTS), np.complex64)
    at_F = np.r_[:half, _NUM_SHIFTS - half : _NUM_SHIFTS]
    cross_SS[np.ix_(at_F, at_F)] = spectrum_FF * np.conj(pattern.pilot_FF)
    fit_SS = np.fft.ifft2(cross_SS).real
    down, right = np.unravel_index(int(np.argmax(fit_SS)), fit_SS.shape)
    spread = float(fit_SS.std())
    shift = (
        float(right + _peak_offset(np.roll(fit_SS[down], 1 - right)[:3])) / _NUM_SHIFTS % 1,
        float(down + _peak_offset(np.roll(fit_SS[:, right], 1 - down)[:3])) / _NUM_SHIFTS % 1,
    )
    return (float(fit_SS[down, right]) / spread if spread > 0 else 0.0), shift


def _peak_offset(three: Floats) -> float:
    """Where the parabola through three equally spaced values is highest, from the middle one."""
    before, middle, after = (float(one) for one in three)
    curvature = before - 2 * middle + after
    return 0.5 * (before - after) / curvature if curvature < 0 else 0.0


def _unwarped(evidence_HW: Floats, warp: Warp, num_tiles: float) -> Floats:
    """The evidence turned back by the tilt about its middle, with TILE_PX pixels a tile."""
    height_px, width_px = evidence_HW.shape
    zoom = 1 / (num_tiles * warp.tile_size)
    size = max(1, round(width_px * zoom)), max(1, round(height_px * zoom))
    angle = math.radians(warp.tilt_degrees)
    cosine, sine = math.cos(angle) / zoom, math.sin(angle) / zoom
    corner_x = width_px / 2 - cosine * size[0] / 2 - sine * size[1] / 2
    corner_y = height_px / 2 + sine * size[0] / 2 - cosine * size[1] / 2
    return np.asarray(
        PillowImage.fromarray(evidence_HW).transform(
            size,
            PillowImage.Transform.AFFINE,
            (cosine, sine, corner_x, -sine, cosine, corner_y),
            PillowImage.Resampling.BILINEAR,
        )
    )


def _tile_sizes() -> list[float]:
    sizes = [SIZES[0]]
    while sizes[-1] < SIZES[1]:
        sizes.append(sizes[-1] * (1 + SIZE_STEP * sizes[-1]))
    return sizes
