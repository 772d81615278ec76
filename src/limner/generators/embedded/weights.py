"""The folder of weights: its card, and its files checked against the hashes on the card.

Nothing is loaded that does not match. This module runs no network.
"""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import GeneratorUnavailable
from limner.core.hashing import sha256_of_bytes
from limner.generators.embedded.packing import unpacked

CARD_FILE = "card.json"
DESCRIPTION_FILE = "MODEL_CARD.md"
CARD_FORMAT = "limner.card/1"
PACKAGED = Path(__file__).parent / "weights"
_REPAIR = "Install Limner again from a complete package."


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsCard:
    """What `training/export.py` wrote about the weights.

    Attributes:
        canvas: channels, height and width of the square the network works on.
        picture_px: side of the decoded picture before it is enlarged.
        output_px: side of the finished picture.
        text_tokens: tokens the text encoder reads, its two marks of start and end among them.
        styles: words put before the prompt, by name of the style.
        transparent_phrase: words put after the prompt for a subject alone.
        steps: lowest, highest, default. `guidance` and `strength` alike.
        time_shift: above 1 spends more steps near the noise.
        files: tagged SHA-256 by file name.
        reads_guidance: whether guidance is an input, so that a picture takes one row and not two.
        shapes: height and width of every canvas it works on; empty for the square alone.
    """

    name: str
    version: str
    licence: str
    canvas: tuple[int, int, int]
    picture_px: int
    output_px: int
    text_tokens: int
    styles: Mapping[str, str]
    transparent_phrase: str
    steps: tuple[int, int, int]
    guidance: tuple[float, float, float]
    strength: tuple[float, float, float]
    time_shift: float
    files: Mapping[str, str]
    reads_guidance: bool = False
    shapes: tuple[tuple[int, int], ...] = ()

    def output_of(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the finished picture of a canvas, in pixels."""
        height, width = (side * self.output_px // self.canvas[1] for side in shape)
        return height, width


class Weights:
    """Files of one set of weights.

    Args:
        folder: holds ``card.json`` and the files it lists.
    """

    def __init__(self, folder: Path = PACKAGED) -> None:
        self.folder = folder

    @cached_property
    def card(self) -> WeightsCard:
        """The card; reads no other file.

        Raises:
            GeneratorUnavailable: the card is missing or cannot be read.
        """
        document = self._card_document()
        try:
            values = {
                field.name: document[field.name]
                for field in fields(WeightsCard)
                if field.name in document or field.default is MISSING
            }
            for name in ("canvas", "steps", "guidance", "strength"):
                values[name] = tuple(values[name])
            values["shapes"] = tuple(tuple(shape) for shape in values.get("shapes", ()))
            return WeightsCard(**values)
        except (KeyError, TypeError) as error:
            raise GeneratorUnavailable(
                f"The weights' card {str(self.folder / CARD_FILE)!r} lacks {error}.", hint=_REPAIR
            ) from error

    @cached_property
    def description(self) -> str:
        """The card in words; empty where the weights came without. It decides no picture."""
        path = self.folder / DESCRIPTION_FILE
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    @cached_property
    def ingredients(self) -> Mapping[str, str]:
        """Tagged hash of every file that decides a picture, the card among them."""
        return {**self.card.files, CARD_FILE: sha256_of_bytes(self._read(CARD_FILE))}

    def read(self, name: str) -> bytes:
        """A file's bytes, checked.

        Raises:
            GeneratorUnavailable: it is missing, not on the card, or differs from its hash.
        """
        expected = self.card.files.get(name)
        content = self._read(name)
        if expected is None or f"sha256:{hashlib.sha256(content).hexdigest()}" != expected:
            raise self._different(name)
        return content

    def values(self, graph: str) -> NDArray[np.uint8]:
        """Bytes of a graph's values: unpacked where they are held in 8 bits, else mapped.

        Raises:
            GeneratorUnavailable: as `read`, or the packed file is broken.
        """
        name = f"{graph}.safetensors"
        if name not in self.card.files:
            return self.map(f"{graph}.bin")
        try:
            return unpacked(self.read(name))
        except ValueError as error:
            raise GeneratorUnavailable(
                f"The weights file {name!r} is {error}.", hint=_REPAIR
            ) from error

    def map(self, name: str) -> NDArray[np.uint8]:
        """A file's bytes, checked, mapped into memory rather than read. Errors as `read`.

        The mapping lives as long as the array; what is written into it never reaches the file.
        """
        expected = self.card.files.get(name)
        try:
            with (self.folder / name).open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        except ValueError:  # an empty file cannot be mapped
            return np.frombuffer(bytearray(self.read(name)), np.uint8)
        except OSError as error:
            raise self._unreadable(name) from error
        if expected is None or f"sha256:{hashlib.sha256(mapped).hexdigest()}" != expected:
            raise self._different(name)
        return np.frombuffer(mapped, np.uint8)

    def _read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise self._unreadable(name) from error

    def _unreadable(self, name: str) -> GeneratorUnavailable:
        return GeneratorUnavailable(
            f"The weights file {str(self.folder / name)!r} cannot be read.", hint=_REPAIR
        )

    def _different(self, name: str) -> GeneratorUnavailable:
        return GeneratorUnavailable(
            f"The weights file {name!r} does not match its hash on the card.", hint=_REPAIR
        )

    def _card_document(self) -> Mapping[str, Any]:
        try:
            document = json.loads(self._read(CARD_FILE))
            if document["format"] != CARD_FORMAT:
                raise ValueError(f"format {document['format']!r}")
        except (ValueError, KeyError, TypeError) as error:
            raise GeneratorUnavailable(
                f"The weights' card {str(self.folder / CARD_FILE)!r} is not a {CARD_FORMAT} "
                f"document: {error}.",
                hint=_REPAIR,
            ) from error
        return document
