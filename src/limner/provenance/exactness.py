"""Whether every byte of a credential is what it must be, also those no signature covers.

C2PA leaves bytes free: the frame of the store in the file, lengths and names of its boxes, ten
thousand bytes of filler, what stands around a time-stamp's signature. In a small picture they are
most of the file, and the C2PA library accepts changes in them. A credential sealed here has each
of them in one form only, so any other form was made by somebody else. Credentials made by other
programs are not held to this.

Sources: C2PA specification 2.2, 11.1 (boxes) and 13.2 (COSE, filler); ISO 19566-5 (JUMBF).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, cast

import cbor2

from limner.provenance.stamp_format import is_exact_token, is_own_token

_REQUESTABLE_LABELLED = 0x03
_WITH_SALT = 0x13
_COSE_SIGN1 = 18
_STAMPS = "sigTst2"
_PARTS = (
    b"c2pa.assertions",
    b"c2pa.claim",
    b"c2pa.claim.v2",
    b"c2pa.signature",
    b"c2pa.credentials",
    b"c2pa.databoxes",
)
_FILLERS = ("pad", "pad2")


class _Inexact(ValueError):
    """A byte is not what it must be."""


class _Box(NamedTuple):
    kind: bytes
    content: bytes


class _Superbox(NamedTuple):
    label: bytes
    boxes: tuple[_Box, ...]


def is_exact(store: bytes | None, manifest_id: str) -> bool:
    """Whether a credential sealed here is byte for byte in its one form.

    Args:
        store: from its frame, or from beside the file; ``None`` if the frame was not exact.
        manifest_id: the credential's name.
    """
    if store is None:
        return False
    try:
        _require_exact_store(store, manifest_id.encode())
    except (cbor2.CBORDecodeError, ValueError):
        return False
    return True


def _require_exact_store(store: bytes, manifest_id: bytes) -> None:
    outer = _superbox(_only(_boxes(store)), b"c2pa")
    manifests = [_superbox(one) for one in outer.boxes]
    for one in manifests:
        _require_named_parts(one)
    (active,) = [one for one in manifests if one.label == manifest_id]
    assertions, claim, signature = active.boxes
    _superbox(assertions, b"c2pa.assertions")
    _superbox(claim, b"c2pa.claim.v2")
    _require_exact_signature(_only(_superbox(signature, b"c2pa.signature").boxes).content)


def _require_named_parts(manifest: _Superbox) -> None:
    """Hold a manifest, ours or an ingredient's, to the names that C2PA has for its parts."""
    for one in manifest.boxes:
        if one.kind == b"brob":
            continue  # compressed; the hash that names it covers it whole
        part = _superbox(one)
        if part.label not in _PARTS:
            raise _Inexact(f"a part named {part.label!r}")
        for inner in part.boxes if part.label == b"c2pa.assertions" else ():
            _superbox(inner)


def _require_exact_signature(cose: bytes) -> None:
    message = cast(object, cbor2.loads(cose))
    if cbor2.dumps(message) != cose:
        raise _Inexact("not in the shortest form")
    if not isinstance(message, cbor2.CBORTag) or message.tag != _COSE_SIGN1:
        raise _Inexact("not a signature of one")
    _, free, _, _ = _sequence(message.value)
    for name, value in _mapping(free).items():
        is_filler = name in _FILLERS and isinstance(value, bytes) and not any(value)
        if not is_filler and not (name == _STAMPS and _are_exact_stamps(value)):
            raise _Inexact(f"header {name!r}")


def _are_exact_stamps(header: object) -> bool:
    """Whether it is one token, in the one form that our authority writes."""
    ((name, tokens),) = _mapping(header).items()
    (holder,) = _sequence(tokens)
    ((key, token),) = _mapping(holder).items()
    if (name, key) != ("tstTokens", "val") or not isinstance(token, bytes):
        return False
    return is_exact_token(token) or not is_own_token(token)


def _mapping(value: object) -> Mapping[object, object]:
    if not isinstance(value, Mapping):
        raise _Inexact("not a map")
    return cast(Mapping[object, object], value)


def _sequence(value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise _Inexact("not an array")
    return cast(Sequence[object], value)


def _boxes(data: bytes) -> Iterator[_Box]:
    """Boxes that fill `data` to the last byte."""
    start = 0
    while start < len(data):
        end = start + int.from_bytes(data[start : start + 4], "big")
        if not start + 8 <= end <= len(data):
            raise _Inexact("a box goes beyond its parent")
        yield _Box(data[start + 4 : start + 8], data[start + 8 : end])
        start = end


def _superbox(box: _Box, label: bytes | None = None) -> _Superbox:
    """A box of boxes whose description has the one form it may have."""
    description, *boxes = _boxes(box.content)
    if box.kind != b"jumb" or description.kind != b"jumd" or len(description.content) < 17:
        raise _Inexact("a box of boxes has no description")
    toggles = description.content[16]
    name, separator, salt = description.content[17:].partition(b"\x00")
    expected = _WITH_SALT if salt else _REQUESTABLE_LABELLED
    if not separator or toggles != expected or (label is not None and (name != label or salt)):
        raise _Inexact(f"description of {name!r}")
    return _Superbox(name, tuple(boxes))


def _only(boxes: Iterator[_Box] | tuple[_Box, ...]) -> _Box:
    (box,) = boxes
    return box
