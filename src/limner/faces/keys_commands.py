"""The commands of ``limner keys``: what images are sealed with, and who is trusted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

if TYPE_CHECKING:
    from limner.studio.keys import ShownCertificate, ShownKeys

app = typer.Typer(help="The keys images are sealed with, and the roots that are trusted.")

PemFile = Annotated[Path, typer.Argument(help="PEM file of one certificate or more.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a certificate.")]


@app.command()
def show(context: typer.Context, as_json: Json = False) -> None:
    """Print what images are sealed with here; keys are made if there are none."""
    with opened(context) as studio:
        from limner.studio import keys

        _say_keys(keys.show(studio.parts), as_json=as_json)


@app.command()
def rotate(context: typer.Context, as_json: Json = False) -> None:
    """Make new keys for seals, marks and the ledger; what was sealed before stays trusted here."""
    with opened(context) as studio:
        from limner.studio import keys

        _say_keys(keys.rotate(studio.parts), as_json=as_json)
        note("The ledger and the marks have new keys too.")
        note("Give the new root to those who verify your images: limner keys export-root")


@app.command("export-root")
def export_root(context: typer.Context) -> None:
    """Print the root certificate, for those who shall trust images from here."""
    with opened(context) as studio:
        from limner.studio import keys

        say(keys.export_root(studio.parts).rstrip("\n"))


@app.command()
def trust(context: typer.Context, file: PemFile, as_json: Json = False) -> None:
    """Trust the roots in a file, such as another install's root or a public trust list."""
    with opened(context) as studio:
        from limner.studio import keys

        for one in keys.trust(studio.parts, file):
            _say_certificate(one, as_json=as_json)


def _say_keys(shown: ShownKeys, *, as_json: bool) -> None:
    for one in shown.certificates:
        _say_certificate(one, as_json=as_json)
    if not as_json:
        note(f"The key files are in {str(shown.folder)!r}; keep a copy of root.pem elsewhere.")
    if shown.chain is not None:
        note(f"Images are sealed with your own chain instead, {str(shown.chain)!r}.")


def _say_certificate(one: ShownCertificate, *, as_json: bool) -> None:
    if as_json:
        times = {"begins_at": one.begins_at.isoformat(), "ends_at": one.ends_at.isoformat()}
        say_json({**one._asdict(), **times})
    else:
        say(f"{one.role:10}  until {one.ends_at:%Y-%m-%d}  {one.fingerprint}  {one.name}")
