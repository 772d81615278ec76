"""The gallery: finding images, opening one, and who may see it.

An image is private: it is seen by those it was drawn for, and by who may see everything. To
everybody else it does not exist. Reviewers see what they review at the review desk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from limner.checks.near_copy.fingerprint import pdq_of
from limner.core.access import Principal
from limner.core.errors import BadInput, NotFound
from limner.core.recipe import ImageRecord
from limner.store.boards import Board, Keeping
from limner.store.gallery import Place, Search, Shelved
from limner.store.judgements import StoredDecision, StoredSeal
from limner.store.ledger.entries import Entry, Kind
from limner.studio.picture_file import picture_of

if TYPE_CHECKING:
    from limner.studio.parts import Parts

# Shapes: N images, K bytes of a hash.

PAGE_IMAGES = 60
MAX_ALIKE = 24
LOOKS_BYTES = 32
ALIKE_BITS = 90  # of 256; unrelated pictures differ in about 128


class Page(NamedTuple):
    """One page of the gallery.

    Attributes:
        images: the newest first.
        starred: those of them that the viewer starred.
        tags: that the viewer gave, of each that has some.
        after: where the next page begins; ``None`` on the last.
    """

    images: tuple[Shelved, ...]
    starred: frozenset[str]
    tags: Mapping[str, tuple[str, ...]]
    after: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A stored image that somebody may see, with what holds about it."""

    record: ImageRecord
    decided: StoredDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Everything that is known of one image.

    Attributes:
        decisions: oldest first; the last one holds.
        results: of every check, oldest first, as JSON documents.
        questions: what each check asks, by its name.
        seal: of the file that left; ``None`` if none did.
        entry: that the image was stored.
        keeping: stars, boards and tags of the viewer.
        newer, older: the images beside it in the gallery.
        siblings: pictures of the same job, itself included; empty if no job drew it.
    """

    record: ImageRecord
    decisions: tuple[StoredDecision, ...]
    results: tuple[dict[str, object], ...]
    questions: dict[str, str]
    seal: StoredSeal | None
    entry: Entry | None
    keeping: Keeping
    newer: str | None
    older: str | None
    siblings: tuple[Shelved, ...]

    @property
    def decided(self) -> StoredDecision:
        """The decision that holds."""
        return self.decisions[-1]


def find_images(
    parts: Parts, viewer: Principal, search: Search, *, after: Place | None = None
) -> Page:
    """A page of the images that a person may see and that fit a search."""
    found = parts.store.gallery.page(
        search,
        owner=_owner(viewer),
        viewer=viewer.name,
        after=after,
        limit=PAGE_IMAGES + 1,
    )
    shown = found[:PAGE_IMAGES]
    return _page(parts, viewer, shown, shown[-1].place if len(found) > PAGE_IMAGES else None)


def find_alike(parts: Parts, viewer: Principal, image_id: str) -> Page:
    """Images that look like one, the likest first, itself left out.

    Compared by PDQ over every image; those it says little about are never alike.

    Raises:
        NotFound: the image does not exist for this person.
    """
    looks = require_visible(parts, viewer, image_id).record.pdq
    if looks is None:
        return _page(parts, viewer, [])
    return find_near(parts, viewer, looks, besides=image_id)


def find_near(parts: Parts, viewer: Principal, looks: bytes, *, besides: str = "") -> Page:
    """Images whose looks are near to some, the likest first.

    Args:
        parts: of the studio.
        viewer: who asks.
        looks: as `looks_of` gives them.
        besides: an image that is left out.

    Raises:
        BadInput: those are not the looks of a picture.
    """
    if len(looks) != LOOKS_BYTES:
        raise BadInput(f"Looks have {len(looks)} bytes; allowed are {LOOKS_BYTES}.")
    known = parts.store.pdq_hashes()
    if not known:
        return _page(parts, viewer, [])
    hashes_NK = np.frombuffer(b"".join(one for _, one in known), np.uint8).reshape(-1, LOOKS_BYTES)
    bits_N = np.bitwise_count(hashes_NK ^ np.frombuffer(looks, np.uint8)).sum(axis=1)
    near = [int(one) for one in np.argsort(bits_N, kind="stable") if bits_N[one] <= ALIKE_BITS]
    alike = [known[one][0] for one in near if known[one][0] != besides]
    seen = _visible_among(parts, viewer, alike)[:MAX_ALIKE]
    return _page(parts, viewer, parts.store.gallery.of(seen))


def looks_of(parts: Parts, content: bytes, name: str) -> bytes:
    """What a picture file looks like, to be found alike to: PDQ's 32 bytes. Nothing is kept.

    Raises:
        ImageUnreadable: it is no picture we read.
        BadInput: too little is on it to tell what it looks like.
    """
    looks = pdq_of(picture_of(content, name, parts.settings.max_input_megapixels))
    if looks is None:
        raise BadInput(
            f"Too little is on the picture {name[:80]!r} to tell what looks like it.",
            code="looks_unclear",
        )
    return looks


def require_visible(parts: Parts, viewer: Principal, image_id: str) -> Seen:
    """A stored image, if this person may see it.

    Raises:
        NotFound: it is not stored, or it is somebody else's; which of the two is not told.
    """
    record, decided = parts.store.image_by_id(image_id), parts.store.last_decision(image_id)
    is_theirs = viewer.sees_everything or viewer.name in parts.store.gallery.owners_of(image_id)
    if record is None or decided is None or not is_theirs:
        raise NotFound(
            f"There is no image {image_id!r} here, or it is not yours.", code="image_unknown"
        )
    return Seen(record=record, decided=decided)


def open_for(parts: Parts, viewer: Principal, image_id: str) -> Opened:
    """Everything that is known of an image; errors as `require_visible`."""
    seen = require_visible(parts, viewer, image_id)
    store = parts.store
    newer, older = store.gallery.neighbours(image_id, owner=_owner(viewer))
    stored = store.ledger.entries_of(Kind.IMAGE_STORED, subject=image_id, num_last=1)
    return Opened(
        record=seen.record,
        decisions=tuple(store.decisions_of(image_id)),
        results=tuple(store.results_of(image_id)),
        questions={name: card.question for name, card in parts.judge.cards.items()},
        seal=store.seal_of(image_id),
        entry=next(iter(stored), None),
        keeping=store.boards.keeping(viewer.name, image_id),
        newer=newer,
        older=older,
        siblings=tuple(_siblings(parts, viewer, image_id)),
    )


def visible_among(parts: Parts, viewer: Principal, image_ids: Sequence[str]) -> list[Shelved]:
    """Those of these images that a person may see, in their order."""
    return parts.store.gallery.of(_visible_among(parts, viewer, list(image_ids)))


def boards_of(parts: Parts, viewer: Principal) -> list[Board]:
    """A person's boards."""
    return parts.store.boards.list(viewer.name)


def _page(
    parts: Parts, viewer: Principal, images: Sequence[Shelved], after: Place | None = None
) -> Page:
    """Images with what the viewer noted of them."""
    boards, image_ids = parts.store.boards, [one.image_id for one in images]
    return Page(
        images=tuple(images),
        starred=frozenset(boards.starred(viewer.name, image_ids)),
        tags=boards.tags_of(viewer.name, image_ids),
        after=after,
    )


def _siblings(parts: Parts, viewer: Principal, image_id: str) -> list[Shelved]:
    """Pictures of the first job that drew an image; its owner's, so the viewer may see them."""
    drawn = parts.store.gallery.siblings(image_id)
    first = [one for job_id, one in drawn if job_id == drawn[0][0]]
    return visible_among(parts, viewer, first) if len(first) > 1 else []


def _visible_among(parts: Parts, viewer: Principal, image_ids: list[str]) -> list[str]:
    if viewer.sees_everything:
        return image_ids
    return [one for one in image_ids if viewer.name in parts.store.gallery.owners_of(one)]


def _owner(viewer: Principal) -> str | None:
    return None if viewer.sees_everything else viewer.name
