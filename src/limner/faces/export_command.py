"""``limner export``: a stored image as a file in a format of choice, sealed."""

from __future__ import annotations

from typing import Annotated

import typer

from limner.faces import options
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

What = Annotated[
    str, typer.Argument(metavar="IMAGE", help="An image_id, or a file that was made here.")
]


def export(
    context: typer.Context,
    image: What,
    out: options.Out = None,
    file_format: options.Format = None,
    force: options.Force = False,
    as_json: options.Json = False,
) -> None:
    """Write a stored image as PNG, WebP or JPEG, sealed; its own credential is kept inside.

    Nothing is drawn anew. JPEG has no transparency, so there the picture is laid on white.
    """
    with opened(context) as studio:
        from limner.studio.review import image_id_of
        from limner.studio.saving import choose_destination, name_of
        from limner.studio.stored_image import open_image, open_in_format

        destination = choose_destination(out, file_format, is_single=True, overwrite=force)
        stored = open_image(studio.parts, image_id_of(studio.parts, image))
        content = open_in_format(studio.parts, stored.image_id, destination.file_format)
        name = name_of(stored.recipe.prompt, stored.seed)
        path = destination.save(content, name)
        if destination.is_renamed(path, name):
            note(f"note: the name was taken, so the picture is in {str(path)!r}.")
        if as_json:
            say_json({"path": str(path), "image_id": stored.image_id})
        else:
            say(str(path))
