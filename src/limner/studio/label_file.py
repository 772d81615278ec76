"""Reading labels from a file: the score of a check beside what people said, from CSV or JSONL.

Columns or keys: ``score``, ``label`` (1 good, 0 bad), and if wanted ``probability`` with which the
picture was to be looked at, and ``image``, a name that tells two pictures apart. What cannot be
taken is refused with its row; no row is left out silently.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn, cast

from limner.core.errors import BadInput
from limner.core.given_file import KeyTwice, parse_json, read_at_most, reason_of

COLUMNS = ("score", "label", "probability", "image")
REQUIRED = ("score", "label")
MAX_BYTES = 100_000_000


class LabelRow(NamedTuple):
    """One labelled picture.

    Attributes:
        is_good: ``None`` when nobody has answered yet; never from a file.
        probability: with which it was to be looked at, above 0 and at most 1.
    """

    score: float
    is_good: bool | None
    probability: float = 1.0


def read_labels(path: Path) -> list[LabelRow]:
    """The labels of a CSV or JSONL file.

    Raises:
        BadInput: not readable, an unknown or missing column, a score that is no finite number, a
            label that is not 0 or 1, a probability that is not above 0 and at most 1, a row that
            is there twice, or no rows; names the row.
    """
    readers: dict[str, Callable[[str, Path], list[Mapping[str, object]]]] = {
        ".csv": _csv_rows,
        ".jsonl": _jsonl_rows,
        ".ndjson": _jsonl_rows,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        _refuse(path, f"has the suffix {path.suffix!r}; allowed are {', '.join(readers)}")
    raw = reader(_text(path), path)
    if not raw:
        _refuse(path, "has no rows")
    rows = [_row(number, values, path) for number, values in enumerate(raw, start=1)]
    _require_once(raw, rows, path)
    return rows


def _text(path: Path) -> str:
    try:
        return read_at_most(path, MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _fault(path, "is not UTF-8 text") from error
    except OSError as error:
        raise _fault(path, f"cannot be read: {reason_of(error)}") from error


def _csv_rows(text: str, path: Path) -> list[Mapping[str, object]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        _require_columns(reader.fieldnames or (), path)
        rows: list[Mapping[str, object]] = []
        for number, cells in enumerate(reader, start=1):
            if None in cells or None in cells.values():
                _refuse(path, f"has more or fewer cells than columns in row {number}")
            rows.append({name: cell for name, cell in cells.items() if cell != ""})
    except csv.Error as error:
        raise _fault(path, f"is not CSV: {error} near line {reader.line_num}") from error
    return rows


def _jsonl_rows(text: str, path: Path) -> list[Mapping[str, object]]:
    rows: list[Mapping[str, object]] = []
    for number, line in enumerate((one for one in text.split("\n") if one.strip()), start=1):
        try:
            document = parse_json(line)
        except KeyTwice as error:
            raise _fault(path, f"is not allowed in row {number}: {error}") from error
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            _refuse(path, f"has no JSON object in row {number}")
        values = cast(dict[str, object], document)
        _require_columns(values, path)
        rows.append(values)
    return rows


def _require_columns(columns: Iterable[str], path: Path) -> None:
    names = list(columns)
    unknown = [name for name in names if name not in COLUMNS]
    missing = [name for name in REQUIRED if name not in names]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        _refuse(path, f"has the column {twice!r} twice")
    if unknown or missing:
        fault = f"the unknown column {unknown[0]!r}" if unknown else f"no column {missing[0]!r}"
        _refuse(path, f"has {fault}; there are {', '.join(COLUMNS)}")


def _row(number: int, values: Mapping[str, object], path: Path) -> LabelRow:
    score = _number(values.get("score"))
    if score is None:
        _refuse(
            path,
            f"has the score {values.get('score')!r} in row {number}; it must be a finite number",
        )
    label = _number(values.get("label"))
    if label not in (0.0, 1.0):
        _refuse(
            path,
            f"has the label {values.get('label')!r} in row {number}; allowed are 1 (good: the "
            "answer to the check's question is yes) and 0 (bad)",
        )
    probability = _number(values.get("probability", 1.0))
    if probability is None or not 0 < probability <= 1:
        _refuse(
            path,
            f"has the probability {values.get('probability')!r} in row {number}; it must be above "
            "0 and at most 1, because what had no chance of being looked at proves nothing",
        )
    return LabelRow(score, label == 1.0, probability)


def _number(value: object) -> float | None:
    """A finite number; ``None`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _require_once(raw: list[Mapping[str, object]], rows: list[LabelRow], path: Path) -> None:
    """Rows are told apart by their image where they name one, else by all they say.

    A picture counted twice makes a certificate surer than the labels are.
    """
    seen: dict[object, int] = {}
    for number, (values, row) in enumerate(zip(raw, rows, strict=True), start=1):
        image = values.get("image")
        key = row if image is None else str(image)
        if key in seen:
            what = "say the same" if image is None else f"are both about the image {image!r}"
            hint = "If they are two pictures, give the file a column 'image' with their names."
            raise _fault(
                path, f"has rows {seen[key]} and {number} that {what}", hint if not image else ""
            )
        seen[key] = number


def _fault(path: Path, what: str, hint: str = "") -> BadInput:
    message = f"The labels file {str(path)!r} {what}."
    return BadInput(message, code="labels_invalid", hint=hint)


def _refuse(path: Path, what: str) -> NoReturn:
    raise _fault(path, what)
