"""The referee's view of a picture and its regions, each computed once however many checks ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from limner.checks.measures import small
from limner.checks.referee.referee import Floats, Referee
from limner.checks.regions import Regions
from limner.checks.views import OncePerPicture, flatten
from limner.core.records import Picture

# Shapes: B pictures, V vector width, H height, W width, C channels (RGBA, straight alpha).

TEXTS_KEPT = 256

Bytes = NDArray[np.uint8]


class Seen:
    """Unit vectors of one picture's regions, float32 `[B, V]`, each computed when first asked for.

    Args:
        regions: of the picture.
        look: the referee.
    """

    def __init__(self, regions: Regions, look: Callable[[Sequence[Bytes]], Floats]) -> None:
        self.regions = regions
        self._look = look

    @cached_property
    def whole_1V(self) -> Floats:
        """The subject alone."""
        return self._look([self.regions.whole])

    @cached_property
    def parts_BV(self) -> Floats:
        """Its largest separate parts; at least the whole."""
        return self._look(self.regions.parts or [self.regions.whole])

    @cached_property
    def across_BV(self) -> Floats:
        """What is left and what is right; the whole alone when a side is empty."""
        return self._look(self.regions.across or [self.regions.whole])

    @cached_property
    def down_BV(self) -> Floats:
        """What is above and what is below; the whole alone when a side is empty."""
        return self._look(self.regions.down or [self.regions.whole])


class RefereeViews:
    """Vectors of pictures' regions and of texts.

    Args:
        referee: what looks.
        text_ingredients: tagged SHA-256 of the files behind the referee's sentence vectors, which
            it is given and so does not know.
        reads_whole: tells whether a text's vector is of all of it.
    """

    def __init__(
        self,
        referee: Referee,
        text_ingredients: Mapping[str, str] | None = None,
        reads_whole: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._referee = referee
        self.reads_whole = reads_whole
        files = {f"referee/{name}": tagged for name, tagged in referee.ingredients.items()}
        self.ingredients: Mapping[str, str] = {**files, **(text_ingredients or {})}
        self.see = OncePerPicture(lambda picture: Seen(Regions(picture), self._look))
        self.text = lru_cache(TEXTS_KEPT)(self._text)

    def subject_vector(self, picture: Picture) -> Floats:
        """Unit vector of what the picture shows, cut out and laid on white; float32 `[V]`.

        Raises:
            CheckNotAble: the referee's files are missing or changed.
        """
        return self.see(picture).whole_1V[0]

    def _look(self, images: Sequence[Bytes]) -> Floats:
        side_px = self._referee.card.picture_px
        laid_BHWC = np.stack([flatten(small(image, side_px)) for image in images])
        return self._referee.image_vectors(laid_BHWC)

    def _text(self, text: str) -> Floats:
        """Unit vector `[V]`; errors as `subject_vector`."""
        return self._referee.text_vectors([text])[0]
