"""``limner upscale``: a picture of anybody's, larger, by a method that says what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from limner.faces import options
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

By = Annotated[int, typer.Option("--by", help="2 or 4.")]
MethodName = Annotated[
    str,
    typer.Option(
        "--method", help="lanczos, or enlarge-head: the network the shipped model enlarges with."
    ),
]


def upscale(
    context: typer.Context,
    file: options.File,
    by: By = 2,
    method: MethodName = "lanczos",
    out: options.Out = None,
    file_format: options.Format = None,
    force: options.Force = False,
    as_json: options.Json = False,
) -> None:
    """Enlarge a picture twice or four times. The copy is not judged and carries no credential."""
    with opened(context) as studio:
        from limner.app import open_enlarger
        from limner.studio.picture_file import read_bytes, read_content
        from limner.studio.saving import choose_destination
        from limner.studio.upscaling import upscale as enlarge

        max_megapixels = studio.settings.max_input_megapixels
        destination = choose_destination(out, file_format, is_single=True, overwrite=force)
        enlarged = enlarge(
            read_content(read_bytes(file), str(file), max_megapixels),
            open_enlarger(studio.settings),
            factor=by,
            method=method,
            file_format=destination.file_format,
            max_megapixels=max_megapixels,
        )
        path = destination.save(enlarged.content, f"{Path(file).stem}-x{by}")
        for notice in enlarged.notices:
            note(notice)
        if as_json:
            height_px, width_px = enlarged.image_HWC.shape[:2]
            facts = {"width_px": width_px, "height_px": height_px, "method": method, "factor": by}
            say_json({"path": str(path), **facts})
        else:
            say(str(path))
