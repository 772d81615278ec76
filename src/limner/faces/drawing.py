"""Drawing for a command: progress, files, what is printed, and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from limner.core.errors import DrawingCancelled, LimnerError
from limner.faces.exits import BAD_INPUT, FAILED, HELD, INTERRUPTED, REFUSED, exit_code_of
from limner.faces.option_groups import Output, Saving
from limner.faces.printing import note

if TYPE_CHECKING:
    from pathlib import Path

    from limner.core.records import Request
    from limner.studio.batch import BatchRun, RowResult
    from limner.studio.image import Image
    from limner.studio.planning import Ready
    from limner.studio.saving import Destination
    from limner.studio.studio import Studio


def draw_request(studio: Studio, request: Request, saving: Saving, output: Output) -> None:
    """Draw what is asked, save it as its options say, and a sheet of it where one is wanted.

    Raises:
        typer.Exit: as `draw_and_save`.
    """
    from limner.studio.saving import choose_destination

    ready = studio.make_ready(request)
    destination = choose_destination(
        saving.out,
        saving.file_format,
        is_single=len(ready.shots) == 1,
        overwrite=saving.force,
    )
    images = draw_and_save(studio, ready, destination, output)
    if saving.sheet is not None:
        save_sheet(images, saving.sheet, overwrite=saving.force)


def draw_and_save(
    studio: Studio,
    ready: Ready,
    destination: Destination,
    output: Output,
    *,
    name: str | None = None,
) -> list[Image]:
    """Draw what is ready, save what is released, and say what is not.

    Args:
        studio: that draws.
        ready: what to draw.
        destination: where files go.
        output: how much is printed.
        name: of the files; ``None`` names them by prompt and seed.

    Raises:
        typer.Exit: it was stopped, or something was held or refused; what was finished is saved.
    """
    from limner.core.deciding import Outcome
    from limner.faces.printing import say_image, say_kept_back
    from limner.faces.watching import watching
    from limner.studio.saving import name_of

    images: list[Image] = []
    paths: list[Path] = []
    kept_back: list[LimnerError] = []
    try:
        with watching(is_quiet=output.quiet) as watch:
            for image in studio.draw_ready(ready, file_format=destination.file_format, watch=watch):
                if image.outcome is not Outcome.RELEASED:
                    kept_back.append(image.kept_back)
                    say_kept_back(image, as_json=output.as_json)
                    continue
                called = name or name_of(image.recipe.prompt, image.seed)
                path = destination.save(image.content, called)
                images.append(image)
                paths.append(path)
                say_image(image, path, as_json=output.as_json, is_quiet=output.quiet)
                if destination.is_renamed(path, called):
                    note(f"note: the name was taken, so the picture is in {str(path)!r}.")
        if not output.as_json and not output.quiet:
            _say_notices(images, paths)
    except DrawingCancelled as error:
        note(f"Stopped: {len(images)} of {len(ready.shots)} pictures are finished and kept.")
        raise typer.Exit(INTERRUPTED) from error
    if kept_back:
        raise typer.Exit(max(map(exit_code_of, kept_back)))
    return images


def _say_notices(images: list[Image], paths: list[Path]) -> None:
    """What a person should know of each picture; of which one, where it is not of all."""
    told = [(*image.recipe.notices, *image.warnings) for image in images]
    for notice in dict.fromkeys(one for notices in told for one in notices):
        which = [str(path) for path, notices in zip(paths, told, strict=True) if notice in notices]
        about = "" if len(which) == len(paths) else f"{', '.join(which)}: "
        note(f"note: {about}{notice}")


def save_sheet(images: list[Image], path: str, *, overwrite: bool) -> None:
    """Save several images on one picture."""
    from limner.studio.grid import sheet_of
    from limner.studio.saving import choose_destination

    destination = choose_destination(path, "png", is_single=True, overwrite=overwrite)
    note(f"sheet: {destination.save(sheet_of(images), 'sheet')}")


def draw_batch(run: BatchRun, output: Output) -> None:
    """Draw the rows of a file that are left.

    Raises:
        typer.Exit: it was stopped, rows failed, or something was held or refused.
    """
    from limner.faces.printing import say_row
    from limner.faces.watching import watching

    results: list[RowResult] = []
    try:
        with watching(is_quiet=output.quiet, num_rounds=run.num_left) as watch:
            for result in run.draw(watch):
                results.append(result)
                say_row(result, as_json=output.as_json, is_quiet=output.quiet)
    except DrawingCancelled as error:
        note(f"Stopped after {len(results)} rows; run the same command again to go on.")
        raise typer.Exit(INTERRUPTED) from error
    if any(result.status == "held" for result in results):
        note("Some pictures are held; `limner review next` shows the first.")
    errors = [result for result in results if result.status == "error"]
    if errors:
        note(f"{len(errors)} of {len(results)} rows failed; the results say why.")
        raise typer.Exit(BAD_INPUT if all(one.is_bad_input for one in errors) else FAILED)
    statuses = {result.status for result in results}
    if statuses & {"held", "refused"}:
        raise typer.Exit(REFUSED if "refused" in statuses else HELD)
