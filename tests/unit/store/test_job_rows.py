"""Rows of jobs and leases on a real database: turns, room, leases, parking, what is told."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from job_rows import START, decide, new_job, store_image

from limner.core.errors import JobConflict, JobNotFound, LeaseLost, QueueFull
from limner.core.jobs import MAX_WAITING, MAX_WAITING_PER_OWNER, Happening, JobState
from limner.store import schema
from limner.store.database import reading, transaction
from limner.store.job_records import SILENT_SECONDS
from limner.store.leases import Held, Told


def state_of(store, job_id):
    return store.jobs.find(job_id, START).state


def end(store, claim, happening, **facts):
    facts = {"seconds": 1.0, "num_images": 0, **facts}
    return store.leases.end(claim, happening, START, **facts)


def claim_ids(store, count):
    return [store.leases.claim("w", START).job_id for _ in range(count)]


def test_the_same_job_twice_is_one_job(store):
    assert [store.jobs.add(new_job("a")), store.jobs.add(new_job("a"))] == [True, False]


def test_an_id_that_is_taken_by_other_content_is_a_conflict(store):
    store.jobs.add(new_job("a"))
    with pytest.raises(JobConflict, match="another job with the id 'a'"):
        store.jobs.add(new_job("a", asked="other"))


def test_an_id_that_is_taken_by_another_owner_is_a_conflict(store):
    store.jobs.add(new_job("a"))
    with pytest.raises(JobConflict):
        store.jobs.add(new_job("a", owner="bob"))


def test_there_is_no_job_that_was_not_added(store):
    with pytest.raises(JobNotFound, match="no job with the id 'a'"):
        store.jobs.find("a", START)


def test_owners_take_turns_however_many_jobs_one_has(store):
    for k in range(4):
        store.jobs.add(new_job(f"a{k}", owner="ann"))
    store.jobs.add(new_job("b0", owner="bob"))
    store.jobs.add(new_job("c0", owner="cy"))
    store.jobs.add(new_job("b1", owner="bob"))
    assert claim_ids(store, 7) == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]


def test_priority_orders_the_jobs_of_one_owner_only(store):
    store.jobs.add(new_job("a-low", owner="ann", priority=-1))
    store.jobs.add(new_job("a-high", owner="ann", priority=100))
    store.jobs.add(new_job("b", owner="bob", priority=-100))
    assert claim_ids(store, 3) == ["a-high", "b", "a-low"]


def test_a_job_that_was_lost_lets_an_untried_one_go_first(store):
    store.jobs.add(new_job("a"))
    store.jobs.add(new_job("b"))
    end(store, store.leases.claim("w", START), Happening.LOSE)
    assert claim_ids(store, 2) == ["b", "a"]


def test_nothing_is_claimed_when_nothing_waits(store):
    assert store.leases.claim("w", START) is None


def test_a_paused_job_is_not_claimed_until_it_is_resumed(store):
    store.jobs.add(new_job("a"))
    store.jobs.steer("a", Happening.PAUSE, START)
    assert store.leases.claim("w", START) is None
    store.jobs.steer("a", Happening.RESUME, START)
    assert claim_ids(store, 1) == ["a"]


def test_a_finish_without_every_picture_is_unknown(store):
    store.jobs.add(new_job("a", num_images=2))
    claim = store.leases.claim("w", START)
    store_image(store, claim, 0)
    assert end(store, claim, Happening.FINISH) is JobState.UNKNOWN


def test_a_finished_job_whose_picture_row_is_gone_is_told_as_unknown(store):
    store.jobs.add(new_job("a"))
    claim = store.leases.claim("w", START)
    store_image(store, claim, 0)
    assert end(store, claim, Happening.FINISH) is JobState.FINISHED
    with transaction(store._engine) as connection:
        connection.execute(schema.job_images.delete())
    assert state_of(store, "a") is JobState.UNKNOWN


def test_a_state_of_a_newer_version_is_told_as_unknown(store):
    store.jobs.add(new_job("a"))
    with transaction(store._engine) as connection:
        connection.execute(schema.jobs.update().values(state="dreaming"))
    assert state_of(store, "a") is JobState.UNKNOWN


def test_the_outcome_of_a_picture_is_the_decision_that_holds_now(store):
    store.jobs.add(new_job("a"))
    image_id = store_image(store, store.leases.claim("w", START), 0, "held")
    before = store.jobs.find("a", START).images[0].outcome
    decide(store, image_id, "released")
    assert (before, store.jobs.find("a", START).images[0].outcome) == ("held", "released")


def test_a_job_is_parked_after_three_fruitless_attempts(store):
    store.jobs.add(new_job("a"))
    states = [end(store, store.leases.claim("w", START), Happening.LOSE) for _ in range(3)]
    assert states == [JobState.QUEUED, JobState.QUEUED, JobState.PARKED]


def test_an_attempt_that_brought_a_picture_is_no_step_towards_parking(store):
    store.jobs.add(new_job("a", num_images=5))
    for index in range(4):
        claim = store.leases.claim("w", START)
        store_image(store, claim, index)
        assert end(store, claim, Happening.LOSE) is JobState.QUEUED


def test_giving_back_is_no_step_towards_parking(store):
    store.jobs.add(new_job("a"))
    states = {end(store, store.leases.claim("w", START), Happening.GIVE_BACK) for _ in range(5)}
    assert states == {JobState.QUEUED}


def test_a_parked_job_has_three_attempts_again_after_retry(store):
    store.jobs.add(new_job("a"))
    for _ in range(3):
        end(store, store.leases.claim("w", START), Happening.LOSE)
    store.jobs.steer("a", Happening.RETRY, START)
    assert end(store, store.leases.claim("w", START), Happening.LOSE) is JobState.QUEUED


def test_every_attempt_is_written_down(store):
    store.jobs.add(new_job("a"))
    end(store, store.leases.claim("w1", START), Happening.LOSE)
    end(store, store.leases.claim("w2", START), Happening.GIVE_BACK)
    with reading(store._engine) as connection:
        query = sa.select(schema.job_attempts.c.happening, schema.job_attempts.c.worker)
        rows = [tuple(row) for row in connection.execute(query)]
    assert rows == [("claim", "w1"), ("lose", "w1"), ("claim", "w2"), ("give_back", "w2")]


@pytest.mark.parametrize("do", ["beat", "end", "record", "wanted"])
def test_a_worker_whose_lease_was_taken_writes_nothing(store, do):
    store.jobs.add(new_job("a"))
    stale = store.leases.claim("w1", START)
    (held,) = store.leases.held()
    store.leases.lose(held, START)
    store.leases.claim("w2", START)
    calls = {
        "beat": lambda: store.leases.beat(stale, START, Told(1, 4, None)),
        "end": lambda: end(store, stale, Happening.FINISH),
        "record": lambda: store_image(store, stale, 0),
        "wanted": lambda: store.leases.wanted(stale),
    }
    with pytest.raises(LeaseLost):
        calls[do]()
    assert (state_of(store, "a"), store.jobs.find("a", START).images) == (JobState.RUNNING, ())


def test_a_worker_that_was_heard_from_is_not_lost(store):
    store.jobs.add(new_job("a"))
    claim = store.leases.claim("w", START)
    (held,) = store.leases.held()
    store.leases.beat(claim, START)
    assert store.leases.lose(held, START) is None


def test_a_lost_lease_is_lost_once(store):
    store.jobs.add(new_job("a"))
    store.leases.claim("w", START)
    (held,) = store.leases.held()
    assert [store.leases.lose(held, START), store.leases.lose(held, START)] == ["queued", None]


def test_a_picture_is_recorded_once(store):
    store.jobs.add(new_job("a", num_images=2))
    claim = store.leases.claim("w", START)
    store_image(store, claim, 0)
    store.leases.record_stored_image(claim, 0, "sha256:other", START)
    assert [one.image_id for one in store.jobs.find("a", START).images] == ["sha256:a-0"]


def test_a_running_job_whose_worker_is_silent_is_told_as_unknown_and_not_over(store):
    store.jobs.add(new_job("a"))
    store.leases.claim("w", START)
    job = store.jobs.find("a", START + timedelta(seconds=SILENT_SECONDS + 1))
    assert (job.state, job.is_over) == (JobState.UNKNOWN, False)


def test_a_clock_that_jumps_back_makes_no_worker_silent(store):
    store.jobs.add(new_job("a"))
    store.leases.claim("w", START)
    assert store.jobs.find("a", START - timedelta(days=1)).state is JobState.RUNNING


def test_an_owner_cannot_fill_the_queue(store):
    for k in range(MAX_WAITING_PER_OWNER):
        store.jobs.add(new_job(f"a{k}", owner="ann"))
    with pytest.raises(QueueFull, match="256 jobs of yours wait"):
        store.jobs.add(new_job("more", owner="ann"))
    assert store.jobs.add(new_job("b", owner="bob"))


def test_those_who_fill_the_queue_shut_nobody_out_who_has_less_than_a_share(store):
    for k in range(MAX_WAITING):
        store.jobs.add(new_job(f"a{k}", owner=f"owner {k % 4}"))
    with pytest.raises(QueueFull, match="512 jobs wait already"):
        store.jobs.add(new_job("more", owner="owner 1"))
    for k in range(MAX_WAITING // 6):
        store.jobs.add(new_job(f"b{k}", owner="new"))
    with pytest.raises(QueueFull, match="597 jobs wait already"):
        store.jobs.add(new_job("more", owner="new"))


def test_the_queue_as_a_whole_is_bounded_whoever_asks(store, monkeypatch):
    monkeypatch.setattr("limner.store.queue_room.MAX_WAITING", 4)
    monkeypatch.setattr("limner.store.queue_room.MOST_WAITING", 8)
    for k in range(8):
        store.jobs.add(new_job(f"a{k}", owner="ann" if k < 4 else f"owner {k}"))
    with pytest.raises(QueueFull, match="8 jobs wait already"):
        store.jobs.add(new_job("more", owner="new"))


def test_paused_jobs_count_as_their_owners(store, monkeypatch):
    monkeypatch.setattr("limner.store.queue_room.MAX_WAITING_PER_OWNER", 3)
    for k in range(3):
        store.jobs.add(new_job(f"a{k}", owner="ann"))
    for k in range(2):
        store.jobs.steer(f"a{k}", Happening.PAUSE, START)
    with pytest.raises(QueueFull, match="3 jobs of yours wait or are paused; cancel"):
        store.jobs.add(new_job("more", owner="ann"))
    assert store.jobs.add(new_job("b", owner="bob"))


def test_a_paused_job_keeps_its_place_among_those_of_its_owner(store, monkeypatch):
    monkeypatch.setattr("limner.store.queue_room.MAX_WAITING_PER_OWNER", 3)
    for k in range(3):
        store.jobs.add(new_job(f"a{k}"))
        store.jobs.steer(f"a{k}", Happening.PAUSE, START)
    for k in range(3):
        store.jobs.steer(f"a{k}", Happening.RESUME, START)
    assert store.jobs.num_waiting() == 3


@pytest.mark.parametrize(
    ("ending", "again"),
    [(Happening.PAUSE, Happening.RESUME), (Happening.CANCEL, Happening.RETRY)],
)
def test_a_job_that_comes_back_needs_room(store, monkeypatch, ending, again):
    monkeypatch.setattr("limner.store.queue_room.MAX_WAITING", 2)
    store.jobs.add(new_job("mine", owner="ann"))
    store.jobs.steer("mine", ending, START)
    for k in range(2):
        store.jobs.add(new_job(f"a{k}", owner="ann"))
    with pytest.raises(QueueFull, match="2 jobs wait already"):
        store.jobs.steer("mine", again, START)


def test_a_job_that_is_there_is_given_though_the_queue_is_full(store):
    for k in range(MAX_WAITING_PER_OWNER):
        store.jobs.add(new_job(f"a{k}"))
    assert store.jobs.add(new_job("a7")) is False


def test_when_to_come_back_follows_from_measured_times(store):
    store.jobs.add(new_job("measured", num_images=2))
    claim = store.leases.claim("w", START)
    store_image(store, claim, 0)
    store_image(store, claim, 1)
    end(store, claim, Happening.FINISH, seconds=5.0, num_images=2)
    for k in range(MAX_WAITING_PER_OWNER):
        store.jobs.add(new_job(f"a{k}"))
    with pytest.raises(QueueFull) as caught:
        store.jobs.add(new_job("more"))
    assert caught.value.retry_after_seconds == 160  # a quarter of 256 pictures at 2.5 s


@pytest.mark.parametrize(
    ("happening", "state"),
    [
        (Happening.RETRY, JobState.FINISHED),
        (Happening.PAUSE, JobState.CANCELLED),
        (Happening.RESUME, JobState.PARKED),
    ],
)
def test_what_does_not_fit_the_state_is_one_sentence(store, happening, state):
    store.jobs.add(new_job("a"))
    with transaction(store._engine) as connection:
        connection.execute(schema.jobs.update().values(state=str(state)))
    with pytest.raises(JobConflict, match=f"'a' is {state}; {happening} does not fit") as caught:
        store.jobs.steer("a", happening, START)
    assert caught.value.code == "job_state"


def test_every_change_raises_the_clock_and_names_the_job(store):
    store.jobs.add(new_job("a"))
    store.jobs.add(new_job("b"))
    before = store.jobs.number()
    store.jobs.steer("b", Happening.CANCEL, START)
    assert [one.job_id for one in store.jobs.changes_since(before)] == ["b"]
    assert store.jobs.number() == before + 1


def test_a_cancel_of_what_is_over_changes_nothing(store):
    store.jobs.add(new_job("a"))
    store.jobs.steer("a", Happening.CANCEL, START)
    before = store.jobs.number()
    store.jobs.steer("a", Happening.CANCEL, START)
    assert store.jobs.number() == before


def test_previews_go_when_the_job_is_let_go_of(store):
    store.jobs.add(new_job("a"))
    claim = store.leases.claim("w", START)
    store.leases.beat(claim, START, Told(1, 4, 2.0), {0: b"picture"})
    assert [one.content for one in store.jobs.previews_since("a", 0)] == [b"picture"]
    end(store, claim, Happening.GIVE_BACK)
    assert store.jobs.previews_since("a", 0) == []


def test_progress_is_told_while_a_worker_holds_the_job(store):
    store.jobs.add(new_job("a", num_images=2))
    claim = store.leases.claim("w", START)
    store.leases.beat(claim, START, Told(1, 4, None))
    store.leases.beat(claim, START, Told(2, 4, 1.5))
    progress = store.jobs.find("a", START).progress
    assert (progress.step, progress.num_steps, progress.seconds_left) == (2, 4, 1.5)


def test_jobs_are_listed_newest_first_and_paged(store):
    for k in range(5):
        store.jobs.add(new_job(f"a{k}"))
    store.jobs.add(new_job("b", owner="bob"))
    asked = {"owner": "ann", "states": (), "limit": 2}
    first = store.jobs.list(START, before=None, **asked)
    second = store.jobs.list(START, before=first[-1].job_id, **asked)
    assert [one.job_id for one in (*first, *second)] == ["a4", "a3", "a2", "a1"]


def test_held_leases_are_told_with_their_beat(store):
    store.jobs.add(new_job("a"))
    claim = store.leases.claim("w", START)
    store.leases.beat(claim, START)
    assert store.leases.held() == [Held("a", claim.lease, "w", 2)]


def test_jobs_of_an_owner_who_has_enough_in_hand_are_passed_over(store):
    for number in range(2):
        store.jobs.add(new_job(f"ann-{number}", owner="ann"))
    store.jobs.add(new_job("bob-0", owner="bob"))
    assert store.leases.claim("w", START, sated=["ann"]).job_id == "bob-0"
    assert store.leases.claim("w", START, sated=["ann", "bob"]) is None


def test_a_job_that_brought_nothing_waits_until_it_can_be_drawn_without_company(store):
    store.jobs.add(new_job("poison"))
    end(store, store.leases.claim("w", START), Happening.LOSE)
    assert store.leases.claim("w", START, has_company=True) is None
    claim = store.leases.claim("w", START)
    assert (claim.job_id, claim.is_suspect) == ("poison", True)
