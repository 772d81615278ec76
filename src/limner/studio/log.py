"""Using the ledger: signing, verifying, exporting, proving, witnessing, reconciling, erasing."""

from __future__ import annotations

import base64
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from limner.core.errors import BadInput, KeyRefused
from limner.core.given_file import MAX_PICTURE_BYTES, read_at_most
from limner.core.hashing import sha256_of_bytes
from limner.store.files import write_new
from limner.store.ledger.entries import Entry, Kind
from limner.store.ledger.notes import (
    Checkpoint,
    Note,
    NoteInvalid,
    VerifierKey,
    parse_checkpoint,
)
from limner.store.ledger.reconcile import Reconciliation
from limner.store.ledger.verifying import Verification
from limner.studio.parts import Parts

if TYPE_CHECKING:
    from limner.store.ledger.witness import Cosigned, Witness

EMPTY = "The ledger is empty: nothing was stored yet."
IN_MEMORY_BYTES = 32 * 2**20  # of an archive; more of it lies in a temporary file


class Exported(NamedTuple):
    """A written export: what it is of, the key to verify it with, and how many files are new."""

    checkpoint: Checkpoint
    key: VerifierKey | None
    num_written: int


def sign_off(parts: Parts) -> Note | None:
    """Sign what is not signed yet; for the end of a command.

    Raises:
        KeyRefused: the ledger's key is missing, open to others, or another one.
        LedgerBroken: the ledger does not go on from its last checkpoint.
    """
    return parts.store.ledger.sign(parts.read_clock())


def verify(parts: Parts, witness_folder: Path | None = None) -> Verification:
    """Recompute the whole ledger, and compare it with what a witness remembers.

    Raises:
        BadInput: there is no witness in that folder.
        LedgerBroken: the witness's own record was changed.
    """
    ledger = parts.store.ledger
    remarks: tuple[str, ...] = ()
    try:
        key = ledger.own_key()
    except KeyRefused as error:
        key, remarks = None, (error.message,)
    known = None
    if witness_folder is not None:
        known, more = _remembered(_witness_in(witness_folder), ledger.origin())
        remarks += more
    found = ledger.verify(known=known, key=key)
    return replace(found, remarks=(*found.remarks, *remarks))


def export(parts: Parts, folder: Path) -> Exported:
    """Sign what is not signed yet, and write the ledger as static tiles with a verifier.

    Raises:
        BadInput: the ledger is empty.
        LedgerBroken: the folder holds another ledger, or a later state of this one.
        StorageUnavailable: it cannot be written.
    """
    _signed_note(parts)
    checkpoint, num_written = parts.store.ledger.export(folder)
    return Exported(checkpoint, parts.store.ledger.key(), num_written)


def export_archive(parts: Parts) -> IO[bytes]:
    """The export as one zip.

    Returns:
        An open file, at its beginning; it is removed when it is closed.

    Raises:
        BadInput: the ledger is empty.
    """
    file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)
    with tempfile.TemporaryDirectory() as folder:
        export(parts, Path(folder))
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(Path(folder).rglob("*")):
                archive.write(path, path.relative_to(folder))
    file.seek(0)
    return file


def prove(parts: Parts, what: str, kind: str = Kind.IMAGE_STORED) -> tuple[Entry, str]:
    """A proof that an entry is in the ledger, in the form of C2SP tlog-proof.

    Args:
        parts: of the studio.
        what: a position, a subject such as an image_id, or a picture file that is stored here.
        kind: of the entry, unless a position was given; the newest one is taken.

    Returns:
        The entry, and the text of the proof; its ``extra`` line is the entry itself.

    Raises:
        BadInput: there is no such entry.
    """
    entry = _find(parts, what, kind)
    note = _signed_note(parts, entry.position + 1)
    num_entries = parse_checkpoint(note.text).num_entries
    hashes = parts.store.ledger.prove_inclusion(entry.position, num_entries)
    lines = [
        "c2sp.org/tlog-proof@v1",
        f"extra {base64.b64encode(entry.text.encode()).decode()}",
        f"index {entry.position}",
        *_coded(hashes),
    ]
    return entry, "".join(f"{line}\n" for line in lines) + f"\n{note}"


def prove_since(parts: Parts, num_before: int) -> str:
    """A proof that the ledger goes on from its first entries, as C2SP tlog-witness sends it.

    Raises:
        BadInput: there were never so many entries.
    """
    note = _signed_note(parts)
    num_entries = parse_checkpoint(note.text).num_entries
    if not 0 <= num_before <= num_entries:
        raise BadInput(f"The number of entries is {num_before}; allowed are 0 to {num_entries}.")
    hashes = parts.store.ledger.prove_consistency(num_before, num_entries)
    lines = [f"old {num_before}", *_coded(hashes)]
    return "".join(f"{line}\n" for line in lines) + f"\n{note}"


def save_proof(path: Path, proof: str) -> None:
    """Write a proof to a new file.

    Raises:
        BadInput: the name is taken.
        StorageUnavailable: it cannot be written.
    """
    try:
        write_new(path, proof.encode())
    except FileExistsError as error:
        raise BadInput(f"The file {str(path)!r} is there already; nothing was replaced.") from error


def witness(parts: Parts, folder: Path, log_key: str | None = None) -> Cosigned:
    """Have the witness in `folder` check and cosign this install's ledger as it stands.

    Args:
        parts: of the studio.
        folder: of the witness; made with a key of its own at the first use.
        log_key: the ledger's vkey, at the first use or when it was rotated.

    Raises:
        WitnessRefused: the ledger is not the one it saw before, or its clock jumped back.
        BadInput: the ledger is empty, or `log_key` is no key.
    """
    from limner.store.ledger.witness import Witness

    ledger = parts.store.ledger
    note, claimed = _signed_note(parts), ledger.key()
    assert claimed is not None, "a signed ledger has a key"
    cosigned = Witness(folder).cosign(
        note,
        ledger.prove_consistency,
        now=parts.read_clock(),
        claimed_key=claimed,
        log_key=_parsed_key(log_key),
    )
    ledger.add_cosignature(cosigned.checkpoint.num_entries, cosigned.signature)
    return cosigned


def witness_export(
    parts: Parts, folder: Path, export_folder: Path, log_key: str | None = None
) -> Cosigned:
    """Have a witness check and cosign an exported ledger, of this install or another.

    The cosignature stays with the witness. Arguments and errors as `witness`; the data folder of
    this install is not used.
    """
    from limner.store.ledger.tiles import read_claimed_key, read_export
    from limner.store.ledger.tree import consistency_proof
    from limner.store.ledger.witness import Witness

    note, read = read_export(export_folder)
    return Witness(folder).cosign(
        note,
        lambda before, now: consistency_proof(read, before, now),
        now=parts.read_clock(),
        claimed_key=read_claimed_key(export_folder),
        log_key=_parsed_key(log_key),
    )


def reconcile(parts: Parts) -> Reconciliation:
    """Compare stored files, rows and entries; nothing is changed."""
    return parts.store.ledger.reconcile()


def _signed_note(parts: Parts, num_entries: int | None = None) -> Note:
    """The newest checkpoint, after signing what it does not cover.

    With `num_entries` a checkpoint that covers so many is enough.
    """
    ledger = parts.store.ledger
    note = ledger.note()
    covered = 0 if note is None else parse_checkpoint(note.text).num_entries
    if note is None or num_entries is None or covered < num_entries:
        note = ledger.sign(parts.read_clock()) or note
    if note is None:
        raise BadInput(EMPTY)
    return note


def _find(parts: Parts, what: str, kind: str) -> Entry:
    ledger = parts.store.ledger
    if what.isdecimal():
        num_entries = ledger.count()
        is_long = len(what) > len(str(num_entries))  # more than a database may be asked for
        entry = None if is_long else ledger.entry_at(int(what))
        if entry is None:
            raise BadInput(f"There is no entry {what[:40]}; there are {num_entries}, from 0.")
        return entry
    subject = _image_id_of(parts, Path(what)) if _is_file(what) else what
    entries = ledger.entries_of(kind, subject=subject, num_last=1)
    if not entries:
        raise BadInput(
            f"The ledger has no {kind!r} entry about {what!r}.",
            hint="Give a position, an image_id, or the file as it was stored; an edited or "
            "re-saved file has another image_id.",
        )
    return entries[0]


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:  # too long for a name
        return False


def _image_id_of(parts: Parts, path: Path) -> str:
    """The image whose stored or sealed file this is."""
    file_sha256 = sha256_of_bytes(read_at_most(path, MAX_PICTURE_BYTES))
    seal = parts.store.seal_by_file(file_sha256)
    return file_sha256 if seal is None else seal.image_id


def _remembered(witness: Witness, origin: str | None) -> tuple[Checkpoint | None, tuple[str, ...]]:
    found = None if origin is None else witness.remembered(origin)
    if found is None:
        others = ", ".join(witness.origins()) or "none"
        return None, (f"The witness never saw this ledger; it knows: {others}.",)
    seen = f"{found.cosigned_at:%Y-%m-%d %H:%M:%S} UTC"
    return found.checkpoint, (f"The witness saw {found.checkpoint.num_entries} entries on {seen}.",)


def _witness_in(folder: Path) -> Witness:
    from limner.store.ledger.witness import KEY_FILE, Witness

    if not (folder / KEY_FILE).is_file():
        raise BadInput(f"There is no witness in {str(folder)!r}.")
    return Witness(folder)


def _parsed_key(text: str | None) -> VerifierKey | None:
    if text is None:
        return None
    try:
        return VerifierKey.parse(text)
    except NoteInvalid as error:
        raise BadInput(f"The key of the ledger is {text!r}: {error}.") from error


def _coded(hashes: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in hashes]
