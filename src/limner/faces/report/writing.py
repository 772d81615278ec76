"""Writing a report into a file, in the form that the file's name ends in."""

from __future__ import annotations

import json
from pathlib import Path

from limner.core.errors import BadInput
from limner.faces.report.markdown import report_markdown
from limner.faces.report.page import report_page
from limner.store.files import make_folder, write_new
from limner.studio.eval_report import Report, pictures_of
from limner.studio.parts import Parts

SUFFIXES = (".html", ".md", ".json")


def report_file(out: Path | None, run_id: str) -> Path:
    """The file a report goes to, checked before anything is gathered.

    Args:
        out: a file, or a folder that is there; ``None`` is the current folder.
        run_id: names the file in a folder.

    Raises:
        BadInput: its name ends in none of `SUFFIXES`.
        StorageUnavailable: its folder cannot be written.
    """
    file = Path() if out is None else out.expanduser()
    if file.is_dir():
        file = file / f"report-{run_id}.html"
    if file.suffix.lower() not in SUFFIXES:
        raise BadInput(
            f"The report {str(file)!r} ends in {file.suffix!r}; allowed are {', '.join(SUFFIXES)}."
        )
    make_folder(file.parent)
    return file


def write_report(parts: Parts, report: Report, file: Path, *, overwrite: bool = False) -> Path:
    """Write a report whole, or nothing.

    Raises:
        BadInput: something else is there, and it is not to be overwritten.
        StorageUnavailable: it cannot be written.
    """
    text = report_text(parts, report, file.suffix.lower())
    content = text.encode()
    try:
        write_new(file, content, overwrite=overwrite)
    except FileExistsError as error:
        if not file.is_file() or file.read_bytes() != content:
            raise BadInput(
                f"The file {str(file)!r} is there already.",
                hint="Name another, or replace it with --force.",
            ) from error
    return file


def report_text(parts: Parts, report: Report, suffix: str) -> str:
    """A report in the form of one of `SUFFIXES`."""
    if suffix == ".html":
        return report_page(report, pictures_of(parts, report))
    if suffix == ".md":
        return report_markdown(report)
    return json.dumps(report.to_document(), ensure_ascii=False, indent=2) + "\n"
