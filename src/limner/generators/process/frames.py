"""Frames: how a process and its engine speak over pipes. JSON and raw array bytes, nothing else.

A frame is ``LMF1``, the length of its header (4 bytes, big endian), the header as JSON, and then
the bytes of its arrays one after another, C order. Nothing in it is ever executed or unpickled.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import EngineLost

MAGIC = b"LMF1"
MAX_HEADER_BYTES = 16_000_000
MAX_ARRAY_BYTES = 2_000_000_000
DTYPES = ("uint8", "float32")

_START = struct.Struct(">4sI")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One thing that is said.

    Attributes:
        kind: what it is, such as ``step``.
        values: JSON values by name.
        arrays: by name; uint8 or float32.
        talk: number of the conversation it belongs to.
    """

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict[str, NDArray[Any]])
    talk: int = 0

    def under(self, talk: int) -> Frame:
        """The same, said in a conversation."""
        return replace(self, talk=talk)


def write_frame(stream: BinaryIO, frame: Frame) -> None:
    """Write a frame and flush it.

    Raises:
        EngineLost: nobody reads any more.
    """
    arrays = {name: np.asarray(one, order="C") for name, one in frame.arrays.items()}
    said = {name: [str(one.dtype), list(one.shape)] for name, one in arrays.items()}
    told = {"kind": frame.kind, "talk": frame.talk, "values": frame.values, "arrays": said}
    header = json.dumps(told).encode()
    try:
        stream.write(_START.pack(MAGIC, len(header)) + header)
        for one in arrays.values():
            stream.write(one.reshape(-1).view(np.uint8).data)
        stream.flush()
    except (OSError, ValueError) as error:  # a closed file is a ValueError
        raise EngineLost("The other end of the pipe is gone.", retryable=True) from error


def read_frame(stream: BinaryIO) -> Frame | None:
    """The next frame; ``None`` where the stream ends between two.

    Raises:
        EngineLost: it ends within a frame, or what comes is no frame.
    """
    start = stream.read(_START.size)
    if not start:
        return None
    if len(start) < _START.size:
        raise _broken("it ends in a frame's start")
    magic, num_bytes = _START.unpack(start)
    if magic != MAGIC or num_bytes > MAX_HEADER_BYTES:
        raise _broken("it is no frame")
    try:
        header = json.loads(_exactly(stream, num_bytes))
        kind, values, said = header["kind"], header["values"], header["arrays"]
        talk = header["talk"]
        arrays = {str(name): _array(stream, *one) for name, one in said.items()}
        if not (isinstance(kind, str) and isinstance(values, dict) and _is_length(talk)):
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _broken("its header says nothing that can be used") from error
    return Frame(kind=kind, values=cast("dict[str, Any]", values), arrays=arrays, talk=talk)


def _array(stream: BinaryIO, dtype: str, shape: list[int]) -> NDArray[Any]:
    if dtype not in DTYPES or len(shape) > 4 or not all(_is_length(one) for one in shape):
        raise ValueError
    num_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    if num_bytes > MAX_ARRAY_BYTES:
        raise ValueError
    return np.frombuffer(_exactly(stream, num_bytes), dtype).reshape(shape).copy()


def _is_length(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _exactly(stream: BinaryIO, num_bytes: int) -> bytes:
    """So many bytes.

    Raises:
        EngineLost: the stream ends before.
    """
    content = stream.read(num_bytes)
    if len(content) < num_bytes:
        raise _broken(f"it ends {num_bytes - len(content)} bytes early")
    return content


def _broken(what: str) -> EngineLost:
    return EngineLost(f"What the engine's process says cannot be read: {what}.", retryable=True)
