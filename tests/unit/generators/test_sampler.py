"""Samplers against data whose best estimate is known in closed form: N(2, 0.5^2)."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.generators.embedded.sampler import (
    SAMPLERS,
    add_noise,
    draw_noise,
    guided,
    time_grid,
)

MEAN, SPREAD = 2.0, 0.5


def posterior_mean(noisy, time):
    """E[clean | noisy] when noisy = time * clean + (1 - time) * noise and all is Gaussian."""
    gain = time * SPREAD**2 / (time**2 * SPREAD**2 + (1 - time) ** 2)
    return MEAN + gain * (noisy - time * MEAN)


def follow(name: str, predict, noise, times):
    """The estimate after every step."""
    walk, answer = SAMPLERS[name](noise, times), None
    while True:
        try:
            question = walk.send(answer)
        except StopIteration:
            return
        answer = predict(question.noisy_BCHW, question.time)
        if question.ends_step:
            yield answer


def drawn(name: str, num_steps: int, noise):
    *_, last = follow(name, posterior_mean, noise, time_grid(num_steps))
    return last


@pytest.fixture
def noise():
    return draw_noise(3, (4, 64, 64))[None]


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_follows_the_exact_flow_when_steps_are_many(name, noise):
    exact = MEAN + SPREAD * noise  # the probability flow carries each noise value there
    assert np.abs(drawn(name, 400, noise) - exact).max() < 0.05


def test_second_order_samplers_are_nearer_at_few_steps(noise):
    exact = MEAN + SPREAD * noise
    errors = {name: np.abs(drawn(name, 12, noise) - exact).mean() for name in SAMPLERS}
    assert max(errors["dpm++2m"], errors["heun"]) < 0.5 * errors["euler"]


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_ends_every_step_once(name, noise):
    assert len(list(follow(name, posterior_mean, noise, time_grid(7)))) == 7


@pytest.mark.parametrize(("name", "num_predictions"), [("dpm++2m", 5), ("euler", 5), ("heun", 9)])
def test_a_sampler_predicts_as_often_as_it_says(name, num_predictions, noise):
    times = []

    def predict(noisy, time):
        times.append(time)
        return posterior_mean(noisy, time)

    list(follow(name, predict, noise, time_grid(5)))
    assert len(times) == num_predictions


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_never_predicts_at_time_one(name, noise):
    def predict(noisy, time):
        assert time < 1
        return posterior_mean(noisy, time)

    list(follow(name, predict, noise, time_grid(3)))


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_keeps_float32(name, noise):
    assert drawn(name, 4, noise).dtype == np.float32


@given(
    num_steps=st.integers(1, 100),
    start=st.floats(0, 0.95),
    shift=st.floats(0.25, 4, exclude_min=True),
)
def test_a_time_grid_rises_from_start_to_one(num_steps, start, shift):
    times = time_grid(num_steps, start=start, shift=shift)
    assert times[0] == start
    assert times[-1] == pytest.approx(1)
    assert all(time < after for time, after in pairwise(times))


def test_a_shift_above_one_spends_more_steps_near_the_noise():
    assert time_grid(10, shift=3.0)[5] < time_grid(10)[5]


def test_noise_depends_on_the_seed_alone():
    assert np.array_equal(draw_noise(7, (2, 3, 3)), draw_noise(7, (2, 3, 3)))
    assert not np.array_equal(draw_noise(7, (2, 3, 3)), draw_noise(8, (2, 3, 3)))


def test_adding_noise_at_time_one_gives_the_clean_canvas(noise):
    clean = np.full_like(noise, 0.25)
    assert np.array_equal(add_noise(clean, noise, 1.0), clean)


def test_guidance_of_one_is_the_captioned_estimate(noise):
    assert np.allclose(guided(noise, noise * 2, 1.0), noise, atol=1e-6)
