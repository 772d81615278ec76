"""Services with OpenAI's Images API behind the `Generator` port: one call a picture.

A request is tried again only where the service says that it did not begin (429, 502, 503, 504),
after the wait it asks for. What the API has no field for is sent in the fields that the option
``fields`` names, and refused before any call where it names none. Such a service does not say how
it splits text, so a token is one character here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import cast

import numpy as np

from limner.core.drawing import Drawn, Execution, Plan, Sketch, StepProgress
from limner.core.errors import BadInput, DrawingCancelled, EngineFailed, EngineLost
from limner.core.forms import ModelForm
from limner.core.ports import Ability, GeneratorCard
from limner.core.records import Operation
from limner.core.setting_values import Secret, Secrets
from limner.generators.services.calls import (
    POLL_SECONDS,
    Answer,
    Call,
    Head,
    IsCancelled,
    answering,
    document_of,
    form_data,
    service_of,
)
from limner.generators.services.openai_answers import (
    EVENTS,
    PRICES,
    Came,
    cost_of,
    error_in,
    is_spent,
    picture_in,
    pictures_in_events,
    require_prices,
)
from limner.generators.services.pictures import picture_of, png_of, preview_of
from limner.generators.services.promises import CARRIED, accepted, require_carried

ENGINE = "openai"
OPTIONS = frozenset(
    {
        "service_model",
        "fields",
        "response_format",
        "quality",
        "partial_images",
        "timeout_seconds",
        "tries",
        "longest_wait_seconds",
        "currency",
        *PRICES,
    }
)
RETRIED = (429, 502, 503, 504)
FIRST_WAIT_SECONDS = 1.0
HIDDEN_PARAMETERS = "<sd_cpp_extra_args>"

Watcher = Callable[[StepProgress], None]


class OpenAIGenerator:
    """Draws with a service that has OpenAI's Images API. Making one calls nobody.

    Args:
        form: of the model.
        keys: of services, by host.
        proxy: address of the HTTP proxy on the way; ``None`` for none.

    Raises:
        ModelFormInvalid: an option is unknown or not allowed, or the form promises what no field
            carries.
    """

    def __init__(self, form: ModelForm, keys: Secrets, proxy: Secret | None = None) -> None:
        form.require_options(OPTIONS)
        require_prices(form)
        self._form, self._card = form, form.card
        self._service = service_of(form, keys, proxy)
        self._fields = _fields_of(form)
        self._num_partials = int(form.number("partial_images", 0, 0, 3))
        self._num_tries = int(form.number("tries", 4, 1, 10))
        self._longest_wait_seconds = form.number("longest_wait_seconds", 120, 0, 3600)
        self._response_format = form.option("response_format", ("", "b64_json"))

    @property
    def card(self) -> GeneratorCard:
        """What the form says."""
        return self._card

    def prepare(self, sketch: Sketch) -> Plan:
        """Accept a sketch or refuse it for its length, or for words that would not be drawn.

        Raises:
            BadInput: a service behind this address may read parameters out of the prompt, so that
                the recipe would not say what ran.
        """
        if HIDDEN_PARAMETERS in sketch.prompt:
            raise BadInput(
                f"The prompt has {HIDDEN_PARAMETERS!r}, by which the server of "
                "stable-diffusion.cpp takes parameters; allowed are words.",
                hint="Ask for steps, seed and the like by their own names.",
            )
        return accepted(sketch, self._card)

    def generate(
        self,
        plan: Plan,
        seeds: Sequence[int],
        *,
        on_step: Watcher | None = None,
        is_cancelled: IsCancelled | None = None,
    ) -> Iterator[Drawn]:
        """Draw one picture for every seed; see the port.

        Raises:
            EngineFailed: the service could not, or its answer cannot be used.
            EngineLost: it hung up; retryable.
        """
        is_cancelled = is_cancelled or (lambda: False)
        for number, seed in enumerate(seeds):
            started = time.perf_counter()
            tell = _Telling(on_step, number, len(seeds), self._num_partials + 1)
            call = self._call_for(plan.sketch, seed)
            head, came = self._drawn_by(call, plan.sketch, tell, is_cancelled)
            image_HWC = picture_of(came.content, plan.sketch.canvas, self._service.host)
            tell.finished()
            cost = cost_of(self._form, came.usage)
            yield Drawn(
                image_HWC=image_HWC,
                seed=seed,
                is_finite=True,
                execution=self._execution(plan, head, cost.told),
                seconds=time.perf_counter() - started,
                notices=_notices(came, plan.sketch, cost.notice),
            )

    def look(self, is_cancelled: IsCancelled = lambda: False) -> tuple[str, ...]:
        """The names of the models the service offers, for whoever asks whether it is there.

        Raises:
            GeneratorUnavailable: it cannot be reached, or does not let us in.
            EngineFailed: it answers with another thing.
        """
        answer = self._asked(Call("GET", "/models"), is_cancelled)
        data = document_of(answer, self._service.host).get("data")
        listed = cast("list[object]", data) if isinstance(data, list) else []
        offered = [cast("dict[str, object]", one) for one in listed if isinstance(one, dict)]
        return tuple(str(one["id"]) for one in offered if "id" in one)

    @property
    def service_model(self) -> str:
        """The name of the model at the service."""
        return self._form.text("service_model", self._card.name)

    def _drawn_by(
        self, call: Call, sketch: Sketch, tell: _Telling, is_cancelled: IsCancelled
    ) -> tuple[Head, Came]:
        host, hidden = self._service.host, self._hidden(sketch.prompt, sketch.negative)
        with self._answer(call, hidden, is_cancelled) as (head, chunks):
            if head.media_type != EVENTS:
                return head, picture_in(Answer(head, b"".join(chunks)), host, hidden)
            for came in pictures_in_events(chunks, host, hidden):
                if came.partial is None:
                    return head, came
                tell.partial(came, sketch)
                if is_cancelled():
                    raise DrawingCancelled()
        raise EngineLost(
            f"The service at {host} ended its events before the picture was finished.",
            retryable=True,
        )

    def _hidden(self, *texts: str) -> tuple[str, ...]:
        """What no message may repeat."""
        return (*texts, self._service.key.value)

    def _asked(self, call: Call, is_cancelled: IsCancelled) -> Answer:
        with self._answer(call, self._hidden(), is_cancelled) as (head, chunks):
            return Answer(head, b"".join(chunks))

    @contextmanager
    def _answer(
        self, call: Call, hidden: Sequence[str], is_cancelled: IsCancelled
    ) -> Generator[tuple[Head, Iterator[bytes]]]:
        """An answer that tells of no error by its status, tried for as the form allows."""
        for number in range(1, self._num_tries + 1):
            with answering(self._service, call, is_cancelled) as (head, chunks):
                if head.status < 300:
                    yield head, chunks
                    return
                content = b"".join(chunks)
            is_last = number == self._num_tries or is_spent(content)
            if head.status not in RETRIED or is_last:
                document = document_of(Answer(head, content), self._service.host)
                raise error_in(document, head, self._service.host, hidden)
            self._wait(_wait_seconds(head, number), is_cancelled)

    def _wait(self, seconds: float, is_cancelled: IsCancelled) -> None:
        if seconds > self._longest_wait_seconds:
            raise EngineFailed(
                f"The service at {self._service.host} asks us to wait {seconds:.0f} seconds; the "
                f"model's option 'longest_wait_seconds' allows {self._longest_wait_seconds:g}.",
                code="service_busy",
                hint="Draw again later.",
            )
        ends_at = time.monotonic() + seconds
        while (left := ends_at - time.monotonic()) > 0:
            if is_cancelled():
                raise DrawingCancelled()
            time.sleep(min(left, POLL_SECONDS))

    def _call_for(self, sketch: Sketch, seed: int) -> Call:
        said = self._said(sketch, seed)
        if sketch.source_HWC is None:
            return Call("POST", "/images/generations", json.dumps(said).encode())
        files = {"image": png_of(sketch.source_HWC)}
        if sketch.mask_HW is not None:
            hole_HWC = sketch.source_HWC.copy()
            hole_HWC[..., 3] = 255 - sketch.mask_HW  # where it is transparent, it is repainted
            files["mask"] = png_of(hole_HWC)
        media_type, body = form_data(said, files)
        return Call("POST", "/images/edits", body, media_type)

    def _said(self, sketch: Sketch, seed: int) -> dict[str, object]:
        said: dict[str, object] = {
            "model": self.service_model,
            "prompt": sketch.prompt,
            "n": 1,
            "size": str(sketch.canvas),
        }
        if Ability.TRANSPARENT in self._card.abilities:
            said["background"] = "transparent" if sketch.is_transparent else "auto"
        if self._response_format:
            said["response_format"] = self._response_format
        if quality := self._form.text("quality"):
            said["quality"] = quality
        if self._num_partials:
            said |= {"stream": True, "partial_images": self._num_partials}
        known: Mapping[str, object] = {
            "seed": seed,
            "negative": sketch.negative,
            "steps": sketch.steps,
            "guidance": sketch.guidance,
            "sampler": sketch.sampler,
        }
        if sketch.operation is not Operation.TEXT:
            known = {**known, "strength": sketch.strength}
        named = {self._fields[name]: known[name] for name in known if name in self._fields}
        return said | {name: value for name, value in named.items() if value != ""}

    def _execution(self, plan: Plan, head: Head, cost: str | None) -> Execution:
        software = head.headers.get("openai-version") or head.headers.get("server") or "not told"
        return Execution(
            steps=plan.sketch.steps,
            num_forwards=1,  # the call; what happened behind it is not told
            num_prompt_tokens=plan.num_prompt_tokens,
            batch_size=1,
            engine=self._card.engine,
            device=self._service.host,
            precision="not told",
            num_threads=None,
            versions={"service": software},
            cost=cost,
        )


class _Telling:
    """Tells steps of one picture: one for each in the making, and the last when it is finished."""

    def __init__(self, on_step: Watcher | None, number: int, num_images: int, num: int) -> None:
        self._on_step = on_step
        self._number, self._num_images, self._num_steps = number, num_images, num
        self._last = 0

    def partial(self, came: Came, sketch: Sketch) -> None:
        step = (came.partial or 0) + 1
        if self._last < step < self._num_steps:
            self._tell(step, came.content, sketch)

    def finished(self) -> None:
        self._tell(self._num_steps)

    def _tell(self, step: int, content: bytes = b"", sketch: Sketch | None = None) -> None:
        self._last = step
        seen = None if sketch is None else preview_of(content, sketch.canvas)
        if self._on_step is not None:
            self._on_step(
                StepProgress(
                    step=step,
                    num_steps=self._num_steps,
                    num_images_done=self._number,
                    batch_size=1,
                    num_images=self._num_images,
                    read_preview=None if seen is None else lambda: np.array(seen),
                )
            )


def _fields_of(form: ModelForm) -> Mapping[str, str]:
    """Names of the service's own fields; what the form promises must have one."""
    said: object = form.options.get("fields", {})
    if not isinstance(said, dict):
        raise form.refusal("fields", f"names by {', '.join(CARRIED)}")
    fields = {str(name): str(value) for name, value in cast("dict[object, object]", said).items()}
    if any(name not in CARRIED or not value for name, value in fields.items()):
        raise form.refusal("fields", f"names by {', '.join(CARRIED)}")
    require_carried(form, fields, "fields")
    return fields


def _wait_seconds(head: Head, number: int) -> float:
    """How long to wait: as the service says in seconds or by a date, else twice as long each time.

    Source: RFC 9110, section 10.2.3.
    """
    said = head.headers.get("retry-after", "")
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return FIRST_WAIT_SECONDS * 2 ** (number - 1)
    return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _notices(came: Came, sketch: Sketch, further: str) -> tuple[str, ...]:
    notices: list[str] = [further] if further else []
    if came.revised_prompt and came.revised_prompt != sketch.prompt:
        notices.append(f"The service drew another prompt than was asked: {came.revised_prompt}")
    return tuple(notices)
