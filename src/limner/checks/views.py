"""What several checks need of one picture, computed once: a small version of it, and lightness.

A large picture is shrunk once and every check goes on from there, because shrinking it anew for
each would take longer than most checks. It judges nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.checks.measures import as_pillow, scaled, weighted
from limner.core.records import Picture

# Shapes: H height, W width, C channels (RGBA, straight alpha).

VIEW_PX = 256  # longest side of the small version
WHITE = (255, 255, 255)
KEPT = 8  # pictures whose views are kept; a view takes at most a quarter of a megabyte

Seen = TypeVar("Seen")


class OncePerPicture(Generic[Seen]):
    """Calls a function once for the same pixels, and remembers the last few answers.

    Pictures are told apart by the hash of their pixels; that the hash is true is held by the
    integrity check. Whoever asks while it is being called waits for the answer.
    """

    def __init__(self, look: Callable[[Picture], Seen]) -> None:
        self._look = look
        self._kept: OrderedDict[str, Future[Seen]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, picture: Picture) -> Seen:
        """The answer for a picture; what `look` raises is raised, and not remembered."""
        key = picture.pixels_sha256
        with self._lock:
            is_first = key not in self._kept
            answer = self._kept.setdefault(key, Future())
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        if is_first:
            try:
                answer.set_result(self._look(picture))
            except BaseException as error:  # noqa: BLE001 - raised for whoever waits
                answer.set_exception(error)
                with self._lock:
                    self._kept.pop(key, None)
        return answer.result()


def shrunk(image_HWC: NDArray[np.uint8], longest_px: int) -> NDArray[np.uint8]:
    """The picture with its longest side at most `longest_px`, averaged with the weight of alpha.

    Args:
        image_HWC: uint8, RGBA; a smaller picture is given back as it is.
        longest_px: at least 1.
    """
    height, width = image_HWC.shape[:2]
    share = longest_px / max(height, width)
    if share >= 1:
        return image_HWC
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return np.asarray(
        as_pillow(image_HWC).resize(size, PillowImage.Resampling.BOX, reducing_gap=1.0)
    )


small_view = OncePerPicture(lambda picture: shrunk(picture.image_HWC, VIEW_PX))
"""The picture with its longest side at most 256 px; uint8, RGBA, straight alpha."""


_weighted_view = OncePerPicture(lambda picture: weighted(small_view(picture)))


def square_view(picture: Picture, side_px: int) -> NDArray[np.uint8]:
    """`small_view` at `side_px` squared; uint8, RGBA, straight alpha."""
    image_HWC = small_view(picture)
    if image_HWC.shape[:2] == (side_px, side_px):
        return image_HWC
    return scaled(_weighted_view(picture), side_px)


flat_view = OncePerPicture(lambda picture: _laid_on(small_view(picture), WHITE))
"""`small_view` laid on white, RGB, as Pillow takes it; shared, so nobody may change it."""


def flatten(
    image_HWC: NDArray[np.uint8], ground: tuple[int, int, int] = WHITE
) -> NDArray[np.uint8]:
    """RGB pixels of a picture laid on one colour.

    Args:
        image_HWC: uint8, RGBA, straight alpha.
        ground: RGB, 0-255.
    """
    return np.asarray(_laid_on(image_HWC, ground))


def _laid_on(image_HWC: NDArray[np.uint8], ground: tuple[int, int, int]) -> PillowImage.Image:
    alpha_HW = np.ascontiguousarray(image_HWC[..., 3])
    if alpha_HW.min() == 255:
        return _rgb(image_HWC)
    ground_C = np.array((*ground, 0), np.uint8)
    pixels_HW = np.ascontiguousarray(image_HWC).view(np.uint32)[..., 0]
    laid_HW = np.where(alpha_HW == 0, ground_C.view(np.uint32), pixels_HW)
    laid_NC = laid_HW.view(np.uint8).reshape(-1, 4)
    # Only edges are in between as a rule; what is said in full is not worth reckoning.
    between_N = np.flatnonzero((alpha_HW > 0) & (alpha_HW < 255))
    share_N1 = alpha_HW.reshape(-1)[between_N, None].astype(np.float32) / 255
    mixed_NC = laid_NC[between_N] * share_N1 + ground_C.astype(np.float32) * (1 - share_N1)
    laid_NC[between_N] = np.rint(mixed_NC).astype(np.uint8)
    return _rgb(laid_NC.reshape(image_HWC.shape))


def _rgb(image_HWC: NDArray[np.uint8]) -> PillowImage.Image:
    """The pixels without their alpha; Pillow takes half as long as a copy of a slice."""
    size = (image_HWC.shape[1], image_HWC.shape[0])
    return PillowImage.frombytes("RGB", size, image_HWC.tobytes(), "raw", "RGBX")


def luma(image_HWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lightness 0-255 `[H, W]` of RGB or RGBA pixels, as ITU-R BT.601 weighs the channels."""
    return np.asarray(PillowImage.fromarray(np.ascontiguousarray(image_HWC)).convert("L"))
