"""The manifest: one row a picture, with its origin, what it shows and its split."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.data.packages import DATA_DIR, DataError
from training.data.splits import Split

MANIFEST = DATA_DIR / "manifest.csv"
SEPARATOR = "|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One training picture.

    Attributes:
        index: its place in the sprite files.
        picture: unique id, "package key/icon name".
        package_sha256: of the archive it was taken from.
        render_sha256: of its premultiplied 256 px sprite.
        group: "group/subgroup".
        colours: colour words of its pixels, strongest first.
    """

    index: int
    picture: str
    package: str
    version: str
    package_sha256: str
    icon: str
    author: str
    licence: str
    render_sha256: str
    style: str
    concept: str
    group: str
    keywords: tuple[str, ...]
    colours: tuple[str, ...]
    split: Split


def write(rows: Sequence[Row], path: Path = MANIFEST) -> None:
    """Write the manifest, whole or not at all."""
    names = [field.name for field in dataclasses.fields(Row)]
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for row in rows:
            values = (getattr(row, name) for name in names)
            writer.writerow(
                SEPARATOR.join(value) if isinstance(value, tuple) else value for value in values
            )
    partial.replace(path)


def read(path: Path = MANIFEST) -> list[Row]:
    """Read the manifest.

    Raises:
        DataError: a row lacks a value it must have.
    """
    with path.open(newline="") as file:
        return [_row(values) for values in csv.DictReader(file)]


def _row(values: dict[str, str]) -> Row:
    if not all(
        values[name]
        for name in ("picture", "package_sha256", "licence", "render_sha256", "concept", "split")
    ):
        raise DataError(f"manifest row {values.get('index')!r} lacks a value")
    return Row(
        **{
            **values,
            "index": int(values["index"]),
            "keywords": tuple(filter(None, values["keywords"].split(SEPARATOR))),
            "colours": tuple(filter(None, values["colours"].split(SEPARATOR))),
        }  # type: ignore[arg-type]
    )


def write_jsonl(rows: Iterable[Row], path: Path) -> None:
    """The same rows as JSON lines beside the sprite files."""
    partial = path.with_suffix(".partial")
    partial.write_text("".join(json.dumps(dataclasses.asdict(row)) + "\n" for row in rows))
    partial.replace(path)


def read_jsonl(path: Path) -> list[Row]:
    """The rows that `write_jsonl` wrote."""
    with path.open() as file:
        return [_row_of_json(json.loads(line)) for line in file]


def _row_of_json(values: dict[str, Any]) -> Row:
    return Row(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
    )
