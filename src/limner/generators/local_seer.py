"""A model on this machine that sees: pictures and words as vectors of one space (CLIP, SigLIP).

Read from a folder as such models are exported: `vision_model.onnx`, `text_model.onnx`,
`tokenizer.json` and `preprocessor_config.json`. How well words fit is told against words that say
nothing, which makes a score to order pictures by and no probability.

Source: Radford et al. 2021, Learning Transferable Visual Models From Natural Language Supervision.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.core.hashing import sha256_of_document
from limner.core.looking import Sighting
from limner.generators.seer_files import PIXELS, WORDS, SeerFiles, normalized

# Shapes: D width of the space, H height, W width, C channels (RGB).

VISION, TEXT = "vision_model.onnx", "text_model.onnx"
FILES = (VISION, TEXT, WORDS, PIXELS)
VECTORS = ("image_embeds", "text_embeds", "pooler_output")
SAYS, SAYS_NOTHING = "a photo of {}", "a photo"
SCALE = 100.0  # as CLIP was trained to in the end
MOST_TOKENS = 77

Vector = NDArray[np.float32]
Run = Callable[[Mapping[str, NDArray[np.generic]]], Vector]


class LocalSeer:
    """Says how well words fit pictures. Making one loads nothing.

    Args:
        files: of the model.
    """

    def __init__(self, files: SeerFiles) -> None:
        self._files = files
        self._vector_of = lru_cache(maxsize=1024)(self._text_vector)

    @property
    def sha256(self) -> str:
        """Tagged hash of every file, and of how it is asked; of none where files are missing."""
        asked = [SAYS, SAYS_NOTHING, SCALE]
        return sha256_of_document({"files": self._files.hashes, "asked": asked})

    def look_for(self, jpeg: bytes, words: Sequence[str]) -> tuple[Sighting, ...]:
        """How well each of some words fits a picture, 0-1, against words that say nothing.

        Raises:
            GeneratorUnavailable: a file or a library is missing, or a graph cannot be read.
        """
        image_D = self._image_vector(jpeg)
        nothing = float(image_D @ self._vector_of(SAYS_NOTHING))
        fits = [float(image_D @ self._vector_of(SAYS.format(one))) for one in words]
        return tuple(Sighting(round(1 / (1 + np.exp(SCALE * (nothing - one))), 4)) for one in fits)

    def _image_vector(self, jpeg: bytes) -> Vector:
        side_px = self._side_px
        with PillowImage.open(io.BytesIO(jpeg)) as opened:
            rgb = opened.convert("RGB")
        least = min(rgb.size)
        left, top = (rgb.width - least) / 2, (rgb.height - least) / 2
        square = rgb.resize(
            (side_px, side_px),
            PillowImage.Resampling.BICUBIC,
            box=(left, top, left + least, top + least),
        )
        return self._vision({"": normalized(np.asarray(square), self._files.pixels)})

    def _text_vector(self, text: str) -> Vector:
        ids = np.array([self._files.tokenizer.encode(text).ids[:MOST_TOKENS]], np.int64)
        return self._text({"": ids, "attention_mask": np.ones_like(ids)})

    @cached_property
    def _side_px(self) -> int:
        said = self._files.pixels
        try:
            size = said["crop_size"] if "crop_size" in said else said["size"]
            return int(
                size if isinstance(size, int) else size.get("height") or size["shortest_edge"]
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise self._files.absent(PIXELS) from error

    @cached_property
    def _vision(self) -> Run:
        return self._graph(VISION)

    @cached_property
    def _text(self) -> Run:
        return self._graph(TEXT)

    def _graph(self, name: str) -> Run:
        """A graph as a function to a unit vector; its first input is called by no name."""
        compiled = self._files.graph(name, VECTORS)
        names = [one.get_any_name() for one in compiled.inputs]
        vectors = [one for one in compiled.outputs if one.get_names() & set(VECTORS)]

        def run(given: Mapping[str, NDArray[np.generic]]) -> Vector:
            first = (
                names[0]
                if len(names) == 1
                else next(one for one in names if one != "attention_mask")
            )
            arrays = {first: given[""], **{one: given[one] for one in names if one in given}}
            made = compiled(arrays)
            vector_D = np.array(made[vectors[0]], np.float32).ravel()
            return cast(Vector, vector_D / max(float(np.linalg.norm(vector_D)), 1e-12))

        return run
