"""The commands that draw: generate, variations, batch, grid. Each asks the studio and prints."""

from __future__ import annotations

import typer

from limner.faces import options
from limner.faces.drawing import draw_batch, draw_request
from limner.faces.opening import opened
from limner.faces.option_groups import Drawing, Output, Saving, spread


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
    second_pass: options.SecondPass = None,
    combinations: options.Combinations = False,
    adapter: options.Adapters = None,
    saving: Saving,
    output: Output,
) -> None:
    """Draw pictures from a prompt."""
    with opened(context, draws=how.model is None) as studio:
        from limner.studio.requests import request_from

        request = request_from(
            studio.parts,
            prompt,
            n=n,
            seed=seed,
            image=image,
            strength=strength,
            mask=mask,
            outpaint=outpaint,
            second_pass=second_pass,
            combinations=combinations,
            adapters=adapter or (),
            **how.asked,
        )
        draw_request(studio, request, saving, output)


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
    saving: Saving,
    output: Output,
) -> None:
    """Draw variations of a picture."""
    with opened(context) as studio:
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
        draw_request(studio, request, saving, output)


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
        draw_batch(run, output)


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
