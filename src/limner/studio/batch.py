"""Drawing a file of rows: a result for every row, and a killed run goes on where it stopped.

Results are appended to ``results.jsonl`` beside the pictures, each line flushed to the disk after
its pictures. A row is known by a hash over its number, its values and the generator, so a row
that is done is not drawn again, and one that was changed is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Unpack, cast

from limner.core.deciding import Outcome
from limner.core.errors import (
    BadInput,
    EngineFailed,
    ImageHeld,
    ImageRefused,
    LimnerError,
    ModelPaused,
    PictureBroken,
    RequestRefused,
)
from limner.core.given_file import reason_of
from limner.core.hashing import sha256_of_document
from limner.core.records import SEED_COUNT, Request
from limner.store.files import cannot_write
from limner.studio.batch_file import Row, RowValues, parse_row, read_rows
from limner.studio.generate import generate
from limner.studio.parts import UNWATCHED, Parts, Watch
from limner.studio.requests import RequestOptions, request_from
from limner.studio.saving import Destination, name_of

RESULTS_FILE = "results.jsonl"

Status = Literal["done", "held", "refused", "error", "skipped"]
_STATUSES: dict[type[LimnerError], Status] = {
    ImageHeld: "held",
    ImageRefused: "refused",
    RequestRefused: "refused",
}
_OF_A_ROW = (BadInput, EngineFailed, ModelPaused, PictureBroken, RequestRefused)
"""What may be wrong with one row and not with the next."""

_BEGINNING = b'{"row": '  # of every line of the results


class RowImage(NamedTuple):
    """One picture of a row."""

    path: str
    image_id: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """What became of one row.

    Attributes:
        row: its number, from 1.
        row_sha256: of its number, values and generator.
        status: ``done``; ``held`` or ``refused`` when a picture may not leave; ``error``; or
            ``skipped`` when an earlier run had done it.
        images: kept pictures, also of a row with an error.
        error: code and message, if there was one.
        is_bad_input: the error lies in the row itself.
    """

    row: int
    row_sha256: str
    status: Status
    images: tuple[RowImage, ...] = ()
    error: Mapping[str, str] | None = None
    is_bad_input: bool = False

    def to_document(self) -> dict[str, object]:
        """JSON form, one line of the results file."""
        document = asdict(self)
        document["images"] = [image._asdict() for image in self.images]
        return document


class BatchRun:
    """One run over a batch file.

    Args:
        parts: of the studio.
        path: CSV or JSONL file; pictures it names are looked up beside it.
        destination: folder for pictures and results.
        **defaults: used where a row says nothing.

    Raises:
        BadInput: the file as a whole cannot be read.
    """

    def __init__(
        self,
        parts: Parts,
        path: Path,
        destination: Destination,
        **defaults: Unpack[RequestOptions],
    ) -> None:
        self._parts = parts
        self._path = path
        self._destination = destination
        self._defaults = {key: value for key, value in defaults.items() if value is not None}
        self._results = destination.folder / RESULTS_FILE
        self._done = _read_done(self._results)
        self._rows = [(row, self._hash_of(row)) for row in read_rows(path)]

    @property
    def num_left(self) -> int:
        """Rows that no earlier run has done."""
        return sum(row_sha256 not in self._done for _, row_sha256 in self._rows)

    def draw(self, watch: Watch = UNWATCHED) -> Iterator[RowResult]:
        """Draw every row that is left; errors of a row are recorded and do not stop the run.

        Raises:
            StorageUnavailable: pictures or results cannot be written.
            DrawingCancelled: the watch said stop; results yielded before are kept.
        """
        for row, row_sha256 in self._rows:
            if row_sha256 in self._done:
                yield RowResult(row=row.number, row_sha256=row_sha256, status="skipped")
                continue
            result = self._draw_row(row, row_sha256, watch)
            _append_line(self._results, json.dumps(result.to_document(), ensure_ascii=False))
            yield result

    def _draw_row(self, row: Row, row_sha256: str, watch: Watch) -> RowResult:
        images: list[RowImage] = []
        kept_back: LimnerError | None = None
        try:
            request = self._request_of(parse_row(row, self._defaults), row_sha256)
            file_format = self._destination.file_format
            for image in generate(self._parts, request, file_format, watch):
                name = f"{row.number:04d}-{name_of(image.recipe.prompt, image.seed)}"
                if image.outcome is not Outcome.RELEASED:
                    kept_back = image.kept_back
                    continue
                path = self._destination.save(image.content, name)
                images.append(RowImage(str(path), image.image_id, image.seed))
        except _OF_A_ROW as error:
            return _failed(row, row_sha256, tuple(images), error)
        if kept_back is not None:
            return _failed(row, row_sha256, tuple(images), kept_back)
        return RowResult(row=row.number, row_sha256=row_sha256, status="done", images=tuple(images))

    def _request_of(self, values: RowValues, row_sha256: str) -> Request:
        options = cast(RequestOptions, values.model_dump(exclude={"prompt"}))
        if values.seed is None:
            # From the row itself, so that a run that goes on draws the same pictures.
            options["seed"] = int(row_sha256[-8:], 16) % SEED_COUNT
        if values.image is not None:
            options["image"] = self._path.parent / values.image
        if values.mask is not None:
            options["mask"] = self._path.parent / values.mask
        return request_from(self._parts, values.prompt, **options)

    def _hash_of(self, row: Row) -> str:
        asked = {**self._defaults, **(row.values or {})}.get("model")
        model = asked if asked in self._parts.model_names else None
        return sha256_of_document(
            {
                "row": row.number,
                "values": {**self._defaults, **row.values} if row.values else row.line,
                "format": self._destination.file_format,
                "ingredients": self._ingredients_of(cast("str | None", model)),
            }
        )

    def _ingredients_of(self, model: str | None) -> dict[str, str]:
        try:
            return dict(self._parts.generator_of(model).card.ingredients)
        except ModelPaused:
            if model is None:
                raise
            return {}  # the row is an error when its turn comes


def _failed(
    row: Row, row_sha256: str, images: tuple[RowImage, ...], error: LimnerError
) -> RowResult:
    return RowResult(
        row=row.number,
        row_sha256=row_sha256,
        status=_STATUSES.get(type(error), "error"),
        images=images,
        error={"code": error.code, "message": error.message},
        is_bad_input=isinstance(error, BadInput),
    )


def _read_done(results: Path) -> set[str]:
    """Hashes of the rows that are done; a line a killed run left half written does not count."""
    if not results.exists():
        return set()
    try:
        content = results.read_bytes()
    except OSError as error:
        raise BadInput(
            f"The results file {str(results)!r} cannot be read: {reason_of(error)}.",
            hint="Choose another folder with --out.",
        ) from error
    *whole, last = content.split(b"\n")
    done = {sha256 for line in whole for sha256 in _done_in(line, results)}
    if last and not (last.startswith(_BEGINNING) or _BEGINNING.startswith(last)):
        raise _no_result(last, results)
    if last:
        os.truncate(results, len(content) - len(last))
    return done


def _done_in(line: bytes, results: Path) -> tuple[str, ...]:
    """The hash of the row a line is about, if that is done."""
    try:
        result = json.loads(line)
        status, sha256 = result["status"], result["row_sha256"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise _no_result(line, results) from error
    if not isinstance(sha256, str):
        raise _no_result(line, results)
    return (sha256,) if status in ("done", "held", "refused") else ()


def _no_result(line: bytes, results: Path) -> BadInput:
    return BadInput(
        f"The results file {str(results)!r} has the line {line[:80]!r}, which is not a result.",
        hint="Choose another folder with --out, or remove the line.",
    )


def _append_line(path: Path, line: str) -> None:
    try:
        with path.open("ab") as file:
            file.write(line.encode(errors="backslashreplace") + b"\n")  # a folder's odd name
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise cannot_write(path, error) from error
