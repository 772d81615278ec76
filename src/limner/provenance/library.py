"""The C2PA library, loaded safely and typed as far as it is used here.

Two things need care. On import the library looks for its binary in the current folder first, where
anybody may have put one; so it is imported with the folder it is installed in as the current one.
And by default it fetches addresses it finds in a file; every context made here forbids that, and
everything else on the network except an address it was told to ask for a time-stamp.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol, Self, cast
from urllib.parse import urlsplit

from limner.core.settings import exempt_loopback_from_proxies
from limner.provenance.facts import Ingredient
from limner.provenance.manifest import CREATED_BY_LIBRARY
from limner.provenance.memory_files import MemoryFile, read_by_the_kernel
from limner.provenance.signers import Signer

# Purposes a signing certificate may be for: e-mail protection, document signing, C2PA claims; and
# what the library needs to know of its helpers: time-stamping, OCSP.
_PURPOSES = (
    "1.3.6.1.5.5.7.3.4",
    "1.3.6.1.5.5.7.3.36",
    "1.3.6.1.4.1.62558.2.1",
    "1.3.6.1.5.5.7.3.8",
    "1.3.6.1.5.5.7.3.9",
)
_loading = threading.Lock()
OWN_LIST = "user_anchors"  # how the library names the list of own roots in its answers


class StoreDamaged(Exception):
    """The file holds a credential that cannot be read."""


class StoreElsewhere(Exception):
    """The file only names an address its credential may be fetched from; it is not fetched."""


class SigningFailed(Exception):
    """The library could not sign."""


class IngredientRefused(Exception):
    """The library cannot read an ingredient.

    Args:
        title: of the ingredient.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        super().__init__(title)


class Context(Protocol):
    """Settings, trust among them, for reading or signing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsigned:
    """A file and what shall be signed about it.

    Attributes:
        content: of the file, as it shall leave but for the credential.
        media_type: its type.
        manifest: the definition, without ingredients.
        ingredients: files it was made from; one without content is named only.
        is_embedded: puts the store into the file; otherwise the file stays as it is.
    """

    content: bytes
    media_type: str
    manifest: Mapping[str, object]
    ingredients: tuple[Ingredient, ...]
    is_embedded: bool


class Signed(NamedTuple):
    """A signed file, and the store that was signed (which is in the file if it was embedded)."""

    content: bytes
    store: bytes


class _Reader(Protocol):
    def json(self) -> str: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...


class _Readers(Protocol):
    def try_create(
        self, format_or_path: str, stream: MemoryFile, manifest_data: bytes | None, context: Context
    ) -> _Reader | None: ...


class _NativeSigner(Protocol):
    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...


class _Signers(Protocol):
    def from_callback(
        self, callback: Callable[[bytes], bytes], alg: int, certs: str, tsa_url: str | None
    ) -> _NativeSigner: ...


class _Builder(Protocol):
    def add_ingredient(self, ingredient_json: str, format: str, source: MemoryFile) -> None: ...
    def set_no_embed(self) -> None: ...
    def sign(
        self, signer: _NativeSigner, format: str, source: MemoryFile, dest: MemoryFile
    ) -> bytes: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...


class _Builders(Protocol):
    def __call__(self, manifest_json: str, context: Context) -> _Builder: ...


class _Contexts(Protocol):
    def from_json(self, json_str: str) -> Context: ...


class _Library(Protocol):
    """What is used here of the package c2pa, which has no types of its own."""

    Reader: _Readers
    Signer: _Signers
    Builder: _Builders
    Context: _Contexts
    C2paSigningAlg: Mapping[str, int]
    C2paError: type[Exception]


@lru_cache(maxsize=8)
def make_context(
    *,
    own_roots_pem: str,
    trusted_roots_pem: str = "",
    allowed_hosts: tuple[str, ...] = (),
) -> Context:
    """A context that trusts these roots and speaks to these hosts only; kept, as it never changes.

    Args:
        own_roots_pem: roots of this install, and of the chain it signs with.
        trusted_roots_pem: roots of others; kept apart so that reports say which list matched.
        allowed_hosts: for time-stamps; nobody when left out.
    """
    trust = {"trust_config": "\n".join(_PURPOSES)}
    if own_roots_pem:
        trust[OWN_LIST] = own_roots_pem
    if trusted_roots_pem:
        trust["trust_anchors"] = trusted_roots_pem
    settings = {
        "trust": trust,
        "verify": {
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
            "verify_after_sign": False,  # whoever seals reads the file back whole
        },
        "core": {
            "allowed_network_hosts": list(allowed_hosts),
            "allow_redirects": False,
            "decode_identity_assertions": False,  # would resolve web identities on the network
        },
        "builder": {
            "thumbnail": {"enabled": False},
            "created_assertion_labels": list(CREATED_BY_LIBRARY),
        },
    }
    return _load().Context.from_json(json.dumps(settings))


if hasattr(os, "register_at_fork"):  # the library refuses what its parent process made
    os.register_at_fork(after_in_child=make_context.cache_clear)


def read_report(
    content: bytes, media_type: str, context: Context, sidecar: bytes | None = None
) -> Mapping[str, object] | None:
    """The library's report on the credential of a file, validated; ``None`` if it has none.

    Args:
        content: of the file.
        media_type: its type, by its content.
        context: whom to trust.
        sidecar: a credential kept beside the file, used in place of one inside.

    Raises:
        StoreDamaged: there is something that cannot be read as a credential.
        StoreElsewhere: the file names an address to fetch it from.
    """
    library = _load()
    try:
        reader = library.Reader.try_create(media_type, MemoryFile(content), sidecar, context)
        if reader is None:
            return None
        with reader:
            return cast(Mapping[str, object], json.loads(reader.json()))
    except library.C2paError as error:
        if str(error).startswith("Remote"):
            raise StoreElsewhere(str(error)) from error
        raise StoreDamaged(str(error)) from error


def sign_store(unsigned: Unsigned, signer: Signer, stamp_url: str | None) -> Signed:
    """Sign a manifest over a file.

    Args:
        unsigned: what to sign.
        signer: signs.
        stamp_url: of the time-stamp authority; ``None`` for no stamp.

    Raises:
        IngredientRefused: one cannot be read; leave its content out.
        SigningFailed: the library refused, or `signer.sign` raised (then as its cause).
    """
    library = _load()
    hosts = () if stamp_url is None else (str(urlsplit(stamp_url).hostname),)
    context = make_context(
        own_roots_pem=signer.roots_pem,
        trusted_roots_pem=signer.known_roots_pem,
        allowed_hosts=hosts,
    )
    sign = _Callback(signer.sign)
    algorithm = library.C2paSigningAlg[signer.algorithm.upper()]
    signed = MemoryFile()
    try:
        with (
            library.Builder(_definition(unsigned), context) as builder,
            library.Signer.from_callback(sign, algorithm, signer.chain_pem, stamp_url) as native,
        ):
            _add_ingredients(library, builder, unsigned.ingredients)
            if not unsigned.is_embedded:
                builder.set_no_embed()
            source = MemoryFile(unsigned.content)
            store = builder.sign(native, unsigned.media_type, source, signed)
    except library.C2paError as error:
        raise SigningFailed(str(error)) from (sign.error or error)
    return Signed(signed.getvalue(), store)


def _definition(unsigned: Unsigned) -> str:
    """The manifest; ingredients whose content was left out are named in it."""
    named = [
        _ingredient(one) | {"format": one.media_type}
        for one in unsigned.ingredients
        if not one.content
    ]
    return json.dumps({**unsigned.manifest, **({"ingredients": named} if named else {})})


def _add_ingredients(
    library: _Library, builder: _Builder, ingredients: Sequence[Ingredient]
) -> None:
    for one in ingredients:
        if not one.content:
            continue
        try:
            builder.add_ingredient(
                json.dumps(_ingredient(one)), one.media_type, MemoryFile(one.content)
            )
        except library.C2paError as error:
            raise IngredientRefused(one.title) from error


def _ingredient(one: Ingredient) -> dict[str, str]:
    return {"title": one.title, "label": one.title, "relationship": one.relationship.value}


class _Callback:
    """Keeps what the signing function raised, which the library would only write to a log."""

    def __init__(self, sign: Callable[[bytes], bytes]) -> None:
        self._sign = sign
        self.error: Exception | None = None

    def __call__(self, data: bytes) -> bytes:
        try:
            return self._sign(data)
        except Exception as error:  # noqa: BLE001 - crosses native code; raised again by the caller
            self.error = error
            return b""


def _load() -> _Library:
    with _loading:  # changing the folder is for the whole process, so one thread at a time
        return _import_library()


@cache
def _import_library() -> _Library:
    exempt_loopback_from_proxies()
    found = importlib.util.find_spec("c2pa")
    places = None if found is None else found.submodule_search_locations
    assert places, "c2pa is a dependency"
    with contextlib.chdir(Path(places[0]).parent):
        library = importlib.import_module("c2pa")
    read_by_the_kernel(library.c2pa)
    return cast(_Library, library)
