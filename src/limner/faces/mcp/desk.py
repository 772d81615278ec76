"""What an agent can ask for: images, how a job stands, what a file is worth.

It knows nothing of the protocol (see server.py). Jobs belong to one owner; those of others are not
there for it. An image that is held or refused is said to be so, and never given.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from limner.core.errors import JobNotFound
from limner.core.jobs import Ended, Job, Progressed
from limner.core.records import Request
from limner.faces.http.compat.deliveries import Delivery, deliver
from limner.faces.http.compat.drawing import events_of, in_thread
from limner.studio.image import Image
from limner.studio.verify import FileState, verify

if TYPE_CHECKING:
    from limner.studio.studio import Studio

CLIENT = "mcp"

MEANINGS = {
    FileState.TRUSTED: "Not changed since it was sealed by a signer trusted here.",
    FileState.UNKNOWN_SIGNER: "Not changed since it was sealed, but nobody vouches for the signer.",
    FileState.EXPIRED_SIGNER: "Not changed since it was sealed; the certificate has ended.",
    FileState.TAMPERED: "Changed after it was sealed; do not rely on what it says.",
    FileState.NO_CREDENTIAL: "It carries no credential, which proves nothing.",
    FileState.UNREADABLE: "Not a picture that can be read whole.",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """What an agent is told of a job.

    Attributes:
        document: as JSON.
        images: that are released.
        is_error: nothing was released of a job that is over.
    """

    document: dict[str, object]
    images: tuple[Image, ...]
    is_error: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Takes what an agent asks for.

    Attributes:
        studio: the use cases.
        owner: of every job asked for here.
        start_worker: sees that somebody draws; called before a job is waited for.
    """

    studio: Studio
    owner: str
    start_worker: Callable[[], None]

    async def draw(self, request: Request) -> AsyncGenerator[Job | Progressed]:
        """Draw a request: how it goes on, and last the job that is over.

        If whoever waits is cancelled, so is the job.

        Raises:
            LimnerError: it cannot be honoured, or there is no room.
        """
        jobs = self.studio.jobs
        job = await in_thread(lambda: jobs.submit(request, owner=self.owner, client=CLIENT))
        self.start_worker()
        try:
            async for event in events_of(jobs, job.job_id, with_previews=False):
                if isinstance(event, Progressed):
                    yield event
                elif isinstance(event, Ended):
                    yield event.job
        except (anyio.get_cancelled_exc_class(), GeneratorExit):
            with anyio.CancelScope(shield=True):
                await in_thread(lambda: jobs.cancel(job.job_id))
            raise

    def tell(self, job: Job) -> Told:
        """What became of a job's images, as decisions hold now."""
        delivery = deliver(self.studio.parts, job)
        document = job_document(job, delivery)
        is_error = job.is_over and not delivery.released
        return Told(document=document, images=delivery.released, is_error=is_error)

    def status(self, job_id: str) -> Told:
        """How a job of this owner stands.

        Raises:
            JobNotFound: there is none, or it is somebody else's.
        """
        job = self.studio.jobs.get(job_id)
        if job.owner != self.owner:
            raise JobNotFound(f"There is no job {job_id[:140]!r} here.")
        return self.tell(job)

    def verify(self, path: str) -> dict[str, object]:
        """What a picture file is worth; nothing that the file says of itself.

        Raises:
            ImageUnreadable: it cannot be read from the disk.
        """
        found = verify(self.studio.parts, Path(path).expanduser())
        return {
            "state": str(found.state),
            "meaning": MEANINGS[found.state],
            "format": found.file_format,
            "mark": str(found.mark),
            "image_id": None if found.stored is None else found.stored.record.image_id,
            "notices": list(found.notices),
            "barred": list(found.barred),
        }


def job_document(job: Job, delivery: Delivery) -> dict[str, object]:
    """A job as an agent reads it."""
    progress, error = job.progress, job.error
    return {
        "job_id": job.job_id,
        "state": str(job.state),
        "is_over": job.is_over,
        "num_images": job.num_images,
        "seconds_left": None if progress is None else progress.seconds_left,
        "released": [
            {"image_id": one.image_id, "seed": one.seed, "size": str(one.record.size)}
            for one in delivery.released
        ],
        "not_released": delivery.kept_document(),
        "error": None if error is None else {"code": error.code, "message": error.message},
    }
