"""Files in memory that the C2PA library reads and writes without the interpreter.

The library calls back for every few bytes it reads or writes, some two hundred times a seal, and
each call waits for Python's interpreter, which meanwhile writes rows or decodes a picture. On Linux
the calls go to the C library's own `read`, `write` and `lseek`, on a file that is in memory only.
"""

from __future__ import annotations

import ctypes
import io
import os
from types import ModuleType
from typing import Any, Self


class MemoryFile(io.BytesIO):
    """Bytes for the library to read; an empty one is written by it, and read afterwards."""


def read_by_the_kernel(library: ModuleType) -> None:
    """Have the library read and write every `MemoryFile` by a `KernelFile`.

    Whatever else it is given it treats as before, so that others in this process may use it too;
    and so it treats everything on other systems than Linux.

    Args:
        library: the module ``c2pa.c2pa``.
    """
    if not hasattr(os, "memfd_create"):
        return
    functions, by_callbacks = _Functions(library), library.Stream

    class Stream(by_callbacks):
        """What the library makes of all it is given."""

        def __new__(cls, given: Any) -> Any:  # noqa: ANN401 - what is given decides
            if isinstance(given, MemoryFile):
                return KernelFile(functions, given)
            return object.__new__(cls)

    vars(library)["Stream"] = Stream


class _Functions:
    """Of the C library, as the C2PA library calls them: the first argument is the file.

    A stream's context is handed through as a pointer; here it is the number of a file.
    """

    def __init__(self, library: Any) -> None:  # noqa: ANN401 - a module without types
        libc = ctypes.CDLL(None)
        self._native = library._lib
        self._context: Any = ctypes.POINTER(library.StreamContext)
        self._calls = (
            ctypes.cast(libc.read, library.ReadCallback),
            ctypes.cast(libc.lseek, library.SeekCallback),
            ctypes.cast(libc.write, library.WriteCallback),
            ctypes.cast(libc.fdatasync, library.FlushCallback),
        )

    def open(self, file: int) -> Any:  # noqa: ANN401
        """What the library calls a stream, on a file."""
        stream = self._native.c2pa_create_stream(ctypes.cast(file, self._context), *self._calls)
        if not stream:
            raise OSError("The C2PA library opens no stream.")
        return stream

    def close(self, stream: Any) -> None:  # noqa: ANN401
        """Let go of it."""
        self._native.c2pa_release_stream(stream)


class KernelFile:
    """What the library reads or writes, as it knows it.

    Args:
        functions: that read and write.
        given: to be read, from its beginning; one that is empty is to be written.
    """

    def __init__(self, functions: _Functions, given: MemoryFile) -> None:
        self._file: int | None = None
        self._functions = functions
        self._given = given
        self._is_empty = not given.getbuffer().nbytes
        self._stream = None  # under the name by which the library asks for it
        self._file = os.memfd_create("c2pa")
        with open(self._file, "wb", closefd=False) as file:
            file.write(given.getbuffer())
        os.lseek(self._file, 0, os.SEEK_SET)
        self._stream = functions.open(self._file)

    def close(self) -> None:
        """Let go of it, and hand over what was written."""
        if self._file is None:
            return
        file, self._file = self._file, None
        if self._stream is not None:
            self._functions.close(self._stream)
        if self._is_empty:
            self._given.write(os.pread(file, os.fstat(file).st_size, 0))
        os.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
