"""A picture with the decision about it, as every page shows it: in a sheet, with the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from limner.core.deciding import Outcome
from limner.core.jobs import Job
from limner.store.gallery import Shelved

if TYPE_CHECKING:
    from limner.studio.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureCard:
    """One place of a sheet.

    Attributes:
        image_id: ``None`` while it is not drawn yet, and once it is erased; then the rest says
            nothing.
        is_erased: it was drawn, and is gone.
        why: one sentence a reason; empty for a plain release.
        text: what a screen reader says of the picture.
    """

    image_id: str | None
    is_erased: bool = False
    outcome: Outcome | None = None
    why: tuple[str, ...] = ()
    text: str = ""
    seed: int | None = None
    is_starred: bool = False

    @property
    def thumbnail(self) -> str:
        """Address of the small picture; it changes with the decision, so it may be kept."""
        return f"/api/images/{self.image_id}/thumbnail?v={self.outcome}"


def card_of(shelved: Shelved, *, starred: Collection[str] = ()) -> PictureCard:
    """The card of an image of the gallery; without reasons, which its own page gives."""
    return PictureCard(
        image_id=shelved.image_id,
        outcome=shelved.outcome,
        text=shelved.prompt,
        seed=shelved.seed,
        is_starred=shelved.image_id in starred,
    )


def cards_of(images: Iterable[Shelved], starred: Collection[str] = ()) -> list[PictureCard]:
    """The cards of images of the gallery."""
    return [card_of(one, starred=starred) for one in images]


def cards_of_job(parts: Parts, job: Job) -> list[PictureCard]:
    """A card for every picture of a job, also of those that are not drawn yet, or were erased."""
    drawn = {one.index: one for one in job.images}
    stored = stored_of(parts, [one.image_id for one in job.images])
    prompt = str(job.request.get("prompt", ""))
    cards: list[PictureCard] = []
    for index in range(job.num_images):
        image = drawn.get(index)
        if image is None:
            cards.append(PictureCard(image_id=None))
            continue
        if image.image_id not in stored:
            cards.append(PictureCard(image_id=None, is_erased=True))
            continue
        cards.append(
            PictureCard(
                image_id=image.image_id,
                outcome=image.outcome,
                why=reasons_of(parts, image.image_id),
                text=prompt,
                seed=image.seed,
            )
        )
    return cards


def stored_of(parts: Parts, image_ids: Sequence[str]) -> set[str]:
    """Those of these images that are not erased; a job goes on naming those that are."""
    return {one.image_id for one in parts.store.gallery.of(image_ids)}


def reasons_of(parts: Parts, image_id: str) -> tuple[str, ...]:
    """Why an image is not released, or what is to be known although it is."""
    decided = parts.store.last_decision(image_id)
    if decided is None:
        return ()
    return tuple(one.note for one in decided.decision.reasons)
