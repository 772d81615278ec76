"""The studio: every use case under one roof, for faces and for Python programs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack

from limner.core.limits import require_one_of
from limner.core.ports import GeneratorCard
from limner.core.records import FILE_FORMATS, FileFormat, Request
from limner.core.settings import Settings
from limner.studio.generate import draw_ready
from limner.studio.grid import Grid, ReadyGrid, draw_grid, make_grid_ready, parse_axis
from limner.studio.image import Image
from limner.studio.parts import UNWATCHED, Parts, Watch
from limner.studio.planning import Ready, make_ready
from limner.studio.redraw import Redrawn, Shown, redraw, show
from limner.studio.requests import RequestOptions, request_from
from limner.studio.saving import Destination
from limner.studio.stored_image import image_id_of, open_in_format
from limner.studio.variations import variations_request

if TYPE_CHECKING:
    from limner.studio.batch import BatchRun
    from limner.studio.jobs import Jobs


class Studio:
    """Draws, redraws and shows images.

    Args:
        parts: wired by the composition root; `limner.Studio` does it for you.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.parts.settings

    @property
    def card(self) -> GeneratorCard:
        """What the generator is and what it can honour."""
        return self.parts.generator.card

    @cached_property
    def jobs(self) -> Jobs:
        """Requests that are kept until they are drawn, by whatever worker."""
        from limner.studio.jobs import Jobs

        return Jobs(self.parts)

    def generate(
        self, prompt: str, *, file_format: FileFormat = "png", **options: Unpack[RequestOptions]
    ) -> list[Image]:
        """Draw pictures from a prompt; each is stored in the data folder.

        Args:
            prompt: what to draw; ``{a|b}`` and ``__wildcard__`` are chosen by the seed.
            file_format: ``png``, ``webp`` or ``jpeg``.
            **options: see `RequestOptions`.

        Returns:
            The images, in the order of their seeds.

        Raises:
            BadInput: something cannot be honoured; nothing was drawn.
            PictureBroken: a picture came out broken; the others are stored.
            StorageUnavailable: the data folder cannot be written.
        """
        request = request_from(self.parts, prompt, **options)
        return list(self.draw(request, file_format=file_format))

    def draw(
        self, request: Request, *, file_format: FileFormat = "png", watch: Watch = UNWATCHED
    ) -> Iterator[Image]:
        """Draw a request; each image is yielded as soon as it is stored. Errors as `generate`."""
        return self.draw_ready(self.make_ready(request), file_format=file_format, watch=watch)

    def make_ready(self, request: Request) -> Ready:
        """Check everything that can be checked before drawing.

        Raises:
            BadInput: something cannot be honoured.
            StorageUnavailable: the data folder cannot be written.
        """
        return make_ready(self.parts, request)

    def draw_ready(
        self, ready: Ready, *, file_format: FileFormat = "png", watch: Watch = UNWATCHED
    ) -> Iterator[Image]:
        """Draw what `make_ready` accepted; each image is yielded as soon as it is stored.

        Raises:
            BadInput: unknown format.
            PictureBroken: after the last picture, if any came out broken; the others are stored.
            StorageUnavailable: the data folder cannot be written.
        """
        require_one_of("format", file_format, FILE_FORMATS)
        return draw_ready(self.parts, ready, file_format, watch)

    def variations(
        self,
        path: str | Path,
        prompt: str | None = None,
        *,
        file_format: FileFormat = "png",
        **options: Unpack[RequestOptions],
    ) -> list[Image]:
        """Draw pictures that start from a given one; what is not said comes from its recipe.

        Raises:
            BadInput: there is neither a prompt nor a recipe, or something cannot be honoured.
        """
        request = variations_request(self.parts, Path(path), prompt, **options)
        return list(self.draw(request, file_format=file_format))

    def grid(
        self, prompt: str, *, x: str, y: str | None = None, **options: Unpack[RequestOptions]
    ) -> Grid:
        """Draw one picture for every pair of values, everything else equal.

        Args:
            prompt: what to draw, where no axis says otherwise.
            x: what varies across, such as ``seed=1..4``, ``style=a,b`` or ``prompt=a fox|a cat``.
            y: what varies downwards, in the same form.
            **options: see `RequestOptions`.

        Raises:
            BadInput: an axis or a value cannot be honoured; nothing was drawn.
        """
        return self.draw_grid(
            self.make_grid_ready(request_from(self.parts, prompt, **options), x=x, y=y)
        )

    def make_grid_ready(self, request: Request, *, x: str, y: str | None = None) -> ReadyGrid:
        """Check every cell of a grid before drawing. Arguments and errors as `grid`."""
        down = None if y is None else parse_axis(y)
        return make_grid_ready(self.parts, request, parse_axis(x), down)

    def draw_grid(self, grid: ReadyGrid, *, watch: Watch = UNWATCHED) -> Grid:
        """Draw what `make_grid_ready` accepted; every picture is stored."""
        return draw_grid(self.parts, grid, watch)

    def batch(
        self, path: str | Path, destination: Destination, **defaults: Unpack[RequestOptions]
    ) -> BatchRun:
        """A run over a CSV or JSONL file; call its `draw`.

        Raises:
            BadInput: the file as a whole cannot be read.
        """
        from limner.studio.batch import BatchRun  # pydantic is only for what needs it

        return BatchRun(self.parts, Path(path), destination, **defaults)

    def show(self, path: str | Path) -> Shown:
        """What is known of a picture file.

        Raises:
            ImageUnreadable: it cannot be read as a picture.
        """
        return show(self.parts, Path(path))

    def export(self, image: str | Path, file_format: FileFormat) -> bytes:
        """The sealed file of a stored image in a format of choice; nothing is drawn anew.

        Args:
            image: its image_id, or a file that was stored or sealed here.
            file_format: ``png``, ``webp`` or ``jpeg``, where what is transparent is white.

        Raises:
            BadInput: it is neither, no such format, or white would hide it.
            ImageHeld, ImageRefused: it may not leave.
            SealFailed: it cannot be signed.
        """
        require_one_of("format", file_format, FILE_FORMATS)
        return open_in_format(self.parts, image_id_of(self.parts, str(image)), file_format)

    def redraw(
        self, path: str | Path, *, source_path: Path | None = None, watch: Watch = UNWATCHED
    ) -> Redrawn:
        """Draw the picture of a file again, and say by how much it differs.

        Args:
            path: file that Limner made.
            source_path: the picture it started from, if it is not kept in this data folder.
            watch: follows and stops the drawing.

        Raises:
            RecipeMissing: there is no recipe, or the picture it started from is not kept here.
        """
        return redraw(self.parts, Path(path), source_path=source_path, watch=watch)

    def close(self) -> None:
        """Let go of the database."""
        self.parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
