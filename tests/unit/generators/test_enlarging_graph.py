"""Graphs of one's own that enlarge: what they give, and what is refused."""

from dataclasses import replace

import enlarging
import numpy as np
import pytest
from onnx_graphs import repeating_graph

from limner.core.errors import EngineFailed, ModelFormInvalid, WeightsRefused
from limner.core.models import Licence
from limner.generators.enlarging.graph import describe, open_generator
from limner.generators.process.generator import ProcessGenerator, Room
from limner.generators.process.outside import Housing
from limner.studio.model_form import form_of_text, text_of_form
from limner.testing import require_conforming

LICENCE = Licence(expression="Apache-2.0", source="LICENSE", reviewer="Ann")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "graph"
    folder.mkdir()
    (folder / "repeat.onnx").write_bytes(repeating_graph())
    return folder


@pytest.fixture
def form(folder):
    return describe(
        "repeat", folder, LICENCE, options={"factor": 2, "square_px": 32, "margin_px": 4}
    )


def enlarged(form, image_HWC, factor=2):
    return enlarging.enlarged(open_generator(form), image_HWC, factor)


@pytest.mark.parametrize("factor", [2, 4])
def test_every_pixel_is_where_the_graph_puts_it_and_no_seam_shows(form, factor):
    image_HWC = np.random.default_rng(0).integers(0, 256, (41, 17, 4), np.uint8)
    image_HWC[..., 3] = 255
    drawn = enlarged(form, image_HWC, factor)
    expected_HWC = image_HWC.repeat(factor, axis=0).repeat(factor, axis=1)
    assert np.array_equal(drawn.image_HWC, expected_HWC)
    assert drawn.execution.versions.keys() == {"openvino"}


def test_what_is_clear_stays_clear_and_lends_no_colour(form):
    image_HWC = np.zeros((16, 16, 4), np.uint8)
    image_HWC[:, :8] = (200, 10, 10, 255)
    image_HWC[:, 8:, 1] = 255  # hidden green
    large_HWC = enlarged(form, image_HWC).image_HWC
    assert large_HWC[:, 24:, 3].max() == 0
    assert large_HWC[..., 1].max() <= 20  # not the hidden 255


def test_it_keeps_what_every_engine_keeps_in_a_process_of_its_own(form):
    room = Room()
    housing = Housing(engine="limner.generators.enlarging.graph:open_generator")
    try:
        require_conforming(ProcessGenerator(form, housing, room))
    finally:
        room.close()


def test_its_form_comes_back_from_yaml(form):
    assert form_of_text(text_of_form(form), "repeat") == form
    assert form.factors == (2, 4)


@pytest.mark.parametrize("factor", [None, 1, 5, True, "2"])
def test_a_factor_must_be_said(folder, factor):
    with pytest.raises(ModelFormInvalid, match="2, 3 or 4"):
        describe("repeat", folder, LICENCE, options={"factor": factor})


def test_a_graph_that_enlarges_by_another_factor_is_told(form):
    wrong = replace(form, options={**form.options, "factor": 4}, factors=(4,))
    with pytest.raises(EngineFailed, match="by its option 'factor'"):
        enlarged(wrong, np.full((8, 8, 4), 255, np.uint8), 4)


def test_what_is_no_graph_is_refused(tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"this is no graph")
    form = describe("no", tmp_path / "no.onnx", LICENCE, options={"factor": 2})
    with pytest.raises(WeightsRefused, match="no graph"):
        enlarged(form, np.full((8, 8, 4), 255, np.uint8))


def test_a_file_that_was_changed_since_is_refused(folder, form):
    (folder / "repeat.onnx").write_bytes(repeating_graph(gain=0.5))
    with pytest.raises(WeightsRefused, match="its form says"):
        enlarged(form, np.full((8, 8, 4), 255, np.uint8))


def test_a_folder_with_two_graphs_is_refused(folder):
    (folder / "other.onnx").write_bytes(repeating_graph())
    with pytest.raises(WeightsRefused, match="2 files"):
        describe("repeat", folder, LICENCE, options={"factor": 2})


def test_a_pickle_beside_the_graph_is_refused(folder):
    (folder / "weights.pth").write_bytes(b"\x80\x04.")
    with pytest.raises(WeightsRefused, match="pickle"):
        describe("repeat", folder, LICENCE, options={"factor": 2})
