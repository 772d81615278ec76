"""Loading the networks ahead of their use."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import openvino
import pytest
from openvino import opset13 as op

from limner.core.errors import GeneratorUnavailable
from limner.core.file_cache import COMPILED_FOLDER
from limner.generators.embedded.networks import DRAWING_GRAPHS, Networks, Part
from limner.generators.embedded.precision import EIGHT_BITS, EXACT
from limner.generators.embedded.weights import Weights


def test_what_is_loaded_ahead_is_not_loaded_again(weights_folder):
    networks = Networks(Weights(weights_folder), 1)
    networks.load(Event())
    for path in weights_folder.glob("*.bin"):
        path.unlink()
    assert networks.facts.num_threads == 1
    assert {part.name for part in networks._graphs} == set(DRAWING_GRAPHS)


def test_a_load_that_is_stopped_leaves_the_rest_to_the_first_use(weights_folder):
    networks, stop = Networks(Weights(weights_folder), 1), Event()
    stop.set()
    networks.load(stop)
    assert networks._graphs == {}
    assert networks.facts.num_threads == 1


def test_a_file_that_is_missing_is_told_ahead_and_at_the_first_use(weights_folder):
    (weights_folder / "text.bin").unlink()
    networks = Networks(Weights(weights_folder), 1)
    for use in (lambda: networks.load(Event()), lambda: networks._graph(Part("text"))):
        with pytest.raises(GeneratorUnavailable, match=r"text\.bin"):
            use()


def test_only_the_drawing_network_multiplies_in_8_bits_and_says_so(weights_folder):
    networks = Networks(Weights(weights_folder), 1)
    networks._precision = EIGHT_BITS
    assert networks.facts.precision.startswith("int8+")
    assert networks.facts_of("text").precision in ("bf16", "f32")


def test_8_bits_draw_nearly_what_full_precision_draws():
    answers = {}
    for precision in (EIGHT_BITS, "f32"):
        networks = Networks(Weights(), 1)
        networks._precision = precision
        answers[precision] = networks._test_run(precision)()
    apart = answers[EIGHT_BITS] - answers["f32"]
    assert 0 < np.sqrt(np.mean(apart**2)) < 0.05 * np.sqrt(np.mean(answers["f32"] ** 2))


def test_what_convolutions_are_given_is_rounded_in_8_bits_alone(weights_folder, monkeypatch):
    def rounded_decoder(_name):
        small = op.parameter([-1, 4, 8, 8], np.float32)
        ends = np.float32(0), np.float32(1)
        return openvino.Model([op.fake_quantize(small, *ends, *ends, 4)], [small], "rounded")

    networks = Networks(Weights(weights_folder), 1)
    monkeypatch.setattr(networks, "_read", rounded_decoder)
    given = np.full((1, 4, 8, 8), 0.6, np.float32)
    made = {
        precision: networks._compiled(Part("decode", (8, 8)), precision)(given)[0].max()
        for precision in (EIGHT_BITS, EXACT)
    }
    assert made == {EIGHT_BITS: pytest.approx(2 / 3, abs=0.01), EXACT: pytest.approx(0.6)}


def test_facts_that_are_known_wait_for_nobody(weights_folder):
    networks = Networks(Weights(weights_folder), 1)
    known = networks.facts
    with networks._lock, ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: networks.facts).result(timeout=5) == known


def test_a_kept_network_is_the_one_that_was_compiled(weights_folder, tmp_path):
    first = Networks(Weights(weights_folder), 1, tmp_path, EXACT)
    compiled = first._test_run(EXACT)()
    first.load(Event())
    for path in weights_folder.glob("*.bin"):
        path.unlink()
    second = Networks(Weights(weights_folder), 1, tmp_path, EXACT)
    second.load(Event())
    second._compiled = lambda name, _precision: second._graphs[name]
    assert second.facts == first.facts
    assert (second._test_run(EXACT)() == compiled).all()


def test_what_the_engine_cannot_read_is_compiled_anew(weights_folder, tmp_path):
    networks = Networks(Weights(weights_folder), 1, tmp_path)
    kept = networks._kept
    kept.read = lambda facts: np.frombuffer(bytearray(b"of another engine"), np.uint8)
    assert networks.facts.num_threads == 1


def test_what_is_kept_is_of_these_weights_and_settings_alone(weights_folder, tmp_path):
    Networks(Weights(weights_folder), 1, tmp_path).load(Event())
    num_kept = len(list((tmp_path / COMPILED_FOLDER).iterdir()))
    assert num_kept == len(DRAWING_GRAPHS)
    Networks(Weights(weights_folder), 2, tmp_path).load(Event())
    assert len(list((tmp_path / COMPILED_FOLDER).iterdir())) == 2 * num_kept
