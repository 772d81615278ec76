"""Choosing a precision: the fastest that is near enough, and no guess on a loaded machine."""

import json

import numpy as np
import pytest

from limner.core.errors import GeneratorUnavailable
from limner.generators.embedded.graphs import Graphs
from limner.generators.embedded.precision import (
    FILE_NAME,
    ROUNDS,
    Choice,
    candidates,
    choose,
    remember,
    remembered,
    usual_precision,
)
from limner.generators.embedded.weights import Weights

FACTS = {"device": "a processor", "num_threads": 0, "openvino": "1"}
EXACT = np.linspace(-1, 1, 64, dtype=np.float32)


class Machine:
    """Runs of set lengths, on a clock that only they move."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds

    def run(self, lengths, answer=EXACT):
        left = [lengths] * 99 if isinstance(lengths, float) else list(lengths)

        def run():
            self.seconds += left.pop(0)
            return answer

        return run


@pytest.fixture
def machine():
    return Machine()


def test_the_faster_one_is_taken(machine):
    runs = {"bf16": machine.run(1.0), "f32": machine.run(3.0)}
    choice = choose(runs, "bf16", read_seconds=machine)
    assert (choice.precision, choice.is_sure) == ("bf16", True)
    assert choice.tested["f32"].milliseconds == 3000


def test_the_exact_one_is_taken_where_it_is_the_faster(machine):
    runs = {"bf16": machine.run(3.0), "f32": machine.run(1.0)}
    assert choose(runs, "bf16", read_seconds=machine).precision == "f32"


def test_one_that_is_too_far_from_exact_is_not_taken_however_fast(machine):
    runs = {"bf16": machine.run(0.1, EXACT * 1.2), "f32": machine.run(1.0)}
    choice = choose(runs, "bf16", read_seconds=machine)
    assert (choice.precision, set(choice.tested)) == ("f32", {"f32"})


def test_one_whose_numbers_are_not_finite_is_not_taken(machine):
    runs = {"bf16": machine.run(0.1, EXACT * np.nan), "f32": machine.run(1.0)}
    assert choose(runs, "bf16", read_seconds=machine).precision == "f32"


def test_equally_fast_ones_leave_the_usual_one_and_that_is_sure(machine):
    runs = {"bf16": machine.run(1.0), "f32": machine.run(1.0)}
    choice = choose(runs, "bf16", read_seconds=machine)
    assert (choice.precision, choice.is_sure) == ("bf16", True)


def test_a_spike_or_two_of_load_changes_nothing(machine):
    spikes = [1.0, 50.0, 1.0, 1.0, 30.0, *[1.0] * ROUNDS]
    runs = {"bf16": machine.run(spikes), "f32": machine.run(3.0)}
    choice = choose(runs, "bf16", read_seconds=machine)
    assert (choice.precision, choice.is_sure) == ("bf16", True)


def test_runs_that_do_not_agree_leave_the_usual_one_and_are_not_sure(machine):
    shaken = [1.0, *[1.0, 9.0, 2.0] * ROUNDS]
    runs = {"bf16": machine.run(2.2), "f32": machine.run(shaken)}
    choice = choose(runs, "bf16", read_seconds=machine)
    assert (choice.precision, choice.is_sure) == ("bf16", False)


@pytest.mark.parametrize(
    ("able", "usual", "tried"),
    [
        (["FP32", "BF16", "INT8"], "bf16", ("bf16", "int8", "f32")),
        (["FP32", "INT8"], "f32", ("f32",)),
        (["FP32"], "f32", ("f32",)),
    ],
)
def test_what_is_tried_is_what_the_processor_does_right(able, usual, tried):
    assert (usual_precision(able), candidates(able)) == (usual, tried)


def test_a_choice_is_kept_for_the_same_facts_and_no_others(machine, tmp_path):
    choice = choose({"f32": machine.run(1.0)}, "f32", read_seconds=machine)
    remember(tmp_path, FACTS, choice)
    assert remembered(tmp_path, FACTS) == "f32"
    assert remembered(tmp_path, FACTS | {"num_threads": 2}) is None
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_each_number_of_threads_keeps_its_own_choice(machine, tmp_path):
    for num_threads, precision in ((0, "f32"), (1, "bf16")):
        choice = Choice(precision=precision, is_sure=True, tested={})
        remember(tmp_path, FACTS | {"num_threads": num_threads}, choice)
    assert remembered(tmp_path, FACTS) == "f32"
    assert remembered(tmp_path, FACTS | {"num_threads": 1}) == "bf16"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"format": "limner.precision/1"}', b"\xff"]
)
def test_a_file_that_cannot_be_read_is_as_if_there_were_none(tmp_path, content):
    (tmp_path / FILE_NAME).write_bytes(content)
    assert remembered(tmp_path, FACTS) is None


def test_a_folder_that_is_not_there_keeps_nothing(machine, tmp_path):
    choice = choose({"f32": machine.run(1.0)}, "f32", read_seconds=machine)
    remember(tmp_path / "gone", FACTS, choice)
    assert remembered(tmp_path / "gone", FACTS) is None


def test_networks_run_in_the_precision_that_is_kept_and_test_nothing(
    weights_folder, tmp_path, monkeypatch
):
    from limner.generators.embedded import graphs as module

    first = Graphs(Weights(weights_folder), 1, tmp_path)
    if len(first.precisions) == 1:
        pytest.skip("This processor has one precision.")
    kept = {}
    monkeypatch.setattr(module, "remember", lambda folder, facts, choice: kept.update(facts))
    monkeypatch.setattr(module, "choose", lambda runs, usual: module_choice("f32"))
    assert first.facts_of("denoise").precision == "f32"
    (tmp_path / "precision-1.json").write_text(
        json.dumps({"format": "limner.precision/1", "precision": "bf16", "measured_on": kept})
    )
    monkeypatch.setattr(module, "choose", None)
    assert Graphs(Weights(weights_folder), 1, tmp_path).facts_of("denoise").precision == "bf16"


def module_choice(precision):
    return Choice(precision=precision, is_sure=True, tested={})


@pytest.mark.parametrize("asked", ["f32", "bf16"])
def test_the_precision_asked_for_is_taken_or_refused_with_what_there_is(weights_folder, asked):
    graphs = Graphs(Weights(weights_folder), 1, precision=asked)
    possible = graphs.precisions
    if asked in possible:
        assert graphs.facts_of("denoise").precision == asked
    else:
        with pytest.raises(GeneratorUnavailable, match=r"it does in .*f32"):
            _ = graphs.facts_of("denoise")


def test_a_precision_no_processor_has_is_refused(weights_folder):
    with pytest.raises(GeneratorUnavailable, match=r"does not draw in 'f8'; it does in .*f32"):
        _ = Graphs(Weights(weights_folder), 1, precision="f8").precision
