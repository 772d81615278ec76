"""The file of a finished picture, encoded while its pixels are judged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import PictureBroken
from limner.core.recipe import Recipe
from limner.core.records import FileFormat, Picture
from limner.studio.beside import threads_beside
from limner.studio.image_file import decode_rgba, encode_image, is_lossless, shows


class Encoding:
    """A picture file in the making.

    A lossless file shows the pixels it is made of, so they can be judged meanwhile; that it does
    show them is seen before it leaves (sealing.py), or is kept back (`require_shown`). What a lossy
    one shows is known only when it is there, so that one is waited for.

    Args:
        image_HWC: uint8, RGBA; opaque if the format is ``jpeg``. Not changed any more.
        file_format: as `encode_image`; `recipe` and `quality` too.

    Attributes:
        picture: what whoever opens the file will see.
    """

    def __init__(
        self,
        image_HWC: NDArray[np.uint8],
        file_format: FileFormat,
        recipe: Recipe,
        quality: int | None,
    ) -> None:
        self._content = threads_beside().submit(
            encode_image, image_HWC, file_format, recipe, quality
        )
        self._is_to_be_seen = is_lossless(file_format, quality)
        self.picture = Picture.of(
            image_HWC if self._is_to_be_seen else decode_rgba(self._content.result())
        )

    def content(self) -> bytes:
        """The bytes of the file; waits until it is encoded."""
        return self._content.result()

    def require_shown(self) -> None:
        """See that the file shows `picture`.

        Raises:
            PictureBroken: it shows another.
        """
        if self._is_to_be_seen and not shows(self.content(), self.picture.pixels_sha256):
            raise PictureBroken("The file does not show the picture that was judged.")
