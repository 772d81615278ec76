"""Reading a batch file: rows from CSV (a header names the columns) or JSONL (an object a line)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from limner.core.errors import BadInput
from limner.core.given_file import KeyTwice, parse_json, read_at_most, reason_of
from limner.core.hashing import canonical_json

MAX_BYTES = 50_000_000  # some hundred thousand rows


class RowValues(BaseModel):
    """What a row may say; a column or key that is not here is refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    prompt: str
    n: int = 1
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    sampler: str | None = None
    size: str | None = None
    style: str | None = None
    negative: str = ""
    background: str = "auto"
    image: str | None = None
    strength: float | None = None
    mask: str | None = None
    outpaint: str | None = None
    combinations: bool = False
    deterministic: bool = False
    impact: str | None = None
    label: bool | None = None
    model: str | None = None
    use: str | None = None


class Row(NamedTuple):
    """One row as it was read, not yet checked.

    Attributes:
        number: 1 for the first row under the header, or the first line.
        values: by column or key; ``None`` if the line is not a JSON object, has a key twice, or
            holds half a character or a number that is not finite.
        line: the text of such a line; `fault` what is wrong with it.
    """

    number: int
    values: Mapping[str, object] | None
    line: str = ""
    fault: str = "is not a JSON object of whole texts and finite numbers"


def read_rows(path: Path) -> list[Row]:
    """The rows of a CSV or JSONL file.

    Raises:
        BadInput: unknown suffix, not readable, too long, no rows, unknown or missing columns.
    """
    readers = {".csv": _csv_rows, ".jsonl": _jsonl_rows, ".ndjson": _jsonl_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadInput(
            f"The batch file {str(path)!r} has the suffix {path.suffix!r}; "
            f"allowed are {', '.join(readers)}.",
            code="batch_format_unknown",
        )
    try:
        text = read_at_most(path, MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"The batch file {str(path)!r} is not UTF-8 text.") from error
    except OSError as error:
        raise BadInput(
            f"The batch file {str(path)!r} cannot be read: {reason_of(error)}."
        ) from error
    rows = reader(text, path)
    if not rows:
        raise BadInput(f"The batch file {str(path)!r} has no rows.", code="batch_empty")
    return rows


def parse_row(row: Row, defaults: Mapping[str, object]) -> RowValues:
    """The checked values of a row.

    Args:
        row: as it was read.
        defaults: used where the row says nothing.

    Raises:
        BadInput: a value is missing, unknown or of the wrong kind; names the first.
    """
    if row.values is None:
        raise BadInput(f"The line {row.line!r} {row.fault}.", code="row_unreadable")
    try:
        return RowValues.model_validate({**defaults, **row.values})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            f"The value of {name!r} is {first['input']!r}: {first['msg'].lower()}; allowed keys "
            f"are {', '.join(RowValues.model_fields)}."
            if first["type"] == "extra_forbidden"
            else f"The value of {name!r} cannot be used: {first['msg'].lower()}.",
            code="row_invalid",
        ) from error


def _csv_rows(text: str, path: Path) -> list[Row]:
    # Not by `splitlines`: a line ends where CSV says, not at every character that may end one.
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = list(reader.fieldnames or [])
        _require_columns(columns, path)
        found = list(reader)
    except csv.Error as error:
        raise BadInput(
            f"The batch file {str(path)!r} is not CSV: {error} near line {reader.line_num}."
        ) from error
    rows: list[Row] = []
    for number, cells in enumerate(found, start=1):
        if None in cells:
            raise BadInput(
                f"Row {number} of {str(path)!r} has more cells than the {len(columns)} columns."
            )
        rows.append(Row(number, {name: cell for name, cell in cells.items() if cell}))
    return rows


def _require_columns(columns: list[str], path: Path) -> None:
    allowed = list(RowValues.model_fields)
    unknown = [name for name in columns if name not in allowed]
    twice = [name for name in allowed if columns.count(name) > 1]
    if twice:
        raise BadInput(
            f"The batch file {str(path)!r} has the column {twice[0]!r} twice; allowed is each once."
        )
    if unknown or "prompt" not in columns:
        fault = f"the unknown column {unknown[0]!r}" if unknown else "no column 'prompt'"
        raise BadInput(
            f"The batch file {str(path)!r} has {fault}; allowed are {', '.join(allowed)}.",
            code="batch_columns_unknown",
        )


def _jsonl_rows(text: str, path: Path) -> list[Row]:
    lines = [line for line in text.split("\n") if line.strip()]
    return [_jsonl_row(number, line) for number, line in enumerate(lines, start=1)]


def _jsonl_row(number: int, line: str) -> Row:
    try:
        document: Any = parse_json(line)
        canonical_json(document).encode()  # what is no text and no number has no hash either
    except KeyTwice as error:
        return Row(number, None, line[:80], f"is not allowed: {error}")
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return Row(number, None, line[:80])
    values = cast(dict[str, object], document)
    return Row(number, {name: value for name, value in values.items() if value is not None})
