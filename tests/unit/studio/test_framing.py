import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from limner.core.records import Margins, Mask, Picture, Request, Size
from limner.studio.framing import fit, frame_request, placement_in, unframe

SIDES = st.integers(1, 60)
SOURCE_HWC = np.random.default_rng(0).integers(0, 256, (30, 40, 4)).astype(np.uint8)
CANVAS = Size(64, 64)


def solid(colour, size=CANVAS):
    return np.full((size.height_px, size.width_px, 4), colour, np.uint8)


@given(SIDES, SIDES, SIDES, SIDES)
def test_a_placement_lies_inside_and_touches_two_sides(width_px, height_px, inner_w, inner_h):
    box = placement_in(Size(width_px, height_px), Size(inner_w, inner_h))
    assert box.left_px >= 0
    assert box.top_px >= 0
    assert box.width_px == width_px or box.height_px == height_px


@given(SIDES, SIDES, SIDES, SIDES)
def test_fit_gives_the_size_that_was_asked(width_px, height_px, inner_w, inner_h):
    fitted_HWC = fit(solid((1, 2, 3, 255), Size(inner_w, inner_h)), Size(width_px, height_px))
    assert fitted_HWC.shape == (height_px, width_px, 4)


def test_fit_fills_bars_with_the_colour_of_their_side():
    fitted_HWC = fit(solid((10, 20, 30, 255)), Size(128, 64))
    assert (fitted_HWC == (10, 20, 30, 255)).all()


def test_fit_keeps_bars_transparent_beside_a_transparent_side():
    image_HWC = solid((0, 0, 0, 0))
    image_HWC[20:40, 20:40] = 255
    assert fit(image_HWC, Size(128, 64))[:, :32, 3].max() == 0


def test_fit_leaves_a_picture_of_the_right_size_as_it_is():
    assert (fit(SOURCE_HWC, Size(40, 30)) == SOURCE_HWC).all()


def test_resizing_does_not_bleed_hidden_colours():
    image_HWC = solid((255, 0, 0, 0))
    image_HWC[16:48, 16:48] = (0, 0, 255, 255)
    fitted_HWC = fit(image_HWC, Size(96, 96))
    seen_HWC = fitted_HWC[fitted_HWC[..., 3] > 8]
    assert seen_HWC[:, 0].max() == 0


def test_a_fresh_drawing_has_nothing_to_start_from():
    frame = frame_request(Request(prompt="x"), size=CANVAS, canvas=CANVAS)
    assert frame.canvas_source_HWC is None


def test_a_source_comes_back_at_its_own_size_and_aspect():
    request = Request(prompt="x", source=Picture.of(SOURCE_HWC))
    frame = frame_request(request, size=Size(40, 30), canvas=CANVAS)
    assert unframe(frame.canvas_source_HWC, frame).shape == (30, 40, 4)


def test_pixels_a_mask_keeps_are_exactly_the_source():
    mask_HW = np.zeros((30, 40), np.uint8)
    mask_HW[:, 20:] = 255
    request = Request(prompt="x", source=Picture.of(SOURCE_HWC), mask=Mask.of(mask_HW))
    frame = frame_request(request, size=Size(40, 30), canvas=CANVAS)
    finished_HWC = unframe(solid((9, 9, 9, 255)), frame)
    assert (finished_HWC[:, :20] == SOURCE_HWC[:, :20]).all()


def test_pixels_a_mask_repaints_are_exactly_the_drawing():
    mask_HW = np.zeros((30, 40), np.uint8)
    mask_HW[:, 20:] = 255
    request = Request(prompt="x", source=Picture.of(SOURCE_HWC), mask=Mask.of(mask_HW))
    frame = frame_request(request, size=Size(40, 30), canvas=CANVAS)
    finished_HWC = unframe(solid((9, 9, 9, 255)), frame)
    assert (finished_HWC[:, 20:] == (9, 9, 9, 255)).all()


def test_margins_extend_a_source_and_are_drawn():
    request = Request(prompt="x", source=Picture.of(SOURCE_HWC), margins=Margins(5, 6, 7, 8))
    frame = frame_request(request, size=Size(52, 44), canvas=CANVAS)
    finished_HWC = unframe(solid((9, 9, 9, 255)), frame)
    assert (finished_HWC[6:36, 5:45] == SOURCE_HWC).all()
    assert (finished_HWC[:6] == 9).any()
    assert finished_HWC.shape == (44, 52, 4)


def test_the_mask_on_the_canvas_is_white_where_the_picture_is_extended():
    request = Request(prompt="x", source=Picture.of(SOURCE_HWC), margins=Margins(40, 0, 0, 0))
    frame = frame_request(request, size=Size(80, 30), canvas=CANVAS)
    assert frame.canvas_mask_HW is not None
    assert frame.canvas_mask_HW[32, 10] == 255
    assert frame.canvas_mask_HW[32, 50] == 0
