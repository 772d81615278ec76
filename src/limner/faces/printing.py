"""What the command line prints: results on stdout, notes and errors on stderr."""

from __future__ import annotations

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

from limner.core.errors import LimnerError

if TYPE_CHECKING:
    from limner.core.recipe import Recipe
    from limner.studio.batch import RowResult
    from limner.studio.grid import Grid
    from limner.studio.image import Image
    from limner.studio.redraw import Comparison, Redrawn, Shown


_HALF = re.compile("[\ud800-\udfff]")


def say(text: str) -> None:
    """One line on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say_words(text: str) -> None:
    """As `say`, folded between words where a person reads it on a terminal."""
    say(_folded(text) if sys.stdout.isatty() else text)


def note(text: str) -> None:
    """One line on stderr; folded between words where a person reads it on a terminal."""
    sys.stderr.write((_folded(text) if sys.stderr.isatty() else text) + "\n")
    sys.stderr.flush()


def _folded(text: str) -> str:
    columns = shutil.get_terminal_size().columns
    return "\n".join(_folded_line(line, columns) for line in text.splitlines())


def _folded_line(line: str, columns: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(
        line, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def say_json(document: dict[str, object]) -> None:
    """One JSON object on one line of stdout; bytes of a name that are no UTF-8 are escaped."""
    text = json.dumps(document, ensure_ascii=False)
    say(_HALF.sub(lambda one: f"\\u{ord(one[0]):04x}", text))


def say_error(error: LimnerError) -> None:
    """The sentence of an error and its hint, on stderr."""
    note(f"limner: {error.message}")
    if error.hint:
        note(f"        {error.hint}")


def say_image(image: Image, path: Path, *, as_json: bool, is_quiet: bool) -> None:
    """One finished image: its path, and unless quiet its seed, size and time."""
    if as_json:
        say_json(image_document(image, path))
    elif is_quiet:
        say(str(path))
    else:
        record = image.record
        say(f"{path}  seed {image.seed}  {record.size}  {record.seconds:.2f} s")


def say_kept_back(image: Image, *, as_json: bool) -> None:
    """An image that does not leave, and why."""
    if as_json:
        say_json(image_document(image, None))
    else:
        say_error(image.kept_back)


def image_document(image: Image, path: Path | None) -> dict[str, object]:
    """JSON form of an image, as ``--json`` prints it."""
    record = image.record
    return {
        "path": None if path is None else str(path),
        "image_id": record.image_id,
        "pixels_sha256": record.pixels_sha256,
        "format": record.file_format,
        "width_px": record.size.width_px,
        "height_px": record.size.height_px,
        "num_bytes": record.num_bytes,
        "seed": image.seed,
        "seconds": round(record.seconds, 3),
        "created_at": record.created_at.isoformat(),
        "outcome": str(image.outcome),
        "reasons": [
            {"source": one.source, "consequence": str(one.consequence), "note": one.note}
            for one in image.decided.decision.reasons
        ],
        "credential": None if image.seal is None else image.seal.manifest_id,
        "recipe": image.recipe.to_document(),
    }


def say_row(result: RowResult, *, as_json: bool, is_quiet: bool) -> None:
    """What became of one row of a batch; one JSON object a picture, or one for a row without."""
    if as_json:
        for image in result.images:
            say_json({"row": result.row, "status": result.status, **image._asdict()})
        if result.error is not None or not result.images:
            say_json({"row": result.row, "status": result.status, "error": result.error})
    elif is_quiet:
        for image in result.images:
            say(image.path)
    else:
        facts = [result.error["message"]] if result.error else [one.path for one in result.images]
        say(f"row {result.row} {result.status}  {'  '.join(facts)}".rstrip())


def say_grid(grid: Grid, path: Path, *, as_json: bool) -> None:
    """A drawn grid: the path of its sheet, or one JSON object a picture."""
    if not as_json:
        say(str(path))
        return
    for row, images in enumerate(grid.cells):
        for column, image in enumerate(images):
            if image is not None:
                place = {"sheet": str(path), "row": row, "column": column}
                say_json(image_document(image, None) | place)


def comparison_document(comparison: Comparison) -> dict[str, object]:
    """JSON form of a comparison."""
    document = asdict(comparison)
    document["changes"] = [change._asdict() for change in comparison.changes]
    return document


def comparison_sentence(comparison: Comparison) -> str:
    """By how much a redrawn picture differs, in one sentence."""
    if comparison.is_same_file:
        return "Identical: the same bytes."
    if comparison.is_same_pixels:
        return "Identical pixels; the files differ in what they say about them."
    difference = f"by at most {comparison.max_difference} of 255, PSNR {comparison.psnr_db:.1f} dB."
    if comparison.is_same_drawing:
        return f"The same drawing, marked or saved in another way: different {difference}"
    return f"Different: {difference}"


def say_shown(shown: Shown, path: Path, *, as_json: bool) -> None:
    """What is known of a picture file."""
    recipe = shown.recipe
    if as_json:
        say_json(
            {
                "path": str(path),
                "found_in": shown.found_in,
                "recipe": None if recipe is None else recipe.to_document(),
                "parameters": shown.parameters,
                "notices": list(shown.notices),
            }
        )
        return
    for notice in shown.notices:
        say(f"{path}: {notice}")
    if recipe is not None:
        say(f"{path}: recipe from the {shown.found_in}")
        say(_recipe_lines(recipe))
    elif shown.parameters is not None:
        say(f"{path}: no recipe of ours; the file says")
        say(shown.parameters)
    else:
        say(f"{path}: no recipe")


def say_redrawn(redrawn: Redrawn, path: Path | None, *, as_json: bool) -> None:
    """How a redrawn picture compares with the first."""
    comparison = redrawn.comparison
    if as_json:
        document = image_document(redrawn.image, path)
        say_json(document | {"comparison": comparison_document(comparison)})
        return
    say(comparison_sentence(comparison))
    for change in comparison.changes:
        say(f"  {change.name}: {change.before} before, {change.now} now")
    if path is not None:
        say(str(path))


def _recipe_lines(recipe: Recipe) -> str:
    """What ran first, then what it is made of: versions, and files with their hashes."""
    document = recipe.to_document()
    plain = {name: value for name, value in document.items() if not isinstance(value, dict)}
    lines = _aligned({name: value for name, value in plain.items() if value not in (None, "", [])})
    for name, value in document.items():
        if isinstance(value, dict) and value:
            lines += [f"  {name}", *(f"  {line}" for line in _aligned(cast(dict[str, str], value)))]
    return "\n".join(lines)


def _aligned(values: Mapping[str, object]) -> list[str]:
    width = max(map(len, values), default=0)
    return [f"  {name:{width}}  {value}" for name, value in values.items()]
