"""Pictures in S3: what lies under a prefix, and the bytes of one object.

Where the service is and how to sign in come from the environment, as everywhere with S3
(``AWS_ACCESS_KEY_ID``, ``AWS_REGION``, ``AWS_ENDPOINT_URL``, ...). Nothing is written there.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import PurePath
from typing import Any, NamedTuple

_ADDRESS = re.compile(r"s3:/{1,2}([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)
RETRIES = {"max_retries": 2, "retry_timeout": timedelta(seconds=30)}


class BucketFault(Exception):
    """One clause about an address."""


class Stored(NamedTuple):
    """An object: where it is, and how many bytes it has."""

    address: str
    num_bytes: int


def address_of(path: PurePath) -> str | None:
    """The address that a path is, of which a path drops a slash; ``None`` for any other path."""
    found = _ADDRESS.fullmatch(str(path))
    return None if found is None else f"s3://{found.group(1)}/{found.group(2) or ''}"


def objects_below(address: str) -> Iterator[Stored]:
    """Every object below a prefix, or the one that is there.

    Raises:
        BucketFault: nothing is there, or it cannot be reached.
    """
    with _opened(address) as (library, store, bucket, prefix):
        num = 0
        for some in library.list(store, prefix=prefix or None):
            for one in some:
                num += 1
                yield Stored(f"s3://{bucket}/{one['path']}", int(one["size"]))
        if num == 0:
            if not prefix:
                raise BucketFault("holds nothing")
            one = library.head(store, prefix)
            yield Stored(f"s3://{bucket}/{one['path']}", int(one["size"]))


def content_at(address: str, most_bytes: int) -> bytes:
    """The bytes of one object.

    Raises:
        BucketFault: it is not there, has more bytes than `most_bytes`, or cannot be reached.
    """
    with _opened(address) as (library, store, _, key):
        found = library.get(store, key)
        if int(found.meta["size"]) > most_bytes:
            raise BucketFault(f"has more than {most_bytes:,} bytes")
        return bytes(found.bytes())


@contextmanager
def _opened(address: str) -> Generator[tuple[Any, Any, str, str]]:
    try:
        library: Any = import_module("obstore")
        stores: Any = import_module("obstore.store")
        errors: Any = import_module("obstore.exceptions")
    except ImportError as error:
        told = "is in S3, and reading that needs the extra: pip install 'limner[s3]'"
        raise BucketFault(told) from error
    bucket, _, key = address.removeprefix("s3://").partition("/")
    try:
        # Client options given here would take the place of the environment's, so there are none.
        store = stores.S3Store(bucket, retry_config=RETRIES)
        yield library, store, bucket, key
    except (FileNotFoundError, errors.NotFoundError) as error:
        raise BucketFault("is not there") from error
    except (errors.PermissionDeniedError, errors.UnauthenticatedError) as error:
        raise BucketFault("cannot be read with these keys of S3") from error
    except (errors.BaseError, OSError, ValueError) as error:
        # What the service says may tell of addresses and keys, so its kind is told alone.
        raise BucketFault(f"cannot be reached ({type(error).__name__})") from error
