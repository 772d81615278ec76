"""``limner erase``: images gone for good, and an entry that says so."""

from __future__ import annotations

from typing import Annotated

import typer

from limner.faces import options
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

Images = Annotated[list[str], typer.Argument(help="Picture files that are stored here, or ids.")]
Reason = Annotated[
    str,
    typer.Option("--reason", help="person_asked, rights_withdrawn, kept_long_enough or other."),
]


def erase(
    context: typer.Context,
    images: Images,
    reason: Reason = "person_asked",
    as_json: options.Json = False,
) -> None:
    """Erase images, their prompts and what is known of people; this cannot be undone."""
    with opened(context) as studio:
        from limner.studio.erase import erase as erase_images

        erased = erase_images(studio.parts, images, reason=reason)
        for one in erased:
            if as_json:
                say_json(one._asdict())
            else:
                say(f"{one.given}: image {one.image_id} is erased here.")
        copies = [one.given for one in erased if one.has_copy]
        if copies:
            note(f"Not touched: {', '.join(copies)}, and any other copy; delete them yourself.")
        note("Backups of the data folder keep what they have.")
