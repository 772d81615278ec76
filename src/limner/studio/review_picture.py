"""The picture of a review card as a person looks at it: on a neutral ground, and as a view file.

A view file shows the pixels and carries nothing else; it is no release. It lies in the data folder
and is removed when the card is let go of.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.core.looking import Incoming
from limner.store.files import make_folder, write_new
from limner.studio.background import lay_under
from limner.studio.image_file import decode_rgba
from limner.studio.picture_file import picture_of

if TYPE_CHECKING:
    from limner.core.recipe import ImageRecord
    from limner.studio.parts import Parts

    Shown = ImageRecord | Incoming

# Shapes: H height, W width, C channels (RGBA, straight alpha).

VIEWS_FOLDER = "views"
LIGHT_GROUND = "#e6e6e6"
DARK_GROUND = "#3a3a3a"
LEAST_SIDE_PX = 512  # smaller pictures are enlarged by whole pixels, so that nothing is smoothed


def grounded(image_HWC: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The picture on a light and on a dark neutral ground; once, as it is, when it is opaque."""
    if image_HWC[..., 3].min() == 255:
        return [image_HWC]
    return [lay_under(image_HWC, ground) for ground in (LIGHT_GROUND, DARK_GROUND)]


def read_grounded(parts: Parts, record: Shown) -> list[NDArray[np.uint8]]:
    """`grounded` of a stored image.

    Raises:
        StorageUnavailable: its file is missing or changed.
    """
    if isinstance(record, Incoming):
        content, most = parts.store.looks.read(record), parts.settings.max_input_megapixels
        return grounded(picture_of(content, record.source, most).image_HWC)
    return grounded(decode_rgba(parts.store.read_image(record)))


def write_view(parts: Parts, card_id: str, record: Shown) -> Path:
    """Write the view file of a card, over an earlier one of the same card.

    Raises:
        StorageUnavailable: it cannot be written.
    """
    path = _view_path(parts, card_id)
    make_folder(path.parent)
    write_new(path, view_png(parts, record), overwrite=True)
    return path


def view_png(parts: Parts, record: Shown) -> bytes:
    """PNG bytes of a stored image on its grounds side by side; pixels and nothing else.

    Raises:
        StorageUnavailable: its file is missing or changed.
    """
    image_HWC = np.concatenate(read_grounded(parts, record), axis=1)
    times = max(1, -(-LEAST_SIDE_PX // image_HWC.shape[0]))
    enlarged_HWC = image_HWC.repeat(times, axis=0).repeat(times, axis=1)
    content = io.BytesIO()
    PillowImage.fromarray(enlarged_HWC).save(content, "png")
    return content.getvalue()


def remove_view(parts: Parts, card_id: str) -> None:
    """Remove the view file of a card, if there is one."""
    _view_path(parts, card_id).unlink(missing_ok=True)


def _view_path(parts: Parts, card_id: str) -> Path:
    return parts.settings.home / VIEWS_FOLDER / f"{card_id}.png"
