"""Plain resampling: adds nothing that was not in the picture, and no trained model touches it.

Source: Lanczos windowed sinc of three lobes, as Pillow resamples with it; RGBA is weighed by alpha,
so that hidden colours do not bleed into edges.
"""

from __future__ import annotations

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.core.hashing import sha256_of_document
from limner.generators.enlarging.generator import (
    FACTORS,
    EnlargingGenerator,
    Facts,
    enlarging_card,
)
from limner.generators.enlarging.squares import OnPart

# Shapes: H height, W width, C channels (RGBA, straight alpha).

NAME = "lanczos"
ENGINE = "pillow"


class Resampling:
    """Enlarges by resampling."""

    @property
    def facts(self) -> Facts:
        """Of the library that resamples."""
        return Facts("CPU", "u8", 1, {"pillow": PIL.__version__})

    def enlarge(
        self, image_HWC: NDArray[np.uint8], factor: int, on_part: OnPart
    ) -> NDArray[np.uint8]:
        """See `Enlarger.enlarge`."""
        on_part(0, 1)
        height_px, width_px = (factor * one for one in image_HWC.shape[:2])
        opened = PillowImage.fromarray(image_HWC, "RGBA")
        resized = opened.resize((width_px, height_px), PillowImage.Resampling.LANCZOS)
        return np.asarray(resized)


def open_lanczos() -> EnlargingGenerator:
    """Plain resampling behind the port."""
    method = {"method": NAME, "pillow": PIL.__version__}
    card = enlarging_card(
        name=NAME,
        version=PIL.__version__,
        engine=ENGINE,
        licence="MIT-CMU",
        ingredients={"method": sha256_of_document(method)},
        factors=FACTORS,
        description="Plain resampling with a Lanczos window; adds nothing.",
    )
    return EnlargingGenerator(card, Resampling())
