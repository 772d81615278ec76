"""What a credential says of an image: plain values, taken from its stored record alone.

Whoever seals fills these from the recipe and the decision, and nothing else. They hold no personal
data; the prompt is there as a salted hash, unless its author asked for more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from limner.core.records import Operation


class Oversight(StrEnum):
    """How far people watched over an image (C2PA specification 2.4, 18.28)."""

    FULLY_AUTONOMOUS = "fully_autonomous"
    PROMPT_GUIDED = "prompt_guided"
    HUMAN_VALIDATED = "human_validated"


class TrainingUse(StrEnum):
    """Whether the image may be used to train models."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "not_allowed"


class Relationship(StrEnum):
    """What an ingredient is to the image, in the words of C2PA."""

    PARENT = "parentOf"
    INPUT = "inputTo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredient:
    """A file the image was made from. A credential inside it is kept whole.

    Attributes:
        title: what it is, such as ``source`` or ``mask``; never a file name of the user.
        relationship: the picture that was changed is the PARENT; masks and others are INPUT.
        content: bytes of the file as it was given; a URL inside is never fetched.
        media_type: such as ``image/png``.
        pixels_sha256: tagged hash of its pixels.
    """

    title: str
    relationship: Relationship
    content: bytes
    media_type: str
    pixels_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFacts:
    """The decision on which the image was released, and where it is written down.

    Attributes:
        decision: such as ``released``.
        decided_by: ``rule`` or ``person``; never who.
        criteria_sha256: tagged hash of the criteria in force.
        ledger_index: position of the decision in the ledger, from 0; ``None`` if not known yet.
        ledger_leaf_sha256: tagged hash of that entry; ``None`` if not known yet.
    """

    decision: str
    decided_by: Literal["rule", "person"]
    criteria_sha256: str
    ledger_index: int | None = None
    ledger_leaf_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkFacts:
    """The invisible mark in the pixels.

    Attributes:
        algorithm: its name and version, such as ``limner.mark.v1``; on no public list.
        value: what the mark says, as text.
    """

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealFacts:
    """What a credential says.

    Attributes:
        title: name of the file, such as ``image.png``; no part of the prompt.
        operation: what the generator started from; all but TEXT need a PARENT ingredient.
        is_untrained: it was enlarged by plain resampling, from a picture that was not made here;
            no trained model had a part in it.
        created_at: UTC.
        limner_version: of the program that seals.
        model_name: of the generator; `model_version` of its weights.
        model_sha256: tagged hash that stands for every file of the model.
        seed: the picture was drawn from.
        pixels_sha256: tagged hash of the stored pixels; leads back to the record.
        recipe_sha256: tagged hash of the recipe; leads back to the record.
        oversight: how far people watched over it; HUMAN_VALIDATED only if a person released it.
        prompt_commitment: salted hash of the prompt, ``None`` where none is kept.
        prompt: written into the metadata for all to read; only if its author asked for that.
        decision: ``None`` where no decision is taken.
        mark: ``None`` if the pixels carry none.
        label: text of the visible label, ``None`` if there is none.
        ingredients: files the image was made from.
        training_use: what is asked of those who gather training data.
        converted_at: when the file was written anew in another format, UTC. Its PARENT is then the
            sealed file it was written from, which says itself how it was made.
    """

    title: str
    operation: Operation
    created_at: datetime
    limner_version: str
    model_name: str
    model_version: str
    model_sha256: str
    seed: int
    pixels_sha256: str
    recipe_sha256: str
    oversight: Oversight
    prompt_commitment: str | None = None
    prompt: str | None = None
    decision: DecisionFacts | None = None
    mark: MarkFacts | None = None
    label: str | None = None
    ingredients: tuple[Ingredient, ...] = ()
    training_use: TrainingUse = TrainingUse.NOT_ALLOWED
    is_untrained: bool = False
    converted_at: datetime | None = None

    def __post_init__(self) -> None:
        parents = [one for one in self.ingredients if one.relationship is Relationship.PARENT]
        is_begun_here = self.operation is Operation.TEXT and self.converted_at is None
        assert len(parents) == (0 if is_begun_here else 1), "one parent or none"
