"""What a run found, as a file in a form other tools read; rows are written as they come.

JSON lines hold everything. CSV and Parquet hold one flat row an item. COCO and Label Studio hold
tags and labels of the pictures, each with its score: about the whole picture, as that is what they
are about. The file appears whole or not at all.
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from limner.core.errors import BadInput, StorageUnavailable
from limner.core.looking import Box
from limner.studio.look.rows import Row, find_run, rows_of

if TYPE_CHECKING:
    from limner.studio.parts import Parts

SCORES = ("exposure", "sharpness", "nsfw", "face", "text")
FLAT: tuple[str, ...] = (
    "number", "name", "fault", "image_id", "outcome", "reasons", "format", "width_px", "height_px",
    "num_bytes", "tags", "labels", "anomalies", *SCORES, "needs_consent", "near_image_id",
    "near_bits", "origin", "notices", "shot", "start_s", "end_s", "at_s",
)  # fmt: skip
_NUMBERS = ("number", "width_px", "height_px", "num_bytes", "near_bits", "shot")
_TIMES = ("start_s", "end_s", "at_s")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for one
ROWS_TOGETHER = 1000

WriteRows = Callable[[IO[bytes], Callable[[], Iterator[Row]]], None]


def write_rows(parts: Parts, run_id: str, path: Path, *, overwrite: bool) -> None:
    """Write what a run found.

    Args:
        parts: of the studio.
        run_id: of the run.
        path: its ending says the form: one of `FORMS`.
        overwrite: replace a file that is there.

    Raises:
        NotFound: there is no such run.
        BadInput: no form ends so, the file is there, or the form needs an extra.
        StorageUnavailable: it cannot be written.
    """
    find_run(parts, run_id)
    write = form_of(path)
    with new_file(path, overwrite=overwrite) as file:
        write(file, lambda: rows_of(parts, run_id))


def form_of(path: Path) -> WriteRows:
    """What writes a file with this ending.

    Raises:
        BadInput: no form ends so.
    """
    found = next((write for end, write in FORMS.items() if path.name.lower().endswith(end)), None)
    if found is None:
        raise BadInput(
            f"What was found cannot be written to {path.name!r}; allowed are names that end in "
            f".html, {', '.join(FORMS)}.",
            code="form_unknown",
        )
    return found


@contextmanager
def new_file(path: Path, *, overwrite: bool) -> Generator[IO[bytes]]:
    """A file to write to that gets its name when it is whole.

    Raises:
        BadInput: the file is there and is not to be replaced.
        StorageUnavailable: it cannot be written.
    """
    if path.exists() and not overwrite:
        raise BadInput(
            f"The file {str(path)!r} is there already; nothing was replaced.",
            code="file_exists",
            hint="Name another, or replace it with --force.",
        )
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            unfinished.chmod(0o644)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise StorageUnavailable(f"Cannot write {str(path)!r}: {error.strerror}.") from error


def _jsonl(file: IO[bytes], rows: Callable[[], Iterator[Row]]) -> None:
    for row in rows():
        file.write(json.dumps(row.document, ensure_ascii=False).encode() + b"\n")


def _csv(file: IO[bytes], rows: Callable[[], Iterator[Row]]) -> None:
    text = io.TextIOWrapper(file, "utf-8", newline="")
    writer = csv.DictWriter(text, FLAT)
    writer.writeheader()
    for row in rows():
        writer.writerow({key: _safe(value) for key, value in flat(row.document).items()})
    text.detach()


def _parquet(file: IO[bytes], rows: Callable[[], Iterator[Row]]) -> None:
    try:
        arrow: Any = import_module("pyarrow")  # an extra, so its types may not be there
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise BadInput(
            "Writing Parquet needs pyarrow, which is not installed.",
            code="extra_missing",
            hint="Install it with pip install 'limner[parquet]', or write .csv or .jsonl.",
        ) from error
    kinds: dict[str, Any] = dict.fromkeys(_NUMBERS, arrow.int64())
    kinds |= dict.fromkeys((*SCORES, *_TIMES), arrow.float64())
    kinds["needs_consent"] = arrow.bool_()
    shape = arrow.schema([(one, kinds.get(one, arrow.string())) for one in FLAT])
    with parquet.ParquetWriter(file, shape) as writer:
        for some in _grouped(flat(row.document) for row in rows()):
            writer.write_table(arrow.Table.from_pylist(some, schema=shape))


def _coco(file: IO[bytes], rows: Callable[[], Iterator[Row]]) -> None:
    """COCO's object detection form; a tag's box is the whole picture, as it is about all of it."""
    categories: dict[str, int] = {}
    file.write(b'{"info": {"description": "Written by limner look"}, "licenses": [], "images": [')
    _write_list(file, (_coco_image(row) for row in rows() if row.look is not None))
    file.write(b'], "annotations": [')
    _write_list(file, _coco_annotations(rows(), categories))
    file.write(b'], "categories": ')
    named = [{"id": number, "name": name} for name, number in categories.items()]
    file.write(json.dumps(named, ensure_ascii=False).encode() + b"}\n")


def _coco_image(row: Row) -> dict[str, Any]:
    assert row.look is not None
    size = row.look.incoming.size
    return {
        "id": row.item.number + 1,
        "file_name": row.item.name,
        "width": size.width_px,
        "height": size.height_px,
        "sha256": row.look.incoming.image_id.removeprefix("sha256:"),
        "outcome": row.look.outcome,
    }


def _coco_annotations(rows: Iterator[Row], categories: dict[str, int]) -> Iterator[dict[str, Any]]:
    number = 0
    for row in rows:
        if row.look is None:
            continue
        width_px, height_px = row.look.incoming.size
        for name, box in _boxed(row):
            number += 1
            sides = [box.left * width_px, box.top * height_px]
            sides += [box.width * width_px, box.height * height_px]
            yield {
                "id": number,
                "image_id": row.item.number + 1,
                "category_id": categories.setdefault(name, len(categories) + 1),
                "bbox": [round(one, 1) for one in sides],
                "area": round(sides[2] * sides[3], 1),
                "iscrowd": 0,
                "segmentation": [],
                "score": box.score,
            }


def _label_studio(file: IO[bytes], rows: Callable[[], Iterator[Row]]) -> None:
    """Label Studio's tasks with predictions, for a config with Choices "tags" of Image "image"."""
    file.write(b"[")
    _write_list(file, (_task(row) for row in rows() if row.look is not None))
    file.write(b"]\n")


def _task(row: Row) -> dict[str, Any]:
    assert row.look is not None
    named = list(_named(row))
    said = {
        "from_name": "tags",
        "to_name": "image",
        "type": "choices",
        "value": {"choices": [name for name, _ in named]},
    }
    return {
        "data": {
            "image": row.item.name,
            "image_id": row.look.incoming.image_id,
            "outcome": row.look.outcome,
        },
        "predictions": [
            {
                "model_version": "limner-look",
                "score": max((score for _, score in named), default=0.0),
                "result": [said] if named else [],
            }
        ],
    }


def _named(row: Row) -> Iterator[tuple[str, float]]:
    """Tags, and labels that fit, each with its score."""
    assert row.look is not None
    for tag in row.look.findings.tags:
        yield tag.name, tag.probability
    for label in row.look.findings.labels:
        if label.verdict == "yes":
            yield label.label, label.score


def _boxed(row: Row) -> Iterator[tuple[str, Box]]:
    """The same with the whole picture as box, and words that were found somewhere in it."""
    assert row.look is not None
    for name, score in _named(row):
        yield name, Box(0, 0, 1, 1, score)
    for label in row.look.findings.labels:
        for box in label.boxes:
            yield label.label, box


FORMS: Mapping[str, WriteRows] = {
    ".jsonl": _jsonl,
    ".csv": _csv,
    ".parquet": _parquet,
    ".coco.json": _coco,
    ".label-studio.json": _label_studio,
}


def flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """One row with a value a column; lists become text."""
    row: dict[str, Any] = {key: document.get(key) for key in FLAT}
    row |= _shot(document.get("shot"))
    if "image_id" not in document:
        return row
    near = document["near"]
    scores = {one["check"]: one["score"] for one in document["results"]}
    anomalies = [
        f"{one['normal']}: {one['verdict']} ({one['score']:.3f})" for one in document["anomalies"]
    ]
    return row | {
        "reasons": _told(one["note"] for one in document["reasons"]),
        "tags": _told(f"{one['name']} ({one['probability']:.2f})" for one in document["tags"]),
        "labels": _told(
            f"{one['label']}: {one['verdict']} ({one['score']:.2f})" for one in document["labels"]
        ),
        "anomalies": _told(iter(anomalies)),
        "near_image_id": None if near is None else near["image_id"],
        "near_bits": None if near is None else near["bits"],
        "origin": _told(one["note"] for one in document["origin"]),
        "notices": _told(iter(document["notices"])),
        **{one: scores.get(one) for one in SCORES},
    }


def _shot(shot: Mapping[str, Any] | None) -> dict[str, Any]:
    if shot is None:
        return {}
    return {"shot": shot["number"], **{one: shot[one] for one in _TIMES}}


def _told(sentences: Iterator[str]) -> str:
    return "; ".join(sentences)


def _safe(value: object) -> object:
    """Text that a spreadsheet would run is told from text by a mark in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _write_list(file: IO[bytes], documents: Iterator[dict[str, Any]]) -> None:
    for number, one in enumerate(documents):
        text = json.dumps(one, ensure_ascii=False)
        file.write((",\n" if number else "\n").encode() + text.encode())


def _grouped(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for row in rows:
        group.append(row)
        if len(group) == ROWS_TOGETHER:
            yield group
            group = []
    if group:
        yield group
