"""The gallery of the pictures the embedded model was trained on; it comes with the package.

It holds fingerprints alone: no picture can be got back from it.
"""

from __future__ import annotations

import io
from functools import cache

import numpy as np

from limner.checks.near_copy.check import NearCopy
from limner.checks.near_copy.fingerprint import Fingerprints
from limner.checks.near_copy.gallery import Gallery

TRAINING_FILE = "training.npy"


def near_training_copy(fingerprints: Fingerprints) -> NearCopy:
    """The check against training pictures; the gallery is read when it is first asked."""
    weights = fingerprints.weights

    @cache
    def read_gallery() -> Gallery:
        rows_NK = np.load(io.BytesIO(weights.read(TRAINING_FILE)), allow_pickle=False)
        return Gallery.of_rows(rows_NK)

    tagged = weights.ingredients.get(TRAINING_FILE)
    return NearCopy(
        "training",
        read_gallery,
        fingerprints,
        describe=lambda key: f"training picture {key} of the manifest",
        ingredients={} if tagged is None else {f"near_copy/{TRAINING_FILE}": tagged},
    )
