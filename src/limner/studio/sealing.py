"""Sealing a released image: its credential is written from the stored record and decision alone.

An image leaves only in its sealed form. One that was sealed before leaves as it did then, unless a
person has decided about it since.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limner.checks.integrity import find_fault
from limner.core.deciding import Outcome
from limner.core.errors import BadInput, SealFailed, StorageUnavailable
from limner.core.hashing import sha256_of_bytes, sha256_of_document
from limner.core.recipe import ImageRecord, Recipe
from limner.core.records import FileFormat, Operation
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
from limner.studio.background import WHITE, lay_under
from limner.studio.beside import threads_beside
from limner.studio.image_file import decode_rgba, encode_image, shows

if TYPE_CHECKING:
    from concurrent.futures import Future

    import sqlalchemy as sa

    from limner.provenance.credential import Sealed
    from limner.studio.parts import OnStored, Parts

UNTRAINED_ENGINE = "pillow"  # plain resampling
# Shapes: H height, W width, C channels (RGBA, straight alpha).

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
    suffix = SIDECAR_SUFFIX if is_beside else record.file_format
    earlier = parts.store.seal_of(record.image_id, is_beside=is_beside)
    if earlier is not None and earlier.decision_id == decided.decision_id:
        return earlier, parts.store.read_sealed(earlier, suffix)
    commitment = parts.store.prompt_commitment(record.image_id)
    signing = Signing(parts, record, content, decided, commitment, is_beside=is_beside)
    return keep_seal(parts, record, decided, signing)


class Signing:
    """An image on its way to being sealed, in a thread: signed, written, and read back meanwhile.

    No row of it is stored. That the signed file shows the pixels that were judged is seen by
    whoever waits for it, while its credential is read back.

    Args:
        parts: of the studio.
        record: of the image.
        content: its bytes.
        decided: its release, written down.
        prompt_commitment: of its prompt, in the ledger.
        is_beside: as `seal_image`.

    Attributes:
        suffix: of the file that is written.
    """

    def __init__(
        self,
        parts: Parts,
        record: ImageRecord,
        content: bytes,
        decided: StoredDecision,
        prompt_commitment: str | None,
        *,
        is_beside: bool = False,
    ) -> None:
        assert decided.decision.outcome is Outcome.RELEASED
        self.suffix = SIDECAR_SUFFIX if is_beside else record.file_format
        self._pixels_sha256 = record.pixels_sha256
        self._is_signed = Event()
        self._signed: bytes | None = None
        self._writing: Future[str] | None = None

        def write(given: bytes) -> None:
            self._signed = None if is_beside else given
            self._writing = parts.store.write_ahead(given, self.suffix)
            self._is_signed.set()

        def sign() -> Sealed:
            # the library behind it takes a quarter of a second to load
            from limner.provenance.credential import Placement, seal

            try:
                return seal(
                    content,
                    MEDIA_TYPES[record.file_format],
                    facts_of(parts, record, decided, prompt_commitment),
                    parts.signer,
                    read_clock=parts.read_clock,
                    placement=Placement.BESIDE if is_beside else Placement.INSIDE,
                    on_signed=write,
                )
            finally:
                self._is_signed.set()  # or never will be

        self._sealed = threads_beside().submit(sign)

    def writing(self) -> Future[str] | None:
        """What writes the file, once it is signed; ``None`` if it never will be (`sealed`)."""
        self._is_signed.wait()
        return self._writing

    @cached_property
    def sealed(self) -> Sealed:
        """What was signed; waits until it was read back.

        Raises:
            SealFailed: it does not verify, or shows another picture than was judged.
            KeyRefused: as `seal_image`.
        """
        self._is_signed.wait()
        seen = self._signed  # as a rule what will leave; it may be signed once more
        if seen is not None:
            self._require_shown(seen)
        sealed = self._sealed.result()
        if sealed.content is not seen:
            self._require_shown(sealed.content)
        return sealed

    def _require_shown(self, content: bytes) -> None:
        if not shows(content, self._pixels_sha256):
            raise SealFailed(
                "The sealed file does not show the picture that was judged and was not let out."
            )


def keep_seal(
    parts: Parts,
    record: ImageRecord,
    decided: StoredDecision,
    signing: Signing,
    on_sealing: OnStored | None = None,
) -> tuple[StoredSeal, bytes]:
    """Store what was signed and found to hold; the seal, and the bytes that leave.

    `on_sealing` writes in the same transaction, while it is still read back; see `Watch`.

    Raises:
        SealFailed, KeyRefused, StorageUnavailable: as `seal_image`; it does not leave.
    """

    def write_along(connection: sa.Connection) -> None:
        if on_sealing is not None:
            on_sealing(connection, record)

    def found_to_hold() -> tuple[StoredSeal, bytes]:
        sealed = signing.sealed
        given = sealed.content if sealed.sidecar is None else sealed.sidecar
        stored = StoredSeal(
            sealed_sha256=sha256_of_bytes(given),
            image_id=record.image_id,
            decision_id=decided.decision_id,
            sealed_at=parts.read_clock(),
            manifest_id=sealed.manifest_id,
            stamped_at=sealed.stamped_at,
            is_beside=sealed.sidecar is not None,
        )
        return stored, given

    writing = signing.writing()
    return parts.store.add_seal(decided, found_to_hold, signing.suffix, write_along, ahead=writing)


def seal_in_format(
    parts: Parts, record: ImageRecord, decided: StoredDecision, file_format: FileFormat
) -> tuple[StoredSeal, bytes]:
    """A released image in a format of choice, written from its sealed file and sealed itself.

    The credential of the file it was written from is kept in its own, as its parent. JPEG has no
    transparency, so there the picture is laid on white.

    Args:
        parts: of the studio.
        record: of the stored image.
        decided: the decision that holds; must be a release.
        file_format: of the file to be written; the image's own gives the file as it left.

    Raises:
        SealFailed, KeyRefused, StorageUnavailable: as `seal_image`.
        BadInput: on white nothing of it would be seen, so it would be another picture.
    """
    from limner.provenance.credential import seal

    own_seal, own = seal_image(parts, record, parts.store.read_image(record), decided)
    if file_format == record.file_format:
        return own_seal, own
    earlier = parts.store.seal_of(record.image_id, file_format=file_format)
    if earlier is not None and earlier.decision_id == decided.decision_id:
        return earlier, parts.store.read_sealed(earlier, file_format)
    now = parts.read_clock()
    parent = Ingredient(
        title="stored-file",
        relationship=Relationship.PARENT,
        content=own,
        media_type=MEDIA_TYPES[record.file_format],
        pixels_sha256=record.pixels_sha256,
    )
    sealed = seal(
        _written_in(file_format, record, decode_rgba(own)),
        MEDIA_TYPES[file_format],
        replace(
            facts_of(parts, record, decided, parts.store.prompt_commitment(record.image_id)),
            title=f"image.{file_format}",
            ingredients=(parent,),
            converted_at=now,
        ),
        parts.signer,
        read_clock=parts.read_clock,
    )
    stored = StoredSeal(
        sealed_sha256=sha256_of_bytes(sealed.content),
        image_id=record.image_id,
        decision_id=decided.decision_id,
        sealed_at=now,
        manifest_id=sealed.manifest_id,
        stamped_at=sealed.stamped_at,
        file_format=file_format,
    )
    return parts.store.add_seal(decided, lambda: (stored, sealed.content), file_format)


def _written_in(
    file_format: FileFormat, record: ImageRecord, image_HWC: NDArray[np.uint8]
) -> bytes:
    if file_format == "jpeg":
        image_HWC = lay_under(image_HWC, WHITE)
        if find_fault(image_HWC, is_finite=True) is not None:
            raise BadInput(
                "On the white that JPEG needs under a transparent picture nothing of it is seen.",
                code="unseen_on_white",
                hint="Export it as webp or png, or draw it with --background.",
            )
    return encode_image(image_HWC, file_format, record.recipe)


def facts_of(
    parts: Parts, record: ImageRecord, decided: StoredDecision, prompt_commitment: str | None
) -> SealFacts:
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
        prompt_commitment=prompt_commitment,
        mark=None if mark is None else MarkFacts(algorithm=MARK_ALGORITHM, value=mark),
        label=None if recipe.label is None else recipe.label.words,
        ingredients=_ingredients(parts, record),
        is_untrained=_is_untrained(parts, recipe),
        adapters=tuple(one.sha256 for one in recipe.adapters or ()),
    )


def _is_untrained(parts: Parts, recipe: Recipe) -> bool:
    """Whether no trained model had a part: resampled, from a picture that was not made here."""
    if recipe.operation is not Operation.ENLARGE or recipe.engine != UNTRAINED_ENGINE:
        return False
    assert recipe.source_sha256 is not None, "what was enlarged was a picture"
    is_ours = bool(recipe.prompt) or parts.store.image_by_pixels(recipe.source_sha256) is not None
    return not is_ours


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
