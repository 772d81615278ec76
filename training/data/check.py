"""Whether the manifest, the lists and the sprite files agree; each fault is one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from training.data import attribution, manifest
from training.data.manifest import Row
from training.data.packages import packages
from training.data.splits import core, read_lists, split_of
from training.data.sprites import open_sprites, sprite_hash, sprite_path
from training.data.styles import STYLES

LICENCES = frozenset({"MIT", "Apache-2.0", "CC-BY-4.0", "LicenseRef-Public-Domain"})
LEAST_PICTURES = 12_000


def committed_faults(rows: Sequence[Row]) -> Iterator[str]:
    """What is wrong with the committed files; needs no renders."""
    if len(rows) < LEAST_PICTURES:
        yield f"the manifest has {len(rows)} pictures, and {LEAST_PICTURES} are wanted"
    if [row.index for row in rows] != list(range(len(rows))):
        yield "the indices of the manifest are not 0, 1, 2, ..."
    for what in ("picture", "render_sha256"):
        twins = [
            name for name, count in Counter(getattr(row, what) for row in rows).items() if count > 1
        ]
        if twins:
            yield f"{len(twins)} pictures share a {what}, as {twins[0]!r}"
    pinned = {package.name: package for package in packages().values()}
    for row in rows:
        yield from _row_faults(row, pinned[row.package].sha256, pinned[row.package].licence)
    held_concepts, held_styles = read_lists()
    cores = [core(concept) for concept in held_concepts]
    for row in rows:
        right = split_of(row.concept, row.style, cores, held_styles)
        if row.split != right:
            yield f"{row.picture} is in the split {row.split!r}, and by the lists in {right!r}"
    if attribution.ATTRIBUTION.read_text() != attribution.attribution(rows):
        yield "ATTRIBUTION.md is not what the manifest gives"


def _row_faults(row: Row, package_sha256: str, licence: str) -> Iterator[str]:
    if row.package_sha256 != package_sha256:
        yield f"{row.picture} names another package hash than packages.json"
    if row.licence != licence or row.licence not in LICENCES:
        yield f"{row.picture} has the licence {row.licence!r}"
    if row.style not in STYLES:
        yield f"{row.picture} has the unknown style {row.style!r}"


def sprite_faults(rows: Sequence[Row], work: Path) -> Iterator[str]:
    """What is wrong with the sprite files: their sizes, and the hash of every picture."""
    for size in (256, 128, 64):
        wanted = len(rows) * size * size * 4
        path = sprite_path(work, size)
        found = path.stat().st_size if path.exists() else 0
        if found != wanted:
            yield f"{path.name} has {found} bytes, and {wanted} are wanted"
            return
    sprites_NHWC = open_sprites(work, 256)
    for row in rows:
        if sprite_hash(np.asarray(sprites_NHWC[row.index])) != row.render_sha256:
            yield f"{row.picture} is not the picture in the sprite file"


def all_faults(work: Path) -> Iterator[str]:
    """Everything that is wrong."""
    rows = manifest.read()
    yield from committed_faults(rows)
    yield from sprite_faults(rows, work)
