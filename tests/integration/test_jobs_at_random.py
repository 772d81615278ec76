"""Random sequences of everything that can happen to jobs, against the promises made about them."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
)
from job_rows import START, new_job, store_image

from limner.core.errors import DrawingCancelled, JobConflict, LeaseLost
from limner.core.jobs import LEASED, MAX_ATTEMPTS, OVER, Happening, JobState, next_state
from limner.store.repository import Store

STEERING = st.sampled_from([Happening.CANCEL, Happening.PAUSE, Happening.RESUME, Happening.RETRY])
ENDING = st.sampled_from(
    [Happening.FINISH, Happening.FAIL, Happening.GIVE_BACK, Happening.LOSE, Happening.DOUBT]
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A migrated data folder, copied for every run."""
    home = tmp_path_factory.mktemp("empty") / "home"
    Store.open(home).close()
    return home


class Jobs(RuleBasedStateMachine):
    """What is expected is kept as plain words: state, pictures, fruitless attempts, lease."""

    empty: Path
    jobs = Bundle("jobs")
    claims = Bundle("claims")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(self.empty, self.folder / "home")
        self.store = Store.open(self.folder / "home")
        self.states: dict[str, JobState] = {}
        self.pictures: dict[str, dict[int, str]] = {}
        self.num_images: dict[str, int] = {}
        self.fruitless: dict[str, int] = {}
        self.leases: dict[str, int] = {}
        self.number = self.store.jobs.number()

    def teardown(self):
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(
        target=jobs,
        owner=st.sampled_from("abc"),
        priority=st.integers(-2, 2),
        num_images=st.integers(1, 3),
    )
    def submit(self, owner, priority, num_images):
        job_id = f"job-{len(self.states)}"
        self.store.jobs.add(new_job(job_id, owner=owner, priority=priority, num_images=num_images))
        self.states[job_id] = JobState.QUEUED
        self.pictures[job_id], self.num_images[job_id] = {}, num_images
        self.fruitless[job_id] = 0
        return job_id

    @rule(target=claims)
    def claim(self):
        claim = self.store.leases.claim("worker", START)
        if claim is None:
            assert JobState.QUEUED not in self.states.values()
            return multiple()
        assert self.states[claim.job_id] is JobState.QUEUED
        assert claim.image_ids == self.pictures[claim.job_id]
        self.states[claim.job_id] = JobState.RUNNING
        self.fruitless[claim.job_id] += 1
        self.leases[claim.job_id] = claim.lease
        return claim

    @rule(claim=claims, index=st.integers(0, 2))
    def draw(self, claim, index):
        if index >= self.num_images[claim.job_id]:
            return
        if not self.holds(claim):
            with pytest.raises(LeaseLost):
                store_image(self.store, claim, index)
            return
        if self.states[claim.job_id] is JobState.CANCELLING:
            with pytest.raises(DrawingCancelled):
                store_image(self.store, claim, index)
            return
        image_id = store_image(self.store, claim, index)
        self.pictures[claim.job_id].setdefault(index, image_id)
        self.fruitless[claim.job_id] = 0

    @rule(claim=consumes(claims), happening=ENDING)
    def end(self, claim, happening):
        job_id = claim.job_id
        facts = {"seconds": 1.0, "num_images": 0}
        if not self.holds(claim):
            with pytest.raises(LeaseLost):
                self.store.leases.end(claim, happening, START, **facts)
            return
        is_whole = len(self.pictures[job_id]) == self.num_images[job_id]
        if happening is Happening.FINISH and not is_whole:
            expected = next_state(self.states[job_id], Happening.DOUBT)
        else:
            expected = self.let_go(job_id, happening)
        assert self.store.leases.end(claim, happening, START, **facts) is expected
        self.states[job_id] = expected
        del self.leases[job_id]

    @rule(claim=claims)
    def die(self, claim):
        """The worker vanishes and an onlooker takes its job back; its claim stays about."""
        for held in self.store.leases.held():
            if held.lease == claim.lease:
                expected = self.let_go(held.job_id, Happening.LOSE)
                assert self.store.leases.lose(held, START) is expected
                self.states[held.job_id] = expected
                del self.leases[held.job_id]

    @rule(job_id=jobs, happening=STEERING)
    def steer(self, job_id, happening):
        expected = next_state(self.states[job_id], happening)
        if expected is None:
            with pytest.raises(JobConflict):
                self.store.jobs.steer(job_id, happening, START)
            return
        self.store.jobs.steer(job_id, happening, START)
        if happening is Happening.RETRY and self.states[job_id] in OVER:
            self.fruitless[job_id] = 0
        self.states[job_id] = expected

    @rule()
    def open_again(self):
        """Every process ends and another opens the data folder."""
        self.store.close()
        self.store = Store.open(self.folder / "home")

    @invariant()
    def every_job_is_as_expected(self):
        told = {job.job_id: job for job in self.list_all()}
        assert {job_id: job.state for job_id, job in told.items()} == self.states
        for job_id, job in told.items():
            assert {one.index: one.image_id for one in job.images} == self.pictures[job_id]
            assert job.is_over == (self.states[job_id] in OVER)

    @invariant()
    def finished_jobs_have_every_picture(self):
        for job in self.list_all():
            if job.state is JobState.FINISHED:
                assert len(job.images) == job.num_images

    @invariant()
    def leases_are_those_of_jobs_in_hand(self):
        held = {one.job_id: one.lease for one in self.store.leases.held()}
        assert held == self.leases
        assert held.keys() == {job_id for job_id, state in self.states.items() if state in LEASED}

    @invariant()
    def the_clock_never_goes_back(self):
        number = self.store.jobs.number()
        assert number >= self.number
        self.number = number

    def list_all(self):
        return self.store.jobs.list(START, owner=None, states=(), before=None, limit=500)

    def holds(self, claim):
        return self.leases.get(claim.job_id) == claim.lease

    def let_go(self, job_id, happening):
        if happening is Happening.LOSE and self.fruitless[job_id] >= MAX_ATTEMPTS:
            happening = Happening.PARK
        if happening is Happening.GIVE_BACK:
            self.fruitless[job_id] = max(0, self.fruitless[job_id] - 1)
        return next_state(self.states[job_id], happening)


def test_nothing_that_happens_to_jobs_breaks_a_promise(empty):
    from hypothesis.stateful import run_state_machine_as_test

    Jobs.empty = empty
    run_state_machine_as_test(
        Jobs, settings=settings(max_examples=25, stateful_step_count=30, deadline=None)
    )
