"""The commands that draw: generate, variations, batch, grid. Each asks the studio and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from limner.core.errors import DrawingCancelled, LimnerError
from limner.faces import options
from limner.faces.exits import BAD_INPUT, FAILED, HELD, INTERRUPTED, REFUSED, exit_code_of
from limner.faces.opening import opened
from limner.faces.option_groups import Drawing, Output, spread
from limner.faces.printing import note

if TYPE_CHECKING:
    from limner.studio.batch import BatchRun, RowResult
    from limner.studio.image import Image
    from limner.studio.planning import Ready
    from limner.studio.saving import Destination
    from limner.studio.studio import Studio


@spread
def generate(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    *,
    prompt: options.Prompt,
    n: options.Number = 1,
    seed: options.Seed = None,
    how: Drawing,
    image: options.Image = None,
    strength: options.Strength = None,
    mask: options.Mask = None,
    outpaint: options.Outpaint = None,
    combinations: options.Combinations = False,
    adapter: options.Adapters = None,
    out: options.Out = None,
    file_format: options.Format = None,
    sheet: options.Sheet = None,
    force: options.Force = False,
    output: Output,
) -> None:
    """Draw pictures from a prompt."""
    with opened(context, draws=how.model is None) as studio:
        from limner.studio.requests import request_from
        from limner.studio.saving import choose_destination

        request = request_from(
            studio.parts,
            prompt,
            n=n,
            seed=seed,
            image=image,
            strength=strength,
            mask=mask,
            outpaint=outpaint,
            combinations=combinations,
            adapters=adapter or (),
            **how.asked,
        )
        ready = studio.make_ready(request)
        destination = choose_destination(
            out, file_format, is_single=len(ready.shots) == 1, overwrite=force
        )
        images = _draw_and_save(studio, ready, destination, output)
        if sheet is not None:
            _save_sheet(images, sheet, overwrite=force)


@spread
def variations(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    *,
    file: options.File,
    prompt: options.NewPrompt = None,
    n: options.Number = 4,
    strength: options.Strength = None,
    seed: options.Seed = None,
    how: Drawing,
    adapter: options.Adapters = None,
    out: options.Out = None,
    file_format: options.Format = None,
    sheet: options.Sheet = None,
    force: options.Force = False,
    output: Output,
) -> None:
    """Draw variations of a picture."""
    with opened(context) as studio:
        from limner.studio.saving import choose_destination
        from limner.studio.variations import variations_request

        request = variations_request(
            studio.parts,
            file,
            prompt,
            n=n,
            strength=strength,
            seed=seed,
            adapters=adapter or (),
            **how.asked,
        )
        ready = studio.make_ready(request)
        destination = choose_destination(out, file_format, is_single=n == 1, overwrite=force)
        images = _draw_and_save(studio, ready, destination, output)
        if sheet is not None:
            _save_sheet(images, sheet, overwrite=force)


@spread
def batch(
    context: typer.Context,
    *,
    file: options.BatchFile,
    n: options.Number = 1,
    how: Drawing,
    out: options.Out = None,
    file_format: options.Format = None,
    output: Output,
) -> None:
    """Draw every row of a file; run it again to go on after a stop. Options are row defaults."""
    with opened(context) as studio:
        from limner.studio.saving import choose_destination

        destination = choose_destination(out or file.stem, file_format, is_single=False)
        run = studio.batch(
            file,
            destination,
            n=n,
            **how.asked,
        )
        _draw_batch(run, output)


@spread
def grid(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    *,
    prompt: options.Prompt,
    x: options.Across,
    out: options.SheetFile,
    y: options.Down = None,
    seed: options.Seed = None,
    how: Drawing,
    image: options.Image = None,
    strength: options.Strength = None,
    adapter: options.Adapters = None,
    force: options.Force = False,
    output: Output,
) -> None:
    """Draw an X/Y grid: one picture for every pair of values, on one sheet."""
    with opened(context) as studio:
        from limner.faces.printing import say_grid
        from limner.faces.watching import watching
        from limner.studio.requests import request_from
        from limner.studio.saving import choose_destination

        destination = choose_destination(out, "png", is_single=True, overwrite=force)
        request = request_from(
            studio.parts,
            prompt,
            seed=seed,
            image=image,
            strength=strength,
            adapters=adapter or (),
            **how.asked,
        )
        ready = studio.make_grid_ready(request, x=x, y=y)
        with watching(is_quiet=output.quiet, num_rounds=ready.num_cells) as watch:
            drawn = studio.draw_grid(ready, watch=watch)
        path = destination.save(drawn.content, "grid")
        say_grid(drawn, path, as_json=output.as_json)
        if drawn.errors:
            raise drawn.errors[0]


def _draw_and_save(
    studio: Studio, ready: Ready, destination: Destination, output: Output
) -> list[Image]:
    from limner.core.deciding import Outcome
    from limner.faces.printing import say_image, say_kept_back
    from limner.faces.watching import watching
    from limner.studio.saving import name_of

    images: list[Image] = []
    kept_back: list[LimnerError] = []
    try:
        with watching(is_quiet=output.quiet) as watch:
            for image in studio.draw_ready(ready, file_format=destination.file_format, watch=watch):
                if image.outcome is not Outcome.RELEASED:
                    kept_back.append(image.kept_back)
                    say_kept_back(image, as_json=output.as_json)
                    continue
                name = name_of(image.recipe.prompt, image.seed)
                path = destination.save(image.content, name)
                images.append(image)
                say_image(image, path, as_json=output.as_json, is_quiet=output.quiet)
                if destination.is_renamed(path, name):
                    note(f"note: the name was taken, so the picture is in {str(path)!r}.")
        if not output.as_json and not output.quiet:
            told = [one for image in images for one in (*image.recipe.notices, *image.warnings)]
            for notice in dict.fromkeys(told):
                note(f"note: {notice}")
    except DrawingCancelled as error:
        note(f"Stopped: {len(images)} of {len(ready.shots)} pictures are finished and kept.")
        raise typer.Exit(INTERRUPTED) from error
    if kept_back:
        raise typer.Exit(max(map(exit_code_of, kept_back)))
    return images


def _save_sheet(images: list[Image], path: str, *, overwrite: bool) -> None:
    from limner.studio.grid import sheet_of
    from limner.studio.saving import choose_destination

    destination = choose_destination(path, "png", is_single=True, overwrite=overwrite)
    note(f"sheet: {destination.save(sheet_of(images), 'sheet')}")


def _draw_batch(run: BatchRun, output: Output) -> None:
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
