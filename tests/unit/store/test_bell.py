"""A bell says that jobs have changed; it is rung by what changes them."""

from tests.job_rows import START, new_job, store_image

from limner.core.jobs import Happening
from limner.store.bell import NEVER, Bell


def test_one_that_was_rung_before_is_not_waited_for():
    bell = Bell()
    bell.ring()
    assert bell.wait()
    assert not bell.wait()


def test_what_another_process_rang_is_heard_here_and_goes_no_further():
    bell, told = Bell(), []
    bell.ring_along(lambda: told.append("along"))
    bell.hear()
    assert bell.wait()
    assert told == []


def test_ringing_rings_the_other_process_too():
    bell, told = Bell(), []
    bell.ring_along(lambda: told.append("along"))
    bell.ring()
    assert told == ["along"]


def test_who_looked_a_moment_ago_need_not_look_again_while_a_tied_bell_is_quiet():
    bell = Bell()
    bell.ring_along(lambda: None)
    assert not bell.needs_no_look(NEVER)
    last = bell.now()
    assert bell.needs_no_look(last._replace(seconds=last.seconds + 60))  # whatever the machine does
    assert not bell.needs_no_look(last._replace(seconds=last.seconds - 1))
    bell.hear()
    assert not bell.needs_no_look(last._replace(seconds=last.seconds + 60))


def test_a_bell_that_nobody_else_rings_spares_no_look():
    bell = Bell()
    assert not bell.needs_no_look(bell.now())


def test_adding_steering_and_letting_go_of_a_job_ring_it(store):
    told = []
    store.bell.ring_along(lambda: told.append(True))
    store.jobs.add(new_job("one"))
    claim = store.leases.claim("worker", START)
    store_image(store, claim, 0)
    store.leases.end(claim, Happening.FINISH, START, seconds=1.0, num_images=1)
    store.jobs.add(new_job("two"))
    store.jobs.steer("two", Happening.CANCEL, START)
    assert len(told) == 4
