"""Setting what a stream is held against."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from limner.core.errors import BadInput
from limner.core.limits import require_one_of
from limner.core.settings import RULES
from limner.core.watching import LEAST_REFERENCE, Reference, Sensitivity
from limner.store.evidence import evidence_of
from limner.store.judgements import freeze_criteria
from limner.store.streams import StreamImage, stream_images, streams
from limner.store.watches import set_reference
from limner.studio.gate_use import SUITES_FOLDER
from limner.studio.watch.basis import basis_now, lost_suites

if TYPE_CHECKING:
    from limner.studio.parts import Parts

DEFAULT_IMAGES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be a reference.

    Attributes:
        num_last: the newest so many images, of those up to `until`.
        since, until: times between which they came; ``None`` sets no bound.
        run_length, window: instead of those of the settings.
    """

    num_last: int = DEFAULT_IMAGES
    since: datetime | None = None
    until: datetime | None = None
    run_length: int | None = None
    window: int | None = None


def set_stream_reference(parts: Parts, stream: str, asked: Asked) -> Reference:
    """Hold a stream from now on against some of its images. They should be known to be good.

    A reference with fewer than `LEAST_REFERENCE` images may be set; it gives no verdicts, and says
    so whenever it is read.

    Raises:
        BadInput: there is no such stream, it has no image then, or a number is not allowed.
    """
    now = parts.read_clock()
    sensitivity = Sensitivity(
        run_length=_number("watch_run_length", asked.run_length, parts.settings.watch_run_length),
        window=_number("watch_window", asked.window, parts.settings.watch_window),
    )
    with parts.store.watches.reading() as connection:
        require_one_of("stream", stream, streams(connection))
        images = stream_images(
            connection,
            stream,
            since=asked.since,
            until=asked.until,
            num_last=max(asked.num_last, 1),
        )
    if not images:
        raise BadInput(f"The stream {stream!r} has no image in that time, so it is no reference.")
    basis = basis_now(parts, stream, images, ())
    with parts.store.watches.reading() as connection:
        evidence = evidence_of(connection, basis.model) if basis.model else []
    reference = Reference(
        reference_id=f"reference-{secrets.token_hex(6)}",
        stream=stream,
        from_at=images[0].came_at,
        until_at=images[-1].came_at,
        num_images=len(images),
        sensitivity=sensitivity,
        basis=basis_now(parts, stream, images, evidence),
        set_at=now,
        set_by=parts.requester,
    )
    criteria = parts.judge.criteria
    with parts.store.watches.writing(now) as connection:
        if criteria is not None:  # their hash goes into the ledger, and is to be found there
            freeze_criteria(connection, criteria, now)
        set_reference(connection, reference)
    return reference


def shortcomings_of(reference: Reference) -> str:
    """What cannot be told by a reference, in sentences: it is too small, or knows no suite."""
    said: list[str] = []
    if reference.num_images < LEAST_REFERENCE:
        said.append(
            f"The reference of {reference.stream!r} has {reference.num_images} images; verdicts "
            f"need {LEAST_REFERENCE}, so there will be none."
        )
    if lost := lost_suites(reference.basis):
        said.append(
            "Of these suites no change is seen, since they could not be read when the reference "
            f"was set: {', '.join(lost)}. Have each in the data folder, as "
            f"{SUITES_FOLDER}/NAME.yaml, and set the reference anew: "
            f"`limner watch reference {reference.stream}`."
        )
    return " ".join(said)


def images_of(parts: Parts, reference: Reference) -> list[StreamImage]:
    """The images of a reference that are still there, oldest first."""
    with parts.store.watches.reading() as connection:
        return stream_images(
            connection,
            reference.stream,
            since=reference.from_at - timedelta(microseconds=1),
            until=reference.until_at,
        )


def images_since(parts: Parts, reference: Reference) -> list[StreamImage]:
    """The images of the stream since its reference, oldest first."""
    with parts.store.watches.reading() as connection:
        return stream_images(connection, reference.stream, since=reference.until_at)


def _number(setting: str, asked: int | None, default: int) -> int:
    if asked is None:
        return default
    try:
        RULES[setting].parse(asked)
    except ValueError as error:
        name = setting.removeprefix("watch_").replace("_", " ")
        raise BadInput(f"The {name} is {asked}; allowed is {RULES[setting].allowed}.") from error
    return asked
