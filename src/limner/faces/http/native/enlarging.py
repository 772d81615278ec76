"""Enlarging a picture: a job like any other, whose image is the larger copy."""

from __future__ import annotations

from fastapi import APIRouter, Response, status
from pydantic import Field

from limner.core.records import FileFormat
from limner.faces.http.native.asking import Drawer, Fields, Given
from limner.faces.http.native.job_fields import JobDocument, PictureFields, Whole, opened_picture
from limner.studio.upscaling import enlarging_request

router = APIRouter(prefix="/api/enlargements", tags=["jobs"])


class EnlargingFields(Fields):
    """Which picture is to be enlarged, and by how much."""

    source: PictureFields
    factor: Whole = Field(2, examples=[2, 4])
    model: str | None = Field(
        None, max_length=100, description="What enlarges; left out, plain resampling."
    )
    impact: str | None = Field(None, max_length=100)
    label: bool | None = None
    use: str | None = Field(None, max_length=100)
    file_format: FileFormat = "png"
    file_quality: Whole | None = None
    priority: Whole = 0
    job_id: str | None = Field(None, max_length=140)


@router.post("", status_code=status.HTTP_202_ACCEPTED)
def enlarge(
    fields: EnlargingFields, asking: Drawer, given: Given, response: Response
) -> JobDocument:
    """Enlarge a picture; look at `poll_url`, or listen at `events_url`, until the job is over."""
    request = enlarging_request(
        given.parts,
        opened_picture(given.parts, asking, fields.source),
        factor=fields.factor,
        model=fields.model,
        impact=fields.impact,
        use=fields.use,
        label=fields.label,
        file_quality=fields.file_quality,
    )
    job = given.jobs.submit(
        request,
        owner=asking.name,
        job_id=fields.job_id,
        file_format=fields.file_format,
        priority=fields.priority,
        client="api",
    )
    document = JobDocument.of(job)
    response.headers["Location"] = document.poll_url
    return document
