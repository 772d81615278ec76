"""Adapters of the embedded model: small corrections of its drawing network, each in a folder.

A folder holds a card, which says what it fits and was measured to do, and the corrections: for
each matrix two thin ones whose product is added to it (LoRA, Hu et al. 2021, arXiv:2106.09685).
They are worked into the graph's values when it is loaded, so drawing with one costs what drawing
without costs. Nothing is used that does not match its card, or that was taught on other weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13
from safetensors.numpy import load, save

from limner.core.errors import GeneratorUnavailable
from limner.core.hashing import sha256_of_bytes, sha256_of_document
from limner.core.ports import AdapterCard, AdapterKind, FloatSpan

# Shapes: O outputs and I inputs of a matrix, R rank of its correction.

ADAPTER_FORMAT = "limner.adapter/1"
ADAPTER_CARD_FILE = "card.json"
ADAPTER_WORDS_FILE = "ADAPTER_CARD.md"
CORRECTIONS_FILE = "corrections.safetensors"
PARAMETER = "parameter:"  # before the name of a constant that holds a parameter
WEIGHT = FloatSpan(0.0, 1.5, 1.0)
_DOWN, _UP = ".down", ".up"

Node = Any  # OpenVINO's nodes have no types that hold
Matrix = NDArray[np.float32]


class Correction(NamedTuple):
    """What is added to a matrix `[O, I]`: `up_OR @ down_RI`."""

    down_RI: Matrix
    up_OR: Matrix


Corrections = Mapping[str, Correction]
"""By name of the parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterFacts:
    """What the engine reads of an adapter's card.

    Attributes:
        licence: SPDX expression.
        base: tagged hash of every file of the weights it was taught on, by name.
        files: of the adapter, tagged hashes by name.
        sources: tagged hashes of the pictures it was taught on.
    """

    name: str
    version: str
    licence: str
    base: Mapping[str, str]
    files: Mapping[str, str]
    sources: Sequence[str]

    @property
    def label(self) -> str:
        """As the registry has it."""
        return f"{self.name}@{self.version}"


class Adapter:
    """One adapter.

    Args:
        folder: holds the card and the corrections.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def facts(self) -> AdapterFacts:
        """What the card says; reads no other file.

        Raises:
            GeneratorUnavailable: the card is missing or cannot be read.
        """
        try:
            document: Mapping[str, Any] = json.loads(self._read(ADAPTER_CARD_FILE))
            if document["format"] != ADAPTER_FORMAT:
                raise ValueError(f"format {document['format']!r}")
            return AdapterFacts(
                **{name: document[name] for name in AdapterFacts.__dataclass_fields__}
            )
        except (ValueError, KeyError, TypeError) as error:
            raise GeneratorUnavailable(
                f"The adapter's card {str(self.folder / ADAPTER_CARD_FILE)!r} is not a "
                f"{ADAPTER_FORMAT} document: {error}."
            ) from error

    @cached_property
    def ingredients(self) -> Mapping[str, str]:
        """Tagged hash of every file that decides a picture, the card among them."""
        return {
            **self.facts.files,
            ADAPTER_CARD_FILE: sha256_of_bytes(self._read(ADAPTER_CARD_FILE)),
        }

    @property
    def card(self) -> AdapterCard:
        """As a generator's card has it."""
        sha256 = sha256_of_document(dict(self.ingredients))
        return AdapterCard(
            kind=AdapterKind.LORA,
            sha256=sha256,
            weight=WEIGHT,
            registered_as=self.facts.label,
            sources=tuple(self.facts.sources),
        )

    @property
    def description(self) -> str:
        """The card in words; it decides no picture."""
        path = self.folder / ADAPTER_WORDS_FILE
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def corrections(self, base: Mapping[str, str]) -> Corrections:
        """What it adds to the drawing network.

        Args:
            base: tagged hash of every file of the weights that draw.

        Raises:
            GeneratorUnavailable: it was taught on others, or a file differs from the card.
        """
        if dict(self.facts.base) != dict(base):
            raise GeneratorUnavailable(
                f"The adapter {self.facts.name!r} was taught on other weights than draw here.",
                hint="Teach it again with `limner tune`.",
            )
        content = self._read(CORRECTIONS_FILE)
        if sha256_of_bytes(content) != self.facts.files.get(CORRECTIONS_FILE):
            raise GeneratorUnavailable(
                f"The file {CORRECTIONS_FILE!r} of the adapter {self.facts.name!r} does not match "
                "its hash on the card."
            )
        return corrections_of_bytes(content)

    def _read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise GeneratorUnavailable(
                f"The adapter's file {str(self.folder / name)!r} cannot be read."
            ) from error


class AdapterShelf:
    """The adapters of a folder; looked at again when it changes.

    Args:
        folder: has a folder for every adapter, which is made under another name and then moved.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed_ns = -1
        self._kept: dict[str, Adapter] = {}

    def fitting(self, base: Mapping[str, str]) -> Mapping[str, Adapter]:
        """Adapters that were taught on these weights, by name."""
        return {
            name: one for name, one in self._all().items() if dict(one.facts.base) == dict(base)
        }

    def outgrown(self, base: Mapping[str, str]) -> frozenset[str]:
        """Names of those that were taught on other weights."""
        return frozenset(self._all().keys() - self.fitting(base).keys())

    def _all(self) -> Mapping[str, Adapter]:
        try:
            changed_ns = self._folder.stat().st_mtime_ns
        except OSError:
            return {}
        if changed_ns != self._changed_ns:
            self._kept = dict(sorted(adapters_in(self._folder)))
            self._changed_ns = changed_ns
        return self._kept


def adapters_in(folder: Path) -> Iterator[tuple[str, Adapter]]:
    """The adapters of a folder whose cards can be read, by name, whatever they fit."""
    for place in folder.iterdir():
        if place.name.startswith(".") or not (place / ADAPTER_CARD_FILE).is_file():
            continue
        adapter = Adapter(place)
        with suppress(GeneratorUnavailable):
            if adapter.facts.name == place.name:
                yield place.name, adapter


def corrections_as_bytes(corrections: Corrections) -> bytes:
    """Content of a file of corrections, in half precision."""
    values = {
        f"{name}{end}": np.ascontiguousarray(matrix, np.float16)
        for name, one in corrections.items()
        for end, matrix in ((_DOWN, one.down_RI), (_UP, one.up_OR))
    }
    return save(values)


def corrections_of_bytes(content: bytes) -> Corrections:
    """The reverse of `corrections_as_bytes`, in float32.

    Raises:
        GeneratorUnavailable: it is no such file.
    """
    try:
        values = {name: value.astype(np.float32) for name, value in load(content).items()}
        names = [name.removesuffix(_DOWN) for name in values if name.endswith(_DOWN)]
        return {name: Correction(values[name + _DOWN], values[name + _UP]) for name in names}
    except Exception as error:
        raise GeneratorUnavailable("The adapter's corrections cannot be read.") from error


def together(worn: Iterable[tuple[Corrections, float]]) -> Corrections:
    """Several corrections, each with its weight, as one."""
    found: dict[str, Correction] = {}
    for corrections, weight in worn:
        for name, one in corrections.items():
            more = Correction(one.down_RI, np.float32(weight) * one.up_OR)
            if name in found:
                down = np.concatenate([found[name].down_RI, more.down_RI], axis=0)
                up = np.concatenate([found[name].up_OR, more.up_OR], axis=1)
                more = Correction(down, up)
            found[name] = more
    return found


def correct(model: openvino.Model, corrections: Corrections) -> None:
    """Work corrections into the values of a graph.

    Raises:
        GeneratorUnavailable: the graph has not every matrix that is corrected, in the same shape.
    """
    left = dict(corrections)
    for name, node in constants_of(model):
        correction = left.pop(name, None)
        if correction is None:
            continue
        values: NDArray[np.floating[Any]] = np.array(node.data)
        added = correction.up_OR @ correction.down_RI
        if values.shape != added.shape:
            raise _misfit()
        corrected = (values.astype(np.float32) + added).astype(values.dtype)
        constant: Node = opset13.constant(corrected)  # pyright: ignore[reportUnknownMemberType]
        node.output(0).replace(constant.output(0))
    if left:
        raise _misfit()


def constants_of(model: openvino.Model) -> Iterator[tuple[str, Node]]:
    """The constants of a graph that hold a parameter, by its name."""
    nodes: list[Node] = model.get_ordered_ops()  # pyright: ignore[reportUnknownMemberType]
    for node in nodes:
        if node.get_type_name() == "Constant" and (name := parameter_of(node)):
            yield name, node


def parameter_of(node: Node) -> str:
    """The parameter whose values a constant, or what is converted from one, holds; else empty."""
    name: str = node.get_friendly_name()
    if not name.startswith(PARAMETER):
        return ""
    return name.removeprefix(PARAMETER).removesuffix("_compressed")


def _misfit() -> GeneratorUnavailable:
    return GeneratorUnavailable(
        "The adapter corrects matrices that the drawing network does not have.",
        hint="Teach it again with `limner tune`.",
    )
