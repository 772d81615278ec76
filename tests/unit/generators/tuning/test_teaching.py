"""Teaching the packaged network by torch: its graph, courses that go on exactly, the best kept."""

import numpy as np
import openvino
import pytest
from openvino import opset13 as op

from limner.core.errors import DrawingCancelled, GeneratorUnavailable
from limner.generators.embedded.adapter import Correction, correct
from limner.generators.embedded.networks import Caption, open_networks
from limner.generators.embedded.tuning.graph import TorchGraph
from limner.generators.embedded.tuning.teaching import Following, Lessons, Schedule, teach
from limner.generators.embedded.weights import Weights

torch = pytest.importorskip("torch", reason="pip install 'limner[tune]'")

QUERY = "network.blocks.0.query.weight"
TINY = Schedule(steps=4, batch=2, rank=2, look_every=2, patience=9)


@pytest.fixture(scope="module")
def networks():
    return open_networks(Weights(), 1)


@pytest.fixture(scope="module")
def lessons(networks):
    rng = np.random.default_rng(0)
    rows = {
        port.get_any_name(): rng.standard_normal(
            [3, *(one.get_length() for one in list(port.get_partial_shape())[1:])], np.float32
        )
        for port in networks.read_graph("denoise").inputs
    }
    return Lessons(rows["noisy"], Caption(rows["keys"], rows["pooled"]))


def course(networks, lessons, following=None, schedule=TINY, kept=None):
    model, nothing = networks.read_graph("denoise"), lessons.of(np.array([0])).captions
    return teach(torch, model, lessons, lessons, nothing, schedule, following or Following(), kept)


def test_torch_computes_what_the_engine_computes_with_corrections_too(networks, lessons):
    model, rng = networks.read_graph("denoise"), np.random.default_rng(1)
    given = Correction(
        rng.standard_normal((2, 256), np.float32) / 16, rng.standard_normal((256, 2), np.float32)
    )
    learnt = {QUERY: tuple(torch.from_numpy(one) for one in given)}
    graph = TorchGraph(torch, model, learnt)
    inputs = [lessons.clean_NCHW, np.array([0.1, 0.5, 0.9], np.float32), *lessons.captions]
    with torch.no_grad():
        made = graph(*map(torch.from_numpy, inputs)).numpy()
    correct(model, {QUERY: given})
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    true = openvino.Core().compile_model(model, "CPU", exact)(inputs)[0]
    assert np.sqrt(np.mean((made - true) ** 2) / np.mean(true**2)) < 1e-3  # values are in half


def test_an_operation_that_is_not_known_is_named():
    given = op.parameter([-1, 2], np.float32)
    model = openvino.Model([op.tanh(given)], [given], "odd")
    with pytest.raises(GeneratorUnavailable, match="'Tanh'"):
        TorchGraph(torch, model, {})


def test_a_course_that_is_cancelled_goes_on_as_if_it_had_not_been(networks, lessons):
    whole = course(networks, lessons)
    kept, told = [], []
    stopped = Following(on_step=told.append, is_cancelled=lambda: len(told) == 3, keep=kept.append)
    with pytest.raises(DrawingCancelled):
        course(networks, lessons, stopped)
    gone_on = course(networks, lessons, kept=kept[-1])
    assert [one.step for one in told] == [1, 2, 3]
    assert gone_on.errors == whole.errors
    for name, one in whole.corrections.items():
        assert np.array_equal(one.up_OR, gone_on.corrections[name].up_OR)


def test_what_is_taught_is_learnt(networks, lessons):
    learnt = course(networks, lessons, schedule=Schedule(steps=12, batch=3, look_every=6, rank=4))
    assert learnt.errors[learnt.best_step] < 0.98
    assert learnt.best_step > 0


def test_where_nothing_gets_better_the_corrections_add_nothing_and_it_stops(networks, lessons):
    wild = Schedule(steps=9, batch=1, rank=2, peak=50.0, look_every=1, patience=2)
    learnt = course(networks, lessons, schedule=wild)
    assert learnt.best_step == 0
    assert max(learnt.errors) == 2
    assert not any(one.up_OR.any() for one in learnt.corrections.values())
