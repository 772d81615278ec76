"""Answering by events while a job is drawn.

A picture in the making is nobody's judged image: it is small, unsealed, and none is made once the
drawing is nearly done, so that what criteria hold back is not seen by this way (studio/attempt.py).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from functools import partial

from limner.core.access import Principal
from limner.core.deciding import Outcome
from limner.core.errors import LimnerError
from limner.core.jobs import (
    Ended,
    ImageDecided,
    Job,
    JobEvent,
    JobImage,
    Previewed,
    Progressed,
    StateChanged,
)
from limner.faces.http.compat.deliveries import deliver, require_some
from limner.faces.http.compat.drawing import event_text, events_for, in_thread
from limner.faces.http.openai.answers import (
    Kind,
    completed_event,
    error_event,
    limner_document,
    partial_event,
)
from limner.faces.http.openai.requests import Asked
from limner.faces.http.problems import openai_error, problem_of
from limner.faces.http.services import Services
from limner.studio.stored_image import open_image

NOT_RELEASED = "limner.not_released"


@dataclass(slots=True)
class Partials:
    """Which previews are sent on: `num_partials` of every picture, evenly over its steps."""

    num_partials: int
    _share: float = 0.0
    _num_sent: dict[int, int] = field(default_factory=dict[int, int])

    def note(self, event: Progressed) -> None:
        """Learn how far drawing is."""
        progress = event.progress
        self._share = progress.step / progress.num_steps if progress.num_steps else 0.0

    def take(self, event: Previewed) -> int | None:
        """Number of this partial picture, from 0, if it is to be sent."""
        num_sent = self._num_sent.get(event.index, 0)
        due_at = (num_sent + 1) / (self.num_partials + 1)
        if num_sent >= self.num_partials or self._share < due_at:
            return None
        self._num_sent[event.index] = num_sent + 1
        return num_sent


@dataclass(kw_only=True)
class Teller:
    """Turns what happens to a job into the events of an answer.

    Attributes:
        services: of the application.
        asked: how the answer has to look.
        kind: generation or edit.
        created_at: of the job, in seconds since 1970.
    """

    services: Services
    asked: Asked
    kind: Kind
    created_at: int
    _partials: Partials = field(init=False)
    _indices: set[int] = field(default_factory=set[int])

    def __post_init__(self) -> None:
        self._partials = Partials(self.asked.num_partials)

    def tell(self, event: JobEvent | None) -> list[str]:
        """The events that follow from one happening, as text.

        Raises:
            LimnerError: the job is over and none of its images leaves.
        """
        match event:
            case None:
                return [": still at it\n\n"]
            case Progressed():
                self._partials.note(event)
                return []
            case Previewed():
                return self._partial(event)
            case ImageDecided():
                return self._completed((event.image,))
            case StateChanged():
                return self._completed(event.job.images)
            case Ended():
                return [*self._completed(event.job.images), *self._kept_back(event.job)]

    def _partial(self, event: Previewed) -> list[str]:
        number = self._partials.take(event)
        if number is None:
            return []
        return [partial_event(self.asked, event.content, number, self.kind, self.created_at)]

    def _completed(self, images: Iterable[JobImage]) -> list[str]:
        new = [one for one in images if one.index not in self._indices]
        self._indices.update(one.index for one in new)
        opened = [open_image(self.services.parts, one.image_id) for one in new]
        return [
            completed_event(self.asked, one, self.kind, self.created_at)
            for one in opened
            if one.outcome is Outcome.RELEASED
        ]

    def _kept_back(self, job: Job) -> list[str]:
        delivery = deliver(self.services.parts, job)
        require_some(delivery)
        if not delivery.kept:
            return []
        document = {"type": NOT_RELEASED, **limner_document(delivery)}
        return [event_text(NOT_RELEASED, document)]


async def stream_events(
    services: Services, asking: Principal, job: Job, asked: Asked, kind: Kind
) -> AsyncGenerator[str]:
    """Every event of an answer, as text."""
    created_at = int(job.created_at.timestamp())
    teller = Teller(services=services, asked=asked, kind=kind, created_at=created_at)
    try:
        with_previews = asked.num_partials > 0
        events = events_for(services, asking, job.job_id, with_previews=with_previews)
        async for event in events:
            for text in await in_thread(partial(teller.tell, event)):
                yield text
    except LimnerError as error:
        yield error_event(openai_error(problem_of(error)))
