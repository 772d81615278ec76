"""Making a suite from a table of a team's own prompts.

What comes out is a suite file like any other: it is read by the same code, and may be edited. What
its pictures must show is not known, so checks that read the prompt judge them.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import cast

from limner.core.errors import BadInput, SuiteInvalid
from limner.core.given_file import read_at_most
from limner.evals.suite import SUITE_FORMAT, Suite
from limner.store.files import make_folder, write_new
from limner.studio.suite_file import parse_suite

MAX_ROWS = 5_000
MAX_BYTES = 4_000_000
CHECKS = ("integrity", "exposure", "sharpness", "prompt-fit", "atoms", "nsfw")
SEEDS = (1000, 1001, 1002, 1003)
OWN_COLUMNS = frozenset({"prompt", "id", "style"})

Row = Mapping[str | None, str | list[str] | None]


def write_suite(
    path: Path,
    *,
    name: str | None,
    owner: str,
    review_by: str,
    out: Path | None,
    overwrite: bool = False,
) -> tuple[Suite, Path]:
    """Write a suite of the prompts of a table.

    Args:
        path: CSV with the column ``prompt``, and if wanted ``id`` and ``style``; every other
            column is a slice.
        name: of the suite; ``None`` takes the file's.
        owner: who answers for it.
        review_by: day it is to be looked at again, ISO.
        out: file to write; ``None`` is ``NAME.yaml`` in the current folder.
        overwrite: replace a file that is there.

    Raises:
        SuiteInvalid: the table cannot be read, or something in it is not allowed; names the row.
        BadInput: a file is there already.
        StorageUnavailable: it cannot be written.
    """
    plain = name or re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "own"
    text = suite_text_from_csv(path, name=plain, owner=owner, review_by=review_by)
    suite = parse_suite(text, f"of {str(path)!r}")
    return suite, keep_suite(text, plain, out, overwrite=overwrite)


def keep_suite(text: str, name: str, out: Path | None, *, overwrite: bool) -> Path:
    """Write the text of a suite into a file; which. Arguments and errors as `write_suite`."""
    file = Path(f"{name}.yaml") if out is None else out.expanduser()
    make_folder(file.parent)
    try:
        write_new(file, text.encode(), overwrite=overwrite)
    except FileExistsError as error:
        raise BadInput(
            f"The file {str(file)!r} is there already.",
            hint="Name another, or replace it with --force.",
        ) from error
    return file


def suite_text_from_csv(path: Path, *, name: str, owner: str, review_by: str) -> str:
    """The YAML text of such a suite; arguments and errors as `write_suite`."""
    cases = [_case(number, row) for number, row in enumerate(_rows(path), start=1)]
    return suite_text_of(cases, name=name, owner=owner, review_by=review_by)


def suite_text_of(
    cases: Sequence[Mapping[str, object]], *, name: str, owner: str, review_by: str
) -> str:
    """The YAML text of a suite of a team's own prompts.

    Args:
        cases: as they stand in a suite file.
        name: of the suite.
        owner: who answers for it.
        review_by: day it is to be looked at again, ISO.

    Raises:
        SuiteInvalid: the day is none.
    """
    try:
        date.fromisoformat(review_by)
    except ValueError as error:
        raise SuiteInvalid(
            f"The day to look at it again is {review_by!r}; allowed is a day as 2027-05-31."
        ) from error
    head = {
        "format": SUITE_FORMAT,
        "name": name,
        "version": "1",
        "question": "How does the model do on our own prompts?",
        "owner": owner,
        "review_by": review_by,
        "seeds": list(SEEDS),
        "checks": list(CHECKS),
    }
    lines = [f"{key}: {_flow(value)}" for key, value in head.items() if key != "review_by"]
    lines += [f"review_by: {review_by}", "cases:", *(f"  - {_flow(one)}" for one in cases)]
    return "\n".join(lines) + "\n"


def _rows(path: Path) -> list[Row]:
    try:
        text = read_at_most(path, MAX_BYTES).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        columns, rows = list(reader.fieldnames or ()), cast("list[Row]", list(reader))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SuiteInvalid(f"The file {str(path)!r} cannot be read as CSV: {error}.") from error
    if not rows or "prompt" not in rows[0]:
        raise SuiteInvalid(f"The file {str(path)!r} has no rows with the column 'prompt'.")
    if twice := next((one for one in columns if columns.count(one) > 1), None):
        raise SuiteInvalid(
            f"The file {str(path)!r} has the column {twice!r} twice; allowed is each once."
        )
    if len(rows) > MAX_ROWS:
        raise SuiteInvalid(f"The file has {len(rows):,} rows; allowed are {MAX_ROWS:,}.")
    for number, row in enumerate(rows, start=1):
        if None in row or None in row.values():
            raise SuiteInvalid(
                f"The file {str(path)!r} has more or fewer cells than columns in row {number}."
            )
    return rows


def _case(number: int, row: Row) -> dict[str, object]:
    cells = {str(key): str(value).strip() for key, value in row.items()}
    slices = {key: value for key, value in cells.items() if key not in OWN_COLUMNS and value}
    case: dict[str, object] = {
        "id": cells.get("id") or f"row-{number}",
        "prompt": cells["prompt"],
    }
    if cells.get("style"):
        case["style"] = cells["style"]
    return case | ({"slices": slices} if slices else {})


def _flow(value: object) -> str:
    """A value in YAML's one-line form, which JSON is."""
    return json.dumps(value, ensure_ascii=False)
