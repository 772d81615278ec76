"""The files of a model that sees, in a folder as such models are exported."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import GeneratorUnavailable, LimnerError
from limner.generators.weight_files import hash_files

if TYPE_CHECKING:
    import openvino

WORDS, PIXELS = "tokenizer.json", "preprocessor_config.json"


@dataclass(frozen=True)
class SeerFiles:
    """Opened as they are needed; one that is missing or broken is named.

    Args:
        folder: where they are.
        hint: what a folder needs.
        num_threads: of graphs; 0 takes every core the process may use.
    """

    folder: Path
    hint: str
    num_threads: int = 1

    @cached_property
    def hashes(self) -> dict[str, str]:
        """Tagged hash of every file; none where files are missing."""
        try:
            return dict(hash_files(self.folder))
        except LimnerError:
            return {}

    @cached_property
    def pixels(self) -> dict[str, Any]:
        """What is said of pictures, with `mean` and `std` as arrays.

        Raises:
            GeneratorUnavailable: the file is missing or broken.
        """
        try:
            said = json.loads(self.file(PIXELS).read_text(encoding="utf-8"))
            mean, std = (np.array(said[f"image_{one}"], np.float32) for one in ("mean", "std"))
            return {**said, "mean": mean, "std": std}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self.absent(PIXELS) from error

    @cached_property
    def tokenizer(self) -> Any:  # noqa: ANN401 - the library has no types
        """Of words.

        Raises:
            GeneratorUnavailable: the file or the library is missing, or the file is broken.
        """
        try:
            from tokenizers import Tokenizer  # pyright: ignore[reportMissingTypeStubs]
        except ImportError as error:
            raise GeneratorUnavailable(
                "A model that sees, in a folder, needs the library tokenizers.",
                hint="Install it: pip install tokenizers",
            ) from error
        try:
            return Tokenizer.from_str(self.file(WORDS).read_text(encoding="utf-8"))
        except Exception as error:  # the library raises this very type
            raise self.absent(WORDS) from error

    def graph(self, name: str, outputs: Sequence[str]) -> openvino.CompiledModel:
        """A graph, ready to run.

        Raises:
            GeneratorUnavailable: the file is missing or broken, or has none of these outputs.
        """
        import openvino

        content = self.file(name).read_bytes()
        core = openvino.Core()
        settings = {"INFERENCE_NUM_THREADS": self.num_threads} if self.num_threads else {}
        try:
            model = core.read_model(content, b"")  # pyright: ignore[reportUnknownMemberType]
            compiled = core.compile_model(model, "CPU", settings)
        except RuntimeError as error:
            raise self.absent(name) from error
        if not any(one.get_names() & set(outputs) for one in compiled.outputs):
            raise self.absent(name)
        return compiled

    def file(self, name: str) -> Path:
        """One of the files.

        Raises:
            GeneratorUnavailable: it is missing.
        """
        path = self.folder / name
        if not path.is_file():
            raise self.absent(name)
        return path

    def absent(self, name: str) -> GeneratorUnavailable:
        """What is raised where a file is missing or broken."""
        return GeneratorUnavailable(
            f"The file {name!r} of the model that sees is missing or cannot be read.",
            code="weights_absent",
            hint=self.hint,
        )


def normalized(image_HWC: NDArray[np.uint8], said: dict[str, Any]) -> NDArray[np.float32]:
    """A picture as a batch of one for a graph, by what is said of pictures: NCHW."""
    pixels_HWC = (image_HWC.astype(np.float32) / 255 - said["mean"]) / said["std"]
    return pixels_HWC.transpose(2, 0, 1)[None].astype(np.float32)
