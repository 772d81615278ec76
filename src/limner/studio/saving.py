"""Where finished images go as files: one name, or a folder; whole, and never over another file."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from limner.core.errors import BadInput
from limner.core.limits import require_one_of
from limner.core.records import FILE_FORMATS, FileFormat
from limner.store.files import make_folder, write_new
from limner.studio.image_file import SUFFIXES

_SLUG_CHARACTERS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A place for images.

    Attributes:
        folder: exists and can be written.
        stem: file name without suffix; ``None`` names files by prompt and seed.
        file_format: of every file.
        overwrite: replace files that are there; otherwise a number is added to the name.
    """

    folder: Path
    stem: str | None
    file_format: FileFormat
    overwrite: bool = False

    def save(self, content: bytes, name: str) -> Path:
        """Write one file whole.

        Args:
            content: its bytes.
            name: used when this place has no stem of its own.

        Returns:
            The path that was written; a file with the same bytes is taken as it is.

        Raises:
            StorageUnavailable: it cannot be written; nothing is left behind.
        """
        stem, suffix = self.stem or name, suffix_of(self.file_format)
        number = 1
        while True:
            path = self.folder / (f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}")
            try:
                write_new(path, content, overwrite=self.overwrite)
            except FileExistsError:
                if path.is_file() and path.read_bytes() == content:
                    return path
                number += 1
            else:
                return path

    def is_renamed(self, path: Path, name: str) -> bool:
        """Whether `path`, from `save`, had to take another name than asked."""
        return path.stem != (self.stem or name)


def require_format(file_format: str) -> FileFormat:
    """The format with this name.

    Raises:
        BadInput: there is none.
    """
    require_one_of("format", file_format, FILE_FORMATS)
    return cast(FileFormat, file_format)


def choose_destination(
    out: str | None, file_format: str | None, *, is_single: bool, overwrite: bool = False
) -> Destination:
    """The place that ``--out`` and ``--format`` name, checked before anything is drawn.

    Args:
        out: file for one picture, folder for several; a folder too if it is one or ends in a
            slash; ``None`` is the current folder.
        file_format: ``None`` goes by the suffix of `out`, or PNG.
        is_single: whether one picture is expected.
        overwrite: replace files that are there.

    Raises:
        BadInput: a file name for several pictures, an unknown or contradicting format.
        StorageUnavailable: the folder cannot be written.
    """
    asked = None if file_format is None else require_format(file_format)
    folder, file = _folder_and_file(out, is_single=is_single)
    chosen = _choose_format(file, asked)
    make_folder(folder)
    stem = None if file is None else file.stem if file.suffix else file.name
    return Destination(folder=folder, stem=stem, file_format=chosen, overwrite=overwrite)


def name_of(prompt: str, seed: int) -> str:
    """A file name without suffix, such as ``a-red-fox-1``."""
    plain = unicodedata.normalize("NFKC", prompt).lower()
    words = re.sub(r"[\W_]+", "-", plain).strip("-")[:_SLUG_CHARACTERS].strip("-")
    return f"{words or 'picture'}-{seed}"


def suffix_of(file_format: FileFormat) -> str:
    """File suffix of a format, with its dot."""
    return ".jpg" if file_format == "jpeg" else f".{file_format}"


def _folder_and_file(out: str | None, *, is_single: bool) -> tuple[Path, Path | None]:
    if out is None:
        return Path(), None
    path = Path(out)
    if out.endswith(("/", os.sep)) or path.is_dir():
        return path, None
    if is_single:
        return path.parent, path
    if path.suffix.lower() in SUFFIXES or path.exists():
        raise BadInput(
            f"The output {out!r} is a file name, but several pictures are asked for; "
            "allowed is a folder.",
            code="out_not_folder",
        )
    return path, None


def _choose_format(file: Path | None, asked: FileFormat | None) -> FileFormat:
    if file is None or not file.suffix:
        return asked or "png"
    by_suffix = SUFFIXES.get(file.suffix.lower())
    if by_suffix is None:
        raise BadInput(
            f"The output {str(file)!r} has the suffix {file.suffix!r}; "
            f"allowed are {', '.join(SUFFIXES)}.",
            code="suffix_unknown",
        )
    if asked is not None and asked != by_suffix:
        raise BadInput(
            f"The output {str(file)!r} is a {by_suffix} file, but the format asked is {asked!r}.",
            code="suffix_differs",
            hint="Leave out --format, or change the suffix.",
        )
    return by_suffix
