"""Enlarging a picture of anybody's, by a method that is named for what it is.

Nothing is drawn and nothing is stored, so no check judges the copy and no credential is sealed into
it; the picture it was made from keeps its own. What was done stands in the copy's texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.core.errors import BadInput
from limner.core.limits import require_one_of
from limner.core.records import FileFormat, Size
from limner.studio.background import WHITE, lay_under
from limner.studio.image_file import encode_with_texts
from limner.studio.picture_file import ReadFile

# Shapes: H height, W width, C channels (RGBA, straight alpha).

FACTORS = (2, 4)
ENLARGED_FORMAT = "limner.enlarged/1"
NO_CREDENTIAL = (
    "The enlarged copy carries no credential; the picture it was made from keeps its own."
)


class Method(StrEnum):
    """How a picture is enlarged."""

    LANCZOS = "lanczos"  # plain resampling; adds nothing
    HEAD = "enlarge-head"  # the network that enlarges what the shipped model draws


class Head(Protocol):
    """A network that enlarges."""

    @property
    def factor(self) -> int:
        """By how much a pass enlarges."""
        ...

    @property
    def ingredients(self) -> Mapping[str, str]:
        """Tagged hash of every file that decides the picture."""
        ...

    def enlarge(self, image_HWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """One pass over uint8 RGBA."""
        ...


class Enlarged(NamedTuple):
    """A picture that was enlarged.

    Attributes:
        image_HWC: uint8, RGBA.
        content: of its file, with what was done in its texts.
        notices: what a person should know, each one sentence.
    """

    image_HWC: NDArray[np.uint8]
    content: bytes
    notices: tuple[str, ...]


def upscale(
    read: ReadFile,
    head: Head,
    *,
    factor: int = 2,
    method: str = Method.LANCZOS,
    file_format: FileFormat = "png",
    max_megapixels: int,
) -> Enlarged:
    """Enlarge a picture.

    Args:
        read: the file it is in.
        head: used by the method of its name only.
        factor: one of `FACTORS`.
        method: one of `Method`.
        file_format: of the copy; JPEG has white laid under what is transparent.
        max_megapixels: of the copy.

    Raises:
        BadInput: another factor or method, a copy that would be too large, or a factor the head
            does not reach.
    """
    require_one_of("factor", str(factor), map(str, FACTORS))
    require_one_of("method", method, Method)
    size = Size(read.picture.size.width_px * factor, read.picture.size.height_px * factor)
    if size.width_px * size.height_px > max_megapixels * 1_000_000:
        raise BadInput(
            f"The enlarged picture would be {size}; allowed are up to {max_megapixels} megapixels.",
            code="size_out_of_range",
            hint="Enlarge by less, or raise the setting max_input_megapixels.",
        )
    document: dict[str, object] = {
        "format": ENLARGED_FORMAT,
        "method": method,
        "factor": factor,
        "source_sha256": read.picture.pixels_sha256,
    }
    if method == Method.HEAD:
        image_HWC = _by_head(read.picture.image_HWC, head, factor)
        document["ingredients"] = dict(head.ingredients)
    else:
        opened = PillowImage.fromarray(read.picture.image_HWC, "RGBA")
        image_HWC = np.asarray(opened.resize(size, PillowImage.Resampling.LANCZOS))
        document["versions"] = {"pillow": PIL.__version__}
    notices = [NO_CREDENTIAL]
    if file_format == "jpeg" and image_HWC[..., 3].min() < 255:
        image_HWC = lay_under(image_HWC, WHITE)
        notices.append("JPEG has no transparency, so white was laid under the picture.")
    told = f"Postprocess upscale by: {factor}, Postprocess upscaler: {method}"
    earlier = read.texts.parameters
    content = encode_with_texts(
        image_HWC,
        file_format,
        parameters=f"{earlier}, {told}" if earlier else told,
        own=document,
    )
    return Enlarged(image_HWC, content, tuple(notices))


def _by_head(image_HWC: NDArray[np.uint8], head: Head, factor: int) -> NDArray[np.uint8]:
    """As many passes as the factor takes."""
    reached = 1
    while reached < factor:
        image_HWC = head.enlarge(image_HWC)
        reached *= head.factor
    if reached != factor:
        raise BadInput(
            f"The method {str(Method.HEAD)!r} enlarges by {head.factor} at a time; the factor is "
            f"{factor}."
        )
    return image_HWC
