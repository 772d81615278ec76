"""The gallery of the pictures the embedded model was trained on; it comes with the package.

It holds fingerprints alone: no picture can be got back from it.
"""

from __future__ import annotations

import io

import numpy as np

from limner.checks.near_copy.check import NearCopy
from limner.checks.near_copy.fingerprint import Fingerprints
from limner.checks.near_copy.gallery import Gallery

TRAINING_FILE = "training.npy"


def near_training_copy(fingerprints: Fingerprints) -> NearCopy:
    """The check against training pictures.

    Raises:
        CheckNotAble: the file of the gallery is missing or not the one its card names.
    """
    rows_NK = np.load(io.BytesIO(fingerprints.weights.read(TRAINING_FILE)), allow_pickle=False)
    return NearCopy(
        "training",
        Gallery.of_rows(rows_NK),
        fingerprints,
        describe=lambda key: f"training picture {key} of the manifest",
        ingredients={f"near_copy/{TRAINING_FILE}": fingerprints.weights.ingredients[TRAINING_FILE]},
    )
