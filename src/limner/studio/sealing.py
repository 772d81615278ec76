"""Sealing a released image: its credential is written from the stored record and decision alone.

An image leaves only in its sealed form. One that was sealed before leaves as it did then, unless a
person has decided about it since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from limner.core.deciding import Outcome
from limner.core.errors import StorageUnavailable
from limner.core.hashing import sha256_of_bytes, sha256_of_document
from limner.core.records import FileFormat, ImageRecord, Operation
from limner.provenance.containers import MediaType
from limner.provenance.facts import (
    DecisionFacts,
    Ingredient,
    Oversight,
    Relationship,
    SealFacts,
)
from limner.store.judgements import StoredDecision, StoredSeal

if TYPE_CHECKING:
    from limner.studio.parts import Parts

MEDIA_TYPES: dict[FileFormat, MediaType] = {
    "png": "image/png",
    "webp": "image/webp",
    "jpeg": "image/jpeg",
}


def seal_image(
    parts: Parts, record: ImageRecord, content: bytes, decided: StoredDecision
) -> tuple[StoredSeal, bytes]:
    """The sealed form of a released image; sealed and stored now if it was not before.

    Args:
        parts: of the studio.
        record: of the stored image.
        content: its stored bytes.
        decided: the decision that holds; must be a release.

    Raises:
        SealFailed: it cannot be signed; it does not leave.
        KeyRefused: this install's keys are missing or open to others.
        StorageUnavailable: the sealed file cannot be stored.
    """
    from limner.provenance.credential import seal  # its library takes a quarter of a second

    assert decided.decision.outcome is Outcome.RELEASED
    earlier = parts.store.seal_of(record.image_id)
    if earlier is not None and earlier.decision_id == decided.decision_id:
        return earlier, parts.store.read_sealed(earlier, record.file_format)
    facts = facts_of(parts, record, decided)
    media_type = MEDIA_TYPES[record.file_format]
    sealed = seal(content, media_type, facts, parts.signer, read_clock=parts.read_clock)
    stored = StoredSeal(
        sealed_sha256=sha256_of_bytes(sealed.content),
        image_id=record.image_id,
        decision_id=decided.decision_id,
        sealed_at=parts.read_clock(),
        manifest_id=sealed.manifest_id,
        stamped_at=sealed.stamped_at,
    )
    parts.store.add_seal(stored, sealed.content, record.file_format)
    return stored, sealed.content


def facts_of(parts: Parts, record: ImageRecord, decided: StoredDecision) -> SealFacts:
    """What the credential will say, from the stored record and decision alone."""
    recipe, decision = record.recipe, decided.decision
    by_person = decided.decided_by == "person"
    entry = decided.entry
    return SealFacts(
        title=f"image.{record.file_format}",
        operation=recipe.operation,
        created_at=record.created_at,
        limner_version=parts.version,
        model_name=recipe.generator,
        model_version=recipe.generator_version,
        model_sha256=sha256_of_document(dict(recipe.ingredients)),
        seed=recipe.seed,
        pixels_sha256=record.pixels_sha256,
        recipe_sha256=recipe.sha256,
        oversight=Oversight.HUMAN_VALIDATED if by_person else Oversight.PROMPT_GUIDED,
        decision=DecisionFacts(
            decision=str(decision.outcome),
            decided_by=decided.decided_by,
            criteria_sha256=decision.criteria_sha256 or "",
            ledger_index=None if entry is None else entry.position,
            ledger_leaf_sha256=None if entry is None else f"sha256:{entry.leaf_sha256.hex()}",
        ),
        ingredients=_ingredients(parts, record),
    )


def _ingredients(parts: Parts, record: ImageRecord) -> tuple[Ingredient, ...]:
    """The pictures it was made from, as they are kept."""
    recipe = record.recipe
    if recipe.operation is Operation.TEXT:
        return ()
    wanted = (
        ("source", Relationship.PARENT, recipe.source_sha256),
        ("mask", Relationship.INPUT, recipe.mask_sha256),
    )
    kept: list[Ingredient] = []
    for title, relationship, pixels_sha256 in wanted:
        if pixels_sha256 is None:
            continue
        png = parts.store.read_source(pixels_sha256)
        if png is None:
            raise StorageUnavailable(f"The {title} picture {pixels_sha256} is not kept any more.")
        kept.append(
            Ingredient(
                title=title,
                relationship=relationship,
                content=png,
                media_type="image/png",
                pixels_sha256=pixels_sha256,
            )
        )
    return tuple(kept)
