"""Whether tampering with sealed files is told, and everything else gets its right name.

Each file goes the way a user's does: written to disk, and named by what `limner verify` runs.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from PIL import Image as PillowImage

from benchmarks.figure import Measurement
from benchmarks.sealing import (
    MEDIA_TYPES,
    OWN_PX,
    draw_picture,
    encoded,
    make_signer,
    read_clock,
    seal_now,
)
from limner.app import Studio
from limner.provenance.certificates import Identity, issue_signer, make_root, pem_of
from limner.provenance.containers import MediaType, read_store, write_xmp
from limner.provenance.key_files import read_identity
from limner.provenance.keys import KeyFolder
from limner.provenance.signers import Signer, own_signer
from limner.studio.keys import KEYS_FOLDER
from limner.studio.verify import FileState, verify

TAMPERED, NOTHING = {FileState.TAMPERED}, {FileState.NO_CREDENTIAL}
UNREADABLE = {FileState.UNREADABLE}
SIGNATURE_BYTES = 12  # of a file's type; without them it is no picture any more


class Case(NamedTuple):
    """A file, how it was made, and the names that are right for it."""

    kind: str
    media_type: MediaType
    content: bytes
    right: set[FileState]


class Ground(NamedTuple):
    """Sealed files of one format, and who sealed them."""

    media_type: MediaType
    plain: bytes
    sealed: bytes
    others: tuple[bytes, ...]


def measure_seal_tampering(is_quick: bool) -> Measurement:
    """Share of files that get their right name, in per cent; none may be called trusted.

    For PNG, JPEG and WebP of 256 px each: 1,000 single bits turned over anywhere in the file, 100
    files cut short, 100 with bytes appended, 100 with a hundred bytes overwritten, 50 transplants
    of a credential into another picture, the credential cut out, the picture saved again by
    another program in each format, metadata changed after sealing, filler used to hide a message;
    an unknown signer, one that uses our names, an expired one without a time-stamp. Also checked,
    outside the figure: untouched files, and an expired but stamped one, are trusted.
    """
    names: Counter[tuple[str, str]] = Counter()
    num_right = num_files = 0
    with tempfile.TemporaryDirectory() as folder, Studio(Path(folder) / "home") as studio:
        signer = own_signer(KeyFolder(Path(folder) / "home" / KEYS_FOLDER).open(read_clock()))
        path = Path(folder) / "file"

        def name_of(content: bytes) -> FileState:
            path.write_bytes(content)
            return verify(studio.parts, path).state

        for case in _cases(Path(folder), signer, name_of, is_quick=is_quick):
            name = name_of(case.content)
            if name is FileState.TRUSTED:
                raise RuntimeError(f"trusted: {case.kind}, {case.media_type}")
            names[f"{case.media_type.removeprefix('image/')}, {case.kind}", name.value] += 1
            num_files += 1
            num_right += name in case.right
    for (kind, name), count in sorted(names.items()):
        print(f"{kind:44} {name:16} {count:5}")
    low = 100 * (1 - 3 / num_files) if num_right == num_files else None
    interval = None if low is None else (round(low, 3), 100.0)
    return Measurement(value=round(100 * num_right / num_files, 4), n=num_files, interval=interval)


def _cases(
    folder: Path, signer: Signer, name_of: Callable[[bytes], FileState], *, is_quick: bool
) -> Iterator[Case]:
    rng = np.random.default_rng(20260101)
    grounds = [_ground(media_type, signer) for media_type in MEDIA_TYPES]
    ended, ends_at = _sealed_by_a_signer_that_ends(folder, grounds)
    unknown = {
        "unknown signer": make_signer(folder / "strangers"),
        "signer with our names": _impostor(folder, signer),
    }
    for ground in grounds:
        if name_of(ground.sealed) is not FileState.TRUSTED:
            raise RuntimeError(f"an untouched {ground.media_type} is not trusted")
        yield from _flipped(ground, rng, 50 if is_quick else 1000)
        yield from _damaged(ground, rng, 10 if is_quick else 100)
        yield from _moved(ground)
        for kind, one in unknown.items():
            content = seal_now(ground.plain, ground.media_type, one).content
            yield Case(kind, ground.media_type, content, {FileState.UNKNOWN_SIGNER})
    time.sleep(max(0.0, (ends_at - read_clock()).total_seconds() + 1))
    for ground, (stamped, unstamped) in zip(grounds, ended, strict=True):
        yield Case("expired signer", ground.media_type, unstamped, {FileState.EXPIRED_SIGNER})
        if name_of(stamped) is not FileState.TRUSTED:
            raise RuntimeError(f"an expired but stamped {ground.media_type} is not trusted")


def _ground(media_type: MediaType, signer: Signer) -> Ground:
    plain = encoded(draw_picture(0, OWN_PX), media_type)
    others = [encoded(draw_picture(seed, OWN_PX), media_type) for seed in range(1, 51)]
    return Ground(media_type, plain, seal_now(plain, media_type, signer).content, tuple(others))


def _flipped(ground: Ground, rng: np.random.Generator, num_files: int) -> Iterator[Case]:
    for bit in rng.integers(0, 8 * len(ground.sealed), num_files):
        changed = bytearray(ground.sealed)
        changed[bit // 8] ^= 1 << (bit % 8)
        is_type = bit // 8 < SIGNATURE_BYTES
        right = TAMPERED | UNREADABLE if is_type else TAMPERED
        yield Case("one bit turned over", ground.media_type, bytes(changed), right)


def _damaged(ground: Ground, rng: np.random.Generator, num_files: int) -> Iterator[Case]:
    media_type, sealed = ground.media_type, ground.sealed
    for _ in range(num_files):
        place = int(rng.integers(SIGNATURE_BYTES, len(sealed) - 100))
        noise = rng.bytes(100)
        yield Case("cut short", media_type, sealed[:place], TAMPERED | UNREADABLE)
        yield Case("bytes appended", media_type, sealed + noise, TAMPERED)
        overwritten = sealed[:place] + noise + sealed[place + 100 :]
        yield Case("100 bytes overwritten", media_type, overwritten, TAMPERED)
    changed = write_xmp(sealed, media_type, b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    yield Case("metadata changed", media_type, changed, TAMPERED)
    filler = sealed.index(bytes(3000)) + 1500
    hidden = sealed[:filler] + b"a message" + sealed[filler + 9 :]
    yield Case("message hidden in filler", media_type, hidden, TAMPERED)


def _moved(ground: Ground) -> Iterator[Case]:
    """The credential alone, or the picture alone."""
    media_type, sealed = ground.media_type, ground.sealed
    start, end = _frame_of(ground)
    for other in ground.others:
        moved = _with_frame(other, media_type, sealed[start:end], start)
        yield Case("credential of another picture", media_type, moved, TAMPERED)
    stripped = _resized(sealed[:start] + sealed[end:], media_type)
    yield Case("credential cut out", media_type, stripped, NOTHING)
    for saved_format in ("PNG", "JPEG", "WEBP"):
        with PillowImage.open(io.BytesIO(sealed)) as opened:
            mode = "RGB" if saved_format == "JPEG" else "RGBA"
            saved = io.BytesIO()
            opened.convert(mode).save(saved, saved_format)
        yield Case(f"saved again as {saved_format}", media_type, saved.getvalue(), NOTHING)


def _frame_of(ground: Ground) -> tuple[int, int]:
    """Where the store stands in a sealed file, with what frames it."""
    store = read_store(ground.sealed, ground.media_type)
    if store is None:
        raise RuntimeError(f"no store in a sealed {ground.media_type}")
    start = ground.sealed.index(store)
    end = start + len(store)
    match ground.media_type:
        case "image/png":
            return start - 8, end + 4
        case "image/jpeg":
            return start - 12, end
        case "image/webp":
            return start - 8, end + len(store) % 2


def _with_frame(content: bytes, media_type: MediaType, frame: bytes, start: int) -> bytes:
    place = len(content) if media_type == "image/webp" else start
    return _resized(content[:place] + frame + content[place:], media_type)


def _resized(content: bytes, media_type: MediaType) -> bytes:
    """A WebP file says its own length."""
    if media_type != "image/webp":
        return content
    return content[:4] + (len(content) - 8).to_bytes(4, "little") + content[8:]


def _impostor(folder: Path, signer: Signer) -> Signer:
    """Somebody else's key, under a certificate with the names of our root in it."""
    root = KeyFolder(folder / "home" / KEYS_FOLDER).open(read_clock()).root
    forged = issue_signer(Identity(make_root(read_clock()).key, root), read_clock())
    return replace(
        signer,
        chain_pem=pem_of(forged.certificate).decode(),
        sign=lambda data: forged.key.sign(data, ECDSA(SHA256())),
        roots_pem="",
    )


def _sealed_by_a_signer_that_ends(
    folder: Path, grounds: list[Ground]
) -> tuple[list[tuple[bytes, bytes]], datetime]:
    """Every file sealed with and without a time-stamp, and when the signer ends."""
    keys = KeyFolder(folder / "home" / KEYS_FOLDER).open(read_clock())
    root = read_identity(folder / "home" / KEYS_FOLDER / "0001" / "root.pem")
    short = issue_signer(root, read_clock(), timedelta(seconds=20))
    stamping = replace(
        own_signer(keys),
        chain_pem=pem_of(short.certificate).decode(),
        sign=lambda data: short.key.sign(data, ECDSA(SHA256())),
    )
    made = [
        tuple(
            seal_now(one.plain, one.media_type, signer).content
            for signer in (stamping, replace(stamping, stamps=None))
        )
        for one in grounds
    ]
    return made, short.certificate.not_valid_after_utc
