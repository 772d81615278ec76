"""Review cards for tests of pages: pictures that are drawn at once, and held."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

from limner.core.criteria import Consequence
from limner.core.deciding import Decision, Outcome, Reason
from limner.core.errors import BadInput
from limner.store.judgements import add_judgement
from limner.store.reviews import open_card
from limner.studio import review
from limner.studio.parts import Parts
from limner.studio.studio import Studio

WHY = "Is it sharp? The check is unsure."
HELD = Decision(
    outcome=Outcome.HELD,
    reasons=(Reason(source="sharp", verdict=None, consequence=Consequence.HOLD, note=WHY),),
    criteria_sha256=None,
    impact="low",
    audit_probability=1.0,
    is_audited=False,
    needs_second=False,
)


def draw_one(studio: Studio, prompt: str, seed: int = 1) -> str:
    """Draw a picture in this process; its image_id."""
    return studio.generate(prompt, seed=seed)[0].image_id


def hold(
    studio: Studio,
    image_id: str,
    *,
    requester: str = "dana",
    needs_second: bool = False,
    due_in: timedelta | None = timedelta(hours=20),
    **changes: object,
) -> str:
    """Hold a picture, with a card; the card's id."""
    now: datetime = studio.parts.read_clock()
    with studio.parts.store.reviews.writing(now) as connection:
        add_judgement(connection, image_id, [], HELD, decided_by="rule", now=now)
        return open_card(
            connection,
            image_id=image_id,
            kind="held",
            opened_at=now,
            document={
                "question": "May this picture leave?",
                "requester": requester,
                "impact": "low",
                "needs_second": needs_second,
                "due_at": None if due_in is None else (now + due_in).isoformat(),
                "reasons": [WHY],
                **changes,  # type: ignore[typeddict-item]
            },
        )


def takers_of(parts: Parts, card_id: str, names: Sequence[str]) -> int:
    """How many of some people get a card when all take it at once."""
    start = Barrier(len(names))

    def is_taken(name: str) -> bool:
        start.wait()
        try:
            review.claim(parts, card_id, name)
        except BadInput as refused:
            if "is held by" not in refused.message:
                raise
            return False
        return True

    with ThreadPoolExecutor(len(names)) as pool:
        return sum(pool.map(is_taken, names))
