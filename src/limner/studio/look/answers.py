"""Pictures a label was unsure of, to people and back: what they answer teaches the next version.

The file is CSV with the columns ``picture``, ``score`` and ``answer``; people write ``yes`` or
``no`` into the last, and leave it empty where they cannot tell.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import IO, NamedTuple

from limner.core.errors import BadInput
from limner.studio.look.rows import Row
from limner.studio.look.sources import printable

COLUMNS = ("picture", "score", "answer")
UNSURE = "unsure"
MOST_BYTES = 50_000_000


class Unsure(NamedTuple):
    """A picture a label was unsure of, and the label's score, 0-1."""

    picture: str
    score: float


class Answers(NamedTuple):
    """Pictures people answered about."""

    yes: list[Path]
    no: list[Path]


def unsure_of(label: str, rows: Iterable[Row]) -> list[Unsure]:
    """What a label was unsure of in a run, each picture once, the most doubtful first."""
    found = {
        row.item.name: one.score
        for row in rows
        if row.look is not None
        for one in row.look.findings.labels
        if one.label == label and one.verdict == UNSURE
    }
    doubtful = sorted(found.items(), key=lambda one: (abs(one[1] - 0.5), one[0]))
    return [Unsure(*one) for one in doubtful]


def write_unsure(file: IO[bytes], found: Iterable[Unsure]) -> None:
    """The file for people, its last column empty."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows((one.picture, f"{one.score:.4f}", "") for one in found)
    file.write(text.getvalue().encode())


def read_answers(path: Path) -> Answers:
    """What people answered; a picture without an answer is left out.

    Raises:
        BadInput: it cannot be read, or an answer is neither yes, no nor empty.
    """
    name = printable(str(path))
    answers = Answers([], [])
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadInput(f"The file {name!r} is larger than {MOST_BYTES // 1_000_000} MB.")
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            for one in ("picture", "answer"):
                if one not in (rows.fieldnames or ()):
                    raise BadInput(
                        f"The file {name!r} has no column {one!r}.", code="answers_unreadable"
                    )
            for row in rows:
                answer = (row["answer"] or "").strip().lower()
                if answer not in ("yes", "no", "", UNSURE):
                    raise BadInput(
                        f"Line {rows.line_num} of {name!r} answers {answer[:80]!r}; allowed are "
                        "yes, no, or nothing.",
                        code="answers_unreadable",
                    )
                if answer in ("yes", "no"):
                    if not row["picture"]:  # an empty path would be this folder
                        raise BadInput(
                            f"Line {rows.line_num} of {name!r} answers {answer!r} and names no "
                            "picture; allowed is one picture a line.",
                            code="answers_unreadable",
                        )
                    getattr(answers, answer).append(Path(row["picture"]))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(
            f"The file {name!r} cannot be read as CSV.", code="answers_unreadable"
        ) from error
    return answers
