"""The commands of ``limner rights``: sources, licences, consents and opt-outs, and their ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limner.faces import options
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

if TYPE_CHECKING:
    from limner.store.rights_blocking import AffectedImage
    from limner.store.rights_entries import StoredEntry
    from limner.studio.rights import Enforced

app = typer.Typer(
    help="What may be used, by whose leave, until when; and what must not be drawn.",
    no_args_is_help=True,
)

Kind = Annotated[str, typer.Argument(help="source, licence, consent or opt-out.")]
Entry = Annotated[int, typer.Argument(help="Number of an entry.", min=1)]
Name = Annotated[
    str | None,
    typer.Option("--name", help="Whose consent; or what was opted out. Requests are matched."),
]
Of = Annotated[
    str | None, typer.Option("--of", help="Of an opt-out: name, style, mark or picture.")
]
Holder = Annotated[str | None, typer.Option("--holder", help="Who holds the right.")]
Title = Annotated[str | None, typer.Option("--title", help="Of the source or the work.")]
Licence = Annotated[str | None, typer.Option("--licence", help="Such as CC-BY-4.0.")]
Purpose = Annotated[
    str | None,
    typer.Option("--purpose", help="What a consent is for; of an opt-out, why."),
]
Expires = Annotated[
    str | None, typer.Option("--expires", help="Last day, as 2027-01-31, or a time with its zone.")
]
Url = Annotated[str | None, typer.Option("--url", help="Where it can be read up.")]
Pictures = Annotated[
    list[str] | None,
    typer.Option(
        "--picture",
        help="A picture it is about, near copies too: file or sha256:... Can be repeated.",
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="NAME or NAME@VERSION it went into. Can be repeated."),
]
Renews = Annotated[
    int | None, typer.Option("--renews", help="Number of the entry whose place it takes.")
]
OfKind = Annotated[str | None, typer.Option("--kind", help="Only entries of this kind.")]
State = Annotated[
    str | None, typer.Option("--state", help="Only in-force, expired, withdrawn or renewed.")
]
Reason = Annotated[
    str,
    typer.Option(
        "--reason", help="person_asked, licence_ended, wrong_entry, court_order or other."
    ),
]
Images = Annotated[
    list[str] | None,
    typer.Option("--image", help="One more image it covered: file or sha256:... Can be repeated."),
]
File = Annotated[Path, typer.Argument(help="CSV or JSONL of entries, or a training manifest.")]
TrainedModel = Annotated[
    str | None,
    typer.Option("--model", help="Trained on the manifest; left out: the model at hand."),
]


@app.command()
def add(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    kind: Kind,
    name: Name = None,
    of: Of = None,
    holder: Holder = None,
    title: Title = None,
    licence: Licence = None,
    purpose: Purpose = None,
    expires: Expires = None,
    url: Url = None,
    picture: Pictures = None,
    model: Models = None,
    renews: Renews = None,
    as_json: options.Json = False,
) -> None:
    """Register an entry. An opt-out blocks stored images that name it."""
    with opened(context) as studio:
        from limner.core.limits import require_one_of
        from limner.core.rights import OptedOut, RightsKind
        from limner.studio import rights
        from limner.studio.rights_file import values_of
        from limner.studio.rights_pictures import known_picture

        require_one_of("kind", kind, list(RightsKind))
        if of is not None:
            require_one_of("kind of opt-out", of, list(OptedOut))
        parts = studio.parts
        pictures = [known_picture(parts, one) for one in picture or []]
        values = values_of(
            kind=kind,
            name=name,
            holder=holder,
            opted_out=of,
            title=title,
            licence=licence,
            purpose=purpose,
            url=url,
            expires=expires,
            keys=tuple(f"model:{one}" for one in model or []),
        )
        added = rights.add(parts, values.to_entry(), renews=renews, pictures=pictures)
        _say_enforced(added, as_json=as_json)


@app.command("list")
def list_entries(
    context: typer.Context, kind: OfKind = None, state: State = None, as_json: options.Json = False
) -> None:
    """List the entries."""
    with opened(context) as studio:
        from limner.studio import rights

        found = rights.entries(studio.parts, kind, state)
        for one in found:
            say_json(_document(one)) if as_json else say(_line(one))
        if not found:
            is_narrowed = kind is not None or state is not None
            note(f"There is no {'such entry' if is_narrowed else 'entry'} in the rights register.")
        if older := rights.entries_of_older_looks(studio.parts):
            note(
                "Near copies of the pictures of these entries are found by one hash of two, as the "
                f"other was taken by an earlier version: {', '.join(map(str, older))}. Register "
                "each picture again, with `limner rights add opt-out --of picture --picture FILE`."
            )


@app.command()
def show(context: typer.Context, entry: Entry, as_json: options.Json = False) -> None:
    """Print one entry with everything it is about."""
    with opened(context) as studio:
        from limner.studio import rights

        stored = rights.show(studio.parts, entry)
        document = _document(stored) | {"keys": list(stored.entry.keys)}
        if as_json:
            say_json(document)
            return
        say(_line(stored))
        for field, value in document.items():
            if field not in ("entry_id", "kind", "state", "keys") and value is not None:
                say(f"  {field}: {value}")
        for key in stored.entry.keys:
            say(f"  key: {key}")


@app.command()
def withdraw(
    context: typer.Context,
    entry: Entry,
    reason: Reason = "person_asked",
    image: Images = None,
    as_json: options.Json = False,
) -> None:
    """End an entry, and block every stored image it covered; `affected` lists them beforehand."""
    with opened(context) as studio:
        from limner.studio import rights

        enforced = rights.withdraw(studio.parts, entry, reason=reason, images=image or ())
        _say_enforced(enforced, as_json=as_json)
        if enforced.stored.entry.opted_out is not None and not as_json:
            note("What it names is drawn again.")
            blocked = [one for one in rights.affected(studio.parts, entry) if one.is_blocked]
            if blocked:
                stay = "1 image stays" if len(blocked) == 1 else f"{len(blocked)} images stay"
                note(f"{stay} blocked until people release what it hid.")


@app.command("import")
def import_file(
    context: typer.Context, file: File, model: TrainedModel = None, as_json: options.Json = False
) -> None:
    """Register every entry of a file, or none."""
    with opened(context) as studio:
        from limner.studio import rights

        imported = rights.import_file(studio.parts, file, model)
        facts: dict[str, object] = {
            "first": imported.entry_ids[0],
            "last": imported.entry_ids[-1],
            "num_entries": len(imported.entry_ids),
            "num_keys": imported.num_keys,
            "num_blocked": imported.num_blocked,
        }
        if as_json:
            say_json(facts)
            return
        say(
            f"{facts['num_entries']} entries, {facts['first']} to {facts['last']}, about "
            f"{facts['num_keys']} pictures and models."
        )
        if imported.num_blocked:
            say(f"{imported.num_blocked} images blocked.")


@app.command()
def affected(context: typer.Context, entry: Entry, as_json: options.Json = False) -> None:
    """List the stored images an entry is about; nothing is blocked by this."""
    with opened(context) as studio:
        from limner.studio import rights

        found = rights.affected(studio.parts, entry)
        for one in found:
            _say_affected(one, as_json=as_json)
        if not as_json:
            note(_counted(found))


@app.command()
def erase(context: typer.Context, entry: Entry, reason: Reason = "person_asked") -> None:
    """Erase what an entry that has ended says in words; its number and hashes stay."""
    with opened(context) as studio:
        from limner.studio import rights

        rights.erase_words(studio.parts, entry, reason)
        say(f"The words of entry {entry} are erased.")


def _say_enforced(enforced: Enforced, *, as_json: bool) -> None:
    stored, blocked = enforced.stored, set(enforced.blocked)
    if as_json:
        images = [
            _affected_document(one) | {"is_blocked": one.is_blocked or one.image_id in blocked}
            for one in enforced.affected
        ]
        facts = {
            "num_blocked": len(blocked),
            "affected": images,
            "alike": list(enforced.alike),
            "held": list(enforced.held),
        }
        say_json(_document(stored) | facts)
        return
    say(_line(stored))
    for one in enforced.affected:
        _say_affected(one, as_json=False)
    if enforced.affected:
        say(f"{_counted(enforced.affected)} {len(blocked)} blocked now.")
        note(
            "Copies that left before cannot be called back; `limner verify` says they are blocked."
        )
    if enforced.alike:
        held = set(enforced.held)
        say(f"{len(enforced.alike)} more look nearly the same; {len(held)} of them are held now:")
        for image_id in enforced.alike:
            say(f"  {image_id}{'  held' if image_id in held else ''}")
        if held:
            note("They leave again when people say so: `limner review`.")


def _counted(found: list[AffectedImage] | tuple[AffectedImage, ...]) -> str:
    before = sum(one.is_blocked for one in found)
    affected = "1 image is" if len(found) == 1 else f"{len(found)} images are"
    return f"{affected} affected; {before} {'was' if before == 1 else 'were'} blocked already."


def _say_affected(one: AffectedImage, *, as_json: bool) -> None:
    if as_json:
        say_json(_affected_document(one))
        return
    why = one.because.how if one.because.what is None else f"{one.because.how} {one.because.what}"
    blocked = "  blocked already" if one.is_blocked else ""
    say(f"  {one.image_id}  {one.created_at:%Y-%m-%d %H:%M}  by its {why}{blocked}")


def _affected_document(one: AffectedImage) -> dict[str, object]:
    return {
        "image_id": one.image_id,
        "created_at": one.created_at.isoformat(),
        "because": one.because._asdict(),
        "is_blocked": one.is_blocked,
    }


def _line(one: StoredEntry) -> str:
    entry = one.entry
    words = [entry.name, entry.title, entry.holder, entry.licence, entry.purpose]
    said = "; ".join(word for word in words if word) or ("erased" if one.is_erased else "")
    of = "" if entry.opted_out is None else f" of a {entry.opted_out}"
    ends = "" if entry.expires_at is None else f", until {entry.expires_at:%Y-%m-%d %H:%M} UTC"
    return f"{one.entry_id}  {entry.kind}{of}  {one.state}{ends}  {said}".rstrip()


def _document(one: StoredEntry) -> dict[str, object]:
    entry = one.entry
    return {
        "entry_id": one.entry_id,
        "kind": str(entry.kind),
        "state": str(one.state),
        "opted_out": None if entry.opted_out is None else str(entry.opted_out),
        "name": entry.name,
        "holder": entry.holder,
        "title": entry.title,
        "licence": entry.licence,
        "purpose": entry.purpose,
        "url": entry.url,
        "registered_at": one.registered_at.isoformat(),
        "expires_at": None if entry.expires_at is None else entry.expires_at.isoformat(),
        "withdrawn_at": None if one.withdrawn_at is None else one.withdrawn_at.isoformat(),
        "num_keys": one.num_keys,
        "is_erased": one.is_erased,
    }
