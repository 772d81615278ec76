"""The commands of ``limner tokens``: who may ask the server for what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

if TYPE_CHECKING:
    from limner.store.tokens import TokenRecord

app = typer.Typer(help="Make, list and end tokens for people and programs.")

Scopes = Annotated[
    list[str],
    typer.Option(
        "--scope",
        help="generate, review, operate, admin; or requester, reviewer, operator. Repeatable.",
    ),
]
Name = Annotated[str, typer.Option("--name", help="Whose it is; one name sees the same jobs.")]
Days = Annotated[int | None, typer.Option("--days", help="It ends after so many days.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
TokenId = Annotated[str, typer.Argument(metavar="TOKEN_ID", help="As `limner tokens list` has it.")]


@app.command()
def create(context: typer.Context, scope: Scopes, name: Name, days: Days = None) -> None:
    """Make a token; the last line is the token, and it is shown only now."""
    with opened(context) as studio:
        from limner.studio.tokens import Tokens

        made = Tokens(studio.parts).create(name, scope, num_days=days)
        note(f"Token {made.record.token_id}: {_words(made.record)}")
        say(made.text)


@app.command("list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """List every token by its id; the tokens themselves are not kept."""
    with opened(context) as studio:
        from limner.studio.tokens import Tokens

        now = studio.parts.read_clock()
        for record in Tokens(studio.parts).list():
            state = "in force" if record.is_in_force(now) else "ended"
            if as_json:
                say_json({**_document(record), "state": state})
            else:
                say(f"{record.token_id}  {_words(record)}, {state}")


@app.command()
def revoke(context: typer.Context, token_id: TokenId) -> None:
    """End a token, and the browsers signed in with it, at once."""
    with opened(context) as studio:
        from limner.studio.tokens import Tokens

        record = Tokens(studio.parts).revoke(token_id)
        say(f"The token {token_id} of {record.name} has ended.")


def _words(record: TokenRecord) -> str:
    scopes = " ".join(sorted(record.scopes))
    ends = "" if record.expires_at is None else f", until {record.expires_at:%Y-%m-%d %H:%M} UTC"
    return f"{record.name}, {scopes}{ends}"


def _document(record: TokenRecord) -> dict[str, object]:
    return {
        "token_id": record.token_id,
        "name": record.name,
        "scopes": sorted(record.scopes),
        "created_at": record.created_at.isoformat(),
        "expires_at": None if record.expires_at is None else record.expires_at.isoformat(),
        "revoked_at": None if record.revoked_at is None else record.revoked_at.isoformat(),
    }
