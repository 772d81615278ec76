"""How near a picture is to its nearest training picture, from a small index of all of them.

Nearness is judged twice: by pixels, after the subject is cut out, centred on white, shrunk to 32 px
and blurred; and by the cosine of referee vectors. The index holds both as 64 principal components
in 8 bits, so no training picture can be got back from it. It is built by
``python -m training.export_likeness`` and does not say which picture is whose.
"""

# Shapes: B pictures, N training pictures, K components, H height, W width, C channels.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFilter

from limner.checks import measures
from limner.checks.referee import Referee
from limner.checks.views import flatten

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

INDEX = Path(__file__).parents[1] / "assets" / "training_index.npz"
ALIGNED_PX = 32
MARGIN_PX = 1
BLUR_PX = 1.0


class Nearness(NamedTuple):
    """To the nearest training picture: root-mean-square difference 0-1, and 1 - cosine."""

    pixels_B: Floats
    vectors_B: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Components:
    """Training pictures as whole numbers of principal components.

    Attributes:
        mean_D: of the values.
        basis_KD: unit rows.
        codes_NK: int8.
        step_K: what one unit of a code is.
    """

    mean_D: Floats
    basis_KD: Floats
    codes_NK: NDArray[np.int8]
    step_K: Floats

    def project(self, values_BD: Floats) -> Floats:
        """Components `[B, K]` of values."""
        return (values_BD - self.mean_D) @ self.basis_KD.T

    def nearest_distances(self, values_BD: Floats) -> Floats:
        """Least Euclidean distance `[B]` to any training picture, within the components."""
        asked_BK = self.project(values_BD)
        known_NK = self.codes_NK * self.step_K
        squares_BN = (
            np.square(asked_BK).sum(axis=1)[:, None]
            + np.square(known_NK).sum(axis=1)[None]
            - 2 * asked_BK @ known_NK.T
        )
        return np.sqrt(np.maximum(squares_BN.min(axis=1), 0)).astype(np.float32)

    def planted_with(self, values_BD: Floats) -> Components:
        """The same with more pictures in it, as if they had been trained on."""
        codes_BK = np.rint(self.project(values_BD) / self.step_K).clip(-127, 127).astype(np.int8)
        return replace(self, codes_NK=np.concatenate([self.codes_NK, codes_BK]))

    @classmethod
    def of(cls, values_ND: Floats, num_components: int) -> Components:
        """The leading components of values and their codes."""
        mean_D = values_ND.mean(axis=0)
        centred_ND = values_ND - mean_D
        _, _, directions_DD = np.linalg.svd(centred_ND, full_matrices=False)
        basis_KD = directions_DD[:num_components]
        made_NK = centred_ND @ basis_KD.T
        step_K = np.abs(made_NK).max(axis=0) / 127
        codes_NK = np.rint(made_NK / step_K).astype(np.int8)
        return cls(mean_D=mean_D, basis_KD=basis_KD, codes_NK=codes_NK, step_K=step_K)


def aligned(image_HWC: Bytes) -> Bytes:
    """The subject, cut out and centred on white, 32 px, blurred; uint8 RGB."""
    mask_HW = measures.subject_mask(image_HWC)
    if not mask_HW.any():
        return np.full((ALIGNED_PX, ALIGNED_PX, 3), 255, np.uint8)
    picture = PillowImage.fromarray(flatten(measures.alone(image_HWC, mask_HW)))
    side_px = ALIGNED_PX - 2 * MARGIN_PX
    inner = picture.resize((side_px, side_px), PillowImage.Resampling.BOX)
    canvas = PillowImage.new("RGB", (ALIGNED_PX, ALIGNED_PX), (255, 255, 255))
    canvas.paste(inner, (MARGIN_PX, MARGIN_PX))
    return np.asarray(canvas.filter(ImageFilter.GaussianBlur(BLUR_PX)))


def pixel_values(images: Sequence[Bytes]) -> Floats:
    """Values `[B, D]` whose Euclidean distance is the root-mean-square difference, 0-1."""
    flat_BD = np.stack([aligned(image).reshape(-1) for image in images]).astype(np.float32)
    return flat_BD / 255 / np.sqrt(flat_BD.shape[1])


def referee_values(images: Sequence[Bytes], referee: Referee) -> Floats:
    """Unit vectors `[B, V]` of the subjects, centred on white."""
    side_px = referee.card.picture_px
    cut = [measures.alone(image, measures.subject_mask(image)) for image in images]
    return referee.image_vectors(np.stack([flatten(measures.small(one, side_px)) for one in cut]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Index:
    """All training pictures, by pixels and by referee vectors."""

    pixels: Components
    vectors: Components

    def nearness(self, images: Sequence[Bytes], referee: Referee) -> Nearness:
        """How near pictures are to their nearest training pictures; small is near.

        Args:
            images: uint8 `[H, W, 4]` each, straight alpha, with something to be seen.
            referee: whose vectors are compared.
        """
        lengths_B = self.vectors.nearest_distances(referee_values(images, referee))
        pixels_B = self.pixels.nearest_distances(pixel_values(images))
        return Nearness(pixels_B, np.square(lengths_B) / 2)

    def planted_with(self, images: Sequence[Bytes], referee: Referee) -> Index:
        """The index as it were if some pictures had been trained on."""
        return Index(
            pixels=self.pixels.planted_with(pixel_values(images)),
            vectors=self.vectors.planted_with(referee_values(images, referee)),
        )


def training_index() -> Index:
    """The committed index."""
    with np.load(INDEX, allow_pickle=False) as stored:
        pixels, vectors = (
            Components(
                mean_D=stored[f"{kind}_mean"].astype(np.float32),
                basis_KD=stored[f"{kind}_basis"].astype(np.float32),
                codes_NK=stored[f"{kind}_codes"],
                step_K=stored[f"{kind}_step"].astype(np.float32),
            )
            for kind in ("pixels", "vectors")
        )
    return Index(pixels=pixels, vectors=vectors)
