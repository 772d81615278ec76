"""``limner erase``: images or a person gone for good, and an entry that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from limner.core.errors import BadInput
from limner.faces import options
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

if TYPE_CHECKING:
    from limner.store.people import Traces
    from limner.studio.parts import Parts

Images = Annotated[
    list[str] | None, typer.Argument(help="Picture files that are stored here, or ids.")
]
Person = Annotated[
    str | None,
    typer.Option(
        "--person",
        metavar="NAME_OR_ID",
        help="Erase a person instead: their name, the commitment the ledger knows them by, or the "
        "id of a token of theirs.",
    ),
]
WithImages = Annotated[
    bool,
    typer.Option("--with-images", help="With --person: also what was drawn for them alone."),
]
Yes = Annotated[bool, typer.Option("--yes", help="With --person: do not ask first.")]
Reason = Annotated[
    str,
    typer.Option("--reason", help="person_asked, rights_withdrawn, kept_long_enough or other."),
]

ERASED_OF_PERSON = {
    "tokens": "tokens, links and sessions ({}): they let nobody in any more",
    "jobs": "what was asked in jobs ({}); those that wait are cancelled, and they stay, nobody's",
    "run_jobs": "who asked for runs of suites ({}); the runs stay, nobody's",
    "gallery": "the shelf with their images ({})",
    "stars": "stars ({})",
    "image_tags": "tags on images ({})",
    "boards": "boards ({})",
    "grids": "tables of grids ({}); their pictures are images as others are",
    "kept_pictures": "pictures they brought along ({}), where nothing is drawn from them",
    "job_owners": "turns in the queue ({})",
}


def erase(
    context: typer.Context,
    images: Images = None,
    person: Person = None,
    with_images: WithImages = False,
    yes: Yes = False,
    reason: Reason = "person_asked",
    as_json: options.Json = False,
) -> None:
    """Erase images, or a person, and what is known of them; this cannot be undone."""
    with opened(context) as studio:
        if (person is None) == (not images):
            raise BadInput("Give images to erase, or --person and who; not both, and not neither.")
        if person is None and (with_images or yes):
            raise BadInput("--with-images and --yes go with --person only.")
        if person is None:
            _erase_images(studio.parts, images or [], reason, as_json=as_json)
        else:
            _erase_person(studio.parts, person, with_images, yes, reason, as_json=as_json)
        note("Backups of the data folder keep what they have.")


def _erase_images(parts: Parts, images: list[str], reason: str, *, as_json: bool) -> None:
    from limner.studio.erase import erase as erase_images

    erased = erase_images(parts, images, reason=reason)
    for one in erased:
        if as_json:
            say_json(one._asdict())
        else:
            say(f"{one.given}: image {one.image_id} is erased here.")
    copies = [one.given for one in erased if one.has_copy]
    if copies:
        note(f"Not touched: {', '.join(copies)}, and any other copy; delete them yourself.")


def _erase_person(
    parts: Parts, person: str, with_images: bool, yes: bool, reason: str, *, as_json: bool
) -> None:
    from limner.studio.erase import erase_person, find_traces

    name, traces = find_traces(parts, person)
    if not as_json:
        for line in _told(parts, name, traces, with_images=with_images):
            say(line)
    _require_yes(name, yes)
    done = erase_person(parts, name, with_images=with_images, reason=reason)
    if as_json:
        rows = dict(done.traces.num_rows)
        say_json(
            {
                "position": done.position,
                "commitment": traces.commitment,
                "rows": rows,
                "erased_images": done.erased,
                "entries_that_stay": traces.entry_ids,
            }
        )
    else:
        say(f"Erased; entry {done.position} of the ledger says that it was done, and not who.")


def _require_yes(name: str, yes: bool) -> None:
    try:
        is_sure = yes or typer.confirm(f"Erase {name!r} for good?", err=True)
    except typer.Abort:
        is_sure = False
    if not is_sure:
        raise BadInput(
            "Nothing was erased, since nobody said yes.",
            code="not_confirmed",
            hint="Answer y, or give --yes where nobody can be asked.",
        )


def _told(parts: Parts, name: str, traces: Traces, *, with_images: bool) -> list[str]:
    """What goes and what stays, a line each."""
    lines = [f"What is erased of {name!r}:"]
    if traces.commitment is not None:
        lines.append(
            "  the name behind their reviews, evidence and votes: what they answered stays, "
            f"and nobody can tell whose it is ({traces.commitment})"
        )
    rows = traces.num_rows.items()
    lines += [f"  {ERASED_OF_PERSON[one].format(number)}" for one, number in rows]
    images = len(traces.image_ids)
    if with_images and images:
        lines.append(f"  images drawn for them alone ({images}), with prompts and files")
    stays = ["  the ledger: it has no name in it, and commitments say nothing without their salt"]
    if images and not with_images:
        stays.append(
            f"  images drawn for them alone ({images}), with their prompts: nobody's from now on, "
            "and not to be told apart later; --with-images erases them too"
        )
    if traces.entry_ids:
        numbers = ", ".join(map(str, traces.entry_ids))
        stays.append(
            f"  entries of the rights register that name them, since they are needed to keep to "
            f"what they say: {numbers}; `limner rights erase ENTRY` once one has ended"
        )
    if parts.judge.criteria is not None and parts.judge.criteria.owner == name:
        stays.append("  the criteria in force, which name them as owner: name another in the file")
    if parts.settings.reviewer == name:
        stays.append("  the setting 'reviewer', which is their name: change it")
    stays.append("  prompts and pictures of others that name or show them: `limner erase IMAGE`")
    return [*lines, "What stays:", *stays]
