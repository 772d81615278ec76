import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from limner.generators.embedded.canvas import (
    are_finite,
    hold_known,
    mask_on_canvas,
    put_back,
    to_premultiplied,
    to_straight,
)


@given(st.lists(st.integers(0, 255), min_size=4, max_size=4))
def test_an_opaque_or_clear_pixel_survives_the_way_there_and_back(values):
    pixel = np.array([[values]], np.uint8)
    pixel[..., 3] = 255 if values[3] > 127 else 0
    back = to_straight(to_premultiplied(pixel)[None])[0]
    assert np.array_equal(back, pixel if pixel[0, 0, 3] else np.zeros_like(pixel))


def test_a_clear_pixel_has_no_colour():
    assert to_straight(np.full((1, 4, 1, 1), 0.001, np.float32)).tolist() == [[[[0, 0, 0, 0]]]]


def test_values_that_are_not_finite_become_nothing():
    rgba = np.full((1, 4, 1, 1), np.nan, np.float32)
    assert to_straight(rgba).tolist() == [[[[0, 0, 0, 0]]]]


def test_a_picture_is_the_same_whether_its_graph_held_colours_at_their_alpha_or_not():
    rgba = np.random.default_rng(0).normal(0.5, 0.5, (2, 4, 16, 16)).astype(np.float32)
    alpha = np.clip(rgba[:, 3:], 0, 1)
    held = np.concatenate([np.clip(rgba[:, :3], 0, alpha), alpha], 1)
    assert np.array_equal(to_straight(rgba), to_straight(held))


def test_one_bad_value_is_found_in_its_own_picture():
    canvas = np.zeros((3, 2, 2, 2), np.float32)
    canvas[1, 0, 1, 1] = np.inf
    assert are_finite(canvas).tolist() == [True, False, True]


def test_the_strongest_pixel_of_a_cell_decides_the_mask():
    mask = np.zeros((8, 8), np.uint8)
    mask[3, 4] = 255
    assert mask_on_canvas(mask, (2, 2)).tolist() == [[0, 1], [0, 0]]


def test_the_known_part_is_true_in_every_estimate():
    known = np.full((1, 1, 2, 2), 7, np.float32)
    mask = np.array([[0, 1], [0, 0]], np.float32)
    held = hold_known(np.zeros_like(known), known[0], mask)
    assert held.tolist() == [[[[7, 0], [7, 7]]]]


def test_pixels_outside_the_mask_are_put_back_exactly():
    rng = np.random.default_rng(0)
    drawn, source = rng.integers(0, 256, (2, 32, 32, 4)).astype(np.uint8)
    mask = np.zeros((32, 32), np.uint8)
    mask[8:24, 8:24] = 255
    kept = put_back(drawn, source, mask)
    assert np.array_equal(kept[mask == 0], source[mask == 0])


def test_pixels_deep_inside_the_mask_are_the_drawn_ones():
    drawn, source = np.full((2, 32, 32, 4), 255, np.uint8)
    drawn[..., 0] = 10
    mask = np.zeros((32, 32), np.uint8)
    mask[4:28, 4:28] = 255
    assert np.array_equal(put_back(drawn, source, mask)[14:18, 14:18], drawn[14:18, 14:18])


def test_the_edge_inside_the_mask_is_between_source_and_drawn():
    drawn, source = np.full((2, 32, 32, 4), 255, np.uint8)
    drawn[..., 0] = 0
    mask = np.zeros((32, 32), np.uint8)
    mask[:, 16:] = 255
    edge = put_back(drawn, source, mask)[16, 16, 0]
    assert 0 < edge < 255
