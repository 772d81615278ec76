"""The command line. Commands parse, call the studio, and print; see exits.py for exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import typer

from limner.core.errors import DrawingCancelled, LimnerError
from limner.faces import (
    criteria_commands,
    edge_case_commands,
    erase_commands,
    eval_commands,
    jobs_commands,
    keys_commands,
    log_commands,
    look_commands,
    mcp_command,
    models_commands,
    options,
    publish_command,
    registry_commands,
    review_commands,
    rights_commands,
    studio_command,
    token_commands,
    tune_command,
    upscale_command,
    verify_commands,
    watch_commands,
    worker_commands,
)
from limner.faces.exits import BAD_INPUT, FAILED, HELD, INTERRUPTED, REFUSED, exit_code_of
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

if TYPE_CHECKING:
    from limner.studio.batch import BatchRun, RowResult
    from limner.studio.generate import Ready
    from limner.studio.image import Image
    from limner.studio.saving import Destination
    from limner.studio.studio import Studio

app = typer.Typer(
    help="Draws pictures you can stand behind: its own model, on this machine, offline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(criteria_commands.app, name="criteria")
app.add_typer(eval_commands.app, name="eval")
app.add_typer(log_commands.app, name="log")
app.add_typer(look_commands.app, name="look")
app.add_typer(keys_commands.app, name="keys")
registry_commands.add_registry_commands(models_commands.app)
app.add_typer(models_commands.app, name="models")
app.command()(registry_commands.gate)
app.command()(registry_commands.due)
app.add_typer(review_commands.app, name="review")
app.add_typer(rights_commands.app, name="rights")
app.add_typer(token_commands.app, name="tokens")
app.add_typer(watch_commands.app, name="watch")
app.command()(studio_command.studio)
app.command()(erase_commands.erase)
app.command("edge-cases")(edge_case_commands.edge_cases)
app.add_typer(jobs_commands.app, name="jobs")
app.command()(worker_commands.worker)
app.command()(verify_commands.verify)
app.command()(mcp_command.mcp)
app.command()(upscale_command.upscale)
app.command()(tune_command.tune)
app.command()(publish_command.publish)
app.command()(verify_commands.sidecar)


class Output(NamedTuple):
    """How much a command prints, and in what form."""

    is_quiet: bool
    as_json: bool


@app.command()
def generate(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    prompt: options.Prompt,
    n: options.Number = 1,
    seed: options.Seed = None,
    steps: options.Steps = None,
    guidance: options.Guidance = None,
    sampler: options.Sampler = None,
    size: options.Size = None,
    style: options.Style = None,
    negative: options.Negative = "",
    background: options.Background = "auto",
    image: options.Image = None,
    strength: options.Strength = None,
    mask: options.Mask = None,
    outpaint: options.Outpaint = None,
    combinations: options.Combinations = False,
    deterministic: options.Deterministic = False,
    impact: options.Impact = None,
    label: options.Label = None,
    model: options.Model = None,
    adapter: options.Adapters = None,
    use: options.Use = None,
    out: options.Out = None,
    file_format: options.Format = None,
    sheet: options.Sheet = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Draw pictures from a prompt."""
    with opened(context, draws=model is None) as studio:
        from limner.studio.requests import request_from
        from limner.studio.saving import choose_destination

        request = request_from(
            studio.parts,
            prompt,
            n=n,
            seed=seed,
            steps=steps,
            guidance=guidance,
            sampler=sampler,
            size=size,
            style=style,
            negative=negative,
            background=background,
            image=image,
            strength=strength,
            mask=mask,
            outpaint=outpaint,
            combinations=combinations,
            deterministic=deterministic,
            impact=impact,
            label=label,
            model=model,
            adapters=adapter or (),
            use=use,
        )
        ready = studio.make_ready(request)
        destination = choose_destination(
            out, file_format, is_single=len(ready.shots) == 1, overwrite=force
        )
        output = Output(is_quiet=quiet, as_json=as_json)
        images = _draw_and_save(studio, ready, destination, output)
        if sheet is not None:
            _save_sheet(images, sheet, overwrite=force)


@app.command()
def variations(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    file: options.File,
    prompt: options.NewPrompt = None,
    n: options.Number = 4,
    strength: options.Strength = None,
    seed: options.Seed = None,
    steps: options.Steps = None,
    guidance: options.Guidance = None,
    size: options.Size = None,
    style: options.Style = None,
    negative: options.Negative = "",
    background: options.Background = "auto",
    deterministic: options.Deterministic = False,
    impact: options.Impact = None,
    label: options.Label = None,
    model: options.Model = None,
    adapter: options.Adapters = None,
    use: options.Use = None,
    out: options.Out = None,
    file_format: options.Format = None,
    sheet: options.Sheet = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
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
            steps=steps,
            guidance=guidance,
            size=size,
            style=style,
            negative=negative,
            background=background,
            deterministic=deterministic,
            impact=impact,
            label=label,
            model=model,
            adapters=adapter or (),
            use=use,
        )
        ready = studio.make_ready(request)
        destination = choose_destination(out, file_format, is_single=n == 1, overwrite=force)
        output = Output(is_quiet=quiet, as_json=as_json)
        images = _draw_and_save(studio, ready, destination, output)
        if sheet is not None:
            _save_sheet(images, sheet, overwrite=force)


@app.command()
def batch(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    file: options.BatchFile,
    n: options.Number = 1,
    steps: options.Steps = None,
    guidance: options.Guidance = None,
    sampler: options.Sampler = None,
    size: options.Size = None,
    style: options.Style = None,
    negative: options.Negative = "",
    background: options.Background = "auto",
    deterministic: options.Deterministic = False,
    impact: options.Impact = None,
    label: options.Label = None,
    model: options.Model = None,
    use: options.Use = None,
    out: options.Out = None,
    file_format: options.Format = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Draw every row of a file; run it again to go on after a stop. Options are row defaults."""
    with opened(context) as studio:
        from limner.studio.saving import choose_destination

        destination = choose_destination(out or file.stem, file_format, is_single=False)
        run = studio.batch(
            file,
            destination,
            n=n,
            steps=steps,
            guidance=guidance,
            sampler=sampler,
            size=size,
            style=style,
            negative=negative,
            background=background,
            deterministic=deterministic,
            impact=impact,
            label=label,
            model=model,
            use=use,
        )
        _draw_batch(run, Output(is_quiet=quiet, as_json=as_json))


@app.command()
def grid(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    prompt: options.Prompt,
    x: options.Across,
    out: options.SheetFile,
    y: options.Down = None,
    seed: options.Seed = None,
    steps: options.Steps = None,
    guidance: options.Guidance = None,
    sampler: options.Sampler = None,
    size: options.Size = None,
    style: options.Style = None,
    negative: options.Negative = "",
    background: options.Background = "auto",
    image: options.Image = None,
    strength: options.Strength = None,
    deterministic: options.Deterministic = False,
    impact: options.Impact = None,
    label: options.Label = None,
    model: options.Model = None,
    adapter: options.Adapters = None,
    use: options.Use = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
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
            steps=steps,
            guidance=guidance,
            sampler=sampler,
            size=size,
            style=style,
            negative=negative,
            background=background,
            image=image,
            strength=strength,
            deterministic=deterministic,
            impact=impact,
            label=label,
            model=model,
            adapters=adapter or (),
            use=use,
        )
        ready = studio.make_grid_ready(request, x=x, y=y)
        with watching(is_quiet=quiet, num_rounds=ready.num_cells) as watch:
            drawn = studio.draw_grid(ready, watch=watch)
        path = destination.save(drawn.content, "grid")
        say_grid(drawn, path, as_json=as_json)
        if drawn.errors:
            raise drawn.errors[0]


@app.command()
def show(context: typer.Context, file: options.File, as_json: options.Json = False) -> None:
    """Print the recipe a picture was made by."""
    with opened(context) as studio:
        from limner.faces.printing import say_shown

        say_shown(studio.show(file), file, as_json=as_json)


@app.command()
def redraw(
    context: typer.Context,
    file: options.File,
    image: options.Image = None,
    out: options.Out = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Draw a picture again from its recipe, and say by how much it differs."""
    with opened(context) as studio:
        from limner.faces.printing import say_redrawn
        from limner.faces.watching import watching
        from limner.studio.saving import choose_destination, name_of

        with watching(is_quiet=quiet) as watch:
            redrawn = studio.redraw(file, source_path=image, watch=watch)
        path = None
        if out is not None:
            drawn = redrawn.image
            destination = choose_destination(
                out, drawn.record.file_format, is_single=True, overwrite=force
            )
            path = destination.save(drawn.content, name_of(drawn.recipe.prompt, drawn.seed))
        say_redrawn(redrawn, path, as_json=as_json)


@app.command()
def styles(context: typer.Context) -> None:
    """List the styles a prompt can be drawn in."""
    with opened(context) as studio:
        for style in studio.card.styles:
            say(style)


@app.command()
def settings(context: typer.Context, as_json: options.Json = False) -> None:
    """Print every setting and where its value came from."""
    with opened(context) as studio:
        from limner.core.settings import SETTING_NAMES

        for name in SETTING_NAMES:
            value, source = getattr(studio.settings, name), studio.settings.sources[name]
            if as_json:
                say_json({"name": name, "value": str(value), "source": source})
            else:
                say(f"{name} = {value}  ({source})")


@app.command()
def version() -> None:
    """Print the version of Limner."""
    from importlib.metadata import version as version_of

    say(f"limner {version_of('limner')}")


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
        with watching(is_quiet=output.is_quiet) as watch:
            for image in studio.draw_ready(ready, file_format=destination.file_format, watch=watch):
                if image.outcome is not Outcome.RELEASED:
                    kept_back.append(image.kept_back)
                    say_kept_back(image, as_json=output.as_json)
                    continue
                name = name_of(image.recipe.prompt, image.seed)
                path = destination.save(image.content, name)
                images.append(image)
                say_image(image, path, as_json=output.as_json, is_quiet=output.is_quiet)
                if destination.is_renamed(path, name):
                    note(f"note: the name was taken, so the picture is in {str(path)!r}.")
        if not output.as_json and not output.is_quiet:
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
        with watching(is_quiet=output.is_quiet, num_rounds=run.num_left) as watch:
            for result in run.draw(watch):
                results.append(result)
                say_row(result, as_json=output.as_json, is_quiet=output.is_quiet)
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
