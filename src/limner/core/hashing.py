"""Canonical JSON and content hashes.

Canonical JSON is a contract: UTF-8, keys sorted, no spaces, non-ASCII kept as it is, NaN and
infinities refused, floats as Python's shortest round-trip form. Every hash carries its algorithm:
``sha256:<64 hex digits>``. This module does not read or write files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

# Shapes: H height, W width, C channels.


def canonical_json(document: Mapping[str, object]) -> str:
    """The one text form of a JSON document, so that equal documents have equal hashes.

    Args:
        document: JSON values only; keys are strings.

    Returns:
        Canonical JSON as described at the top of this module.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def sha256_of_bytes(content: bytes) -> str:
    """Tagged SHA-256 of `content`: ``sha256:<64 hex digits>``."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def sha256_of_document(document: Mapping[str, object]) -> str:
    """Tagged SHA-256 of the canonical JSON of `document`."""
    return sha256_of_bytes(canonical_json(document).encode())


def sha256_of_pixels(image: NDArray[np.uint8]) -> str:
    """Tagged SHA-256 of decoded pixels, independent of the file format they came in.

    Args:
        image: uint8, HW or HWC, 0-255.

    Returns:
        Hash over the text ``uint8 H W [C]`` and a newline, then the pixels row by row.
    """
    head = " ".join(["uint8", *map(str, image.shape)]) + "\n"
    digest = hashlib.sha256(head.encode())
    digest.update(np.ascontiguousarray(image).data)
    return "sha256:" + digest.hexdigest()
