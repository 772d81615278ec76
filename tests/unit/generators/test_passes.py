"""Courses that share passes: who goes together, in which order, and that company changes nothing.

The network here is a function of each row alone, so that what is drawn together must be equal.
"""

import threading
from contextlib import ExitStack

import numpy as np
import pytest

from limner.generators.embedded.course import Way
from limner.generators.embedded.networks import Caption
from limner.generators.embedded.passes import AHEAD, Passes
from limner.generators.embedded.sampler import SAMPLERS, draw_noise, time_grid

SHAPE = (2, 4, 4)
CELLS = 16


def predict(noisy, times_B, caption):
    lift_B = times_B + caption.pooled[:, 0] + caption.keys[:, 0]
    lifts = np.split(lift_B, np.cumsum([len(one) for one in noisy])[:-1])
    return [
        np.tanh(0.5 * one + lift[:, None, None, None])
        for one, lift in zip(noisy, lifts, strict=True)
    ]


class Network:
    """Counts rows, and does what it is told to before a pass."""

    def __init__(self):
        self.rows = []
        self.before = lambda: None

    def __call__(self, noisy, times_B, caption):
        self.before()
        self.rows.append(len(times_B))
        return predict(noisy, times_B, caption)


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def network():
    return Network()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def passes(network, clock):
    return Passes(network, max_cells=8 * CELLS, read_seconds=clock)


def way(seed=1, num_pictures=1, steps=4, guidance=3.0, sampler="euler", **more):
    x_BCHW = np.stack([draw_noise(seed + k, SHAPE) for k in range(num_pictures)])
    rows = np.array([[0.1 * seed], [-0.2]], np.float32)[: 1 if guidance == 1.0 else 2]
    return Way(
        walk=SAMPLERS[sampler](x_BCHW, time_grid(steps)), num_steps=steps,
        num_pictures=num_pictures, caption=Caption(rows, rows), guidance=guidance, **more,
    )  # fmt: skip


def alone(**changes):
    """What a course comes to when there never is another one."""
    one = Passes(Network())
    asked = way(**changes)
    with one.course(asked) as course:
        return [one.next_step(course) for _ in range(asked.num_steps)]


MIXED = [
    {"seed": 1, "steps": 4, "guidance": 3.0},
    {"seed": 2, "steps": 7, "guidance": 1.0, "sampler": "dpm++2m"},
    {"seed": 3, "steps": 2, "guidance": 5.0, "sampler": "heun", "num_pictures": 2},
]


def test_courses_of_other_steps_guidance_and_samplers_share_passes_and_come_out_as_alone(passes):
    ways = [way(**one) for one in MIXED]
    with (
        passes.course(ways[0]) as a, passes.course(ways[1]) as b, passes.course(ways[2]) as c,
    ):  # fmt: skip
        told = [
            [passes.next_step(course) for _ in range(course.way.num_steps)] for course in (b, a, c)
        ]
    for steps, changes in zip(told, (MIXED[1], MIXED[0], MIXED[2]), strict=True):
        for together, by_itself in zip(steps, alone(**changes), strict=True):
            assert np.array_equal(together, by_itself)
    assert (a.most_together, b.most_together, c.most_together) == (4, 4, 4)


def test_there_is_no_row_without_caption_where_guidance_is_one(passes, network):
    with passes.course(way(guidance=1.0)) as plain, passes.course(way(guidance=2.0)):
        passes.next_step(plain)
    assert network.rows == [3]


def test_a_course_joins_at_the_next_pass_and_leaves_when_it_is_done(passes, network):
    with passes.course(way(steps=4, guidance=1.0)) as long:
        passes.next_step(long)
        with passes.course(way(steps=1, guidance=1.0)) as short:
            passes.next_step(short)
        for _ in range(3):
            passes.next_step(long)
    assert network.rows == [1, 2, 1, 1]


def test_the_rows_of_a_course_that_is_given_up_are_free_at_the_next_pass(passes, network):
    with passes.course(way()) as stays:
        with passes.course(way(num_pictures=3)):
            passes.next_step(stays)
        passes.next_step(stays)
    assert network.rows == [8, 2]


def test_a_thousand_courses_that_are_given_up_leave_nothing(passes, network):
    for seed in range(1000):
        with passes.course(way(seed=seed)):
            pass
    with passes.course(way()) as course:
        passes.next_step(course)
    assert network.rows == [2]


def test_a_course_that_is_to_be_alone_shares_no_pass(passes, network):
    with passes.course(way(is_alone=True)) as single, passes.course(way()) as other:
        for _ in range(4):
            passes.next_step(single)
            passes.next_step(other)
    assert set(network.rows) == {2}
    assert (single.most_together, other.most_together) == (1, 1)


def test_no_pass_has_more_cells_than_the_budget(passes, network):
    with ExitStack() as stack:
        joined = [stack.enter_context(passes.course(way(seed=seed))) for seed in range(9)]
        for course in joined:
            for _ in range(4):
                passes.next_step(course)
    assert max(network.rows) == 8


def test_a_course_over_the_budget_is_drawn_by_itself(passes, network):
    with passes.course(way(num_pictures=6)) as large, passes.course(way()) as small:
        for _ in range(4):
            passes.next_step(large)
            passes.next_step(small)
    assert set(network.rows) == {12, 2}


def test_no_more_pictures_share_a_pass_than_are_allowed(network):
    passes = Passes(network, max_pictures=2)
    with ExitStack() as stack:
        ways = [way(seed=seed, guidance=1.0) for seed in range(3)]
        for course in [stack.enter_context(passes.course(one)) for one in ways]:
            passes.next_step(course)
    assert max(network.rows) == 2


def measured(passes, clock, network):
    """A second a row, as the running mean has it."""
    network.before = lambda: setattr(clock, "seconds", clock.seconds + 1.0)
    with passes.course(way(steps=1, guidance=1.0)) as course:
        passes.next_step(course)
    network.before, clock.seconds = (lambda: None), 0.0
    network.rows.clear()


def test_of_courses_that_do_not_fit_together_the_shorter_goes_first(passes, clock, network):
    measured(passes, clock, network)
    with (
        passes.course(way(num_pictures=3, steps=4)) as long,
        passes.course(way(num_pictures=3, steps=2)) as short,
    ):
        passes.next_step(short)
    assert (long.num_forwards, short.num_forwards) == (0, 1)


def test_a_long_course_is_not_overtaken_by_what_comes_after_its_own_length(passes, clock, network):
    measured(passes, clock, network)
    with passes.course(way(num_pictures=3, steps=4)) as long:  # 24 s of rows
        clock.seconds = 25.0
        with passes.course(way(num_pictures=3, steps=1)) as late:
            passes.next_step(long)
    assert (long.num_forwards, late.num_forwards) == (1, 0)


def test_a_course_whose_caller_is_away_goes_no_further_than_it_may(passes):
    with passes.course(way(steps=9)) as away, passes.course(way(steps=9)) as here:
        for _ in range(9):
            passes.next_step(here)
        assert away.num_untold == AHEAD + 1


def test_a_fault_of_a_pass_is_told_to_everybody_in_it_and_to_nobody_after(passes, network):
    def explode():
        raise MemoryError("no room")

    with passes.course(way()) as a, passes.course(way()) as b:
        network.before = explode
        for course in (a, b):
            with pytest.raises(MemoryError):
                passes.next_step(course)
        network.before = lambda: None
        with passes.course(way()) as c:
            assert passes.next_step(c).shape == (1, *SHAPE)


def test_an_interrupt_ends_its_own_caller_and_the_others_go_on(passes, network):
    def interrupt():
        network.before = lambda: None
        raise KeyboardInterrupt

    network.before = interrupt
    with passes.course(way()) as other:
        with pytest.raises(KeyboardInterrupt), passes.course(way()) as own:
            passes.next_step(own)
        steps = [passes.next_step(other) for _ in range(4)]
    assert np.array_equal(steps[-1], alone()[-1])


def test_what_is_known_is_laid_into_every_estimate(passes):
    with passes.course(way(hold=lambda clean: clean * 0 + 7)) as course:
        assert (passes.next_step(course) == 7).all()


def test_threads_draw_side_by_side_and_each_gets_its_own(network):
    passes = Passes(network)
    start, last = threading.Barrier(8), {}

    def draw(seed):
        with passes.course(way(seed=seed, steps=2 + seed)) as course:
            start.wait(timeout=20)
            for _ in range(2 + seed):
                last[seed] = passes.next_step(course)

    threads = [threading.Thread(target=draw, args=(seed,)) for seed in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=20)
    assert all(
        np.array_equal(last[seed], alone(seed=seed, steps=2 + seed)[-1]) for seed in range(8)
    )
    assert max(network.rows) > 2


class Beside:
    """A network whose passes wait for each other, so that they must run at the same time."""

    def __init__(self, num_beside):
        self.meeting = threading.Barrier(num_beside)
        self.seen = []

    def __call__(self, noisy, times_B, caption, *, is_beside=False):
        self.seen.append((is_beside, {one.shape[2:] for one in noisy}, len(times_B)))
        if is_beside:
            self.meeting.wait(timeout=20)
        return predict(noisy, times_B, caption)


def drawn_in_threads(passes, ways):
    """The last step of every way, each asked for by a thread of its own."""
    last, start = {}, threading.Barrier(len(ways))

    def draw(at):
        with passes.course(ways[at]) as course:
            start.wait(timeout=20)
            for _ in range(ways[at].num_steps):
                last[at] = passes.next_step(course)

    threads = [threading.Thread(target=draw, args=(at,)) for at in range(len(ways))]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=40)
    return last


def test_passes_run_side_by_side_where_the_network_lets_them_and_draw_what_one_draws():
    network = Beside(2)
    passes = Passes(network, read_num_beside=lambda: 2)
    with passes.course(way(seed=1)) as a, passes.course(way(seed=2)) as b:
        others = [threading.Thread(target=passes.next_step, args=(one,)) for one in (a, b)]
        for one in others:
            one.start()
        for one in others:
            one.join(timeout=20)
    assert network.seen == [(True, {SHAPE[1:]}, 2)] * 2


def test_what_is_drawn_side_by_side_is_what_is_drawn_alone():
    passes = Passes(lambda *asked, is_beside=False: predict(*asked), read_num_beside=lambda: 3)
    ways = [way(seed=seed, steps=2 + seed) for seed in range(8)]
    last = drawn_in_threads(passes, ways)
    for seed in range(8):
        assert np.array_equal(last[seed], alone(seed=seed, steps=2 + seed)[-1])


def test_whoever_is_alone_has_a_pass_of_its_own():
    network = Beside(2)
    passes = Passes(network, read_num_beside=lambda: 2)
    with passes.course(way()) as course:
        passes.next_step(course)
        assert not passes.are_beside
    assert network.seen == [(False, {SHAPE[1:]}, 2)]


def test_a_course_that_is_to_be_alone_runs_as_if_no_other_pass_did():
    seen = []

    def network(noisy, times_B, caption, *, is_beside=False):
        seen.append((is_beside, len(times_B)))
        return predict(noisy, times_B, caption)

    passes = Passes(network, read_num_beside=lambda: 2)
    with passes.course(way(is_alone=True)) as single, passes.course(way(is_alone=True)):
        passes.next_step(single)
    assert set(seen) == {(False, 2)}


def test_a_fault_of_one_of_two_passes_is_told_to_its_own_courses():
    def network(noisy, times_B, caption, *, is_beside=False):
        if caption.pooled[0, 0] > 0.15:  # the way of seed 2
            raise MemoryError("no room")
        return predict(noisy, times_B, caption)

    passes = Passes(network, read_num_beside=lambda: 2)
    with passes.course(way(seed=1)) as whole, passes.course(way(seed=2)) as broken:
        assert passes.next_step(whole).shape == (1, *SHAPE)
        with pytest.raises(MemoryError):
            passes.next_step(broken)


def test_captions_of_courses_that_come_and_go_are_never_mixed_up():
    passes = Passes(lambda *asked, is_beside=False: predict(*asked), read_num_beside=lambda: 2)
    ways = [way(seed=seed, steps=1 + seed % 5) for seed in range(40)]
    last = drawn_in_threads(passes, ways)
    for seed in range(40):
        assert np.array_equal(last[seed], alone(seed=seed, steps=1 + seed % 5)[-1])
