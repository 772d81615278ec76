"""Fingerprints: what is kept of a picture so that near copies of it can be told.

Two hashes of 256 bits. PDQ sees the whole picture, of any kind; the look hash sees what is drawn,
cut out, as the referee does, so a copy on another ground or of another size is found too. Neither
shows the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from limner.checks.near_copy.pdq import SIDE_PX, pdq_hash
from limner.checks.packaged import Packaged
from limner.checks.referee.views import RefereeViews
from limner.checks.views import OncePerPicture, flatten, square_view
from limner.core.hashing import sha256_of_document
from limner.core.records import Picture

# Shapes: V referee's vector width, K bits.

WEIGHTS = Path(__file__).parent / "weights"
PROJECTION_FILE = "projection.safetensors"
HASH_BYTES = 32
LEAST_QUALITY = 50
NO_HASH = bytes(HASH_BYTES)  # of a picture with too little in it for PDQ


def _pdq_of(picture: Picture) -> bytes | None:
    hashed = pdq_hash(flatten(square_view(picture, SIDE_PX)))
    return hashed.bits if hashed.quality >= LEAST_QUALITY else None


pdq_of = OncePerPicture(_pdq_of)
"""The PDQ hash of a picture laid on white, 32 bytes; ``None`` if there is too little in it."""


class Fingerprint(NamedTuple):
    """Two hashes of one picture, 32 bytes each; `pdq` is all zero where PDQ would say little."""

    pdq: bytes
    look: bytes


class Fingerprints:
    """Takes fingerprints.

    Args:
        views: of the referee.
        folder: of the weights.
    """

    def __init__(self, views: RefereeViews, *, folder: Path = WEIGHTS) -> None:
        self.views = views
        self.weights = Packaged(folder)

    @property
    def ingredients(self) -> Mapping[str, str]:
        """Tagged hash of every file that decides a fingerprint."""
        own = self.weights.ingredients.get(PROJECTION_FILE)
        named = {} if own is None else {f"near_copy/{PROJECTION_FILE}": own}
        return {**self.views.ingredients, **named}

    @cached_property
    def taken_with(self) -> str:
        """Tagged hash of the files that decide a look hash; those by others say nothing beside."""
        deciding = ("referee/image", "near_copy/")
        named = {k: v for k, v in self.ingredients.items() if k.startswith(deciding)}
        return sha256_of_document(named)

    def take(self, picture: Picture) -> Fingerprint:
        """The fingerprint of a picture.

        Raises:
            CheckNotAble: the referee's files or ours are missing or changed.
        """
        vector_V = self.views.subject_vector(picture)
        is_over_K = (vector_V - self._projection["mean"]) @ self._projection["directions"] > 0
        return Fingerprint(pdq=pdq_of(picture) or NO_HASH, look=np.packbits(is_over_K).tobytes())

    @cached_property
    def _projection(self) -> Mapping[str, NDArray[np.float32]]:
        """Mean of the training pictures' vectors `[V]`, and directions `[V, K]`.

        Source: Charikar 2002, "Similarity estimation techniques from rounding algorithms", with
        directions in the space of the 128 leading components.
        """
        stored = load(self.weights.read(PROJECTION_FILE))
        return {name: values.astype(np.float32) for name, values in stored.items()}
