"""Using the rights register: registering, withdrawing, and blocking what an end affects.

From the moment an end is registered nothing it covers is drawn or let out; the images that are
stored already are then blocked, some thousands at a time. A process that is killed in between loses
no block: the same command goes on where it stopped. Files that left before are not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from limner.core.errors import RequestRefused
from limner.core.hashing import sha256_of_bytes
from limner.core.limits import require_one_of
from limner.core.records import Request
from limner.core.rights import (
    RightsEntry,
    RightsKind,
    RightsState,
    decision_against,
    is_blocking,
    keys_of,
)
from limner.store.rights_blocking import AffectedImage
from limner.store.rights_entries import StoredEntry
from limner.studio.adapters import ADAPTERS_FOLDER
from limner.studio.rights_pictures import KnownPicture, images_near, known_picture, looks_of_all

if TYPE_CHECKING:
    from limner.core.ports import AdapterCard
    from limner.studio.parts import Parts

BATCH_IMAGES = 2000  # blocked in one transaction
BATCH_HELD = 100  # held in one, each with a card of its own
REASONS = ("person_asked", "licence_ended", "wrong_entry", "court_order", "other")


class Enforced(NamedTuple):
    """An entry, and what came of it.

    Attributes:
        affected: every stored image it is about, as they stood before.
        blocked: image_id of those that were blocked now.
        alike: image_id of stored images, not affected, that are nearly the same as a picture the
            entry is about; whether they are copies of it a person must say.
        held: those of them that were released, and are held now for people to look at.
    """

    stored: StoredEntry
    affected: tuple[AffectedImage, ...]
    blocked: tuple[str, ...]
    alike: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


class Imported(NamedTuple):
    """What an import registered: numbers of the entries, different keys, images blocked."""

    entry_ids: tuple[int, ...]
    num_keys: int
    num_blocked: int


def add(
    parts: Parts,
    entry: RightsEntry,
    *,
    renews: int | None = None,
    pictures: Sequence[KnownPicture] = (),
) -> Enforced:
    """Register an entry; an opt-out blocks the stored images it is about, and holds near copies.

    What adapters that were taught on what it opts out have drawn is blocked too.

    Args:
        parts: of the studio.
        entry: what it says.
        renews: number of the entry whose place it takes. Images that one blocked stay so until
            people release them; new ones are drawn again.
        pictures: it is about, besides the keys it has. Near copies are looked for of these, and
            of stored images among its keys.

    Raises:
        RightsInvalid: it is not whole, has ended already, or cannot renew the other.
    """
    keys = dict.fromkeys((*entry.keys, *(key for one in pictures for key in one.keys)))
    looks = looks_of_all(parts, pictures, entry.keys)
    (whole,) = _with_adapters(parts, [replace(entry, keys=tuple(keys))])
    stored = parts.store.rights.add(whole, parts.read_clock(), renews=renews, looks=looks)
    return _enforce(parts, stored)


def entries(parts: Parts, kind: str | None = None, state: str | None = None) -> list[StoredEntry]:
    """Entries of the register, in their order.

    Raises:
        BadInput: an unknown kind or state.
    """
    if kind is not None:
        require_one_of("kind", kind, list(RightsKind))
    if state is not None:
        require_one_of("state", state, list(RightsState))
    return [
        one
        for one in parts.store.rights.entries(parts.read_clock())
        if kind in (None, one.entry.kind) and state in (None, one.state)
    ]


def entries_of_older_looks(parts: Parts) -> list[int]:
    """Entries that keep pictures from being drawn near copies of which are found by PDQ alone.

    Their look hash was taken by another version of the referee, and the pictures are not kept, so
    that each has to be registered again (checks/near_copy/registered.py).
    """
    if parts.fingerprints is None:
        return []
    taken_with = parts.fingerprints.taken_with
    return parts.store.rights.entries_of_older_looks(taken_with, parts.read_clock())


def import_file(parts: Parts, path: Path, model: str | None = None) -> Imported:
    """Register every entry of a file, or none; its opt-outs block stored images.

    Args:
        parts: of the studio.
        path: CSV or JSONL; see `rights_file.read_entries`.
        model: that was trained on what the file lists, as NAME or NAME@VERSION; of a training
            manifest the model at hand where left out.

    Raises:
        BadInput: the file cannot be read, a row is not allowed (the line is named), or the same
            file was imported before.
    """
    from limner.studio.rights_file import read_entries

    now = parts.read_clock()
    file = read_entries(path, now, lambda: model or parts.generator.card.name)
    whole = _with_adapters(parts, file.entries)
    entry_ids = parts.store.rights.import_all(whole, file_sha256=file.sha256, now=now)
    num_blocked = 0
    for entry_id, entry in zip(entry_ids, file.entries, strict=True):
        if entry.kind is RightsKind.OPT_OUT:
            num_blocked += len(_enforce(parts, show(parts, entry_id)).blocked)
    num_keys = len({key for entry in file.entries for key in entry.keys})
    return Imported(tuple(entry_ids), num_keys, num_blocked)


def show(parts: Parts, entry_id: int) -> StoredEntry:
    """One entry with its keys.

    Raises:
        NotFound: there is none with this number.
    """
    return parts.store.rights.find(entry_id, parts.read_clock())


def affected(parts: Parts, entry_id: int) -> list[AffectedImage]:
    """The stored images an entry is about; nothing is blocked.

    Raises:
        NotFound: there is none with this number.
    """
    show(parts, entry_id)
    return parts.store.rights.affected(entry_id)


def near_copies(
    parts: Parts, entry_id: int, known: Sequence[AffectedImage] = ()
) -> tuple[str, ...]:
    """Stored images that are nearly the same as a picture an entry keeps from being drawn.

    Args:
        parts: of the studio.
        entry_id: of the entry.
        known: to be about it anyhow; left out.

    Raises:
        NotFound: there is no such entry.
    """
    stored = show(parts, entry_id)
    looks = parts.store.rights.looks(entry_id)
    if not looks or not is_blocking(stored.entry.kind, stored.state):
        return ()
    found = set(images_near(parts, looks))
    return tuple(sorted(found - {one.image_id for one in known}))


def withdraw(
    parts: Parts, entry_id: int, *, reason: str = "person_asked", images: Sequence[str] = ()
) -> Enforced:
    """End an entry, block the stored images it covered, and hold near copies.

    What adapters that were taught on its pictures have drawn is covered too.

    An opt-out that is withdrawn blocks nothing any more; images it blocked stay so until people
    release them.

    Args:
        parts: of the studio.
        entry_id: of the entry.
        reason: one of `REASONS`.
        images: more images it covered: hashes, or picture files.

    Raises:
        NotFound: there is no such entry.
        BadInput: an unknown reason, or it was withdrawn before and everything it covered is
            blocked.
    """
    require_one_of("reason", reason, REASONS)
    pictures = [known_picture(parts, one) for one in images]
    keys = [key for one in pictures for key in one.keys]
    looks = looks_of_all(parts, pictures, keys)
    rights, now = parts.store.rights, parts.read_clock()
    before = rights.find(entry_id, now)
    if before.withdrawn_at is not None and not keys and _unblocked(parts, before):
        return _enforce(parts, before)  # a process was stopped before everything was blocked
    keys += _taught_on(before.entry, _adapters_here(parts))
    stored = rights.withdraw(entry_id, reason=reason, keys=keys, looks=looks, now=now)
    return _enforce(parts, stored)


def enforce_expired(parts: Parts) -> int:
    """Block the stored images of entries that have expired; how many were blocked now.

    A worker does so once a minute, and whoever asks for a picture beforehand. A process that is
    stopped in between loses nothing: an entry is looked at until everything it covered is blocked.
    """
    rights, num_blocked = parts.store.rights, 0
    for entry_id in rights.unenforced(parts.read_clock()):
        stored = show(parts, entry_id)
        if is_blocking(stored.entry.kind, stored.state):
            taught = _taught_on(stored.entry, _adapters_here(parts))
            rights.cover(entry_id, taught, parts.read_clock())
        blocked = len(_enforce(parts, stored).blocked)
        rights.note_enforced(entry_id, blocked, parts.read_clock())
        num_blocked += blocked
    return num_blocked


def erase_words(parts: Parts, entry_id: int, reason: str = "person_asked") -> None:
    """Erase what an entry that has ended says in words: names, title, purpose, address.

    Raises:
        BadInput: there is no such entry, it is in force, or its words were erased before.
    """
    require_one_of("reason", reason, REASONS)
    parts.store.rights.erase(entry_id, reason=reason, now=parts.read_clock())


def require_rights(parts: Parts, request: Request) -> None:
    """Refuse a request that starts from, or is drawn with, what the register blocks.

    Raises:
        RequestRefused: nothing is drawn; the ledger says so.
    """
    if parts.store.rights.is_empty():  # asked for every request, and most registers are
        return
    enforce_expired(parts)
    card, now = parts.generator_of(request.model).card, parts.read_clock()
    worn = [card.adapters[one.name] for one in request.adapters if one.name in card.adapters]
    taught_on = [key for one in worn for key in (one.sha256, *one.sources)]
    pictures = [one for one in (request.source, request.mask) if one is not None]
    files = [one.file.content for one in pictures if one.file is not None]
    started_from = [*(one.pixels_sha256 for one in pictures), *map(sha256_of_bytes, files)]
    keys = keys_of(
        generator=card.name,
        generator_version=card.version,
        hashes=(*started_from, *card.ingredients.values(), *card.sources, *taught_on),
    )
    blocker = parts.store.rights.blocker_of_request(keys=keys, sources=started_from, now=now)
    if blocker is None:
        return
    parts.store.refuse_request(decision_against(blocker), now)
    raise RequestRefused(
        f"The request was refused and nothing was drawn: {blocker.sentence}",
        hint=f"`limner rights show {blocker.entry_id}` says what it is about.",
    )


def name_opted_out(parts: Parts, text: str) -> str | None:
    """The entry that keeps a text from being drawn, in words that name nobody."""
    blocker = parts.store.rights.blocker_of_request(texts=(text,), now=parts.read_clock())
    return None if blocker is None else f"{blocker.kind} {blocker.entry_id}, {blocker.state}"


def standing_notices(
    parts: Parts, *, file_sha256: str, pixels_sha256: str | None, image_id: str | None = None
) -> tuple[str, ...]:
    """What the register and erasures say of a picture file, each one sentence.

    Args:
        parts: of the studio.
        file_sha256: of the file's bytes.
        pixels_sha256: of its pixels; ``None`` where they cannot be read.
        image_id: of the stored image it was found to be, where it was looked for.
    """
    store = parts.store
    if image_id is None:
        seal = store.seal_by_file(file_sha256)
        image_id = file_sha256 if seal is None else seal.image_id
    if pixels_sha256 is not None and store.image_by_id(image_id) is None:
        alike = store.image_by_pixels(pixels_sha256)
        image_id = image_id if alike is None else alike.image_id
    erased = store.erased_at(image_id)
    if erased is not None:
        return (f"This image was erased here at {erased:%Y-%m-%d %H:%M:%S} UTC.",)
    block = store.rights.block_in_force(image_id)
    if block is not None:
        decided = next(
            one for one in store.decisions_of(image_id) if one.decision_id == block.decision_id
        )
        since = f"{decided.decided_at:%Y-%m-%d %H:%M:%S} UTC"
        why = decided.decision.reasons[0].note
        return (f"This image is blocked since {since} and must not be used: {why}",)
    pixels = () if pixels_sha256 is None else (pixels_sha256,)
    blocker = store.rights.blocker_of_request(
        keys=(file_sha256, image_id, *pixels),
        sources=(file_sha256, *pixels),
        now=parts.read_clock(),
    )
    return () if blocker is None else (f"This picture must not be used: {blocker.sentence}",)


def _enforce(parts: Parts, stored: StoredEntry) -> Enforced:
    """Block what an entry blocks, oldest first, and hold what is nearly the same, in batches."""
    if not is_blocking(stored.entry.kind, stored.state):
        return Enforced(stored, (), ())
    found = parts.store.rights.affected(stored.entry_id)
    left = [one.image_id for one in found if not one.is_blocked]
    blocked: list[str] = []
    for start in range(0, len(left), BATCH_IMAGES):
        batch = left[start : start + BATCH_IMAGES]
        blocked += parts.store.rights.block(batch, stored.as_match, parts.read_clock())
    alike = near_copies(parts, stored.entry_id, found)
    return Enforced(stored, tuple(found), tuple(blocked), alike, _hold(parts, stored, alike))


def _hold(parts: Parts, stored: StoredEntry, alike: Sequence[str]) -> tuple[str, ...]:
    """Hold what is released of these near copies; what was held for the entry before is left."""
    held: list[str] = []
    for start in range(0, len(alike), BATCH_HELD):
        held += parts.store.rights.hold(
            alike[start : start + BATCH_HELD],
            stored.entry_id,
            parts.judge.criteria,
            parts.read_clock(),
        )
    return tuple(held)


def _with_adapters(parts: Parts, entries: Sequence[RightsEntry]) -> list[RightsEntry]:
    """Opt-outs with the keys of adapters that were taught on them; other entries as they are."""
    if not any(one.kind is RightsKind.OPT_OUT and one.keys for one in entries):
        return list(entries)
    adapters = _adapters_here(parts)
    return [
        replace(one, keys=tuple(dict.fromkeys((*one.keys, *_taught_on(one, adapters)))))
        if one.kind is RightsKind.OPT_OUT
        else one
        for one in entries
    ]


def _adapters_here(parts: Parts) -> list[AdapterCard]:
    """Every adapter of the data folder, also those that what draws now does not wear."""
    folder = parts.settings.home / ADAPTERS_FOLDER
    if not folder.is_dir():  # most teach none, and the engine takes long to import
        return []
    from limner.generators.embedded.adapter import adapters_in

    return [one.card for _, one in adapters_in(folder)]


def _taught_on(entry: RightsEntry, adapters: Sequence[AdapterCard]) -> list[str]:
    """Keys of those of these adapters that were taught on what an entry is about."""
    taught = [one for one in adapters if {*one.sources} & {*entry.keys}]
    return [key for one in taught for key in (one.sha256, f"model:{one.registered_as}")]


def _unblocked(parts: Parts, stored: StoredEntry) -> bool:
    """Whether a withdrawn entry covers images that were not blocked yet."""
    if not is_blocking(stored.entry.kind, stored.state):
        return False
    return any(not one.is_blocked for one in parts.store.rights.affected(stored.entry_id))
