"""Streams of stored images with known scores, for tests of watching; nothing is drawn."""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from PIL import Image as PillowImage

from limner.core.deciding import Decision, Outcome
from limner.core.hashing import sha256_of_bytes
from limner.core.judging import Limits, Result, Verdict
from limner.core.looking import Findings, Incoming, TagFound
from limner.core.models import (
    Cause,
    EventKind,
    Licence,
    ModelEvent,
    ModelVersion,
    Origin,
    Stage,
)
from limner.core.recipe import ImageRecord
from limner.core.records import Size
from limner.core.reviewing import EventKind as ReviewEvent
from limner.store import schema
from limner.store.image_rows import row_of
from limner.store.judgements import add_judgement
from limner.store.ledger.images import append_image
from limner.store.models import register
from limner.store.reviews import append_event, find_card, open_card
from limner.studio.studio import Studio

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
RELEASED = Decision(
    outcome=Outcome.RELEASED,
    reasons=(),
    criteria_sha256=None,
    impact="low",
    audit_probability=0.05,
    is_audited=False,
    needs_second=False,
)


def sharpness(score: float) -> Result:
    """What a calibrated check says; NaN where it fails."""
    has_failed = bool(np.isnan(score))
    return Result(
        check="sharpness",
        version="1",
        verdict=Verdict.ERROR if has_failed else Verdict.PASS,
        judged_sha256="sha256:00",
        limits=Limits(pass_at=0.0, fail_at=0.0),
        score=None if has_failed else score,
        probability_bad=None if has_failed else float(np.clip(0.1 - 0.02 * score, 0, 1)),
    )


def add_stream(
    studio: Studio,
    scores: Sequence[float],
    *,
    start: int = 0,
    seed: int | None = None,
    num_bytes: int = 0,
) -> list[str]:
    """Store rows and entries of an image for each score, a minute apart; their ids.

    There are no files. Every image has a seed of its own, unless `seed` is stuck, and a size that
    is that of a painted one, unless `num_bytes` is another.
    """
    template = _template(studio)
    records = [
        replace(
            template,
            image_id=sha256_of_bytes(f"picture {number}".encode()),
            num_bytes=num_bytes or template.num_bytes,
            created_at=BEGAN + timedelta(minutes=number),
            recipe=replace(template.recipe, seed=number if seed is None else seed),
        )
        for number in range(start, start + len(scores))
    ]
    with studio.parts.store.reviews.writing(BEGAN) as connection:
        for record, score in zip(records, scores, strict=True):
            connection.execute(schema.images.insert().values(row_of(record)))
            append_image(connection, record)
            add_judgement(
                connection,
                record.image_id,
                [sharpness(float(score))],
                RELEASED,
                decided_by="rule",
                now=record.created_at,
            )
    return [one.image_id for one in records]


def add_incoming(
    studio: Studio,
    num: int,
    *,
    start: int = 0,
    camera: str = "",
    outcome: Outcome = RELEASED.outcome,
    tag: str = "",
    dark_rows: int | None = None,
) -> list[str]:
    """Store what a look at so many pictures of one camera leaves, a minute apart; their ids.

    Where `dark_rows` is told, their perceptual hashes have so many rows of 16 that are dark, and
    are otherwise of chance.
    """
    looks, decision = studio.parts.store.looks, replace(RELEASED, outcome=outcome)
    if looks.find_run("look-1") is None:
        looks.begin("look-1", "sha256:looker", {"started_at": BEGAN.isoformat()})
    buffer = io.BytesIO()
    PillowImage.new("RGB", (64, 48), "teal").save(buffer, "JPEG")
    images: list[str] = []
    with looks.writing(BEGAN) as writing:
        for number in range(start, start + num):
            now = BEGAN + timedelta(minutes=number)
            image_id = sha256_of_bytes(f"incoming {number}".encode())
            incoming = Incoming(
                image_id=image_id, pixels_sha256="sha256:aa", file_format="jpeg", num_bytes=900,
                size=Size(640, 480), source=f"in/{number}.jpg", received_at=now,
                pdq=None if dark_rows is None else _hash_of(number, dark_rows),
            )  # fmt: skip
            writing.receive(incoming, buffer.getvalue(), None)
            tags = (TagFound(tag, 0.9),) if tag else ()
            findings = Findings(camera=camera, tags=tags)
            document = {"findings": findings.to_document(), "results": []}
            writing.add_look(image_id, "sha256:looker", document, now)
            add_judgement(writing.connection, image_id, [], decision, decided_by="rule", now=now)
            images.append(image_id)
    return images


def _hash_of(number: int, dark_rows: int) -> bytes:
    return bytes(2 * dark_rows) + np.random.default_rng(number).bytes(32 - 2 * dark_rows)


def add_kept(studio: Studio, *, outcome: Outcome = Outcome.HELD) -> str:
    """Store what a look at one picture leaves whose file is kept, so that it can be shown."""
    buffer = io.BytesIO()
    PillowImage.linear_gradient("L").convert("RGB").save(buffer, "PNG")
    image_id, decision = sha256_of_bytes(buffer.getvalue()), replace(RELEASED, outcome=outcome)
    incoming = Incoming(
        image_id=image_id, pixels_sha256="sha256:aa", file_format="png", num_bytes=900,
        size=Size(256, 256), source="in/kept.png", received_at=BEGAN, pdq=None,
    )  # fmt: skip
    with studio.parts.store.looks.writing(BEGAN) as writing:
        writing.receive(incoming, buffer.getvalue(), buffer.getvalue())
        add_judgement(writing.connection, image_id, [], decision, decided_by="rule", now=BEGAN)
    return image_id


def audit(
    studio: Studio,
    image_id: str,
    *,
    is_good: bool,
    days: int,
    probability: float,
    outcome: Outcome = Outcome.RELEASED,
) -> None:
    """Decide about an image on a day, audit it with a probability, and close its card."""
    now = BEGAN + timedelta(days=days)
    decision = replace(RELEASED, outcome=outcome, is_audited=True, audit_probability=probability)
    with studio.parts.store.reviews.writing(now) as connection:
        add_judgement(connection, image_id, [], decision, decided_by="rule", now=now)
        card_id = open_card(
            connection,
            image_id=image_id,
            kind="held" if outcome is Outcome.HELD else "audit",
            opened_at=now,
            document={
                "question": "May it leave?",
                "requester": None,
                "impact": None,
                "needs_second": False,
                "due_at": None,
                "reasons": [],
            },
        )
        card = find_card(connection, card_id)
        assert card is not None
        outcome = "accepted" if is_good else "rejected"
        append_event(
            connection, card, ReviewEvent.CLOSED, happened_at=now, document={"outcome": outcome}
        )


def _template(studio: Studio) -> ImageRecord:
    record = studio.generate("a red fox", seed=7)[0].record
    studio.parts.store.erase_image(record.image_id, reason="test", recorded_at=BEGAN)
    return record


def register_active(studio: Studio, version: str | None = None) -> ModelVersion:
    """The model that draws, or an earlier version of it, in the registry and active."""
    card = studio.card
    model = ModelVersion(
        name=card.name,
        version=version or card.version,
        files=dict(card.ingredients),
        licence=Licence(expression="MIT", source="LICENSE", reviewer="Ada"),
        card={},
        owner="design team",
        origin=Origin.SHIPPED,
    )
    with studio.parts.store.models.writing(BEGAN) as connection:
        arrived = ModelEvent(
            kind=EventKind.REGISTERED,
            happened_at=BEGAN,
            stage=Stage.ACTIVE,
            cause=Cause.SHIPPED,
        )
        register(connection, model, arrived)
    return model
