"""Entries of the rights register from plain values, and from CSV and JSONL files of them.

A file is one of two: rows with the fields of an entry, or a training manifest, known by its
columns, whose rows are pictures; these become one source for each package, author and licence.
A row that is not allowed is named by its line, and then nothing of the file is used.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from typing import Literal, NamedTuple, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from limner.core.errors import BadInput, RightsInvalid
from limner.core.given_file import KeyTwice, parse_json, read_at_most, reason_of
from limner.core.hashing import sha256_of_bytes
from limner.core.rights import OptedOut, RightsEntry, RightsKind, require_entry

MAX_FILE_BYTES = 64 * 2**20
MANIFEST_COLUMNS = frozenset(("package", "version", "author", "licence", "render_sha256"))
TRAINED_ON = "train"


class RightsValues(BaseModel):
    """An entry in plain values; a field that is not here is refused.

    Attributes:
        expires: the last day, as 2027-01-31, or a time with its zone.
        keys: in CSV with spaces between.
        model: NAME or NAME@VERSION that was trained on it; becomes a key.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    kind: Literal["source", "licence", "consent", "opt-out"]
    name: str | None = None
    holder: str | None = None
    opted_out: Literal["name", "style", "mark", "picture"] | None = None
    title: str | None = None
    licence: str | None = None
    purpose: str | None = None
    url: str | None = None
    expires: str | None = None
    keys: tuple[str, ...] = ()
    model: str | None = None

    def to_entry(self) -> RightsEntry:
        """The entry; whether it is whole is seen by `require_entry`.

        Raises:
            BadInput: the expiry is no time.
        """
        models = () if self.model is None else (f"model:{self.model}",)
        return RightsEntry(
            kind=RightsKind(self.kind),
            name=self.name,
            holder=self.holder,
            opted_out=None if self.opted_out is None else OptedOut(self.opted_out),
            title=self.title,
            licence=self.licence,
            purpose=self.purpose,
            url=self.url,
            expires_at=None if self.expires is None else parse_expiry(self.expires),
            keys=tuple(dict.fromkeys((*self.keys, *models))),
        )


class _Picture(BaseModel):
    """What is read of one row of a training manifest; its other columns are about the picture."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    package: str = Field(min_length=1)
    version: str = Field(min_length=1)
    author: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    render_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    split: str = TRAINED_ON


class RightsFile(NamedTuple):
    """What a file says, and the tagged hash of its bytes."""

    entries: tuple[RightsEntry, ...]
    sha256: str


class _Row(NamedTuple):
    line: int
    values: Mapping[str, object]


def values_of(**values: object) -> RightsValues:
    """Plain values of an entry, from whoever typed them.

    Raises:
        RightsInvalid: an unknown kind, or a value of another type.
    """
    try:
        return RightsValues.model_validate(values)
    except ValidationError as error:
        raise RightsInvalid(f"The entry is not allowed: {_said(error)}.") from error


def parse_expiry(text: str) -> datetime:
    """When a right ends: the end of a day, UTC, or a time with its zone.

    Raises:
        BadInput: neither.
    """
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            after = date.fromisoformat(text) + timedelta(days=1)
            return datetime.combine(after, time.min, UTC)
        ends = datetime.fromisoformat(text)
        if ends.tzinfo is None:
            raise ValueError("no time zone")
        return ends.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"The expiry is {text!r}; allowed is a day such as 2027-01-31, which is its last, or a "
            "time with its zone such as 2027-01-31T12:00+01:00.",
            code="expiry_invalid",
        ) from error


def read_entries(path: Path, now: datetime, read_model: Callable[[], str]) -> RightsFile:
    """The entries of a CSV or JSONL file.

    Args:
        path: a header names the columns of CSV; JSONL has an object a line.
        now: the time now, UTC.
        read_model: asked which model was trained on a training manifest.

    Raises:
        BadInput: unknown suffix, not readable, no rows, or a row is not allowed: names its line.
    """
    content = _read(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise BadInput(
            f"The file {str(path)!r} has the suffix {path.suffix!r}; allowed are "
            f"{', '.join(_READERS)}.",
            code="rights_file_unknown",
        )
    try:
        rows = list(reader(content.decode("utf-8-sig"), path))
    except UnicodeDecodeError as error:
        raise BadInput(f"The file {str(path)!r} is not UTF-8 text.") from error
    if not rows:
        raise BadInput(f"The file {str(path)!r} has no rows.", code="rights_file_empty")
    if rows[0].values.keys() >= MANIFEST_COLUMNS:
        entries = _sources_of(rows, path, read_model())
    else:
        entries = [_entry_of(row, path, now) for row in rows]
    return RightsFile(tuple(entries), sha256_of_bytes(content))


def _read(path: Path) -> bytes:
    try:
        return read_at_most(path, MAX_FILE_BYTES)
    except OSError as error:
        raise BadInput(f"The file {str(path)!r} cannot be read: {reason_of(error)}.") from error


def _csv_rows(text: str, path: Path) -> Iterator[_Row]:
    reader = csv.DictReader(StringIO(text, newline=""), strict=True)
    try:
        columns = list(reader.fieldnames or ())
        if twice := next((one for one in columns if columns.count(one) > 1), None):
            raise _refused(path, 1, f"it has the column {twice!r} twice")
        for values in reader:
            line = reader.line_num
            if None in values or None in values.values():
                raise _refused(path, line, f"it has not {len(columns)} columns")
            is_picture = values.keys() >= MANIFEST_COLUMNS
            filled: dict[str, object] = {
                key: one for key, one in values.items() if is_picture or one.strip()
            }
            if isinstance(keys := filled.get("keys"), str):
                filled["keys"] = keys.split()
            yield _Row(line, filled)
    except csv.Error as error:
        raise _refused(path, reader.line_num, f"it is not CSV: {error}") from error


def _jsonl_rows(text: str, path: Path) -> Iterator[_Row]:
    for line, row in enumerate(text.split("\n"), start=1):
        if not row.strip():
            continue
        try:
            values = parse_json(row)
        except KeyTwice as error:
            raise _refused(path, line, str(error)) from error
        except (ValueError, RecursionError) as error:
            raise _refused(path, line, "it is not JSON") from error
        if not isinstance(values, dict):
            raise _refused(path, line, "it is not a JSON object")
        yield _Row(line, cast(dict[str, object], values))


_READERS: dict[str, Callable[[str, Path], Iterator[_Row]]] = {
    ".csv": _csv_rows,
    ".jsonl": _jsonl_rows,
    ".ndjson": _jsonl_rows,
}


def _entry_of(row: _Row, path: Path, now: datetime) -> RightsEntry:
    try:
        entry = RightsValues.model_validate(row.values).to_entry()
        require_entry(entry, now)
    except ValidationError as error:
        raise _refused(path, row.line, _said(error)) from error
    except BadInput as error:
        raise _refused(path, row.line, error.message.rstrip(".")) from error
    return entry


def _sources_of(rows: list[_Row], path: Path, model: str) -> list[RightsEntry]:
    """One source for each package, author and licence; held-out pictures were not trained on."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        try:
            one = _Picture.model_validate(row.values)
        except ValidationError as error:
            raise _refused(path, row.line, _said(error)) from error
        group = (one.package, one.version, one.author, one.licence)
        keys = groups.setdefault(group, [])
        keys.append(f"sha256:{one.render_sha256}")
        if one.split == TRAINED_ON:
            keys.append(f"model:{model}")
    return [
        RightsEntry(
            kind=RightsKind.SOURCE,
            holder=author,
            title=f"{package} {version}",
            licence=licence,
            keys=tuple(dict.fromkeys(keys)),
        )
        for (package, version, author, licence), keys in groups.items()
    ]


def _refused(path: Path, line: int, what: str) -> RightsInvalid:
    return RightsInvalid(
        f"Line {line} of {str(path)!r} is not allowed: {what}. Nothing was imported.",
        code="rights_row_invalid",
        hint="Correct the line and import the file again.",
    )


def _said(error: ValidationError) -> str:
    """The first fault, with the field and what was there."""
    first = error.errors()[0]
    field = ".".join(str(one) for one in first["loc"])
    value = "" if first["type"] == "missing" else f", not {first['input']!r}"
    return f"{field}: {first['msg'][:1].lower()}{first['msg'][1:]}{value}"
