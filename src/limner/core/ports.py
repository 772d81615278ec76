"""The ports: what the studio asks of the parts it does not know by name.

A `Generator` turns a plan and seeds into pictures at canvas size; it knows
nothing of files, stores, formats, output sizes or background colours, which are the studio's.
A `Recognizer` tells which stored image a picture is, by its mark or by its looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from limner.core.drawing import Drawn, Plan, Sketch, StepProgress
from limner.core.recipe import ImageRecord
from limner.core.records import Operation, Size


class IntSpan(NamedTuple):
    """Allowed whole numbers, both ends included, and the one used when nothing is asked."""

    low: int
    high: int
    default: int


class FloatSpan(NamedTuple):
    """Allowed numbers, both ends included, and the one used when nothing is asked."""

    low: float
    high: float
    default: float


class Ability(StrEnum):
    """What a generator may or may not be able to honour, apart from numbers and names."""

    NEGATIVE = "negative"
    SEED = "seed"
    TRANSPARENT = "transparent"


class AdapterKind(StrEnum):
    """What can be put onto a model for one request."""

    LORA = "lora"
    EMBEDDING = "embedding"
    CONTROLNET = "controlnet"
    IP_ADAPTER = "ip-adapter"

    @property
    def needs_picture(self) -> bool:
        """Whether it goes by a picture."""
        return self in (AdapterKind.CONTROLNET, AdapterKind.IP_ADAPTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterCard:
    """What an adapter is.

    Attributes:
        kind: of adapter.
        sha256: tagged hash over its files.
        weight: allowed weights.
        registered_as: version in the registry that has to be active before a request may put it
            on; empty where the model's form vouches for it.
        sources: tagged hashes of the pictures it was taught on here.
    """

    kind: AdapterKind
    sha256: str
    weight: FloatSpan
    registered_as: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorCard:
    """What a generator is and what it can honour; known without loading its network.

    Attributes:
        name: such as ``limner-icons``. Never empty.
        version: of the weights.
        engine: what runs them, such as ``openvino``.
        licence: SPDX expression of the weights.
        ingredients: tagged SHA-256 of every file that decides the picture, by file name.
        styles: names a request may use; the faces list these and no others.
        canvases: sizes it draws natively, the first is the default. The studio fits pictures to
            the canvas nearest in aspect and the result to the size that was asked.
        side_px: allowed width and height of a stored picture.
        canvas_step_px: canvases besides `canvases`, up to the largest side, have sides divisible by
            this; 0 where there are none besides.
        steps: sampler steps.
        guidance: classifier-free guidance scale; 1.0 is no guidance.
        samplers: names a request may use, the first is the default.
        strength: of an image operation, within 0-1.
        max_prompt_tokens: tokens of prompt and style together that the network reads.
        operations: what it can start from.
        description: its card in words, Markdown: what it was trained on, what it cannot do.
        abilities: what else it honours; what is not among them is refused when it is asked.
        adapters: what a request may put onto it, by name.
        outgrown_adapters: names of those that are kept here but were taught on other weights.
        uses: what its licence allows pictures to be for, where a request has to say so; empty
            where it allows every use.
        factors: by how much it enlarges; empty where it does not.
        sources: tagged hashes of the pictures it was taught on here, as far as it was.
    """

    name: str
    version: str
    engine: str
    licence: str
    ingredients: Mapping[str, str]
    styles: tuple[str, ...]
    canvases: tuple[Size, ...]
    side_px: IntSpan
    steps: IntSpan
    guidance: FloatSpan
    samplers: tuple[str, ...]
    strength: FloatSpan
    max_prompt_tokens: int
    operations: frozenset[Operation]
    description: str = ""
    abilities: frozenset[Ability] = frozenset(Ability)
    adapters: Mapping[str, AdapterCard] = field(default_factory=dict[str, AdapterCard])
    outgrown_adapters: frozenset[str] = frozenset()
    uses: tuple[str, ...] = ()
    factors: tuple[int, ...] = ()
    sources: tuple[str, ...] = ()
    canvas_step_px: int = 0


class Generator(Protocol):
    """Draws pictures. Holds no state between calls except the loaded network.

    Several threads may call it at once: it draws for them side by side, or makes them wait.
    """

    @property
    def card(self) -> GeneratorCard:
        """What this generator is; must not load the network."""
        ...

    def prepare(self, sketch: Sketch) -> Plan:
        """Accept a sketch or refuse it by name, before any expensive work.

        The studio has already held the sketch against the card (style, steps, guidance, sampler,
        canvas, operation), so only what the card cannot say is left: the length in tokens.

        Raises:
            PromptTooLong: prompt with style, or negative prompt, has more tokens than
                `card.max_prompt_tokens`. The message says how many it has and how many are
                kept; the hint where the kept part ends.
            GeneratorUnavailable: a file it needs is missing or does not match its hash.
        """
        ...

    def generate(
        self,
        plan: Plan,
        seeds: Sequence[int],
        *,
        on_step: Callable[[StepProgress], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Drawn]:
        """Draw one picture for every seed, in the order of `seeds`.

        Pictures are drawn in batches whose size is the generator's choice, and each batch is
        yielded when it is finished. Picture k depends on `plan` and `seeds[k]`: its noise comes
        from its own numpy Generator. With `plan.sketch.is_deterministic` every picture is drawn
        alone, so that its bytes do not depend on the others.

        Args:
            plan: from `prepare` of the same generator.
            seeds: 0 .. 2**32 - 1 each, at least one.
            on_step: told after every step of every batch, in the caller's thread.
            is_cancelled: asked before every step, in the caller's thread.

        Raises:
            DrawingCancelled: `is_cancelled` said yes; pictures yielded before stay good.
            GeneratorUnavailable: the network cannot be loaded.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMark:
    """An invisible mark that was read from pixels.

    Attributes:
        value: what it says, in the form in which a credential's soft binding has it.
        score: how sure the reading is, in the reader's own unit.
    """

    value: str
    score: float


class Recognizer(Protocol):
    """Tells which stored image a picture is."""

    def read_mark(self, image_HWC: NDArray[np.uint8]) -> FoundMark | None:
        """The mark in a picture (uint8, RGBA, straight alpha), ``None`` if none is found."""
        ...

    def find_marked(self, value: str) -> ImageRecord | None:
        """The stored image that carries this mark."""
        ...

    def find_alike(self, image_HWC: NDArray[np.uint8]) -> ImageRecord | None:
        """The stored image that looks like a picture, by a perceptual hash."""
        ...
