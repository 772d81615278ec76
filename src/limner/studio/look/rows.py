"""What a run found, row by row, as JSON documents; every form of output is made from these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from limner.core.errors import NotFound
from limner.store.looks import StoredItem, StoredLook

if TYPE_CHECKING:
    from limner.studio.look.run import LookRun, Told
    from limner.studio.parts import Parts


class Row(NamedTuple):
    """One item of a run.

    Attributes:
        look: what was found; ``None`` where it could not be looked at, or was erased since.
    """

    item: StoredItem
    look: StoredLook | None

    @property
    def document(self) -> dict[str, Any]:
        """JSON form."""
        return row_document(self.item, self.look)


def find_run(parts: Parts, run_id: str | None) -> Mapping[str, Any]:
    """A run of looking; the newest where none is named.

    Raises:
        NotFound: there is none.
    """
    if run_id is not None:
        found = parts.store.looks.find_run(run_id)
    else:
        found = next(iter(parts.store.looks.runs()), None)
    if found is None:
        raise NotFound(
            "Nothing was looked at here yet." if run_id is None else f"There is no run {run_id!r}.",
            hint="`limner look PATH` looks at pictures.",
        )
    return found


def rows_of(parts: Parts, run_id: str) -> Iterator[Row]:
    """Everything a run met, in order; one row at a time.

    Raises:
        NotFound: there is no such run.
    """
    looker_sha256 = str(find_run(parts, run_id)["looker_sha256"])
    looks = parts.store.looks
    for item in looks.items(run_id):
        yield Row(item, None if item.image_id is None else looks.look(item.image_id, looker_sha256))


def newest_look(parts: Parts, image_id: str) -> StoredLook | None:
    """What was found on an incoming image the last time it was looked at.

    Returns:
        ``None`` where it was never looked at, or was erased.
    """
    looks = parts.store.looks
    if looks.find(image_id) is None:
        return None
    lookers = dict.fromkeys(str(one["looker_sha256"]) for one in looks.runs())
    found = (looks.look(image_id, one) for one in lookers)
    return next((one for one in found if one is not None), None)


def told_document(parts: Parts, run: LookRun, told: Told) -> dict[str, Any]:
    """JSON form of an item as it is told while its run goes on."""
    item = StoredItem(
        told.number,
        told.name,
        told.image_id,
        *(("", "") if told.fault is None else told.fault),
        shot=told.shot,
    )
    look = None
    if told.image_id is not None:
        look = parts.store.looks.look(told.image_id, run.looker_sha256)
    return row_document(item, look)


def row_document(item: StoredItem, look: StoredLook | None) -> dict[str, Any]:
    """JSON form of one item: what could not be looked at has a ``fault`` and nothing else."""
    shot = None if item.shot is None else item.shot._asdict()
    if look is None:
        return {
            "number": item.number,
            "name": item.name,
            "shot": shot,
            "fault": item.fault or "It was erased since.",
            "fault_code": item.fault_code or "erased",
        }
    incoming = look.incoming
    return {
        "number": item.number,
        "name": item.name,
        "shot": shot,
        "image_id": incoming.image_id,
        "pixels_sha256": incoming.pixels_sha256,
        "format": incoming.file_format,
        "width_px": incoming.size.width_px,
        "height_px": incoming.size.height_px,
        "num_bytes": incoming.num_bytes,
        "outcome": look.outcome,
        "reasons": [
            {"source": one["source"], "consequence": one["consequence"], "note": one["note"]}
            for one in look.reasons
        ],
        **look.findings.to_document(),
        "results": list(look.results),
    }
