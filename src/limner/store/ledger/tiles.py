"""The ledger as static files: tiles of hashes, bundles of entries, the newest checkpoint.

The layout is that of C2SP tlog-tiles, so other tools can read it and any web server can publish
it. A verifier that needs nothing but Python lies beside the tiles. A folder that holds another
ledger, or a later state of this one, is left as it is.

Source: https://c2sp.org/tlog-tiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.errors import LedgerBroken
from limner.store.files import cannot_write, make_folder, write_new
from limner.store.ledger.appending import find_entries, hash_reader
from limner.store.ledger.notes import (
    Checkpoint,
    Note,
    NoteInvalid,
    VerifierKey,
    parse_checkpoint,
    parse_note,
)
from limner.store.ledger.tree import (
    HASH_BYTES,
    TILE_WIDTH,
    HashReader,
    consistency_proof,
    is_consistent,
)

CHECKPOINT_FILE = "checkpoint"
KEY_FILE = "log.vkey"
VERIFIER_FILE = "verify.py"


class Tile(NamedTuple):
    """One tile: its level (``None`` for entries), its number, its width."""

    level: int | None
    number: int
    width: int

    @property
    def path(self) -> str:
        """Below the folder, such as ``tile/0/x001/x234/067`` or ``tile/entries/000.p/12``."""
        groups = [f"{self.number % 1000:03d}"]
        rest = self.number // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        part = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        level = "entries" if self.level is None else self.level
        return f"tile/{level}/{'/'.join(groups)}{part}"


def export_tiles(connection: sa.Connection, note: Note, key: str, folder: Path) -> int:
    """Write the ledger up to the checkpoint of `note` into `folder`.

    Tiles that are there already are read and kept. The checkpoint is written last.

    Args:
        connection: reading.
        note: a signed checkpoint of this ledger.
        key: the vkey of the ledger.
        folder: made if it is not there.

    Returns:
        How many files were written.

    Raises:
        LedgerBroken: the folder holds another ledger, or a later state of this one.
        StorageUnavailable: it cannot be written.
    """
    checkpoint = parse_checkpoint(note.text)
    make_folder(folder)
    _require_same_ledger(folder, checkpoint, hash_reader(connection))
    num_written = 0
    for tile in tiles_of(checkpoint.num_entries):
        num_written += _write_tile(folder / tile.path, _content_of(connection, tile))
    verifier = files("limner.store.ledger").joinpath("verifier.py").read_bytes()
    write_new(folder / VERIFIER_FILE, verifier, overwrite=True)
    write_new(folder / KEY_FILE, f"{key}\n".encode(), overwrite=True)
    write_new(folder / CHECKPOINT_FILE, str(note).encode(), overwrite=True)
    return num_written + 3


def tiles_of(num_entries: int) -> list[Tile]:
    """Every tile of a ledger of this size: entries, and hashes level by level."""
    tiles = [Tile(None, number, width) for number, width in _widths(num_entries)]
    level = 0
    while num_entries:
        tiles += [Tile(level, number, width) for number, width in _widths(num_entries)]
        num_entries, level = num_entries // TILE_WIDTH, level + 1
    return tiles


def read_export(folder: Path) -> tuple[Note, HashReader]:
    """The checkpoint of an exported ledger, and a reader of its hashes.

    Raises:
        LedgerBroken: there is no checkpoint that can be read. The reader raises it for a tile
            that is missing or cut short.
    """
    try:
        note = parse_note((folder / CHECKPOINT_FILE).read_text(encoding="utf-8"))
        num_entries = parse_checkpoint(note.text).num_entries
    except (OSError, UnicodeDecodeError, NoteInvalid) as error:
        raise LedgerBroken(f"There is no checkpoint to read in {str(folder)!r}.") from error

    def read(level: int, start: int, stop: int) -> Sequence[bytes]:
        num_hashes = num_entries // TILE_WIDTH**level
        hashes: list[bytes] = []
        for number in range(start // TILE_WIDTH, (stop - 1) // TILE_WIDTH + 1):
            first = number * TILE_WIDTH
            tile = Tile(level, number, min(TILE_WIDTH, num_hashes - first))
            hashes += _hashes_in(folder / tile.path, tile.width)[
                max(start - first, 0) : stop - first
            ]
        return hashes

    return note, read


def read_claimed_key(folder: Path) -> VerifierKey:
    """The key that the export says is the ledger's; whoever wrote the export could say any.

    Raises:
        LedgerBroken: it names none.
    """
    path = folder / KEY_FILE
    try:
        return VerifierKey.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, NoteInvalid) as error:
        raise LedgerBroken(f"There is no key to read in {str(path)!r}.") from error


def _widths(num_hashes: int) -> list[tuple[int, int]]:
    num_full, rest = divmod(num_hashes, TILE_WIDTH)
    widths = [(number, TILE_WIDTH) for number in range(num_full)]
    return [*widths, (num_full, rest)] if rest else widths


def _content_of(connection: sa.Connection, tile: Tile) -> bytes:
    start = tile.number * TILE_WIDTH
    if tile.level is not None:
        return b"".join(hash_reader(connection)(tile.level, start, start + tile.width))
    entries = find_entries(connection, after=start - 1, before=start + tile.width)
    contents = [entry.text.encode() for entry in entries]
    return b"".join(len(one).to_bytes(2) + one for one in contents)


def _hashes_in(path: Path, width: int) -> list[bytes]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LedgerBroken(f"The tile {str(path)!r} cannot be read.") from error
    if len(content) != width * HASH_BYTES:
        raise LedgerBroken(
            f"The tile {str(path)!r} has {len(content)} bytes; expected are {width * HASH_BYTES}."
        )
    return [content[k : k + HASH_BYTES] for k in range(0, len(content), HASH_BYTES)]


def _write_tile(path: Path, content: bytes) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_new(path, content)
    except FileExistsError as error:
        if path.read_bytes() != content:
            raise LedgerBroken(
                f"The file {str(path)!r} does not belong to this ledger; nothing was replaced.",
                hint="Export into another folder, and compare the two.",
            ) from error
        return False
    except OSError as error:
        raise cannot_write(path, error) from error
    return True


def _require_same_ledger(folder: Path, checkpoint: Checkpoint, read: HashReader) -> None:
    if not (folder / CHECKPOINT_FILE).exists():
        return
    note, _ = read_export(folder)
    there = parse_checkpoint(note.text)
    if there.origin != checkpoint.origin:
        raise LedgerBroken(
            f"The folder {str(folder)!r} holds the ledger {there.origin!r}, not "
            f"{checkpoint.origin!r}."
        )
    if there.num_entries > checkpoint.num_entries:
        raise LedgerBroken(
            f"The folder {str(folder)!r} holds {there.num_entries} entries of this ledger, which "
            f"now has {checkpoint.num_entries}: it was cut short or restored from an old backup."
        )
    proof = consistency_proof(read, there.num_entries, checkpoint.num_entries)
    sizes = (there.num_entries, checkpoint.num_entries)
    if not is_consistent(*sizes, proof, there.root, checkpoint.root):
        raise LedgerBroken(
            f"The ledger does not go on from the {there.num_entries} entries in {str(folder)!r}: "
            "one of the two was rewritten.",
            hint="Export into another folder, and compare the two.",
        )
