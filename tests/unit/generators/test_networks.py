"""Loading the networks ahead of their use."""

from threading import Event

import pytest

from limner.core.errors import GeneratorUnavailable
from limner.generators.embedded.networks import DRAWING_GRAPHS, Networks
from limner.generators.embedded.weights import Weights


def test_what_is_loaded_ahead_is_not_loaded_again(weights_folder):
    networks = Networks(Weights(weights_folder), 1)
    networks.load(Event())
    for path in weights_folder.glob("*.bin"):
        path.unlink()
    assert networks.facts.num_threads == 1
    assert set(networks._graphs) == set(DRAWING_GRAPHS)


def test_a_load_that_is_stopped_leaves_the_rest_to_the_first_use(weights_folder):
    networks, stop = Networks(Weights(weights_folder), 1), Event()
    stop.set()
    networks.load(stop)
    assert networks._graphs == {}
    assert networks.facts.num_threads == 1


def test_a_file_that_is_missing_is_told_ahead_and_at_the_first_use(weights_folder):
    (weights_folder / "text.bin").unlink()
    networks = Networks(Weights(weights_folder), 1)
    for use in (lambda: networks.load(Event()), lambda: networks._graph("text")):
        with pytest.raises(GeneratorUnavailable, match=r"text\.bin"):
            use()
