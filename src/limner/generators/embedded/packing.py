"""Values of a graph in 8 bits on disk, one scale a row, and in half precision once loaded.

For the drawing network: it takes half the space, and runs as fast as if it had been stored in
half precision, because it is unpacked before the engine sees it. Rounding to 8 bits with a scale
a row is as in Jacob et al. 2018 (arXiv:1712.05877), for weights only.

A packed file is in the safetensors format. Each tensor is named by the place of its bytes among
the values: ``bytes.PLACE`` as they are, ``rows.PLACE`` rounded, with ``scales.PLACE``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as safetensors

Bytes = NDArray[np.uint8]

# Shapes: R rows, C columns of a matrix.


def packed(values: Bytes, matrices: Mapping[int, tuple[int, int]]) -> bytes:
    """A file of the values with some matrices rounded to 8 bits.

    Args:
        values: bytes of all values.
        matrices: shape `(R, C)` of each float16 matrix to round, by the place of its first byte.
    """
    tensors: dict[str, NDArray[np.generic]] = {}
    place = 0
    for start, shape in sorted(matrices.items()):
        end = start + 2 * shape[0] * shape[1]
        if start > place:
            tensors[f"bytes.{place}"] = values[place:start]
        matrix_RC = values[start:end].view(np.float16).reshape(shape).astype(np.float32)
        scales_R1 = np.abs(matrix_RC).max(axis=1, keepdims=True) / np.float32(127)
        divisors_R1 = np.where(scales_R1 > 0, scales_R1, np.float32(1))
        tensors[f"rows.{start}"] = np.rint(matrix_RC / divisors_R1).astype(np.int8)
        tensors[f"scales.{start}"] = scales_R1
        place = end
    if place < len(values):
        tensors[f"bytes.{place}"] = values[place:]
    return safetensors.save(tensors)


def unpacked(content: bytes) -> Bytes:
    """The bytes of all values, from a packed file.

    Raises:
        ValueError: the file is not a packed one, or leaves a gap.
    """
    try:
        return _joined(safetensors.load(content))
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"not a packed file: {error}") from error


def _joined(tensors: Mapping[str, NDArray[Any]]) -> Bytes:
    parts: list[Bytes] = []
    place = 0
    for start, kind in _places(tensors):
        if start != place:
            raise ValueError(f"a packed file with nothing for the bytes {place} to {start}")
        if kind == "rows":
            halves_RC = _halves(tensors[f"rows.{start}"], tensors[f"scales.{start}"])
            parts.append(np.frombuffer(halves_RC.tobytes(), np.uint8))
        else:
            parts.append(tensors[f"bytes.{start}"])
        place += len(parts[-1])
    return np.concatenate(parts) if parts else np.empty(0, np.uint8)


def _places(names: Mapping[str, object]) -> Sequence[tuple[int, str]]:
    split = [name.partition(".") for name in names]
    return sorted((int(place), kind) for kind, _, place in split if kind != "scales")


def _halves(rows_RC: NDArray[np.int8], scales_R1: NDArray[np.float32]) -> NDArray[np.float16]:
    return (rows_RC * scales_R1).astype(np.float16)
