"""Verifying a file that somebody sends: what it is worth, in one word, and why.

The answer holds no name of a person: of the credential, what a signer's organization vouches for;
of this data folder, an image only to those who may see it.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, UploadFile
from pydantic import BaseModel

from limner.core.access import Principal
from limner.core.errors import BadInput, NotFound
from limner.faces.http.access import Asker
from limner.faces.http.native.asking import Given
from limner.studio.gallery import require_visible
from limner.studio.parts import Parts
from limner.studio.verify import Verified, verify_content

router = APIRouter(prefix="/api/verify", tags=["verify"])

MAX_NAME_CHARACTERS = 80


class FaultDocument(BaseModel):
    """One reason why a credential is not in order."""

    code: str
    words: str


class VerifiedDocument(BaseModel):
    """What is known of a file; only ``trusted`` with nothing in ``barred`` is a pass."""

    state: str
    format: str | None
    reasons: list[FaultDocument]
    signer: str | None
    trusted_by: str | None
    stamped_at: str | None
    made_at: str | None
    generator: str | None
    model: str | None
    source_type: str | None
    oversight: str | None
    decision: str | None
    decided_by: str | None
    num_ingredients: int
    mark: str
    image_id: str | None
    found_by: str | None
    notices: list[str]
    barred: list[str]


@router.post("")
def verify(
    asking: Asker,
    given: Given,
    file: Annotated[UploadFile, File(description="Any file.")],
    sidecar: Annotated[UploadFile | None, File(description="A credential beside it.")] = None,
) -> VerifiedDocument:
    """Say whether a file is what it was when it was sealed, and by whom. Nothing is kept."""
    content = file.file.read()
    if not content:
        raise BadInput("The file is empty.", code="image_unreadable")
    beside = None if sidecar is None else sidecar.file.read()
    verified = verify_content(given.parts, content, plain_name(file.filename), beside)
    return document_of(given.parts, asking, verified)


def plain_name(given: str | None) -> str:
    """The last part of a file name somebody sent, without what a name should not hold.

    It is shown and its suffix is compared; no file is ever opened by it.
    """
    last = (given or "").replace("\\", "/").rpartition("/")[2]
    kept = "".join(one for one in last if one.isprintable())[-MAX_NAME_CHARACTERS:]
    return kept if kept.strip(". ") else "file"


def document_of(parts: Parts, asking: Principal | None, verified: Verified) -> VerifiedDocument:
    """What is told of a file to this person; ``None`` is a stranger."""
    credential, claims = verified.credential, verified.credential.claims
    is_vouched = credential.trusted_by is not None
    image_id = _image_for(parts, asking, verified)
    if verified.state.value == "tampered":
        claims = None  # what a changed file says of itself is not passed on
    return VerifiedDocument(
        state=verified.state.value,
        format=verified.file_format,
        reasons=[FaultDocument(code=one.code, words=one.words) for one in credential.reasons],
        signer=credential.signer.organization if credential.signer and is_vouched else None,
        trusted_by=credential.trusted_by,
        stamped_at=None if credential.stamped_at is None else credential.stamped_at.isoformat(),
        made_at=None if claims is None else claims.made_at,
        generator=None if claims is None else claims.generator,
        model=None if claims is None else claims.model,
        source_type=None if claims is None else claims.source_type,
        oversight=None if claims is None else claims.oversight,
        decision=None if claims is None else claims.decision,
        decided_by=None if claims is None else claims.decided_by,
        num_ingredients=0 if claims is None else len(claims.ingredients),
        mark=verified.mark.value,
        image_id=image_id,
        found_by=None if image_id is None or verified.stored is None else verified.stored.found_by,
        notices=list(verified.notices),
        barred=list(verified.barred),
    )


def _image_for(parts: Parts, asking: Principal | None, verified: Verified) -> str | None:
    if verified.stored is None or asking is None:
        return None
    try:
        seen = require_visible(parts, asking, verified.stored.record.image_id)
    except NotFound:
        return None
    return seen.record.image_id
