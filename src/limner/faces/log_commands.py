"""The commands of ``limner log``: what the ledger says, and whether it holds.

Exit codes: 0 it holds, 2 bad input, 4 the ledger is broken, has gaps, or a witness refused it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limner.faces.exits import REFUSED
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

if TYPE_CHECKING:
    from limner.store.ledger.entries import Entry
    from limner.store.ledger.reconcile import Reconciliation
    from limner.store.ledger.verifying import Verification
    from limner.store.ledger.witness import Cosigned

app = typer.Typer(help="What was stored and decided, in a log that shows if it was changed.")

FACTS_CHARACTERS = 60
MAX_LAST = 2**31 - 1  # a database is asked for no more

_HASH = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")

Kind = Annotated[str | None, typer.Option("--kind", help="Only entries of this kind.")]
Subject = Annotated[
    str | None, typer.Option("--subject", help="Only entries about this, such as an image_id.")
]
Last = Annotated[
    int, typer.Option("--last", min=1, max=MAX_LAST, help="How many entries, the newest.")
]
Folder = Annotated[Path, typer.Argument(help="A folder; made if it is not there.")]
WitnessFolder = Annotated[
    Path | None, typer.Option("--witness", help="Also compare with what this witness remembers.")
]
OwnFolder = Annotated[
    Path, typer.Option("--folder", help="The witness's own folder, best on another disk.")
]
ExportFolder = Annotated[
    Path | None,
    typer.Option("--export", help="Witness an exported ledger; left out: this install's."),
]
LogKey = Annotated[
    str | None,
    typer.Option("--log-key", help="The ledger's key, at the first use or when it was rotated."),
]
What = Annotated[
    str | None,
    typer.Argument(help="A position, an image_id or other subject, or a stored picture file."),
]
ProvenKind = Annotated[str, typer.Option("--kind", help="Kind of the entry about that subject.")]
Since = Annotated[
    int | None, typer.Option("--since", help="Prove that it goes on from so many entries.")
]
ProofFile = Annotated[Path | None, typer.Option("--out", help="Write the proof to this file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def show(
    context: typer.Context,
    kind: Kind = None,
    subject: Subject = None,
    last: Last = 20,
    as_json: Json = False,
) -> None:
    """List entries."""
    with opened(context) as studio:
        entries = studio.parts.store.ledger.entries_of(kind, subject=subject, num_last=last)
        for entry in entries:
            say(entry.text if as_json else _entry_line(entry))
        if not entries:
            note("There is no such entry.")


@app.command()
def verify(context: typer.Context, witness: WitnessFolder = None, as_json: Json = False) -> None:
    """Recompute the whole ledger and say whether it holds."""
    with opened(context) as studio:
        from limner.studio import log

        found = log.verify(studio.parts, witness)
        if as_json:
            say_json(_verification_document(found))
        else:
            _say_verification(found)
        if not found.is_good:
            raise typer.Exit(REFUSED)


@app.command()
def checkpoint(context: typer.Context) -> None:
    """Sign the ledger as it stands and print the newest checkpoint."""
    with opened(context) as studio:
        from limner.studio import log

        log.sign_off(studio.parts)
        newest = studio.parts.store.ledger.note()
        if newest is None:
            note(log.EMPTY)
        else:
            say(str(newest).rstrip("\n"))


@app.command()
def export(context: typer.Context, folder: Folder) -> None:
    """Write the ledger as static tiles, with a verifier that needs only Python."""
    with opened(context) as studio:
        from limner.studio import log

        exported = log.export(studio.parts, folder)
        say(str(folder))
        note(f"{exported.checkpoint.num_entries} entries, {exported.num_written} files written.")
        note(f"Verify it with: python {folder / 'verify.py'} {folder} '{exported.key}'")
        note("Whoever verifies should have the key from you, and not from the folder.")


@app.command()
def prove(
    context: typer.Context,
    what: What = None,
    kind: ProvenKind = "image_stored",
    since: Since = None,
    out: ProofFile = None,
) -> None:
    """Print a proof that an entry is in the ledger, or that the ledger goes on (--since)."""
    with opened(context) as studio:
        from limner.core.errors import BadInput
        from limner.studio import log

        if (what is None) == (since is None):
            raise BadInput("Give what is to be proven, or --since: one of the two.")
        proof = log.prove_since(studio.parts, since) if since is not None else ""
        if what is not None:
            entry, proof = log.prove(studio.parts, what, kind)
            note(f"Entry {_entry_line(entry)}")
        if out is None:
            say(proof.rstrip("\n"))
        else:
            log.save_proof(out, proof)
            say(str(out))


@app.command()
def witness(
    context: typer.Context,
    folder: OwnFolder,
    export: ExportFolder = None,
    log_key: LogKey = None,
) -> None:
    """Have a witness check that the ledger goes on from what it saw, and cosign it."""
    with opened(context) as studio:
        from limner.studio import log

        if export is None:
            cosigned = log.witness(studio.parts, folder, log_key)
        else:
            cosigned = log.witness_export(studio.parts, folder, export, log_key)
        _say_cosigned(cosigned, was_key_given=log_key is not None)


@app.command()
def reconcile(context: typer.Context, as_json: Json = False) -> None:
    """Compare stored files, rows and entries, and name every gap."""
    with opened(context) as studio:
        from limner.studio import log

        found = log.reconcile(studio.parts)
        _say_reconciliation(found, as_json=as_json)
        if not found.is_whole:
            raise typer.Exit(REFUSED)


def _entry_line(entry: Entry) -> str:
    """One entry on one line; hashes and documents are cut short, ``--json`` has them whole."""
    from limner.core.hashing import canonical_json

    facts = _shortened(canonical_json(entry.document))
    if len(facts) > FACTS_CHARACTERS:
        facts = facts[: FACTS_CHARACTERS - 1] + "…"
    about = "" if entry.subject is None else f"  {_shortened(entry.subject)}"
    return f"{entry.position}  {entry.recorded_at:%Y-%m-%d %H:%M:%S}  {entry.kind}{about}  {facts}"


def _shortened(text: str) -> str:
    return _HASH.sub(r"\1…", text)


def _say_verification(found: Verification) -> None:
    for sentence in found.faults:
        say(f"BROKEN: {sentence}")
    for sentence in found.remarks:
        say(f"note: {sentence}")
    if found.num_entries == 0 and found.is_good:
        say("The ledger is empty.")
        return
    say(
        f"{_counted(found.num_entries, 'entries', 'entry')}, {found.num_signed} of them under "
        f"{_counted(found.num_checkpoints, 'checkpoints', 'checkpoint')}; "
        f"{_counted(found.num_cosignatures, 'cosignatures', 'cosignature')} of witnesses."
    )
    if found.is_good:
        say("The ledger holds: every entry and every signature fits.")
    else:
        say(f"The ledger does not hold: {_counted(len(found.faults), 'faults', 'fault')}.")


def _counted(number: int, many: str, one: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _verification_document(found: Verification) -> dict[str, object]:
    return {
        "is_good": found.is_good,
        "origin": found.origin,
        "num_entries": found.num_entries,
        "num_signed": found.num_signed,
        "num_checkpoints": found.num_checkpoints,
        "num_cosignatures": found.num_cosignatures,
        "key": None if found.key is None else str(found.key),
        "faults": list(found.faults),
        "remarks": list(found.remarks),
    }


def _say_reconciliation(found: Reconciliation, *, as_json: bool) -> None:
    if as_json:
        document: dict[str, object] = {
            "is_whole": found.is_whole,
            "num_images": found.num_images,
            "num_sources": found.num_sources,
            "num_entries": found.num_entries,
            "num_erased": found.num_erased,
            "num_older": found.num_older,
            "gaps": [gap._asdict() for gap in found.gaps],
        }
        say_json(document)
        return
    for gap in found.gaps:
        say(f"{gap.gap}: {gap.sentence}")
    say(
        f"{found.num_images} images, {found.num_entries} entries that say so, "
        f"{found.num_erased} erased since, {found.num_older} older than the ledger."
    )
    say(f"{_counted(len(found.gaps), 'gaps', 'gap')}." if found.gaps else "No gaps.")


def _say_cosigned(cosigned: Cosigned, *, was_key_given: bool) -> None:
    checkpoint = cosigned.checkpoint
    if cosigned.is_first:
        say(f"Cosigned {checkpoint.num_entries} entries of {checkpoint.origin}, first seen now.")
        if not was_key_given:
            note("note: its key was taken on trust; from now on only that key is believed.")
    else:
        say(
            f"Cosigned {checkpoint.num_entries} entries of {checkpoint.origin}; they go on from "
            f"the {cosigned.num_before} cosigned before."
        )
    say(cosigned.signature.line.rstrip("\n"))
