"""Reading a mark: where it was put, then turned or mirrored, then at any size and tilt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import BadInput
from limner.provenance.mark.decoding import Decoded, decode_at
from limner.provenance.mark.pattern import Pattern, pattern_of
from limner.provenance.mark.records import Geometry, MarkReading
from limner.provenance.mark.search import (
    Pose,
    Views,
    Warp,
    pilot_poses,
    refined,
    whole_warps,
    wide_warps,
)

# Shapes: H height, W width, C channels.

MIN_SIDE_PX = 32
MIN_SEARCHED_PILOT = 4.8  # chance reaches it in one of some 200 poses; most marks stand higher
MAX_TRIES = 6  # poses that are decoded, best first


def read_mark(
    image_HWC: NDArray[np.uint8], keys: Sequence[bytes], *, thorough: bool = False
) -> MarkReading | None:
    """The mark in a picture, if one of the keys reads one; the same input gives the same answer.

    Looks where the mark was put, at any size of the whole picture, then at the seven other ways a
    rectangle can be turned and mirrored, at any shift.

    Args:
        image_HWC: uint8, RGB or RGBA with straight alpha; transparent parts are laid on white.
        keys: one for every epoch; the first that reads wins.
        thorough: look for crops, and for tilts up to 6 degrees, as well; about a second a key.

    Returns:
        What was found; ``None`` if no key reads anything, which proves nothing.

    Raises:
        BadInput: not RGB or RGBA pixels, or a key is too short.
    """
    if image_HWC.ndim != 3 or image_HWC.shape[2] not in (3, 4) or image_HWC.dtype != np.uint8:
        raise BadInput(
            f"The picture has shape {image_HWC.shape!r} and type {image_HWC.dtype}; a mark is read "
            "from height x width x 3 or 4 values of type uint8.",
            code="picture_invalid",
        )
    patterns = [pattern_of(key) for key in keys]
    if min(image_HWC.shape[:2]) < MIN_SIDE_PX:
        return None
    views = Views(image_HWC)
    ways = [_read_whole, _read_turned, *([_read_anywhere] if thorough else [])]
    readings = (way(views, pattern) for way in ways for pattern in patterns)
    return next((reading for reading in readings if reading is not None), None)


def read_in_place(views: Views, pattern: Pattern, warp: Warp) -> MarkReading | None:
    """The mark of a whole picture that lies as it was marked."""
    spectrum_FF = views.spectrum(warp)
    pose = Pose(0.0, warp, 0, False, (0.0, 0.0), spectrum_FF)
    decoded = decode_at(spectrum_FF, pose.shift, pattern)
    return None if decoded is None else _reading(views, pattern, pose, decoded)


def _read_whole(views: Views, pattern: Pattern) -> MarkReading | None:
    readings = (read_in_place(views, pattern, warp) for warp in whole_warps())
    return next((reading for reading in readings if reading is not None), None)


def _read_turned(views: Views, pattern: Pattern) -> MarkReading | None:
    return _read_best(views, pattern, pilot_poses(views, whole_warps(), pattern))


def _read_anywhere(views: Views, pattern: Pattern) -> MarkReading | None:
    poses = pilot_poses(views, wide_warps(), pattern)[:MAX_TRIES]
    poses = [refined(views, pose, pattern) for pose in poses]
    return _read_best(views, pattern, sorted(poses, key=lambda pose: -pose.pilot_score))


def _read_best(views: Views, pattern: Pattern, poses: Sequence[Pose]) -> MarkReading | None:
    for pose in poses[:MAX_TRIES]:
        if pose.pilot_score < MIN_SEARCHED_PILOT:
            break
        decoded = decode_at(pose.spectrum_FF, pose.shift, pattern)
        if decoded is not None:
            return _reading(views, pattern, pose, decoded)
    return None


def _reading(views: Views, pattern: Pattern, pose: Pose, decoded: Decoded) -> MarkReading:
    return MarkReading(
        payload=decoded.payload,
        epoch=pattern.epoch,
        score=decoded.score,
        pilot_score=decoded.pilot_score,
        num_corrected_bits=decoded.num_corrected_bits,
        geometry=Geometry(
            tile_px=pose.warp.tile_size * views.short_side_px,
            rotation_degrees=(90 * pose.quarter_turns + pose.warp.tilt_degrees) % 360,
            is_mirrored=pose.is_mirrored,
            shift=pose.shift,
        ),
    )
