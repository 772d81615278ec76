"""Fitting pictures to the canvas a generator draws on, and what it drew to the size asked.

A picture is never stretched: it is scaled to fit, centred, and the bars left over take the
commonest colour of the side they touch (transparent beside a transparent side). Pixels a mask
keeps are put back exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.core.records import Request, Size

# Shapes: H height, W width, C channels (RGBA, straight alpha).


class Box(NamedTuple):
    """A rectangle inside a picture, in pixels."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """How one request lies on a canvas.

    Attributes:
        size: of the finished picture.
        placement: the part of the canvas that becomes the picture.
        canvas_source_HWC: what to start from, at canvas size; ``None`` for a fresh drawing.
        canvas_mask_HW: where to repaint, at canvas size.
        kept_HWC: the source at its own size, extended by the margins, if a mask keeps parts.
        kept_mask_HW: where the finished picture comes from the generator (255).
    """

    size: Size
    placement: Box
    canvas_source_HWC: NDArray[np.uint8] | None = None
    canvas_mask_HW: NDArray[np.uint8] | None = None
    kept_HWC: NDArray[np.uint8] | None = None
    kept_mask_HW: NDArray[np.uint8] | None = None


def frame_request(request: Request, *, size: Size, canvas: Size) -> Frame:
    """Place the pictures of a request on the canvas."""
    whole = Box(0, 0, canvas.width_px, canvas.height_px)
    if request.source is None:
        return Frame(size=size, placement=whole)
    if request.enlarge_by is not None:  # its generator takes it as it is
        source_HWC = request.source.image_HWC
        return Frame(size=size, placement=whole, canvas_source_HWC=source_HWC)
    source_HWC, mask_HW = _extended(request)
    source_size = Size(source_HWC.shape[1], source_HWC.shape[0])
    placement = placement_in(canvas, source_size)
    canvas_source_HWC = fit(source_HWC, canvas)
    if mask_HW is None:
        return Frame(size=size, placement=placement, canvas_source_HWC=canvas_source_HWC)
    return Frame(
        size=size,
        placement=placement,
        canvas_source_HWC=canvas_source_HWC,
        canvas_mask_HW=_fit_mask(mask_HW, canvas),
        kept_HWC=source_HWC,
        kept_mask_HW=mask_HW,
    )


def unframe(drawn_HWC: NDArray[np.uint8], frame: Frame) -> NDArray[np.uint8]:
    """The finished picture out of a drawn canvas.

    Args:
        drawn_HWC: uint8, RGBA, at canvas size.
        frame: from `frame_request`.

    Returns:
        uint8, RGBA, at the size that was asked.
    """
    left_px, top_px, width_px, height_px = frame.placement
    drawn_HWC = drawn_HWC[top_px : top_px + height_px, left_px : left_px + width_px]
    if frame.kept_HWC is None or frame.kept_mask_HW is None:
        return fit(drawn_HWC, frame.size)
    return _mixed(_resized(drawn_HWC, frame.size), frame.kept_HWC, frame.kept_mask_HW)


def fit(image_HWC: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """Scale a picture to fit into `size` and centre it there, without stretching.

    Args:
        image_HWC: uint8, RGBA.
        size: of the result.
    """
    image_size = Size(image_HWC.shape[1], image_HWC.shape[0])
    if image_size == size:
        return image_HWC
    left_px, top_px, width_px, height_px = placement_in(size, image_size)
    scaled_HWC = _resized(image_HWC, Size(width_px, height_px))
    right_px = size.width_px - width_px - left_px
    bottom_px = size.height_px - height_px - top_px
    across_HWC = np.concatenate(
        [
            _bar(scaled_HWC[:, 0], (height_px, left_px)),
            scaled_HWC,
            _bar(scaled_HWC[:, -1], (height_px, right_px)),
        ],
        axis=1,
    )
    return np.concatenate(
        [
            _bar(scaled_HWC[0], (top_px, size.width_px)),
            across_HWC,
            _bar(scaled_HWC[-1], (bottom_px, size.width_px)),
        ]
    )


def placement_in(outer: Size, inner: Size) -> Box:
    """Where a picture of size `inner` lies when it is scaled to fit into `outer` and centred."""
    scale = min(outer.width_px / inner.width_px, outer.height_px / inner.height_px)
    width_px = min(outer.width_px, max(1, round(inner.width_px * scale)))
    height_px = min(outer.height_px, max(1, round(inner.height_px * scale)))
    return Box(
        (outer.width_px - width_px) // 2, (outer.height_px - height_px) // 2, width_px, height_px
    )


def _extended(request: Request) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    assert request.source is not None
    source_HWC = request.source.image_HWC
    mask_HW = None if request.mask is None else request.mask.mask_HW
    if request.margins is None:
        return source_HWC, mask_HW
    left_px, top_px, right_px, bottom_px = request.margins
    sides = ((top_px, bottom_px), (left_px, right_px))
    if mask_HW is None:
        mask_HW = np.zeros(source_HWC.shape[:2], np.uint8)
    return (
        np.pad(source_HWC, (*sides, (0, 0)), mode="edge"),
        np.pad(mask_HW, sides, constant_values=255),
    )


def _fit_mask(mask_HW: NDArray[np.uint8], canvas: Size) -> NDArray[np.uint8]:
    left_px, top_px, width_px, height_px = placement_in(
        canvas, Size(mask_HW.shape[1], mask_HW.shape[0])
    )
    scaled = PillowImage.fromarray(mask_HW).resize(
        (width_px, height_px), PillowImage.Resampling.BOX
    )
    fitted_HW = np.zeros((canvas.height_px, canvas.width_px), np.uint8)
    fitted_HW[top_px : top_px + height_px, left_px : left_px + width_px] = np.asarray(scaled)
    return fitted_HW


def _resized(image_HWC: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    if image_HWC.shape[:2] == (size.height_px, size.width_px):
        return image_HWC
    # Pillow weighs RGBA by alpha, so that hidden colours do not bleed into edges.
    resized = PillowImage.fromarray(image_HWC, "RGBA").resize(size, PillowImage.Resampling.LANCZOS)
    return np.asarray(resized)


def _bar(side_LC: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    colours_NC, counts_N = np.unique(side_LC, axis=0, return_counts=True)
    return np.broadcast_to(colours_NC[counts_N.argmax()], (*shape, 4))


def _mixed(
    drawn_HWC: NDArray[np.uint8], kept_HWC: NDArray[np.uint8], mask_HW: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    share_HW1 = mask_HW[..., None].astype(np.float32) / 255
    drawn_alpha_HW1 = drawn_HWC[..., 3:] * share_HW1
    kept_alpha_HW1 = kept_HWC[..., 3:] * (1 - share_HW1)
    alpha_HW1 = drawn_alpha_HW1 + kept_alpha_HW1
    colour_HWC = drawn_HWC[..., :3] * drawn_alpha_HW1 + kept_HWC[..., :3] * kept_alpha_HW1
    colour_HWC = colour_HWC / np.maximum(alpha_HW1, 1e-6)
    mixed_HWC = np.rint(np.concatenate([colour_HWC, alpha_HW1], axis=2)).astype(np.uint8)
    return np.where(mask_HW[..., None] == 0, kept_HWC, mixed_HWC)
