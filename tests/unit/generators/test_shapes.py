"""Canvases of several shapes: each by a graph of its own, in company as alone."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import openvino
import pytest

from limner.core.records import Operation, Size
from limner.generators.embedded import EmbeddedGenerator
from limner.generators.embedded.graphs import Graphs
from limner.generators.embedded.shapes import of_one_shape
from limner.generators.embedded.weights import Weights

SIZES = (Size(32, 32), Size(48, 32), Size(32, 48))
SHAPES = ((8, 8), (8, 12), (12, 8))


@pytest.fixture
def generator(shapes_folder):
    return EmbeddedGenerator(weights=Weights(shapes_folder))


def draw(generator, sketch, seed=7):
    (drawn,) = generator.generate(generator.prepare(sketch), [seed])
    return drawn


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_a_graph_of_one_shape_answers_as_the_graph_of_all(shapes_folder, shape):
    graphs, rng = Graphs(Weights(shapes_folder), 1), np.random.default_rng(1)
    sides = SHAPES[shape]
    canvas = rng.standard_normal((2, 4, *sides), np.float32)
    rest = [
        rng.random(2, np.float32),
        rng.random((2, 1, 2, 1, 8, 4), np.float32),
        rng.random((2, 4), np.float32),
    ]
    num = sides[0] * sides[1]
    cells = np.pad(canvas.reshape(2, 4, num), ((0, 0), (0, 0), (0, 96 - num)), constant_values=5)
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    whole = openvino.compile_model(graphs.read_as_stored("denoise"), "CPU", exact)
    made = whole([cells, *rest, np.full(2, shape)])[0][:, :, :num].reshape(canvas.shape)
    alone = of_one_shape(graphs.read_as_stored("denoise"), shape, sides)
    assert np.allclose(openvino.compile_model(alone, "CPU", exact)([canvas, *rest])[0], made)


def test_the_card_offers_every_shape(generator):
    assert generator.card.canvases == SIZES


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_picture_has_the_size_that_was_asked(generator, sketch, size):
    drawn = draw(generator, sketch(canvas=size))
    assert drawn.image_HWC.shape == (size.height_px, size.width_px, 4)


def test_shapes_in_company_are_what_they_are_alone(generator, sketch):
    sketches = [sketch(canvas=size, steps=steps) for size in SIZES for steps in (3, 5)]
    alone = [draw(generator, one).image_HWC for one in sketches]
    with ThreadPoolExecutor(len(sketches)) as pool:
        together = list(pool.map(lambda one: draw(generator, one).image_HWC, sketches))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one, other)


def test_a_part_of_a_wide_picture_is_repainted_and_the_rest_kept(generator, sketch):
    source = draw(generator, sketch(canvas=SIZES[1])).image_HWC
    mask = np.zeros(source.shape[:2], np.uint8)
    mask[:, 24:] = 255
    changed = sketch(
        operation=Operation.MASK, canvas=SIZES[1], source_HWC=source, mask_HW=mask, strength=1.0
    )
    made = draw(generator, changed, seed=8).image_HWC
    assert np.array_equal(made[:, :24], source[:, :24])
    assert not np.array_equal(made, source)
