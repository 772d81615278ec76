"""Exporting several images at once: a zip of their sealed files, with what proves each.

The zip itself is not signed. What is inside is: every picture carries its credential, and its proof
leads to the ledger's signed checkpoint. Images that are not released stay out, and are named.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

from limner.core.access import Principal
from limner.core.deciding import Outcome
from limner.core.errors import BadInput
from limner.core.hashing import canonical_json, sha256_of_bytes
from limner.studio.gallery import Seen, require_visible
from limner.studio.log import prove
from limner.studio.saving import name_of, suffix_of
from limner.studio.stored_image import open_image

if TYPE_CHECKING:
    from limner.studio.parts import Parts

MAX_EXPORTED = 500
IN_MEMORY_BYTES = 32 * 2**20
CONTENTS = "contents.json"
_ZIP_BEGINS = (1980, 1, 1, 0, 0, 0)


def export_zip(parts: Parts, viewer: Principal, image_ids: Sequence[str]) -> IO[bytes]:
    """A zip of the sealed files of images, each with its ledger proof, and their list.

    Args:
        parts: of the studio.
        viewer: who asks.
        image_ids: of the images; one that is named twice is in it once.

    Returns:
        An open file, at its beginning; it is removed when it is closed.

    Raises:
        BadInput: there is nothing to export, or too much.
        NotFound: one of the images does not exist for this person.
    """
    chosen = list(dict.fromkeys(image_ids))
    if not 0 < len(chosen) <= MAX_EXPORTED:
        raise BadInput(
            f"{len(chosen)} images are chosen; allowed are 1 to {MAX_EXPORTED}.",
            code="export_out_of_range",
        )
    seen = [require_visible(parts, viewer, one) for one in chosen]  # all, before any is written
    file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)
    with zipfile.ZipFile(file, "w") as archive:
        listed = [_add(parts, archive, one, place) for place, one in enumerate(seen, start=1)]
        _write(archive, CONTENTS, canonical_json({"images": listed}).encode())
    file.seek(0)
    return file


def _add(parts: Parts, archive: zipfile.ZipFile, seen: Seen, place: int) -> dict[str, object]:
    """Write one image and its proof; its line of the list."""
    record, outcome = seen.record, seen.decided.decision.outcome
    line: dict[str, object] = {"image_id": record.image_id, "outcome": str(outcome)}
    if outcome is not Outcome.RELEASED:
        return {**line, "file": None}
    content = open_image(parts, record.image_id).content
    stem = f"{place:03d}-{name_of(record.recipe.prompt, record.recipe.seed)}"
    name = f"{stem}{suffix_of(record.file_format)}"
    _write(archive, name, content)
    _write(archive, f"proofs/{stem}.tlog-proof", prove(parts, record.image_id)[1].encode())
    return {**line, "file": name, "file_sha256": sha256_of_bytes(content)}


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Write one file without a time, so that the same images give the same list of files."""
    archive.writestr(zipfile.ZipInfo(name, _ZIP_BEGINS), content)
