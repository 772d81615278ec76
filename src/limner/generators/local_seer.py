"""A model on this machine that sees: pictures and words as vectors of one space (CLIP, SigLIP).

Read from a folder as such models are exported: `vision_model.onnx`, `text_model.onnx`,
`tokenizer.json` and `preprocessor_config.json`. How well words fit is told against words that say
nothing, which makes a score to order pictures by and no probability.

Source: Radford et al. 2021, Learning Transferable Visual Models From Natural Language Supervision.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.core.errors import GeneratorUnavailable, LimnerError
from limner.core.hashing import sha256_of_document
from limner.generators.weight_files import hash_files

# Shapes: D width of the space, H height, W width, C channels (RGB).

VISION, TEXT = "vision_model.onnx", "text_model.onnx"
WORDS, PIXELS = "tokenizer.json", "preprocessor_config.json"
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
        folder: with the files.
        num_threads: 0 takes every core the process may use.
    """

    def __init__(self, folder: Path, num_threads: int = 1) -> None:
        self._folder = folder
        self._num_threads = num_threads
        self._vector_of = lru_cache(maxsize=1024)(self._text_vector)

    @property
    def sha256(self) -> str:
        """Tagged hash of every file, and of how it is asked; of none where files are missing."""
        return self._sha256

    @cached_property
    def _sha256(self) -> str:
        try:
            files = hash_files(self._folder)
        except LimnerError:
            files = {}
        return sha256_of_document({"files": files, "asked": [SAYS, SAYS_NOTHING, SCALE]})

    def scores(self, jpeg: bytes, words: Sequence[str]) -> tuple[float, ...]:
        """How well each of some words fits a picture, 0-1, against words that say nothing.

        Raises:
            GeneratorUnavailable: a file or a library is missing, or a graph cannot be read.
        """
        image_D = self._image_vector(jpeg)
        nothing = float(image_D @ self._vector_of(SAYS_NOTHING))
        fits = [float(image_D @ self._vector_of(SAYS.format(one))) for one in words]
        return tuple(round(1 / (1 + np.exp(SCALE * (nothing - one))), 4) for one in fits)

    def _image_vector(self, jpeg: bytes) -> Vector:
        said = self._settings
        side_px = said["side_px"]
        with PillowImage.open(io.BytesIO(jpeg)) as opened:
            rgb = opened.convert("RGB")
        least = min(rgb.size)
        left, top = (rgb.width - least) / 2, (rgb.height - least) / 2
        square = rgb.resize(
            (side_px, side_px),
            PillowImage.Resampling.BICUBIC,
            box=(left, top, left + least, top + least),
        )
        pixels_HWC = (np.asarray(square, np.float32) / 255 - said["mean"]) / said["std"]
        return self._vision({"": pixels_HWC.transpose(2, 0, 1)[None].astype(np.float32)})

    def _text_vector(self, text: str) -> Vector:
        ids = np.array([self._tokenizer.encode(text).ids[:MOST_TOKENS]], np.int64)
        return self._text({"": ids, "attention_mask": np.ones_like(ids)})

    @cached_property
    def _settings(self) -> dict[str, Any]:
        try:
            said = json.loads(self._file(PIXELS).read_text(encoding="utf-8"))
            size = said["crop_size"] if "crop_size" in said else said["size"]
            side_px = size if isinstance(size, int) else size.get("height") or size["shortest_edge"]
            mean, std = (np.array(said[f"image_{one}"], np.float32) for one in ("mean", "std"))
            return {"side_px": int(side_px), "mean": mean, "std": std}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._absent(PIXELS) from error

    @cached_property
    def _tokenizer(self) -> Any:  # noqa: ANN401 - the library has no types
        try:
            from tokenizers import Tokenizer  # pyright: ignore[reportMissingTypeStubs]
        except ImportError as error:
            raise GeneratorUnavailable(
                "A model that sees, in a folder, needs the library tokenizers.",
                hint="Install it: pip install tokenizers",
            ) from error
        try:
            return Tokenizer.from_str(self._file(WORDS).read_text(encoding="utf-8"))
        except Exception as error:  # the library raises this very type
            raise self._absent(WORDS) from error

    @cached_property
    def _vision(self) -> Run:
        return self._graph(VISION)

    @cached_property
    def _text(self) -> Run:
        return self._graph(TEXT)

    def _graph(self, name: str) -> Run:
        """A graph as a function to a unit vector; its first input is called by no name."""
        import openvino

        content = self._file(name).read_bytes()
        core = openvino.Core()
        settings = {"INFERENCE_NUM_THREADS": self._num_threads} if self._num_threads else {}
        try:
            model = core.read_model(content, b"")  # pyright: ignore[reportUnknownMemberType]
            compiled = core.compile_model(model, "CPU", settings)
        except RuntimeError as error:
            raise self._absent(name) from error
        names = [one.get_any_name() for one in compiled.inputs]
        vectors = [one for one in compiled.outputs if one.get_names() & set(VECTORS)]
        if not vectors:
            raise self._absent(name)

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

    def _file(self, name: str) -> Path:
        path = self._folder / name
        if not path.is_file():
            raise self._absent(name)
        return path

    def _absent(self, name: str) -> GeneratorUnavailable:
        return GeneratorUnavailable(
            f"The file {name!r} of the model that sees is missing or cannot be read.",
            code="weights_absent",
            hint=f"Its folder needs {', '.join(FILES)}.",
        )
