"""What a client is told when too many jobs wait already."""

import openai
import pytest
from contract.conftest import sdk_of

from limner.core.jobs import MAX_WAITING_PER_OWNER


@pytest.fixture
def crowded(running):
    """The queue of one person is full."""
    running.painter.seconds_per_step = 1.0
    jobs = [
        running.studio.jobs.submit(running.request("a fox", steps=50), owner="crowd").job_id
        for _ in range(MAX_WAITING_PER_OWNER)
    ]
    yield running
    for job_id in reversed(jobs):
        running.studio.jobs.cancel(job_id)
    running.painter.seconds_per_step = 0.0


def test_a_full_queue_says_when_to_come_again(crowded):
    with (
        sdk_of(crowded, api_key=crowded.token("crowd")) as client,
        pytest.raises(openai.RateLimitError) as full,
    ):
        client.images.generate(prompt="a fox")
    assert full.value.code == "queue_full"
    assert int(full.value.response.headers["retry-after"]) >= 1
