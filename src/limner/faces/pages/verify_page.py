"""The Verify page: a file is dropped, and the plain answer stands first.

What is told, and to whom, is decided where the API decides it (native/verifying.py): nothing of a
person, nothing of an image to those who may not see it. Nothing that is dropped is kept.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import Response

from limner.core.errors import BadInput
from limner.faces.http.access import Asker
from limner.faces.http.native.asking import Given
from limner.faces.http.native.verifying import VerifiedDocument, document_of, plain_name
from limner.faces.pages.frame import frame
from limner.faces.pages.site import render, say
from limner.studio.verify import verify_content

router = APIRouter(include_in_schema=False)

# How the answer is coloured, by state; what is not here is a warning.
TONES = {"trusted": "released", "tampered": "refused", "unreadable": "refused"}
MARKED = ("matches", "content_differs")
"""States of a mark that answer for a file that has no credential."""
IN_WORDS = {
    "trainedAlgorithmicMedia": "made",
    "compositeWithTrainedAlgorithmicMedia": "changed",
    "digitalCapture": "taken",
    "prompt_guided": "prompt_guided",
    "human_validated": "human_validated",
    "own": "own",
}
"""Codes of credentials, and the catalogue's word for each; others are shown as they are."""


@router.get("/verify")
def show(request: Request, asking: Asker, given: Given) -> Response:
    """The page, with nothing verified yet."""
    return render("verify.html", **frame(request, asking, "/verify"), verified=None)


@router.post("/verify")
def verify(
    request: Request,
    asking: Asker,
    given: Given,
    file: Annotated[UploadFile, File()],
    sidecar: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """What the file is worth."""
    content = file.file.read()
    if not content:
        raise BadInput("The file is empty, or none was chosen.", code="image_unreadable")
    beside = sidecar.file.read() if sidecar is not None else b""
    name = plain_name(file.filename)
    verified = verify_content(given.parts, content, name, beside or None)
    document = document_of(given.parts, asking, verified)
    shown = {
        "verified": document,
        "name": name,
        "answer": answer_of(document),
        "tone": tone_of(document),
        "facts": facts_of(document),
    }
    if "HX-Request" in request.headers:
        return render("_verified.html", **shown)
    return render("verify.html", **frame(request, asking, "/verify"), **shown)


def tone_of(document: VerifiedDocument) -> str:
    """How the answer is coloured: nothing is green that must not be used."""
    tone = TONES.get(document.state, "held")
    return "held" if document.barred and tone == "released" else tone


def answer_of(document: VerifiedDocument) -> str:
    """The word of the catalogue under which the answer stands.

    A file without a credential is answered for by its mark, if it has one that leads somewhere.
    """
    if document.state == "no_credential" and document.mark in MARKED:
        return f"mark_{document.mark}"
    return document.state


def facts_of(document: VerifiedDocument) -> list[tuple[str, str]]:
    """What the file says of itself, as pairs of a word of the catalogue and what it says."""
    facts = (
        ("signer", document.signer),
        ("trusted_by", document.trusted_by),
        ("stamped_at", document.stamped_at),
        ("made_at", document.made_at),
        ("generator", document.generator),
        ("model", document.model),
        ("source_type", document.source_type),
        ("oversight", document.oversight),
        ("decision", document.decision),
        ("decided_by", document.decided_by),
        ("ingredients", str(document.num_ingredients) if document.num_ingredients else None),
        ("format", document.format),
    )
    return [(name, _in_words(said)) for name, said in facts if said]


def _in_words(said: str) -> str:
    known = IN_WORDS.get(said)
    return said if known is None else say(f"verify.code.{known}")
