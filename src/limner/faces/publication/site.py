"""Writing the published log: pages, JSON lines, proofs, and the ledger with its verifier.

The folder appears whole or not at all. Pages need no script and no network.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from limner.core.errors import BadInput, StorageUnavailable
from limner.studio import log
from limner.studio.publishing import Period, Publication, gather

if TYPE_CHECKING:
    from limner.store.ledger.entries import Entry
    from limner.studio.log import Exported
    from limner.studio.parts import Parts

FOLDER = Path(__file__).parent
LEDGER = "ledger"
PROOFS = "proofs"
PAGE_DECISIONS = 500


def publish(parts: Parts, target: Path, period: Period, *, with_prompts: bool = False) -> Exported:
    """Write what is published of a period to a new folder, or to a new ``.zip``.

    Args:
        parts: of the studio.
        target: not there yet.
        period: of the entries.
        with_prompts: whether the prompts of released images are published.

    Returns:
        The exported ledger: what it is of, and the key it is verified with.

    Raises:
        BadInput: the target is there, the ledger is empty, or the period is none.
        StorageUnavailable: it cannot be written.
    """
    try:
        if target.exists():
            raise BadInput(
                f"{str(target)!r} is there already; nothing was replaced.",
                code="folder_exists",
                hint="Name a folder that is not there yet.",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise _cannot_write(target, error) from error
    try:
        exported = log.export(parts, unfinished / LEDGER)
        num_entries = exported.checkpoint.num_entries
        publication = gather(parts, period, num_entries, with_prompts=with_prompts)
        _write(publication, exported, unfinished)
        unfinished.chmod(0o755)
        if target.suffix == ".zip":
            _zip(unfinished, target)
        else:
            unfinished.rename(target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return exported


def _write(publication: Publication, exported: Exported, folder: Path) -> None:
    for name, lines in _data(publication):
        _write_text(folder / "data" / f"{name}.jsonl", "".join(f"{one}\n" for one in lines))
    for position, proof in publication.proofs.items():
        _write_text(folder / PROOFS / f"{position}.tlog-proof", proof)
    decisions = publication.decisions[::-1]
    pages = [
        decisions[start : start + PAGE_DECISIONS]
        for start in range(0, max(len(decisions), 1), PAGE_DECISIONS)
    ]
    shown = {"publication": publication, "exported": exported, "num_pages": len(pages)}
    for name in ("index", "models", "reports", "history", "alarms"):
        page = _environment().get_template(f"{name}.html").render(shown, here=name)
        _write_text(folder / f"{name}.html", page)
    template = _environment().get_template("decisions.html")
    for number, entries in enumerate(pages, start=1):
        page = template.render(shown, entries=entries, number=number, here="decisions")
        _write_text(folder / f"decisions-{number}.html", page)


def _data(publication: Publication) -> Iterator[tuple[str, list[str]]]:
    def coded(document: object) -> str:
        return json.dumps(document, ensure_ascii=False, sort_keys=True)

    yield "decisions", [_entry_line(one) for one in publication.decisions]
    yield "history", [_entry_line(one) for one in publication.history]
    yield "models", [coded(asdict(one)) for one in publication.models]
    yield "reports", [coded(asdict(one)) for one in publication.reports]
    yield "alarms", [coded(one) for one in publication.alarms]
    if publication.prompts:
        prompts = publication.prompts.items()
        yield "prompts", [coded({"image_id": name, "prompt": text}) for name, text in prompts]


def _entry_line(entry: Entry) -> str:
    return json.dumps({"position": entry.position, "entry": entry.text}, ensure_ascii=False)


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _zip(folder: Path, target: Path) -> None:
    unfinished = folder.with_name(f"{folder.name}.zip")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder))
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _cannot_write(target: Path, error: OSError) -> StorageUnavailable:
    return StorageUnavailable(
        f"The publication cannot be written to {str(target)!r}: {error.strerror or error}."
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
