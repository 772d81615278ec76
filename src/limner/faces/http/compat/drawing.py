"""Drawing while a client waits: its request is a job, and if the client leaves, it is cancelled.

Waiting blocks threads of its own, so that others are answered however many wait.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar
from fastapi import Request as HttpRequest
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from limner.core.access import Principal
from limner.core.errors import LimnerError, TokenRefused
from limner.core.jobs import MAX_WAITING, Ended, Job, JobEvent
from limner.faces.http.access import HOW_TO_SIGN_IN
from limner.faces.http.services import Services

if TYPE_CHECKING:
    from limner.studio.jobs import Jobs

LEFT = 499  # status of an answer that nobody reads: the client closed the connection
WAIT_SECONDS = 2.0  # a wait is looked after at least this often
KEEP_ALIVE_SECONDS = 15.0  # so that proxies keep a quiet stream open
STILL_HERE = ": still here\n\n"  # what is sent then

_Result = TypeVar("_Result")
_threads: RunVar[anyio.CapacityLimiter] = RunVar("threads that wait for jobs")


async def in_thread(function: Callable[[], _Result]) -> _Result:
    """Run something that waits for a job, in one of the threads kept for that."""
    limiter = _threads.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(MAX_WAITING + 64)
        _threads.set(limiter)
    return await anyio.to_thread.run_sync(function, limiter=limiter)


async def wait_here(
    http: HttpRequest, jobs: Jobs, job_id: str, answer_to: Callable[[Job], _Result]
) -> _Result | None:
    """The answer to a job when it is over; cancelled at once when the client leaves before.

    Call it after the whole body was read.

    Args:
        http: the request.
        jobs: of the studio.
        job_id: of the job.
        answer_to: given the job that is over, in the thread that waited for it.

    Returns:
        ``None`` if the client left, so that nobody reads the answer.
    """
    answers: list[_Result] = []

    def wait() -> None:
        job = jobs.wait(job_id, timeout_seconds=WAIT_SECONDS)
        if job.is_over:
            answers.append(answer_to(job))

    async with anyio.create_task_group() as tasks:

        async def until_left() -> None:
            await _leaving(http.receive)
            await in_thread(lambda: jobs.cancel(job_id))
            tasks.cancel_scope.cancel()

        tasks.start_soon(until_left)
        while not answers:
            await in_thread(wait)
        tasks.cancel_scope.cancel()
    return answers[0] if answers else None


async def events_of(
    jobs: Jobs,
    job_id: str,
    *,
    with_previews: bool = True,
    require_allowed: Callable[[], None] = lambda: None,
) -> AsyncGenerator[JobEvent | None]:
    """What happens to a job until it is over; ``None`` when it was quiet for a while.

    Args:
        jobs: of the studio.
        job_id: of the job.
        with_previews: have previews made.
        require_allowed: raises before an event if whoever listens may not any more.

    Raises:
        JobNotFound: there is no job with this id.
    """
    watched = jobs.watch(job_id, with_previews=with_previews, timeout_seconds=KEEP_ALIVE_SECONDS)

    def next_event() -> JobEvent | None:
        event = next(watched)
        require_allowed()
        return event

    is_over = False
    while not is_over:
        event = await in_thread(next_event)
        is_over = isinstance(event, Ended)
        yield event


def events_for(
    services: Services, asking: Principal, job_id: str, *, with_previews: bool = True
) -> AsyncGenerator[JobEvent | None]:
    """The same for the holder of a token, as long as it is in force.

    Raises:
        TokenRefused: it ended meanwhile; asked anew before every event.
        JobNotFound: as `events_of`.
    """

    def require_allowed() -> None:
        if not services.tokens.is_in_force(asking.token_id):
            raise TokenRefused(hint=HOW_TO_SIGN_IN)

    return events_of(
        services.jobs, job_id, with_previews=with_previews, require_allowed=require_allowed
    )


async def told(
    events: AsyncIterator[JobEvent | None],
    document_of: Callable[[JobEvent], Mapping[str, object]],
    fault_of: Callable[[LimnerError], str],
) -> AsyncGenerator[str]:
    """Events of a job as text.

    Args:
        events: see `events_of`.
        document_of: what is told of each.
        fault_of: the text of the last event, where listening ends in an error.
    """
    try:
        async for event in events:
            yield STILL_HERE if event is None else event_text(event.kind, document_of(event))
    except LimnerError as error:
        yield fault_of(error)


def event_text(name: str, document: Mapping[str, object]) -> str:
    """One server-sent event."""
    return f"event: {name}\ndata: {json.dumps(document, ensure_ascii=False)}\n\n"


class JobStream(StreamingResponse):
    """Server-sent events of a job; it is cancelled at once when the client leaves before its end.

    Args:
        content: the events as text.
        jobs: of the studio.
        job_id: of the job.
        headers: of the answer.
    """

    media_type = "text/event-stream"

    def __init__(
        self, content: AsyncIterator[str], jobs: Jobs, job_id: str, headers: dict[str, str]
    ) -> None:
        super().__init__(content, headers=headers)
        self._jobs, self._job_id = jobs, job_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events, and listen for the client leaving meanwhile."""
        async with anyio.create_task_group() as tasks:

            async def until_sent() -> None:
                await self.stream_response(send)
                tasks.cancel_scope.cancel()

            tasks.start_soon(until_sent)
            await _leaving(receive)
            await in_thread(self._cancel)
            tasks.cancel_scope.cancel()

    def _cancel(self) -> None:
        self._jobs.cancel(self._job_id)  # one that is over stays as it is


async def _leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
