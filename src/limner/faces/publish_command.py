"""The command ``limner publish``: the log of decisions as a static site, or as a pack for a period.

Exit codes: 0 written, 2 bad input or a place that cannot be written, 4 the ledger is broken.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from limner.faces.opening import opened
from limner.faces.options import moment_of
from limner.faces.printing import note, say

Target = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="A new folder; or a new file ending in .zip.")
]
Since = Annotated[
    str | None, typer.Option("--since", help="Only from this day or time on, as 2026-01-31.")
]
Until = Annotated[
    str | None, typer.Option("--until", help="Only up to the end of this day, or this time.")
]
Prompts = Annotated[
    bool, typer.Option("--with-prompts", help="Publish the prompts of released images too.")
]


def publish(
    context: typer.Context,
    folder: Target,
    since: Since = None,
    until: Until = None,
    with_prompts: Prompts = False,
) -> None:
    """Write decisions, models, reports, gates and alarms as a site that outsiders can verify."""
    with opened(context) as studio:
        from limner.faces.publication.site import publish as write
        from limner.studio.publishing import Period

        period = Period(
            since=moment_of("--since", since), until=moment_of("--until", until, is_end=True)
        )
        exported = write(studio.parts, folder, period, with_prompts=with_prompts)
        say(str(folder))
        note(f"{exported.checkpoint.num_entries} entries of the ledger lie beside the pages.")
        note(
            f"Verify it with: python {folder / 'ledger' / 'verify.py'} "
            f"{folder / 'ledger'} '{exported.key}'"
        )
        note("Whoever verifies should have the key from you, and not from the folder.")
