"""A worker on the painted generator: how an attempt ends, and what is drawn twice (nothing)."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Event, Timer

import numpy as np
import pytest
import sqlalchemy as sa
from job_rows import START
from painted_limner import WHOLE, painted_studio

from limner.core.access import Principal, Scope
from limner.core.deciding import Outcome
from limner.core.drawing import StepProgress
from limner.core.errors import NotFound, StorageUnavailable
from limner.core.jobs import JobState
from limner.core.records import Request
from limner.core.reviewing import EventKind
from limner.core.rights import RightsEntry, RightsKind
from limner.executors.local import Presence
from limner.store import schema
from limner.store.database import reading, transaction
from limner.store.leases import Held
from limner.store.reviews import events_of, open_card
from limner.studio import attempt, generate, review, rights, working
from limner.studio.erase import erase_for
from limner.studio.gallery import require_visible
from limner.studio.onlooking import Onlooker
from limner.studio.working import Worker, run_worker


@pytest.fixture
def stop():
    return Event()


@pytest.fixture
def worker(studio, home, stop):
    presence = Presence(home / "workers")
    yield Worker(studio.parts, presence, read_seconds=time.monotonic, stop=stop)
    presence.close()


@pytest.fixture
def submit(studio) -> Callable[..., str]:
    def submit(prompt="a fox", num_images=1, seed=7, **options) -> str:
        request = Request(prompt=prompt, num_images=num_images, seed=seed)
        return studio.jobs.submit(request, owner="ann", **options).job_id

    return submit


@pytest.fixture
def at_step(studio, painter, monkeypatch):
    """Do something once, at a worker's question before the step after so many pictures.

    They are drawn by then, and `is_stored` waits until they are stored too.
    """

    def install(num_drawn, do, *, is_stored=True):
        jobs, done = studio.parts.store.jobs, []
        number = jobs.number

        def asked():
            if not done and painter.num_drawn >= num_drawn:
                done.append(True)
                while is_stored and studio.parts.store.count_images() < num_drawn:
                    time.sleep(0.001)
                do()
            return number()

        monkeypatch.setattr(jobs, "number", asked)

    return install


def test_a_job_is_drawn_and_every_picture_is_decided(studio, worker, submit):
    job_id = submit(num_images=6)
    assert worker.draw_next()
    job = studio.jobs.get(job_id)
    assert job.state is JobState.FINISHED
    assert [one.seed for one in job.images] == [7, 8, 9, 10, 11, 12]
    assert {one.outcome for one in job.images} == {"released"}


def test_every_released_picture_of_a_job_is_sealed(studio, worker, submit):
    job_id = submit(num_images=2)
    worker.draw_next()
    for one in studio.jobs.get(job_id).images:
        assert studio.parts.store.seal_of(one.image_id) is not None


def test_the_owner_is_who_asked_as_reviewers_are_told(studio, worker, submit, monkeypatch):
    real, asked = attempt.draw_ready, []

    def drawn_for(parts, *arguments):
        asked.append(parts.requester)
        return real(parts, *arguments)

    monkeypatch.setattr(attempt, "draw_ready", drawn_for)
    submit()
    worker.draw_next()
    assert asked == ["ann"]


def test_there_is_nothing_to_draw_when_nothing_waits(worker):
    assert not worker.draw_next()


def test_a_cancel_is_seen_before_the_next_step(studio, worker, submit, at_step, painter):
    job_id = submit(num_images=12)
    at_step(4, lambda: studio.jobs.cancel(job_id))
    worker.draw_next()
    job = studio.jobs.get(job_id)
    assert (job.state, len(job.images), painter.num_drawn) == (JobState.CANCELLED, 4, 4)


def test_what_is_drawn_when_a_job_is_cancelled_is_not_stored_any_more(
    studio, worker, submit, at_step, monkeypatch
):
    cancelled, judge = Event(), generate.judge_image

    def judge_late(*arguments, **options):
        assert cancelled.wait(10)
        return judge(*arguments, **options)

    def cancel():
        studio.jobs.cancel(job_id)
        cancelled.set()

    monkeypatch.setattr(generate, "judge_image", judge_late)
    job_id = submit(num_images=12)
    at_step(4, cancel, is_stored=False)
    worker.draw_next()
    assert studio.jobs.get(job_id).state is JobState.CANCELLED
    assert studio.parts.store.count_images() == 0


def test_a_pause_keeps_what_is_drawn_and_goes_on_after(studio, worker, submit, at_step, painter):
    job_id = submit(num_images=8)
    at_step(4, lambda: studio.jobs.pause(job_id))
    worker.draw_next()
    assert studio.jobs.get(job_id).state is JobState.PAUSED
    studio.jobs.resume(job_id)
    worker.draw_next()
    assert (studio.jobs.get(job_id).state, painter.num_drawn) == (JobState.FINISHED, 8)


def test_a_worker_that_is_stopped_gives_its_job_back(studio, worker, submit, at_step, stop):
    job_id = submit(num_images=8)
    at_step(4, stop.set)
    worker.draw_next()
    job = studio.jobs.get(job_id)
    assert (job.state, len(job.images)) == (JobState.QUEUED, 4)


def test_a_picture_that_another_job_has_already_is_this_job_s_too(studio, worker, submit):
    first, second = submit(), submit()
    worker.draw_next()
    worker.draw_next()
    jobs = [studio.jobs.get(first), studio.jobs.get(second)]
    assert {one.state for one in jobs} == {JobState.FINISHED}
    assert jobs[0].images[0].image_id == jobs[1].images[0].image_id
    assert studio.parts.store.count_images() == 1


def test_a_broken_picture_fails_the_job_and_the_others_stay(studio, worker, submit, painter):
    painter.faults = {8: "black"}
    job_id = submit(num_images=3)
    worker.draw_next()
    job = studio.jobs.get(job_id)
    assert (job.state, job.error.code) == (JobState.FAILED, "picture_broken")
    assert [one.index for one in job.images] == [0, 2]


def test_retry_draws_only_what_is_missing(studio, worker, submit, painter):
    painter.faults = {8: "black"}
    job_id = submit(num_images=3)
    worker.draw_next()
    painter.faults, painter.num_drawn = {}, 0
    studio.jobs.retry(job_id)
    worker.draw_next()
    job = studio.jobs.get(job_id)
    assert (job.state, job.error, painter.num_drawn) == (JobState.FINISHED, None, 1)


def test_a_fault_nobody_foresaw_parks_the_job_after_three_attempts(
    studio, worker, submit, monkeypatch, caplog
):
    def explode(*_):
        raise RuntimeError("a secret fox")

    monkeypatch.setattr(attempt, "make_ready", explode)
    job_id = submit()
    assert [worker.draw_next() for _ in range(4)] == [True, True, True, False]
    job = studio.jobs.get(job_id)
    assert (job.state, job.attempts, job.error.code) == (JobState.PARKED, 3, "internal")
    assert "a secret fox" not in caplog.text + job.error.message


def test_a_fault_that_may_pass_is_tried_again(studio, worker, submit, monkeypatch):
    real, faults = attempt.make_ready, [StorageUnavailable("It is locked.", retryable=True)]

    def once(*arguments):
        if faults:
            raise faults.pop()
        return real(*arguments)

    monkeypatch.setattr(attempt, "make_ready", once)
    job_id = submit()
    worker.draw_next()
    assert studio.jobs.get(job_id).error.message == "It is locked."
    worker.draw_next()
    assert studio.jobs.get(job_id).state is JobState.FINISHED


def test_a_request_the_criteria_refuse_fails_with_their_code(studio, worker, submit, monkeypatch):
    from limner.core.errors import RequestRefused

    def refuse(*_):
        raise RequestRefused("No.")

    monkeypatch.setattr(attempt, "make_ready", refuse)
    job_id = submit()
    worker.draw_next()
    job = studio.jobs.get(job_id)
    assert (job.state, job.error.code) == (JobState.FAILED, "moderation_blocked")


def test_a_lost_lease_stores_no_picture_more(studio, worker, submit, at_step):
    job_id = submit(num_images=8)
    leases = studio.parts.store.leases

    def steal():
        (held,) = leases.held()
        while leases.lose(held, START) is None:
            (held,) = leases.held()
        leases.claim("thief", START)

    at_step(4, steal)
    worker.draw_next()
    job = studio.jobs.get(job_id)
    assert (job.state, len(job.images)) == (JobState.RUNNING, 4)


def test_an_image_and_its_line_in_the_job_are_stored_together_or_not_at_all(
    studio, worker, submit, monkeypatch
):
    real, calls = studio.parts.store.leases.record_image, []

    def fall_over(*arguments):
        calls.append(real(*arguments))
        if len(calls) == 3:
            raise RuntimeError("here it dies")

    monkeypatch.setattr(studio.parts.store.leases, "record_image", fall_over)
    job_id = submit(num_images=4)
    worker.draw_next()
    assert len(studio.jobs.get(job_id).images) == studio.parts.store.count_images() == 2


def test_a_released_picture_of_a_killed_attempt_is_sealed_by_the_next(
    studio, worker, submit, monkeypatch
):
    from limner.studio import generate

    def die(*_):
        raise RuntimeError("killed before the seal")

    job_id = submit(num_images=1)
    with monkeypatch.context() as patched:
        patched.setattr(generate, "keep_seal", die)
        worker.draw_next()
    (image,) = studio.jobs.get(job_id).images
    assert studio.parts.store.seal_of(image.image_id) is None
    worker.draw_next()
    assert studio.jobs.get(job_id).state is JobState.FINISHED
    assert studio.parts.store.seal_of(image.image_id) is not None


def test_a_picture_whose_file_is_gone_makes_the_job_unknown(
    studio, worker, submit, home, at_step, stop
):
    job_id = submit(num_images=8)
    at_step(4, stop.set)
    worker.draw_next()
    stop.clear()
    gone = studio.jobs.get(job_id).images[0].image_id.removeprefix("sha256:")
    next((home / "blobs").rglob(f"{gone}.png")).unlink()
    worker.draw_next()
    job = studio.jobs.get(job_id)
    assert (job.state, job.error.code) == (JobState.UNKNOWN, "job_doubtful")


def test_a_job_whose_worker_process_is_gone_is_taken_back_at_once(studio, worker, submit, home):
    job_id = submit()
    dead = Presence(home / "workers")
    studio.parts.store.leases.claim(dead.worker, START)
    assert worker.take_back_lost() == 0
    dead._lock.release()  # as the system does when a process ends, however it ends
    assert worker.take_back_lost() == 1
    assert studio.jobs.get(job_id).state is JobState.QUEUED


def onlooker(seconds, lease_seconds=60.0, gone=()):
    return Onlooker(
        is_gone=lambda name: name in gone,
        read_seconds=lambda: seconds[0],
        lease_seconds=lease_seconds,
    )


def test_a_lease_ends_when_its_beat_stands_still_for_long():
    seconds = [0.0]
    sees = onlooker(seconds)
    held = Held("a", 1, "w", 5)
    assert sees.ended([held]) == []
    seconds[0] = 59.9
    assert sees.ended([held]) == []
    seconds[0] = 60.0
    assert sees.ended([held]) == [held]


def test_a_beat_renews_a_lease():
    seconds = [0.0]
    sees = onlooker(seconds)
    for beat in range(10):
        seconds[0] += 50.0
        assert sees.ended([Held("a", 1, "w", beat)]) == []


def test_a_new_onlooker_gives_a_lease_its_whole_time():
    seconds = [1000.0]
    assert onlooker(seconds).ended([Held("a", 1, "w", 5)]) == []


def test_another_lease_of_the_same_job_has_its_own_time():
    seconds = [0.0]
    sees = onlooker(seconds)
    sees.ended([Held("a", 1, "w", 5)])
    seconds[0] = 70.0
    assert sees.ended([Held("a", 2, "v", 5)]) == []


def test_a_system_clock_that_jumps_neither_ends_nor_keeps_a_lease(studio, worker, submit):
    """The rows' times are from the system's clock, and nothing of a lease is read from them."""
    submit()
    studio.parts.store.leases.claim("elsewhere", START.replace(year=1999))
    assert worker.take_back_lost() == 0
    with reading(studio.parts.store._engine) as connection:
        assert connection.scalar(sa.select(schema.jobs.c.beat_at)).startswith("1999")


@pytest.fixture
def previewing(monkeypatch):
    """The painter shows what it paints: pictures whose every value is the number of the step."""

    def with_preview(**facts):
        picture = np.full((facts["batch_size"], 8, 8, 4), facts["step"], np.uint8)
        return StepProgress(**facts, read_preview=lambda: picture)

    monkeypatch.setattr("limner.testing.StepProgress", with_preview)


def test_progress_and_previews_reach_who_watches(studio, worker, submit, painter, previewing):
    painter.seconds_per_step = 0.3
    job_id = submit(num_images=2)
    Timer(0.1, worker.draw_next).start()
    kinds = [one.kind for one in studio.jobs.watch(job_id, with_previews=True) if one is not None]
    assert kinds[0] == "state"
    assert kinds[-1] == "end"
    assert {"state", "progress", "preview", "image", "end"} == set(kinds)
    assert kinds.count("image") == 2


def test_previews_are_made_at_the_quarters_however_quick_and_none_of_a_nearly_finished_picture(
    studio, worker, previewing, monkeypatch
):
    made = []
    monkeypatch.setattr(attempt, "encode_preview", lambda image: made.append(image.max()) or b"")
    request = Request(prompt="a fox", num_images=1, seed=7, steps=8)
    studio.jobs.submit(request, owner="ann", is_previewed=True)
    worker.draw_next()
    assert made == [2, 4, 6]


def test_nobody_who_looks_has_no_previews_made(worker, submit, previewing, monkeypatch):
    monkeypatch.setattr(attempt, "encode_preview", lambda _: pytest.fail("nobody asked"))
    submit()
    assert worker.draw_next()


def test_erasing_an_image_erases_what_its_job_was_asked_and_the_job_stays(
    studio, worker, submit, home
):
    job_id = submit(prompt="a vixen named Zerlina", num_images=2)
    asked_sha256, _ = studio.parts.store.jobs.asked_of(job_id)
    worker.draw_next()
    first, second = studio.jobs.get(job_id).images
    for image in (first, second):
        studio.parts.store.erase_image(image.image_id, reason="person_asked", recorded_at=START)
    job = studio.jobs.get(job_id)
    assert (job.state, job.request["prompt"]) == (JobState.FINISHED, "")
    files = [one for one in home.rglob("*") if one.is_file()]
    for word in ("Zerlina", asked_sha256):
        assert not any(word.encode() in one.read_bytes() for one in files)


def person(name: str) -> Principal:
    return Principal(name=name, scopes=frozenset({Scope.GENERATE}), token_id="t")


def test_one_person_cannot_erase_what_was_drawn_for_another_too(studio, worker):
    def drawn_for(owner: str) -> str:
        request = Request(prompt="a fox", num_images=1, seed=7, is_deterministic=True)
        job_id = studio.jobs.submit(request, owner=owner).job_id
        worker.draw_next()
        return job_id

    bens, evas = drawn_for("ben"), drawn_for("eva")
    (image,) = studio.jobs.get(bens).images
    assert studio.jobs.get(evas).images[0].image_id == image.image_id
    assert erase_for(studio.parts, person("eva"), [image.image_id], reason="other") == 0
    assert studio.jobs.get(bens).request["prompt"] == "a fox"
    assert require_visible(studio.parts, person("ben"), image.image_id)
    eva = studio.jobs.get(evas)
    assert (eva.request["prompt"], eva.images) == ("", ())
    assert (eva.state, eva.num_images) == (JobState.FINISHED, 0)
    with pytest.raises(NotFound):
        require_visible(studio.parts, person("eva"), image.image_id)


def test_a_finished_job_that_gave_an_image_away_is_finished_with_what_is_left(studio, worker):
    def drawn_for(owner: str, seed: int, num_images: int) -> str:
        request = Request(prompt="a fox", num_images=num_images, seed=seed, is_deterministic=True)
        job_id = studio.jobs.submit(request, owner=owner).job_id
        worker.draw_next()
        return job_id

    drawn_for("ben", 7, 1)
    evas = drawn_for("eva", 6, 3)
    shared = studio.jobs.get(evas).images[1].image_id
    assert erase_for(studio.parts, person("eva"), [shared], reason="other") == 0
    job = studio.jobs.get(evas)
    assert (job.state, job.num_images) == (JobState.FINISHED, 2)
    assert [one.index for one in job.images] == [0, 2]
    with transaction(studio.parts.store.jobs._engine) as connection:
        connection.execute(schema.job_images.delete().where(schema.job_images.c.picture_index == 2))
    assert studio.jobs.get(evas).state is JobState.UNKNOWN


def test_a_job_that_waits_keeps_its_number_when_an_image_of_it_is_given_away(
    studio, worker, at_step
):
    def submit(owner: str, seed: int, num_images: int) -> str:
        request = Request(prompt="a fox", num_images=num_images, seed=seed, is_deterministic=True)
        return studio.jobs.submit(request, owner=owner).job_id

    submit("ben", 7, 1)
    worker.draw_next()
    evas = submit("eva", 7, 3)
    at_step(2, lambda: studio.jobs.pause(evas), is_stored=False)
    worker.draw_next()
    image = studio.jobs.get(evas).images[0]
    assert erase_for(studio.parts, person("eva"), [image.image_id], reason="other") == 0
    job = studio.jobs.get(evas)
    assert (job.state, job.num_images) == (JobState.CANCELLED, 3)


def test_the_last_for_whom_an_image_was_drawn_erases_it_for_good(studio, worker, submit):
    job_id = submit()
    worker.draw_next()
    (image,) = studio.jobs.get(job_id).images
    assert erase_for(studio.parts, person("ann"), [image.image_id], reason="other") == 1
    assert studio.parts.store.image_by_id(image.image_id) is None


def test_a_job_in_hand_is_cancelled_when_an_image_of_it_is_erased(studio, worker, submit, at_step):
    job_id = submit(num_images=8)

    def erase():
        image = studio.jobs.get(job_id).images[0]
        studio.parts.store.erase_image(image.image_id, reason="person_asked", recorded_at=START)

    at_step(4, erase)
    worker.draw_next()
    assert studio.jobs.get(job_id).state is JobState.CANCELLED


def test_a_picture_a_waiting_job_starts_from_is_kept_when_an_image_of_it_is_erased(studio, worker):
    import numpy as np

    from limner.core.records import Picture

    source = Picture.of(np.full((64, 64, 4), 200, np.uint8))
    request = Request(prompt="a fox", source=source, seed=1)
    first = studio.jobs.submit(request, owner="ann").job_id
    worker.draw_next()
    second = studio.jobs.submit(request, owner="ann").job_id
    (image,) = studio.jobs.get(first).images
    studio.parts.store.erase_image(image.image_id, reason="person_asked", recorded_at=START)
    worker.draw_next()
    assert studio.jobs.get(second).state is JobState.FINISHED


@pytest.fixture
def own_criteria(tmp_path):
    """A criteria file to be changed; asks for a whole picture only."""
    path = tmp_path / "criteria.yaml"
    path.write_bytes(WHOLE.read_bytes())
    return path


def test_criteria_that_change_while_a_worker_lives_hold_from_the_next_job_on(
    settings, painter, home, stop, own_criteria
):
    settings = replace(settings, criteria=str(own_criteria))
    with painted_studio(settings, painter) as studio:
        presence = Presence(home / "workers")
        worker = Worker(studio.parts, presence, read_seconds=time.monotonic, stop=stop)
        job_ids = []
        for seed in (1, 2, 3):
            if seed == 3:
                own_criteria.write_text("nothing that can be read as criteria")
            request = Request(prompt="a fox", seed=seed)
            job_ids.append(studio.jobs.submit(request, owner="ann").job_id)
            worker.draw_next()
        outcomes = [studio.jobs.get(job_id).images[0].outcome for job_id in job_ids]
        presence.close()
    assert outcomes == ["released", "released", "held"]


def run_all(studio, stop=None):
    """A worker as `limner worker --once` has it."""
    run_worker(studio.parts, stop=stop or Event(), is_once=True)


def test_jobs_are_drawn_side_by_side(studio, submit, painter, monkeypatch):
    together = Barrier(3)
    real = painter.generate

    def met(*arguments, **options):
        together.wait(timeout=30)  # nobody gets past it alone
        return real(*arguments, **options)

    monkeypatch.setattr(painter, "generate", met)
    job_ids = [submit(seed=10 * k, num_images=2) for k in range(3)]
    run_all(studio)
    jobs = [studio.jobs.get(job_id) for job_id in job_ids]
    assert {job.state for job in jobs} == {JobState.FINISHED}
    assert [one.seed for job in jobs for one in job.images] == [0, 1, 10, 11, 20, 21]


def test_no_owner_takes_every_lane(studio, worker, submit):
    for k in range(working.LANES):
        submit(seed=k)
    taken = [worker.take() for _ in range(working.LANES)]
    assert [one is not None for one in taken].count(True) == working.LANES_PER_OWNER
    request = Request(prompt="a fox", seed=99)
    studio.jobs.submit(request, owner="bob")
    assert worker.take() is not None


def test_the_lane_of_a_job_is_free_when_it_is_told_that_it_is_over(studio, worker, submit):
    idle = []
    studio.parts.store.bell.ring_along(lambda: idle.append(worker.is_idle()))
    submit()
    worker.draw_next()
    assert len(idle) >= 2  # when it was submitted, and when it was over
    assert all(idle)


def test_a_job_that_may_have_ended_a_worker_is_drawn_without_company(studio, worker, submit, home):
    suspect = submit(seed=1)
    dead = Presence(home / "workers")
    studio.parts.store.leases.claim(dead.worker, START)
    dead._lock.release()
    worker.take_back_lost()
    draw = worker.take()
    submit(seed=2)
    assert worker.take() is None
    draw()
    assert studio.jobs.get(suspect).state is JobState.FINISHED
    assert worker.take() is not None


def test_every_job_in_hand_is_given_back_when_a_worker_is_stopped(studio, submit, painter):
    stop = Event()
    painter.seconds_per_step = 0.05
    job_ids = [submit(seed=10 * k, num_images=64) for k in range(3)]
    Timer(0.5, stop.set).start()
    run_all(studio, stop)
    assert {studio.jobs.get(job_id).state for job_id in job_ids} == {JobState.QUEUED}
    assert studio.parts.store.leases.held() == []


def test_cancelling_one_job_leaves_those_beside_it(studio, submit, monkeypatch):
    job_ids = [submit(seed=10 * k, num_images=8) for k in range(3)]
    leases = studio.parts.store.leases
    real = leases.claim

    def claim(*arguments, **options):
        claimed = real(*arguments, **options)
        if claimed is not None and claimed.job_id == job_ids[1]:
            studio.jobs.cancel(claimed.job_id)
        return claimed

    monkeypatch.setattr(leases, "claim", claim)
    run_all(studio)
    states = [studio.jobs.get(job_id).state for job_id in job_ids]
    assert states == [JobState.FINISHED, JobState.CANCELLED, JobState.FINISHED]


def test_a_worker_gives_what_it_has_to_who_asks_for_the_same_again(
    studio, submit, painter, monkeypatch
):
    monkeypatch.setattr(working, "LANES", 1)
    job_ids = [submit(num_images=2) for _ in range(2)]
    run_all(studio)
    first, again = (studio.jobs.get(job_id).images for job_id in job_ids)
    assert painter.num_drawn == 2
    records = [studio.parts.store.image_by_id(one.image_id) for one in (*first, *again)]
    assert len({one.pixels_sha256 for one in records}) == 2
    assert [len(one.recipe.notices) for one in records] == [0, 0, 1, 1]


@pytest.fixture
def overdue(studio, worker, submit):
    """A held image whose card was due before now; the card's id."""
    job_id = submit()
    worker.draw_next()
    (drawn,) = studio.jobs.get(job_id).images
    with studio.parts.store.reviews.writing(START) as connection:
        return open_card(
            connection,
            image_id=drawn.image_id,
            kind="held",
            opened_at=START - timedelta(days=2),
            document={
                "question": "Is it fine?",
                "requester": "ann",
                "impact": "low",
                "needs_second": False,
                "due_at": (START - timedelta(days=1)).isoformat(),
                "reasons": [],
            },
        )


def escalations(studio, card_id):
    with studio.parts.store.reviews.writing(START) as connection:
        events = events_of(connection, card_id)
    return [one for one in events if one.kind is EventKind.ESCALATED]


def test_a_card_that_is_overdue_is_escalated_though_nobody_looks(studio, worker, overdue):
    worker.sweep()
    (event,) = escalations(studio, overdue)
    assert (event.document["cause"], event.reviewer) == ("deadline", None)
    (view,) = review.list_cards(studio.parts, "ann")
    assert (view.state.level, view.state.closing) == (2, None)


def test_images_of_a_right_that_expired_are_blocked_though_nobody_looks(studio, worker, submit):
    ends = studio.parts.read_clock() + timedelta(days=1)
    consent = RightsEntry(kind=RightsKind.CONSENT, name="a fox", purpose="tests", expires_at=ends)
    rights.add(studio.parts, consent)
    job_id = submit()
    worker.draw_next()
    studio.parts.read_clock = lambda: ends
    worker.sweep()
    (image,) = studio.jobs.get(job_id).images
    decided = studio.parts.store.last_decision(image.image_id)
    assert (decided.decision.outcome, decided.decided_by) == (Outcome.REFUSED, "rule")


def test_overdue_cards_are_looked_for_once_a_minute(studio, home, stop, overdue):
    seconds = [0.0]
    presence = Presence(home / "workers")
    other = Worker(studio.parts, presence, read_seconds=lambda: seconds[0], stop=stop)
    looked = []

    def look(parts):
        looked.append(seconds[0])
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(working, "escalate_overdue", look)
        for seconds[0] in (0.0, 1.0, 59.0, 60.0, 61.0):
            other.sweep()
    presence.close()
    assert looked == [0.0, 60.0]


def test_a_running_worker_escalates_what_is_overdue(studio, overdue):
    working.run_worker(studio.parts, stop=Event(), is_once=True)
    assert len(escalations(studio, overdue)) == 1
