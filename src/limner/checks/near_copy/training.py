"""The gallery of the pictures the embedded model was trained on; it comes with the package.

It holds fingerprints alone: no picture can be got back from it.
"""

from __future__ import annotations

import io
from functools import cache

import numpy as np

from limner.checks.near_copy.check import Known, NearCopy
from limner.checks.near_copy.fingerprint import Fingerprints
from limner.checks.near_copy.gallery import Gallery

TRAINING_FILE = "training.npy"


def near_training_copy(fingerprints: Fingerprints) -> NearCopy:
    """The check against training pictures; the gallery is read when it is first asked."""
    weights = fingerprints.weights

    @cache
    def read_training() -> Known:
        rows_NK = np.load(io.BytesIO(weights.read(TRAINING_FILE)), allow_pickle=False)
        describe = "training picture {} of the manifest".format
        return Known(Gallery.of_rows(rows_NK), describe)

    tagged = weights.ingredients.get(TRAINING_FILE)
    return NearCopy(
        "training",
        lambda _: read_training(),
        fingerprints,
        ingredients={} if tagged is None else {f"near_copy/{TRAINING_FILE}": tagged},
    )
