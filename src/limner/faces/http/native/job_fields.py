"""A job as it is asked for and as it is told, in JSON."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from limner.core.access import Principal
from limner.core.deciding import Outcome
from limner.core.errors import BadInput, ImageUnreadable
from limner.core.jobs import Job, JobState
from limner.core.records import AskedAdapter, FileFormat, Mask, Picture, Request
from limner.faces.http.native.asking import Fields
from limner.faces.http.native.image_fields import ImageLinks
from limner.studio.gallery import require_visible
from limner.studio.parts import Parts
from limner.studio.picture_file import mask_of, picture_of
from limner.studio.requests import request_from
from limner.studio.stored_image import open_image

MAX_TEXT_CHARACTERS = 10_000
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class PictureFields(Fields):
    """A picture to start from: a file's bytes, or an image of one's own that was released."""

    content: str | None = Field(None, description="The bytes of a picture file, in base64.")
    image_id: str | None = Field(None, description="An image made here.", max_length=80)


class AdapterFields(Fields):
    """An adapter to put onto the model, such as a LoRA."""

    name: str = Field(max_length=100)
    weight: float | None = None
    picture: PictureFields | None = None


class JobFields(Fields):
    """What is to be drawn; what is left out, the generator decides."""

    prompt: str = Field(max_length=MAX_TEXT_CHARACTERS)
    negative: str = Field("", max_length=MAX_TEXT_CHARACTERS)
    num_images: Whole = 1
    seed: Whole | None = None
    steps: Whole | None = None
    guidance: float | None = None
    sampler: str | None = Field(None, max_length=100)
    size: str | None = Field(None, max_length=40, examples=["256", "320x200"])
    style: str | None = Field(None, max_length=100)
    background: str = Field("auto", max_length=100)
    source: PictureFields | None = None
    strength: float | None = None
    mask: PictureFields | None = Field(None, description="White repaints, black keeps.")
    second_pass: float | None = Field(
        None, description="Draw small, enlarge, and draw over it, leaving it so far, 0 to 1."
    )
    margins: str | None = Field(None, max_length=80, examples=["0,0,64,0"])
    is_deterministic: bool = False
    is_combinatorial: bool = False
    impact: str | None = Field(None, max_length=100)
    label: bool | None = None
    model: str | None = Field(None, max_length=100, description="Left out, the default.")
    adapters: list[AdapterFields] = Field(default_factory=list[AdapterFields], max_length=20)
    use: str | None = Field(None, max_length=100)
    file_format: FileFormat = "png"
    file_quality: Whole | None = None
    priority: Whole = 0
    within_seconds: float | None = Field(
        None, description="The job ends if it is not drawn so long after it was taken."
    )
    job_id: str | None = Field(None, max_length=140)

    def request(self, parts: Parts, asking: Principal) -> Request:
        """The request this asks for; what it means is checked when it is submitted.

        Raises:
            BadInput: a field cannot be read.
            NotFound: an image is not there, or somebody else's.
            ImageHeld, ImageRefused: an image to start from does not leave.
        """
        request = request_from(
            parts,
            self.prompt,
            negative=self.negative,
            n=self.num_images,
            seed=self.seed,
            steps=self.steps,
            guidance=self.guidance,
            sampler=self.sampler,
            size=self.size,
            style=self.style,
            background=self.background,
            strength=self.strength,
            outpaint=self.margins,
            second_pass=self.second_pass,
            combinations=self.is_combinatorial,
            deterministic=self.is_deterministic,
            impact=self.impact,
            label=self.label,
            model=self.model,
            use=self.use,
        )
        return replace(
            request,
            adapters=tuple(_adapter(parts, asking, one) for one in self.adapters),
            source=None if self.source is None else opened_picture(parts, asking, self.source),
            mask=None if self.mask is None else _mask(parts, asking, self.mask),
            file_quality=self.file_quality,
            within_seconds=self.within_seconds,
        )


class JobImageDocument(BaseModel):
    """A picture of a job that is stored and decided."""

    index: int
    image_id: str
    outcome: Outcome
    seed: int
    links: ImageLinks


class ProgressDocument(BaseModel):
    """How far a job has come."""

    step: int
    num_steps: int
    num_images_done: int
    num_images: int
    seconds_left: float | None


class ErrorDocument(BaseModel):
    """Why a job, or its last attempt, did not end well."""

    code: str
    message: str
    hint: str


class JobDocument(BaseModel):
    """A job as it stands. It is done when `is_over` says so, and well when it is ``finished``."""

    job_id: str
    owner: str
    state: JobState
    is_over: bool
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    attempts: int
    priority: int
    file_format: str
    client: str
    request: dict[str, object]
    num_images: int
    progress: ProgressDocument | None
    images: list[JobImageDocument]
    error: ErrorDocument | None
    poll_url: str
    events_url: str

    @classmethod
    def of(cls, job: Job) -> Self:
        """The document of a job."""
        progress, error = job.progress, job.error
        return cls(
            job_id=job.job_id,
            owner=job.owner,
            state=job.state,
            is_over=job.is_over,
            created_at=job.created_at,
            started_at=job.started_at,
            ended_at=job.ended_at,
            attempts=job.attempts,
            priority=job.priority,
            file_format=job.file_format,
            client=job.client,
            request=dict(job.request),
            num_images=job.num_images,
            progress=None
            if progress is None
            else ProgressDocument(
                step=progress.step,
                num_steps=progress.num_steps,
                num_images_done=progress.num_images_done,
                num_images=progress.num_images,
                seconds_left=progress.seconds_left,
            ),
            images=[
                JobImageDocument(
                    index=one.index,
                    image_id=one.image_id,
                    outcome=one.outcome,
                    seed=one.seed,
                    links=ImageLinks.of(one.image_id),
                )
                for one in job.images
            ],
            error=None
            if error is None
            else ErrorDocument(code=error.code, message=error.message, hint=error.hint),
            poll_url=f"/api/jobs/{job.job_id}",
            events_url=f"/api/jobs/{job.job_id}/events",
        )


class JobPage(BaseModel):
    """Jobs, the newest first; `before` asks for the next page."""

    jobs: list[JobDocument]
    before: str | None


def _adapter(parts: Parts, asking: Principal, given: AdapterFields) -> AskedAdapter:
    picture = None if given.picture is None else opened_picture(parts, asking, given.picture)
    return AskedAdapter(name=given.name, weight=given.weight, picture=picture)


def opened_picture(parts: Parts, asking: Principal, given: PictureFields) -> Picture:
    """The picture that fields name.

    Raises:
        BadInput: neither bytes nor an image are given, or both, or they are no picture.
        NotFound: the image is not there, or somebody else's.
        ImageHeld, ImageRefused: it does not leave.
    """
    content, name = _content(parts, asking, given, "source")
    return picture_of(content, name, parts.settings.max_input_megapixels)


def _mask(parts: Parts, asking: Principal, given: PictureFields) -> Mask:
    content, name = _content(parts, asking, given, "mask")
    return mask_of(content, name, parts.settings.max_input_megapixels)


def _content(parts: Parts, asking: Principal, given: PictureFields, name: str) -> tuple[bytes, str]:
    if (given.content is None) == (given.image_id is None):
        raise BadInput(
            f"The {name} needs either `content` or `image_id`, and not both.",
            code=f"{name}_unreadable",
        )
    if given.image_id is not None:
        require_visible(parts, asking, given.image_id)
        return open_image(parts, given.image_id).content, given.image_id
    try:
        return base64.b64decode(given.content or "", validate=True), name
    except (binascii.Error, ValueError) as error:
        raise ImageUnreadable(f"The content of the {name} is not base64.") from error
