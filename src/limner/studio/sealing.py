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
    MarkFacts,
    Oversight,
    Relationship,
    SealFacts,
)
from limner.provenance.mark.records import MARK_ALGORITHM
from limner.store.blobs import SIDECAR_SUFFIX
from limner.store.judgements import StoredDecision, StoredSeal

if TYPE_CHECKING:
    from limner.studio.parts import Parts

MEDIA_TYPES: dict[FileFormat, MediaType] = {
    "png": "image/png",
    "webp": "image/webp",
    "jpeg": "image/jpeg",
}


def seal_image(
    parts: Parts,
    record: ImageRecord,
    content: bytes,
    decided: StoredDecision,
    *,
    is_beside: bool = False,
) -> tuple[StoredSeal, bytes]:
    """The sealed form of a released image; sealed and stored now if it was not before.

    Args:
        parts: of the studio.
        record: of the stored image.
        content: its stored bytes.
        decided: the decision that holds; must be a release.
        is_beside: give a sidecar instead: a credential that is kept beside the file. It vouches
            for the sealed file from which the credential inside was stripped, and nothing else.

    Raises:
        SealFailed: it cannot be signed; it does not leave.
        KeyRefused: this install's keys are missing or open to others.
        StorageUnavailable: the sealed file cannot be stored.
    """
    # the library behind it takes a quarter of a second to load
    from limner.provenance.credential import Placement, seal

    assert decided.decision.outcome is Outcome.RELEASED
    suffix = SIDECAR_SUFFIX if is_beside else record.file_format
    earlier = parts.store.seal_of(record.image_id, is_beside=is_beside)
    if earlier is not None and earlier.decision_id == decided.decision_id:
        return earlier, parts.store.read_sealed(earlier, suffix)
    sealed = seal(
        content,
        MEDIA_TYPES[record.file_format],
        facts_of(parts, record, decided),
        parts.signer,
        read_clock=parts.read_clock,
        placement=Placement.BESIDE if is_beside else Placement.INSIDE,
    )
    given = sealed.content if sealed.sidecar is None else sealed.sidecar
    stored = StoredSeal(
        sealed_sha256=sha256_of_bytes(given),
        image_id=record.image_id,
        decision_id=decided.decision_id,
        sealed_at=parts.read_clock(),
        manifest_id=sealed.manifest_id,
        stamped_at=sealed.stamped_at,
        is_beside=is_beside,
    )
    parts.store.add_seal(stored, given, suffix)
    return stored, given


def facts_of(parts: Parts, record: ImageRecord, decided: StoredDecision) -> SealFacts:
    """What the credential will say, from the stored record and decision alone."""
    recipe, decision, mark = record.recipe, decided.decision, record.recipe.mark
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
        prompt_commitment=parts.store.prompt_commitment(record.image_id),
        mark=None if mark is None else MarkFacts(algorithm=MARK_ALGORITHM, value=mark),
        label=None if recipe.label is None else recipe.label.words,
        ingredients=_ingredients(parts, record),
        adapters=tuple(one.sha256 for one in recipe.adapters or ()),
    )


def _ingredients(parts: Parts, record: ImageRecord) -> tuple[Ingredient, ...]:
    """The pictures it was made from, as they are kept."""
    recipe = record.recipe
    if recipe.operation is Operation.TEXT:
        return ()
    wanted = (
        ("source", Relationship.PARENT, recipe.source_sha256, recipe.source_file),
        ("mask", Relationship.INPUT, recipe.mask_sha256, recipe.mask_file),
    )
    kept: list[Ingredient] = []
    for title, relationship, pixels_sha256, file_sha256 in wanted:
        if pixels_sha256 is None:
            continue
        file = parts.store.read_source(pixels_sha256, file_sha256)
        if file is None:
            raise StorageUnavailable(f"The {title} picture {pixels_sha256} is not kept any more.")
        kept.append(
            Ingredient(
                title=title,
                relationship=relationship,
                content=file.content,
                media_type=f"image/{file.file_format}",
                pixels_sha256=pixels_sha256,
            )
        )
    return tuple(kept)
