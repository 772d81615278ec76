"""What an OpenAI-compatible service answers: pictures, events, errors, and what it charges.

Source: OpenAI's Images API as its official client has it (openai-python 3.54, types/images).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, cast

from limner.core.errors import EngineFailed, GeneratorUnavailable, LimnerError
from limner.core.forms import ModelForm
from limner.generators.services.calls import Answer, Head, document_of, quoted

EVENTS = "text/event-stream"
SPENT = ("insufficient_quota", "billing_hard_limit_reached")  # waiting does not help
BLOCKED = ("moderation_blocked", "content_policy_violation")
PRICES = ("cost_per_image", "cost_per_million_input_tokens", "cost_per_million_output_tokens")


class Came(NamedTuple):
    """A picture that came, finished or in the making.

    Attributes:
        content: of its file.
        usage: tokens it took, by name; ``None`` where the service does not tell.
        revised_prompt: what the service made of the prompt; empty where it does not tell.
        partial: number of a picture in the making, from 0; ``None`` for the finished one.
    """

    content: bytes
    usage: Mapping[str, Any] | None = None
    revised_prompt: str = ""
    partial: int | None = None


def picture_in(answer: Answer, host: str, hidden: Sequence[str]) -> Came:
    """The one picture of a whole answer.

    Args:
        answer: of the service.
        host: of the service.
        hidden: texts that no message may repeat.

    Raises:
        EngineFailed: it is an error, whatever its status, or has not exactly one picture.
    """
    document = document_of(answer, host)
    if document.get("error"):
        raise error_in(document, answer.head, host, hidden)
    data = document.get("data")
    if not isinstance(data, list) or len(data) != 1 or not isinstance(data[0], dict):  # pyright: ignore[reportUnknownArgumentType]
        raise EngineFailed(
            f"The service at {host} was asked for one picture, and its answer does not hold "
            "exactly one.",
            code="service_answer_unreadable",
        )
    datum = cast("Mapping[str, Any]", data[0])
    revised = datum.get("revised_prompt")
    return Came(
        content=_content_of(datum, host),
        usage=_usage_of(document),
        revised_prompt=revised if isinstance(revised, str) else "",
    )


def pictures_in_events(chunks: Iterator[bytes], host: str, hidden: Sequence[str]) -> Iterator[Came]:
    """The pictures of a stream of events as they come; the finished one is the last.

    Raises:
        EngineFailed: an event tells of an error, or cannot be read.
    """
    for document in _documents(chunks, host):
        kind = str(document.get("type", ""))
        if kind == "error" or document.get("error"):
            raise error_in(document, Head(200, {}), host, hidden)
        if kind.endswith(".partial_image"):
            index = document.get("partial_image_index")
            number = index if isinstance(index, int) else 0
            yield Came(content=_content_of(document, host), partial=number)
        elif kind.endswith(".completed"):
            yield Came(content=_content_of(document, host), usage=_usage_of(document))
            return


def error_in(
    document: Mapping[str, Any], head: Head, host: str, hidden: Sequence[str]
) -> LimnerError:
    """The error that an answer tells, in our words with the service's own behind them."""
    said = document.get("error", document)
    plain = {"message": document.get("message") or said}  # as stable-diffusion.cpp's server says
    told = cast("Mapping[str, Any]", said if isinstance(said, dict) else plain)
    words = quoted(told.get("message") or document.get("detail") or "nothing more", *hidden)
    code = str(told.get("code") or told.get("type") or "")
    if code in BLOCKED:
        return EngineFailed(
            f"The service at {host} refuses to draw this by its own rules: {words}",
            code="service_moderation",
        )
    if head.status in (401, 403):
        return GeneratorUnavailable(
            f"The service at {host} does not let us in ({head.status}): {words}",
            hint=f"Set the key for {host!r} in the setting 'service_keys'.",
        )
    status = f" with status {head.status}" if head.status >= 300 else ""
    return EngineFailed(
        f"The service at {host} answered{status} that it could not draw this: {words}",
        code="service_error",
        retryable=head.status >= 500,
    )


def is_spent(content: bytes) -> bool:
    """Whether an answer says that the account is spent, so that asking again is in vain."""
    return any(one.encode() in content for one in SPENT)


def require_prices(form: ModelForm) -> None:
    """Refuse prices that are none.

    Raises:
        ModelFormInvalid: names the first.
    """
    for name in PRICES:
        form.number(name, 0, 0, 1_000_000)
    form.text("currency")


class Cost(NamedTuple):
    """What one picture cost, and what is to be said about it.

    Attributes:
        told: such as ``0.04 USD``; ``None`` where the form names no price.
        notice: why it is not known though there are prices; empty otherwise.
    """

    told: str | None
    notice: str = ""


def cost_of(form: ModelForm, usage: Mapping[str, Any] | None) -> Cost:
    """What the service asks for one picture, by the prices of the form and the tokens it told."""
    per_image, per_input, per_output = (
        Decimal(str(form.number(name, 0, 0, 1_000_000))) for name in PRICES
    )
    if not any(name in form.options for name in PRICES):
        return Cost(None)
    total = per_image
    if per_input or per_output:
        counts = [(usage or {}).get(name) for name in ("input_tokens", "output_tokens")]
        if not all(isinstance(one, int) and one >= 0 for one in counts):
            return Cost(None, "The service did not tell the tokens it charges for.")
        num_input, num_output = cast("list[int]", counts)
        total += (per_input * num_input + per_output * num_output) / 1_000_000
    currency = form.text("currency", "USD")
    return Cost(f"{total.normalize():f} {currency}")


def _usage_of(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    usage = document.get("usage")
    return cast("Mapping[str, Any]", usage) if isinstance(usage, dict) else None


def _content_of(document: Mapping[str, Any], host: str) -> bytes:
    encoded = document.get("b64_json")
    if not isinstance(encoded, str):
        is_address = isinstance(document.get("url"), str)
        raise EngineFailed(
            f"The service at {host} sent {'an address' if is_address else 'nothing'} where the "
            "picture should be.",
            code="service_answer_unreadable",
            hint="Set the model's option 'response_format' to b64_json; addresses are not fetched."
            if is_address
            else "",
        )
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EngineFailed(
            f"The service at {host} sent a picture that is no base64.",
            code="service_answer_unreadable",
        ) from error


def _documents(chunks: Iterator[bytes], host: str) -> Iterator[Mapping[str, Any]]:
    """The data of every event; comments and names of events are passed over."""
    data: list[bytes] = []
    for line in _lines(chunks):
        if line.startswith(b"data:"):
            data.append(line[5:].strip())
        elif not line and data:
            text, data = b"\n".join(data), []
            if text == b"[DONE]":
                return
            yield _document(text, host)


def _document(text: bytes, host: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
        if isinstance(document, dict):
            return cast("Mapping[str, Any]", document)
    except (ValueError, RecursionError):
        pass
    raise EngineFailed(
        f"The service at {host} sent an event that is no JSON object.",
        code="service_answer_unreadable",
    )


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        held.append(first)
        for other in others:
            yield b"".join(held).rstrip(b"\r")
            held = [other]
    if any(held):
        yield b"".join(held).rstrip(b"\r")
        yield b""
