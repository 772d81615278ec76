"""Whether a GGUF file is whole: its header, and bytes to the end of its last tensor.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any, BinaryIO

from limner.core.errors import WeightsRefused

MAGIC = b"GGUF"
MOST = 1_000_000  # tensors, or bytes of a name
MOST_DIMENSIONS = 4
STRING, ARRAY = 8, 9
VALUE_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
BLOCKS = {  # values and bytes of a block, by the type of a tensor
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    9: (32, 36), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
    15: (256, 292), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 30: (1, 2),
}  # fmt: skip


def require_whole_gguf(path: Path) -> None:
    """Refuse a file that says it is GGUF and is not whole.

    Raises:
        WeightsRefused: its header cannot be read, or its bytes end before its last tensor.
    """
    num_bytes = path.stat().st_size
    try:
        with path.open("rb") as file:
            expected = _end_of_tensors(file)
    except (struct.error, ValueError, KeyError) as error:
        raise WeightsRefused(
            f"The file {path.name!r} is no model as GGUF: its {num_bytes} bytes have no header "
            "that names tensors.",
            hint="Fetch it again; it may be only half downloaded.",
        ) from error
    if expected > num_bytes:
        raise WeightsRefused(
            f"The file {path.name!r} has {num_bytes} bytes; its header says {expected}.",
            hint="Fetch it again; it was only half downloaded, or changed.",
        )


def _end_of_tensors(file: BinaryIO) -> int:
    """Where the last tensor ends, in bytes from the start."""
    magic, _, num_tensors, num_values = _read(file, "<4sIQQ")
    if magic != MAGIC or not num_tensors or max(num_tensors, num_values) > MOST:
        raise ValueError
    alignment = 32
    for _ in range(num_values):
        name = _string(file)
        (kind,) = _read(file, "<I")
        if name == b"general.alignment":
            (alignment,) = _read(file, "<I")
            if not alignment:
                raise ValueError
        else:
            _skip_value(file, kind)
    ends = [_end_of_tensor(file) for _ in range(num_tensors)]
    start = -(-file.tell() // alignment) * alignment
    return start + max(ends)


def _end_of_tensor(file: BinaryIO) -> int:
    _string(file)
    (num_dimensions,) = _read(file, "<I")
    if num_dimensions > MOST_DIMENSIONS:
        raise ValueError
    shape = _read(file, f"<{num_dimensions}Q")
    kind, offset = _read(file, "<IQ")
    values, size = BLOCKS.get(kind, (1, 0))  # of a type not known here only the start is
    return offset + math.prod(shape) // values * size


def _skip_value(file: BinaryIO, kind: int) -> None:
    if kind == STRING:
        _string(file)
    elif kind == ARRAY:
        kind, num = _read(file, "<IQ")
        if kind == STRING:
            for _ in range(num):
                _string(file)
        else:
            file.seek(num * VALUE_BYTES[kind], 1)
    else:
        file.seek(VALUE_BYTES[kind], 1)


def _string(file: BinaryIO) -> bytes:
    (length,) = _read(file, "<Q")
    if length > MOST:
        raise ValueError
    return file.read(length)


def _read(file: BinaryIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))
