"""X/Y grids: one picture for every pair of values, everything else equal, on one sheet."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from limner.core.deciding import Outcome
from limner.core.errors import BadInput, LimnerError, PictureBroken
from limner.core.limits import MAX_IMAGES
from limner.core.records import SEED_COUNT, Request, parse_size
from limner.studio.generate import draw_ready
from limner.studio.image import Image
from limner.studio.image_file import encode_with_texts
from limner.studio.parts import UNWATCHED, Parts, Watch
from limner.studio.planning import Ready, make_ready
from limner.studio.sheet import Sheet, contact_sheet, draw_sheet

SHEET_FORMAT = "limner.sheet/1"
MAX_AXIS_VALUES = 32

# What an axis may vary: how a value is read, and the request's own name for it.
_AXES: Mapping[str, Callable[[str], object]] = {
    "prompt": str,
    "model": str,
    "negative": str,
    "style": str,
    "background": str,
    "sampler": str,
    "seed": int,
    "steps": int,
    "guidance": float,
    "strength": float,
    "size": parse_size,
}
_RANGE = re.compile(r"(\d+)\.\.(\d+)")


class Axis(NamedTuple):
    """One side of a grid: what varies, and its values."""

    name: str
    values: tuple[object, ...]

    @property
    def labels(self) -> list[str]:
        """What to write beside each value."""
        is_number = any(isinstance(value, int | float) for value in self.values)
        shown = [f"{value:g}" if isinstance(value, float) else str(value) for value in self.values]
        return [f"{self.name} {one}" if is_number else one or "(none)" for one in shown]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadyGrid:
    """A grid whose every cell the parts have accepted; nothing is drawn yet."""

    request: Request
    x: Axis
    y: Axis | None
    cells: list[list[Ready]]

    @property
    def num_cells(self) -> int:
        """How many pictures it will have."""
        return sum(len(row) for row in self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A drawn grid.

    Attributes:
        cells: rows of images; ``None`` is a picture that came out broken or may not leave.
        content: bytes of the sheet, a PNG file.
        errors: why those are not on the sheet.
    """

    cells: tuple[tuple[Image | None, ...], ...]
    content: bytes
    errors: tuple[LimnerError, ...]


def parse_axis(text: str) -> Axis:
    """An axis from ``name=value,value``, ``name=a|b`` where values hold commas, or ``seed=1..4``.

    Raises:
        BadInput: unknown name, no values, too many, or a value of the wrong kind.
    """
    name, _, listed = text.partition("=")
    read = _AXES.get(name)
    if read is None or not listed:
        raise BadInput(
            f"The axis is {text!r}; allowed is name=value,value with one of the names "
            f"{', '.join(_AXES)}.",
            code="axis_unknown",
        )
    try:
        values = tuple(read(part.strip()) for part in _listed_values(listed))
    except ValueError as error:
        raise BadInput(f"The axis {text[:80]!r} has a value that is not a {name}.") from error
    if not values:
        raise BadInput(
            f"The axis {text!r} has no values; allowed is a range from the lower to the higher."
        )
    if len(values) > MAX_AXIS_VALUES:
        raise BadInput(
            f"The axis {name!r} has {len(values)} values; allowed are up to {MAX_AXIS_VALUES}."
        )
    return Axis(name, values)


def make_grid_ready(parts: Parts, request: Request, x: Axis, y: Axis | None) -> ReadyGrid:
    """Check every cell before anything is drawn.

    Raises:
        BadInput: a value cannot be honoured, or there are too many cells.
        StorageUnavailable: the data folder cannot be written.
    """
    cells = [[make_ready(parts, one) for one in row] for row in vary_request(parts, request, x, y)]
    return ReadyGrid(request=request, x=x, y=y, cells=cells)


def vary_request(parts: Parts, request: Request, x: Axis, y: Axis | None) -> list[list[Request]]:
    """The request of every cell, row by row; all have one seed where no axis varies it.

    Raises:
        BadInput: there are too many cells, both axes vary the same, or a cell would have several
            pictures.
    """
    if request.is_combinatorial:
        raise BadInput(
            "Combinations were asked for, and a grid has one picture a cell; allowed is a prompt "
            "whose marks are chosen by the seed.",
            code="combinations_not_honoured",
            hint="Vary the prompt along an axis: prompt=a red fox|a blue fox.",
        )
    num_cells = len(x.values) * (1 if y is None else len(y.values))
    if num_cells > MAX_IMAGES:
        raise BadInput(
            f"The grid has {num_cells} pictures; allowed are up to {MAX_IMAGES}.",
            code="grid_out_of_range",
        )
    if y is not None and x.name == y.name:
        raise BadInput(f"Both axes vary the {x.name}; allowed are two different ones.")
    seed = int(parts.rng.integers(SEED_COUNT)) if request.seed is None else request.seed
    start = replace(request, num_images=1, seed=seed)
    downwards = [start] if y is None else [_varied(start, y.name, one) for one in y.values]
    return [[_varied(row, x.name, value) for value in x.values] for row in downwards]


def draw_grid(parts: Parts, grid: ReadyGrid, watch: Watch = UNWATCHED) -> Grid:
    """Draw one picture for every pair of values; every picture is stored like any other.

    Raises:
        StorageUnavailable: a picture cannot be stored.
        DrawingCancelled: the watch said stop; finished pictures are stored.
    """
    x, y = grid.x, grid.y
    errors: list[LimnerError] = []
    cells = tuple(
        tuple(_draw_cell(parts, ready, watch, errors) for ready in row) for row in grid.cells
    )
    sheet = Sheet(
        title=grid.request.prompt if "prompt" not in (x.name, y.name if y else "") else "",
        subtitle=_subtitle(cells, x, y),
        cells=cells,
        columns=x.labels,
        rows=[] if y is None else y.labels,
    )
    return Grid(cells=cells, content=encode_sheet(sheet), errors=tuple(errors))


def sheet_of(images: list[Image]) -> bytes:
    """PNG bytes of a contact sheet of several results."""
    prompts = list(dict.fromkeys(image.recipe.prompt for image in images))
    return encode_sheet(contact_sheet(prompts[0] if len(prompts) == 1 else "", images))


def encode_sheet(sheet: Sheet) -> bytes:
    """PNG bytes of a sheet; its text chunk ``limner`` names the images on it, row by row."""
    ids = [[None if image is None else image.image_id for image in row] for row in sheet.cells]
    sheet_HWC: NDArray[np.uint8] = draw_sheet(sheet)
    return encode_with_texts(
        sheet_HWC,
        "png",
        parameters=sheet.title or sheet.subtitle or "contact sheet",
        own={"format": SHEET_FORMAT, "images": ids},
    )


def _listed_values(listed: str) -> list[str]:
    span = _RANGE.fullmatch(listed.strip())
    if span is not None:
        low, high = int(span.group(1)), int(span.group(2))
        return [str(number) for number in range(low, min(high, low + MAX_AXIS_VALUES) + 1)]
    return listed.split("|" if "|" in listed else ",")


def _varied(request: Request, name: str, value: object) -> Request:
    changes = cast(dict[str, str], {name: value})  # the axis table has the request's own names
    return replace(request, **changes)


def _draw_cell(parts: Parts, ready: Ready, watch: Watch, errors: list[LimnerError]) -> Image | None:
    try:
        (image,) = draw_ready(parts, ready, "png", watch)
    except PictureBroken as error:
        errors.append(error)
        return None
    if image.outcome is not Outcome.RELEASED:
        errors.append(image.kept_back)
        return None
    return image


def _subtitle(cells: tuple[tuple[Image | None, ...], ...], x: Axis, y: Axis | None) -> str:
    varied = {x.name, *([] if y is None else [y.name])}
    image = next((one for row in cells for one in row if one is not None), None)
    if image is None:
        return ""
    recipe = image.recipe
    equal = {
        "style": recipe.style,
        "seed": recipe.seed,
        "steps": recipe.steps,
        "guidance": f"{recipe.guidance:g}",
        "size": recipe.size,
        "model": f"{recipe.generator} {recipe.generator_version}",
    }
    return ", ".join(
        f"{name} {value}"
        for name, value in equal.items()
        if name not in varied and value is not None
    )
