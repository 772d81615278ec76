"""Passes of any number of rows, by graphs that each take a fixed number."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.errors import GeneratorUnavailable
from limner.generators.embedded.graphs import precisions_here
from limner.generators.embedded.networks import Networks
from limner.generators.embedded.precision import EIGHT_BITS
from limner.generators.embedded.rows import MOST_ROOM, SIZES, WORTH_LOADING, RowGraphs, cut
from limner.generators.embedded.weights import Weights

SIDES = (8, 8)
PRECISIONS = precisions_here()


class Loader:
    """Stands in for a compiler: a graph doubles what it is given."""

    def __init__(self, broken=()):
        self.loaded, self.broken = [], broken

    def __call__(self, part):
        if part.num_rows in self.broken:
            raise GeneratorUnavailable("no such file")
        self.loaded.append(part.num_rows)

        def double(inputs):
            assert all(len(one) == part.num_rows for one in inputs)
            return 2 * inputs[0]

        return double


def ask(graphs, num_rows, sides=SIDES):
    values = np.arange(num_rows, dtype=np.float32)[:, None]
    made = graphs(sides, [values, values])
    assert np.array_equal(made, 2 * values)


def wait():
    for thread in threading.enumerate():
        if thread.name == "load graph":
            thread.join()


@given(
    num_rows=st.integers(1, 300),
    more=st.sets(st.integers(2, 64)),
)
def test_rows_are_cut_into_sizes_with_little_room_left(num_rows, more):
    sizes = {1, *more}
    parts = cut(num_rows, sizes)
    assert set(parts) <= sizes
    assert num_rows <= sum(parts) <= num_rows + MOST_ROOM
    assert sum(parts[:-1]) < num_rows


@pytest.mark.parametrize(
    ("num_rows", "parts"),
    [(1, [1]), (2, [1, 1]), (3, [4]), (5, [4, 1]), (7, [8]), (9, [8, 1]), (15, [16])],
)
def test_rows_are_cut_into_few_parts(num_rows, parts):
    assert cut(num_rows, SIZES) == parts


def test_many_rows_go_by_the_graph_for_one_until_a_larger_one_is_worth_loading():
    loader = Loader()
    graphs = RowGraphs(loader)
    for _ in range(WORTH_LOADING - 1):
        ask(graphs, 4)
    wait()
    assert loader.loaded == [1]
    ask(graphs, 4)
    wait()
    assert loader.loaded == [1, 4]
    ask(graphs, 4)
    wait()
    assert loader.loaded == [1, 4]


def test_a_larger_graph_that_cannot_be_loaded_is_done_without():
    loader = Loader(broken=(4,))
    graphs = RowGraphs(loader)
    for _ in range(3 * WORTH_LOADING):
        ask(graphs, 4)
    wait()
    assert loader.loaded == [1]


def test_the_graph_for_one_row_that_cannot_be_loaded_is_told():
    with pytest.raises(GeneratorUnavailable):
        ask(RowGraphs(Loader(broken=(1,))), 4)


def test_larger_graphs_that_ran_last_are_kept():
    loader = Loader()
    graphs = RowGraphs(loader, most_large=2)
    graphs.load(SIDES, [1, 4, 8])
    ask(graphs, 4)
    graphs.load(SIDES, [16])  # in place of the one for 8
    del loader.loaded[:]
    for num in (1, 4, 16):
        ask(graphs, num)
    for _ in range(WORTH_LOADING):
        ask(graphs, 8)  # by 4 and 4 at first
    wait()
    assert loader.loaded == [8]


def test_canvases_of_another_shape_have_graphs_of_their_own():
    loader = Loader()
    graphs = RowGraphs(loader)
    ask(graphs, 1)
    ask(graphs, 1, (8, 12))
    assert loader.loaded == [1, 1]


def test_a_network_is_ready_once_it_was_asked_for_often():
    graphs = RowGraphs(Loader())
    for _ in range(WORTH_LOADING):
        assert not graphs.is_ready(SIDES)
    wait()
    assert graphs.is_ready(SIDES)


def rows_alone_and_together(precision):
    networks = Networks(Weights(), 1, precision=precision)
    rng = np.random.default_rng(0)
    part = networks.graphs.drawing_part("denoise")
    shapes = [one.shape[1:] for one in networks.graphs.read(part).inputs]
    inputs = [rng.random((11, *shape), np.float32) for shape in shapes]
    alone = networks.drawing(part.sides, inputs)
    networks.drawing.load(part.sides, [num for num in networks.drawing.sizes if num > 1])
    return alone, networks.drawing(part.sides, inputs)


@pytest.mark.parametrize("precision", sorted({*PRECISIONS} - {EIGHT_BITS}))
def test_a_row_of_the_drawing_network_is_the_same_by_every_graph(precision):
    alone, together = rows_alone_and_together(precision)
    if "bf16" in PRECISIONS:
        assert np.array_equal(together, alone)
    else:  # there the engine adds float32 up in another order when there are more rows
        np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(EIGHT_BITS not in PRECISIONS, reason="this processor has no 8 bits")
def test_a_row_in_8_bits_is_nearly_the_same_by_every_graph():
    alone, together = rows_alone_and_together(EIGHT_BITS)
    apart = np.sqrt(np.mean((together - alone) ** 2) / np.mean(alone**2))
    assert apart < 0.005  # from float32 it is 0.017


@pytest.mark.parametrize("precision", sorted({*PRECISIONS} - {EIGHT_BITS}))
def test_passes_side_by_side_give_the_rows_that_one_gives(precision):
    networks = Networks(Weights(), 2, precision=precision)
    rng = np.random.default_rng(0)
    part = networks.graphs.drawing_part("denoise")
    shapes = [one.shape[1:] for one in networks.graphs.read(part).inputs]
    inputs = [[rng.random((num, *shape), np.float32) for shape in shapes] for num in (5, 9)]
    alone = [networks.drawing(part.sides, one) for one in inputs]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda one: networks.beside(part.sides, one), inputs))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one, other)


def test_a_picture_finished_beside_passes_is_nearly_the_one_finished_alone():
    networks = Networks(Weights(), 2)
    shape = networks.graphs.read(networks.graphs.drawing_part("decode")).inputs[0].shape
    canvas = np.random.default_rng(0).standard_normal((2, *shape[1:]), np.float32)
    alone, beside = (networks.finish(canvas, is_beside=one) for one in (False, True))
    apart = alone.clip(0, 1) - beside.clip(0, 1)
    assert -10 * np.log10(np.mean(np.square(apart))) > 45  # dB
