"""Pictures the rights register is shown: what each is known by, and stored images near to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from limner.checks.near_copy.fingerprint import NO_HASH, Fingerprint
from limner.checks.near_copy.gallery import Gallery
from limner.core.errors import RightsInvalid
from limner.core.hashing import sha256_of_bytes
from limner.core.judging import CheckNotAble
from limner.core.records import Picture
from limner.store.rights_looks import RightsLook
from limner.studio.image_file import decode_rgba
from limner.studio.picture_file import read_bytes, read_content

if TYPE_CHECKING:
    from limner.studio.parts import Parts

_HASH = re.compile(r"sha256:[0-9a-f]{64}")


class KnownPicture(NamedTuple):
    """What a picture is known by: hashes that recipes may name, and what near copies are told by.

    `looks` is empty where the pixels are not at hand.
    """

    keys: tuple[str, ...]
    looks: tuple[RightsLook, ...]


def known_picture(parts: Parts, what: str) -> KnownPicture:
    """A picture that an entry is about: a hash, or a picture file.

    Of a file the hashes of its bytes and its pixels are kept, and what near copies are told by.

    Raises:
        ImageUnreadable: it is no hash, and no picture file either.
        RightsInvalid: no fingerprint can be taken here.
    """
    if _HASH.fullmatch(what):
        return KnownPicture((what,), ())
    return picture_given(parts, read_bytes(Path(what)), what)


def picture_given(parts: Parts, content: bytes, name: str) -> KnownPicture:
    """A picture that an entry is about, from the bytes of its file.

    Args:
        parts: of the studio.
        content: of the file.
        name: as it is told; nothing is opened by it.

    Raises:
        ImageUnreadable: it is no picture file.
        RightsInvalid: no fingerprint can be taken here.
    """
    read = read_content(content, name, parts.settings.max_input_megapixels)
    file_sha256 = sha256_of_bytes(read.content)
    seal = parts.store.seal_by_file(file_sha256)
    known = () if seal is None else (seal.image_id,)
    keys = (file_sha256, read.picture.pixels_sha256, *known)
    return KnownPicture(keys, _looks_of(parts, read.picture))


def looks_of_all(
    parts: Parts, pictures: Sequence[KnownPicture], keys: Sequence[str]
) -> list[RightsLook]:
    """What near copies are told by, of pictures and of stored images among keys.

    Raises:
        RightsInvalid: no fingerprint can be taken here.
    """
    looks = [look for one in pictures for look in one.looks]
    known = {look.pixels_sha256 for look in looks}
    for key in filter(_HASH.fullmatch, keys):
        record = parts.store.image_by_id(key) or parts.store.image_by_pixels(key)
        if record is not None and record.pixels_sha256 not in known:
            picture = Picture.of(decode_rgba(parts.store.read_image(record)))
            looks += _looks_of(parts, picture)
    return looks


def images_near(parts: Parts, looks: Sequence[RightsLook]) -> tuple[str, ...]:
    """image_id of stored images that are nearly the same as one of some pictures.

    By PDQ, the one hash that is kept of every stored image.
    """
    hashes = parts.store.pdq_hashes()
    gallery = Gallery.of_pdqs([pdq for _, pdq in hashes])
    keys = {key for one in looks for key in gallery.near_copies(Fingerprint(one.pdq, NO_HASH))}
    return tuple(sorted({hashes[key][0] for key in keys}))


def _looks_of(parts: Parts, picture: Picture) -> tuple[RightsLook, ...]:
    if parts.fingerprints is None:
        return ()
    try:
        taken = parts.fingerprints.take(picture)
    except CheckNotAble as error:
        raise RightsInvalid(
            f"The picture cannot be registered, since near copies of it would not be found: "
            f"{error.note}"
        ) from error
    taken_with = parts.fingerprints.taken_with
    return (RightsLook(picture.pixels_sha256, taken.pdq, taken.look, taken_with),)
