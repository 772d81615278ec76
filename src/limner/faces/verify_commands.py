"""``limner verify``: what a picture file is worth, in words and as JSON; and ``limner sidecar``.

Exit codes: 0 trusted; 3 intact but nobody trusted vouches for the signer, or no credential;
4 tampered, or not to be used whatever its credential is worth; 2 unreadable or bad input. What a
file says of itself is untrusted text, so control characters never reach the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limner.faces import options
from limner.faces.exits import BAD_INPUT, HELD, REFUSED, RELEASED
from limner.faces.opening import opened
from limner.faces.printing import say, say_json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from limner.provenance.claims import Claims, IngredientClaim
    from limner.provenance.verify import Credential
    from limner.studio.verify import Stored, Verified

Sidecar = Annotated[
    Path | None,
    typer.Option(
        "--sidecar",
        help="Credential kept beside the file, used if it has none inside. "
        "Left out: the file of the same name that ends in .c2pa.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

MAX_CHARACTERS = 200

_EXIT_CODES = {
    "trusted": RELEASED,
    "unknown_signer": HELD,
    "expired_signer": HELD,
    "no_credential": HELD,
    "tampered": REFUSED,
    "unreadable": BAD_INPUT,
}
_HEADLINES = {
    "trusted": ("Trusted", "green", "Not changed since it was sealed by a signer trusted here."),
    "unknown_signer": (
        "Intact, signer unknown",
        "yellow",
        "Not changed since it was sealed, but nobody trusted here vouches for who sealed it.",
    ),
    "expired_signer": (
        "Intact, signer expired",
        "yellow",
        "Not changed since it was sealed, but its signer's certificate has ended.",
    ),
    "tampered": ("Tampered", "red", "Changed after it was sealed; do not rely on what it says."),
    "no_credential": (
        "No credential",
        "yellow",
        "This proves nothing: most files have none, and anybody can remove one.",
    ),
    "unreadable": ("Unreadable", "red", "Not a picture that can be read whole."),
}
_SOURCES = {
    "trainedAlgorithmicMedia": "made by a trained model",
    "compositeWithTrainedAlgorithmicMedia": "changed by a trained model",
    "digitalCapture": "taken by a camera",
}
_MARKS = {
    "matches": "found, and the content fits it",
    "content_differs": "found, but the content differs: edited, cropped, or copied onto it",
    "unknown": "found, but nothing is stored here under it",
    "no_mark": "none found; it may have been removed",
    "never_marked": "none found, and its credential names none",
    "not_read": "not looked for",
}
_FOUND_BY = {
    "file": "the same file",
    "credential": "its credential",
    "pixels": "the same pixels",
    "mark": "its mark",
    "likeness": "its likeness",
}


def verify(
    context: typer.Context, file: options.File, sidecar: Sidecar = None, as_json: Json = False
) -> None:
    """Say whether a picture is what it was when it was sealed, and by whom."""
    with opened(context) as studio:
        from limner.studio.verify import verify as verify_file

        verified = verify_file(studio.parts, file, sidecar)
        if as_json:
            say_json(verified_document(verified, file))
        else:
            _say_verified(verified, file)
        code = REFUSED if verified.barred else _EXIT_CODES[verified.state.value]
        if code != RELEASED:
            raise typer.Exit(code)


def sidecar(context: typer.Context, file: options.File, force: options.Force = False) -> None:
    """Write a credential beside a picture made here, for channels that strip what is inside."""
    with opened(context) as studio:
        from limner.studio.sidecar import write_sidecar

        say(str(write_sidecar(studio.parts, file, overwrite=force)))


def verified_document(verified: Verified, path: Path) -> dict[str, object]:
    """JSON form of what is known of a file."""
    credential = verified.credential
    stored = verified.stored
    return {
        "path": str(path),
        "state": verified.state.value,
        "format": verified.file_format,
        "reasons": [one._asdict() for one in credential.reasons],
        "manifest_id": credential.manifest_id,
        "signer": None if credential.signer is None else credential.signer._asdict(),
        "trusted_by": credential.trusted_by,
        "stamped_at": None if credential.stamped_at is None else credential.stamped_at.isoformat(),
        "is_beside": credential.is_beside,
        "claims": _claims_document(credential.claims),
        "mark": verified.mark.value,
        "mark_value": verified.mark_value,
        "image_id": None if stored is None else stored.record.image_id,
        "found_by": None if stored is None else stored.found_by,
        "notices": list(verified.notices),
        "barred": list(verified.barred),
    }


def _claims_document(claims: Claims | None) -> dict[str, object] | None:
    if claims is None:
        return None
    document = asdict(claims)
    document["ingredients"] = [one._asdict() for one in claims.ingredients]
    return document


def _say_verified(verified: Verified, path: Path) -> None:
    from rich.console import Console, Group
    from rich.panel import Panel
    from rich.text import Text

    title, colour, sentence = _HEADLINES[verified.state.value]
    lines: list[RenderableType] = []
    if verified.barred:
        lines += [Text("Not to be used", style="bold red"), *map(Text, verified.barred), Text()]
    lines += [Text(title, style=f"bold {colour}"), Text(sentence)]
    lines += [Text(f"- {one.words} ({_plain(one.code)})") for one in verified.credential.reasons]
    facts = list(_facts(verified))
    if facts:
        lines += [Text(), _table(facts)]
    if verified.notices:
        lines.append(Text())
    lines += [Text(f"note: {_plain(one)}", style="italic") for one in verified.notices]
    heading = Text(f" {_plain(str(path))} ", style="bold")
    panel = Panel(Group(*lines), title=heading, title_align="left", padding=(1, 2), expand=False)
    Console(highlight=False).print(panel)


def _table(facts: list[tuple[str, str]]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, words in facts:
        table.add_row(Text(name, style="bold"), Text(_plain(words)))
    return table


def _facts(verified: Verified) -> Iterator[tuple[str, str]]:
    """What there is to say, name by name; a claim is only told if the file was not changed."""
    credential = verified.credential
    if credential.signer is not None:
        yield "Signer", _signer_words(credential)
    if credential.stamped_at is not None:
        yield "Time-stamp", f"{credential.stamped_at:%Y-%m-%d %H:%M:%S} UTC"
    if credential.claims is not None and verified.state.value != "tampered":
        if verified.state.value != "trusted":
            yield "It says", "what follows; nobody trusted here vouches for it"
        yield from _claim_facts(credential.claims)
    if verified.state.value != "unreadable":
        yield "Mark", _MARKS[verified.mark.value]
        yield "Stored here", _stored_words(verified.stored)


def _signer_words(credential: Credential) -> str:
    signer = credential.signer
    assert signer is not None
    name = f"{signer.name or 'no name'}, {signer.organization or 'no organization'}"
    if credential.trusted_by == "own":
        return f"{name}; trusted by this install's own root"
    if credential.trusted_by == "imported":
        return f"{name}; trusted by a root that was imported"
    return f"calls itself {name}; anybody can write that"


def _source_words(source_type: str) -> str:
    words = _SOURCES.get(source_type)
    return source_type if words is None else f"{words} ({source_type})"


def _claim_facts(claims: Claims) -> Iterator[tuple[str, str]]:
    for name, words in (
        ("Made with", claims.model or claims.generator),
        ("Made at", claims.made_at),
        ("Source", claims.source_type and _source_words(claims.source_type)),
        ("Oversight", claims.oversight and claims.oversight.replace("_", " ")),
        ("Decision", claims.decision and f"{claims.decision}, by {claims.decided_by or 'unknown'}"),
    ):
        if words:
            yield name, words
    for one in claims.ingredients:
        yield "Made from", _ingredient_words(one)


def _ingredient_words(one: IngredientClaim) -> str:
    title = one.title or "a file without a name"
    if one.manifest_id and set(one.failures) <= {"signingCredential.untrusted"}:
        known = "unknown" if one.failures else "known"
        return f"{title}, with a credential of its own by a signer that was {known} then"
    if one.failures:
        return f"{title}, whose own credential was not in order ({', '.join(one.failures)})"
    return title


def _stored_words(stored: Stored | None) -> str:
    if stored is None:
        return "no"
    words = f"image {stored.record.image_id}, found by {_FOUND_BY[stored.found_by]}"
    if stored.found_by in ("mark", "likeness"):
        return f"{words}; that does not prove that it is the same"
    return words


def _plain(text: str) -> str:
    """Text of unknown origin, fit for a terminal."""
    shown = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return shown if len(shown) <= MAX_CHARACTERS else f"{shown[: MAX_CHARACTERS - 1]}…"
