"""``limner upscale``: a picture of anybody's, larger, judged and sealed as every image is."""

from __future__ import annotations

from typing import Annotated

import typer

from limner.faces import options
from limner.faces.opening import opened
from limner.faces.option_groups import Output, spread

By = Annotated[int, typer.Option("--by", help="2 or 4.")]
Enlarger = Annotated[
    str,
    typer.Option(
        "--model",
        help="lanczos; enlarge-head, the network the shipped model enlarges with; or one of yours "
        "(limner models add).",
    ),
]


@spread
def upscale(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    *,
    file: options.File,
    by: By = 2,
    model: Enlarger = "lanczos",
    impact: options.Impact = None,
    label: options.Label = None,
    use: options.Use = None,
    out: options.Out = None,
    file_format: options.Format = None,
    force: options.Force = False,
    output: Output,
) -> None:
    """Enlarge a picture twice or four times; the copy goes by the same criteria as every image."""
    with opened(context) as studio:
        from limner.faces.drawing import draw_and_save
        from limner.studio.picture_file import read_picture
        from limner.studio.saving import choose_destination
        from limner.studio.upscaling import enlarging_request

        request = enlarging_request(
            studio.parts,
            read_picture(file, studio.settings.max_input_megapixels),
            factor=by,
            model=model,
            impact=impact,
            use=use,
            label=label,
        )
        ready = studio.make_ready(request)
        destination = choose_destination(out, file_format, is_single=True, overwrite=force)
        draw_and_save(studio, ready, destination, output, name=f"{file.stem}-x{by}")
