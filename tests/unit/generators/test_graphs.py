"""Loading graphs ahead of their use, in their precision, and keeping them."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import openvino
import pytest
from openvino import opset13 as op

from limner.core.errors import GeneratorUnavailable
from limner.core.file_cache import COMPILED_FOLDER
from limner.generators.embedded.graphs import DRAWING_GRAPHS, Graphs, Part, precisions_here
from limner.generators.embedded.precision import EIGHT_BITS, EXACT
from limner.generators.embedded.weights import Weights
from limner.graphs.swish import with_swish_apart


def test_what_is_loaded_ahead_is_not_loaded_again(weights_folder):
    graphs = Graphs(Weights(weights_folder), 1)
    graphs.load_for_drawing(Event())
    for path in weights_folder.glob("*.bin"):
        path.unlink()
    assert graphs.facts_of("denoise").num_threads == 1
    assert {part.name for part in graphs._compiled} == set(DRAWING_GRAPHS)


def test_a_load_that_is_stopped_leaves_the_rest_to_the_first_use(weights_folder):
    graphs, stop = Graphs(Weights(weights_folder), 1), Event()
    stop.set()
    graphs.load_for_drawing(stop)
    assert graphs._compiled == {}
    assert graphs.facts_of("denoise").num_threads == 1


def test_a_file_that_is_missing_is_told_ahead_and_at_the_first_use(weights_folder):
    (weights_folder / "text.bin").unlink()
    graphs = Graphs(Weights(weights_folder), 1)
    for use in (lambda: graphs.load_for_drawing(Event()), lambda: graphs.compiled(Part("text"))):
        with pytest.raises(GeneratorUnavailable, match=r"text\.bin"):
            use()


def test_only_the_drawing_network_multiplies_in_8_bits_and_says_so(weights_folder):
    graphs = Graphs(Weights(weights_folder), 1)
    graphs.precision = EIGHT_BITS
    assert graphs.facts_of("denoise").precision.startswith("int8+")
    assert graphs.facts_of("text").precision in ("bf16", "f32")


def test_8_bits_draw_nearly_what_full_precision_draws():
    answers = {}
    for precision in (EIGHT_BITS, "f32"):
        graphs = Graphs(Weights(), 1)
        graphs.precision = precision
        answers[precision] = graphs.trial_run(precision)()
    apart = answers[EIGHT_BITS] - answers["f32"]
    assert 0 < np.sqrt(np.mean(apart**2)) < 0.05 * np.sqrt(np.mean(answers["f32"] ** 2))


def test_every_precision_of_this_processor_runs_with_one_thread():
    """In a process of its own: where there is AMX the engine once ended it."""
    code = (
        "from limner.generators.embedded.graphs import Graphs\n"
        "from limner.generators.embedded.weights import Weights\n"
        "graphs = Graphs(Weights(), 1)\n"
        "for precision in graphs.precisions:\n"
        "    print(precision, graphs.trial_run(precision)().shape)\n"
        "    graphs.compile(graphs.drawing_part('condition'), precision)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout.splitlines()) == len(precisions_here())


def test_a_bound_behind_swish_changes_no_answer():
    given = op.parameter([-1, 8], np.float32)
    model = openvino.Model([op.multiply(op.swish(given), given)], [given], "gated")
    values = np.linspace(-50, 50, 32, dtype=np.float32).reshape(4, 8)
    before = openvino.compile_model(model, "CPU")(values)[0]
    after = openvino.compile_model(with_swish_apart(model), "CPU")(values)[0]
    assert [node.get_type_name() for node in model.get_ops()].count("Clamp") == 1
    assert (after == before).all()


def test_what_convolutions_are_given_is_rounded_in_8_bits_alone(weights_folder, monkeypatch):
    def rounded_decoder(_name):
        small = op.parameter([-1, 4, 8, 8], np.float32)
        ends = np.float32(0), np.float32(1)
        return openvino.Model([op.fake_quantize(small, *ends, *ends, 4)], [small], "rounded")

    graphs = Graphs(Weights(weights_folder), 1)
    monkeypatch.setattr(graphs, "read_as_stored", rounded_decoder)
    given = np.full((1, 4, 8, 8), 0.6, np.float32)
    made = {
        precision: graphs.compile(Part("decode", (8, 8)), precision)(given)[0].max()
        for precision in (EIGHT_BITS, EXACT)
    }
    assert made == {EIGHT_BITS: pytest.approx(2 / 3, abs=0.01), EXACT: pytest.approx(0.6)}


def test_facts_that_are_known_wait_for_nobody(weights_folder):
    graphs = Graphs(Weights(weights_folder), 1)
    known = graphs.facts_of("denoise")
    with graphs.lock, ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: graphs.facts_of("denoise")).result(timeout=5) == known


def answer(graph):
    rng = np.random.default_rng(0)
    return graph([rng.random(one.shape, np.float32) for one in graph.inputs])[0]


def test_a_kept_network_is_the_one_that_was_compiled(weights_folder, tmp_path):
    first = Graphs(Weights(weights_folder), 1, tmp_path, EXACT)
    part = first.drawing_part("denoise")
    compiled = answer(first.compile(part))
    first.load_for_drawing(Event())
    for path in weights_folder.glob("*.bin"):
        path.unlink()
    second = Graphs(Weights(weights_folder), 1, tmp_path, EXACT)
    second.load_for_drawing(Event())
    assert second.facts_of("denoise") == first.facts_of("denoise")
    assert (answer(second.loaded(part)) == compiled).all()


def test_what_the_engine_cannot_read_is_compiled_anew(weights_folder, tmp_path):
    graphs = Graphs(Weights(weights_folder), 1, tmp_path)
    files = graphs._kept._kept
    files.read = lambda facts: np.frombuffer(bytearray(b"of another engine"), np.uint8)
    assert graphs.facts_of("denoise").num_threads == 1


def test_what_is_kept_is_of_these_weights_and_settings_alone(weights_folder, tmp_path):
    Graphs(Weights(weights_folder), 1, tmp_path).load_for_drawing(Event())
    num_kept = len(list((tmp_path / COMPILED_FOLDER).iterdir()))
    assert num_kept == len(DRAWING_GRAPHS)
    Graphs(Weights(weights_folder), 2, tmp_path).load_for_drawing(Event())
    assert len(list((tmp_path / COMPILED_FOLDER).iterdir())) == 2 * num_kept
