"""Jobs, leases and decided images for tests, without any drawing."""

from datetime import UTC, datetime

from limner.core.hashing import canonical_json
from limner.store import schema
from limner.store.database import transaction
from limner.store.job_records import NewJob
from limner.store.leases import Claim
from limner.store.repository import Store

START = datetime(2026, 1, 1, tzinfo=UTC)


def new_job(job_id: str, *, owner="ann", priority=0, num_images=1, asked="asked") -> NewJob:
    return NewJob(
        job_id=job_id,
        owner=owner,
        priority=priority,
        file_format="png",
        client="",
        asked_sha256=asked,
        request={"prompt": "a fox"},
        shots=tuple(("a fox", seed) for seed in range(num_images)),
        created_at=START,
    )


def decide(store: Store, image_id: str, outcome: str = "released") -> None:
    """A decision about an image, as a row."""
    with transaction(store._engine) as connection:
        connection.execute(
            schema.decisions.insert().values(
                image_id=image_id,
                decided_at=START.isoformat(),
                decided_by="rule",
                outcome=outcome,
                document=canonical_json({}),
            )
        )


def store_image(store: Store, claim: Claim, index: int, outcome: str = "released") -> str:
    """A picture of a job: decided, and recorded under its lease."""
    image_id = f"sha256:{claim.job_id}-{index}"
    store.leases.record_stored_image(claim, index, image_id, START)
    decide(store, image_id, outcome)
    return image_id
