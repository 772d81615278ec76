"""Submitting, steering and waiting, on a real database and the painted generator's card."""

import time
from datetime import timedelta
from threading import Thread, Timer
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
from job_rows import START, store_image

from limner.core.errors import (
    BadInput,
    JobConflict,
    JobNotFound,
    ModelPaused,
    StorageUnavailable,
)
from limner.core.jobs import OVER, Happening, JobState
from limner.core.records import Mask, Picture, Request, Size
from limner.store import schema
from limner.store.database import transaction
from limner.store.jobs import forget_requests
from limner.store.leases import Told
from limner.studio import planning
from limner.studio.job_changes import JobChanges
from limner.studio.picture_file import read_picture
from limner.studio.request_document import request_of

FOX = Request(prompt="a fox")


def test_a_submitted_job_waits_and_says_what_was_asked(studio):
    job = studio.jobs.submit(Request(prompt="a fox", num_images=3), owner="ann", client="page")
    assert (job.state, job.owner, job.client, job.num_images) == ("queued", "ann", "page", 3)
    assert (job.request["prompt"], job.progress, job.images) == ("a fox", None, ())


def test_a_client_s_own_id_is_honoured(studio):
    assert studio.jobs.submit(FOX, owner="ann", job_id="my-1").job_id == "my-1"


def test_an_open_seed_is_drawn_when_the_job_is_submitted(studio):
    assert isinstance(studio.jobs.submit(FOX, owner="ann").request["seed"], int)


def test_submitting_the_same_again_gives_the_same_job_with_its_seed(studio):
    first = studio.jobs.submit(FOX, owner="ann", job_id="a")
    assert studio.jobs.submit(FOX, owner="ann", job_id="a") == first


def test_the_same_sent_again_is_the_same_job_though_its_model_was_paused_since(
    studio, photo, monkeypatch
):
    source = read_picture(photo, 64)
    asked = Request(prompt="a fox", source=source, strength=0.5)
    first = studio.jobs.submit(asked, owner="ann", job_id="a")
    paused = ModelPaused("It is paused.")
    monkeypatch.setattr(planning, "plan_request", Mock(side_effect=paused))
    assert studio.jobs.submit(asked, owner="ann", job_id="a") == first
    for owner, other in [("ben", asked), ("ann", FOX)]:
        with pytest.raises(ModelPaused):
            studio.jobs.submit(other, owner=owner, job_id="a")


def test_what_was_erased_of_a_job_is_not_told_by_sending_it_again(studio):
    studio.jobs.submit(FOX, owner="ann", job_id="a")
    with transaction(studio.parts.store.jobs._engine) as connection:
        forget_requests(connection, schema.jobs.c.job_id == "a")
    with pytest.raises(JobConflict):
        studio.jobs.submit(FOX, owner="ann", job_id="a")


def test_other_content_under_the_same_id_is_a_conflict(studio):
    studio.jobs.submit(FOX, owner="ann", job_id="a")
    with pytest.raises(JobConflict):
        studio.jobs.submit(Request(prompt="a cat"), owner="ann", job_id="a")


def test_another_format_under_the_same_id_is_a_conflict(studio):
    studio.jobs.submit(FOX, owner="ann", job_id="a")
    with pytest.raises(JobConflict):
        studio.jobs.submit(FOX, owner="ann", job_id="a", file_format="webp")


@pytest.mark.parametrize(
    ("request_", "options", "said"),
    [
        (Request(prompt=""), {}, "prompt is ''"),
        (Request(prompt="a fox", num_images=0), {}, "number of pictures is 0"),
        (Request(prompt="a fox", style="oil"), {}, "Unknown style 'oil'"),
        (Request(prompt="a fox", size=Size(4, 4)), {}, "size is 4x4"),
        (Request(prompt="a " * 20), {}, "20 tokens"),
        (Request(prompt="a fox", background="mud"), {}, "background is 'mud'"),
        (Request(prompt="a __nothing__"), {}, "Unknown wildcard 'nothing'"),
        (Request(prompt="a fox", impact="cosmic"), {}, "Unknown impact 'cosmic'"),
        (FOX, {"file_format": "tiff"}, "Unknown format 'tiff'"),
        (FOX, {"priority": 101}, "priority is 101"),
        (FOX, {"job_id": "../a"}, "job id is '../a'"),
    ],
)
def test_what_cannot_be_honoured_is_refused_at_once(studio, request_, options, said):
    with pytest.raises(BadInput, match=said):
        studio.jobs.submit(request_, owner="ann", **options)
    assert studio.jobs.num_waiting() == 0


def test_wildcards_are_chosen_once_when_the_job_is_submitted(studio, home):
    folder = home / "wildcards"
    folder.mkdir(parents=True)
    (folder / "animal.txt").write_text("fox\n")
    studio.jobs.submit(Request(prompt="a __animal__"), owner="ann")
    (folder / "animal.txt").write_text("cat\n")
    claim = studio.parts.store.leases.claim("w", START)
    assert [prompt for prompt, _ in claim.shots] == ["a fox"]


def test_a_request_comes_back_whole_with_its_pictures(studio):
    image_HWC = np.arange(16 * 20 * 4, dtype=np.uint8).reshape(16, 20, 4) | 128
    mask = Mask.of(np.full((16, 20), 255, np.uint8))
    request = Request(
        prompt="a fox", source=Picture.of(image_HWC), mask=mask, strength=0.5, seed=3, steps=2
    )
    job = studio.jobs.submit(request, owner="ann")
    again = request_of(job.request, studio.parts.store.read_source, 64)
    assert again.source.pixels_sha256 == request.source.pixels_sha256
    assert again.mask.pixels_sha256 == request.mask.pixels_sha256
    plain = ("prompt", "strength", "seed", "steps", "num_images", "size", "background")
    assert all(getattr(again, name) == getattr(request, name) for name in plain)


def test_there_is_no_job_with_an_unknown_id(studio):
    for ask in (studio.jobs.get, studio.jobs.cancel, studio.jobs.retry, studio.jobs.pause):
        with pytest.raises(JobNotFound):
            ask("nothing")


def test_cancel_is_the_same_twice(studio):
    job_id = studio.jobs.submit(FOX, owner="ann").job_id
    assert studio.jobs.cancel(job_id).state is JobState.CANCELLED
    assert studio.jobs.cancel(job_id).state is JobState.CANCELLED


def test_a_list_shows_one_owner_only(studio):
    studio.jobs.submit(FOX, owner="ann")
    studio.jobs.submit(FOX, owner="bob")
    assert [one.owner for one in studio.jobs.list(owner="bob")] == ["bob"]
    assert len(studio.jobs.list(owner=None)) == 2


def test_a_limit_that_is_not_allowed_is_refused(studio):
    with pytest.raises(BadInput, match="limit is 0"):
        studio.jobs.list(owner=None, limit=0)


def test_waiting_ends_when_the_time_is_over(studio):
    job_id = studio.jobs.submit(FOX, owner="ann").job_id
    job = studio.jobs.wait(job_id, timeout_seconds=0.05)
    assert (job.state, job.is_over) == (JobState.QUEUED, False)


def test_waiting_ends_when_the_job_is_over(studio):
    job_id = studio.jobs.submit(FOX, owner="ann").job_id
    found = []
    waiting = Thread(target=lambda: found.append(studio.jobs.wait(job_id, timeout_seconds=60)))
    waiting.start()
    time.sleep(0.05)
    studio.jobs.cancel(job_id)
    waiting.join(30)
    assert found[0].state is JobState.CANCELLED


def test_many_wait_at_once_and_each_gets_its_own_job(studio):
    job_ids = [studio.jobs.submit(FOX, owner=f"owner {k}").job_id for k in range(20)]
    found = {}

    def wait(job_id):
        found[job_id] = studio.jobs.wait(job_id, timeout_seconds=60)

    threads = [Thread(target=wait, args=(job_id,)) for job_id in job_ids]
    for thread in threads:
        thread.start()
    for job_id in reversed(job_ids):
        studio.jobs.cancel(job_id)
    for thread in threads:
        thread.join(60)
    assert {key: job.job_id for key, job in found.items()} == {one: one for one in job_ids}
    assert {job.state for job in found.values()} == {JobState.CANCELLED}


def test_the_thread_that_asks_ends_when_nobody_waits(studio):
    changes = JobChanges(studio.parts.store.jobs)
    job_id = studio.jobs.submit(FOX, owner="ann").job_id
    number = studio.parts.store.jobs.number()
    changes.wait(job_id, lambda one: one.number > number, 0.02)
    deadline = time.monotonic() + 30
    while changes._is_polling:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_clock_that_could_not_be_read_once_leaves_nobody_waiting(studio, monkeypatch):
    rows = studio.parts.store.jobs
    changes, job_id = JobChanges(rows), studio.jobs.submit(FOX, owner="ann").job_id

    def fail():
        raise StorageUnavailable("The database is locked.", retryable=True)

    with monkeypatch.context() as patched:
        patched.setattr(rows, "number", fail)
        with pytest.raises(StorageUnavailable):
            changes.wait(job_id, lambda one: one.state in OVER, 60)
    assert changes._topics == {}
    Timer(0.1, studio.jobs.cancel, [job_id]).start()
    assert changes.wait(job_id, lambda one: one.state in OVER, 30).state is JobState.CANCELLED


def test_a_change_before_the_wait_is_not_missed(studio):
    changes = JobChanges(studio.parts.store.jobs)
    job_id = studio.jobs.submit(FOX, owner="ann").job_id
    number = studio.parts.store.jobs.number()
    studio.jobs.cancel(job_id)
    assert changes.wait(job_id, lambda one: one.number > number, 60).state is JobState.CANCELLED


def test_a_clock_that_rose_for_nothing_is_not_asked_about_again(studio):
    rows = studio.parts.store.jobs
    job_id = studio.jobs.submit(FOX, owner="ann").job_id
    number = rows.number()
    rows.watch_previews(job_id, START, timedelta(seconds=1))
    assert JobChanges(rows)._tell_since(number) == rows.number() == number + 1


def test_a_watch_begins_with_the_state_and_ends_with_the_end(studio):
    job_id = studio.jobs.submit(FOX, owner="ann").job_id
    watch = studio.jobs.watch(job_id)
    assert next(watch).kind == "state"
    studio.jobs.pause(job_id)
    assert next(watch).job.state is JobState.PAUSED
    studio.jobs.cancel(job_id)
    assert [one.kind for one in watch] == ["state", "end"]


def test_a_watch_tells_pictures_with_their_outcome(studio):
    job_id = studio.jobs.submit(FOX, owner="ann").job_id
    store = studio.parts.store
    claim = store.leases.claim("w", START)
    store.last_decision = lambda image_id: SimpleNamespace(
        decision=SimpleNamespace(reasons=[SimpleNamespace(note="It is flat.")])
    )
    store_image(store, claim, 0, "held")
    store.leases.end(claim, Happening.FINISH, START, seconds=1.0, num_images=1)
    events = {one.kind: one for one in studio.jobs.watch(job_id)}
    assert (events["image"].image.outcome, events["image"].reasons) == ("held", ("It is flat.",))


def test_a_watch_begins_with_the_previews_there_are(studio):
    job_id = studio.jobs.submit(FOX, owner="ann", is_previewed=True).job_id
    claim = studio.parts.store.leases.claim("w", START)
    studio.parts.store.leases.beat(claim, START, Told(1, 4, None), {0: b"picture"})
    watch = studio.jobs.watch(job_id, with_previews=True)
    assert [next(watch).kind for _ in range(2)] == ["state", "preview"]


def test_a_quiet_watch_says_so_that_the_client_can_be_looked_after(studio):
    job_id = studio.jobs.submit(FOX, owner="ann").job_id
    watch = studio.jobs.watch(job_id, timeout_seconds=0.05)
    next(watch)
    assert next(watch) is None
