import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.provenance.mark.marked_art import KEY, OTHER_KEY, flat_art, plain

from limner.core.errors import BadInput
from limner.provenance.mark import ID_COUNT, MarkPayload, MarkUncarried, embed_mark, read_mark

ids = st.integers(0, ID_COUNT - 1)


def marked(image_HWC, mark_id=77) -> np.ndarray:
    return embed_mark(image_HWC, MarkPayload(mark_id=mark_id), KEY)


@settings(deadline=None, max_examples=30)
@given(ids)
def test_every_id_comes_back(mark_id):
    reading = read_mark(marked(flat_art(), mark_id), [KEY])
    assert reading is not None
    assert reading.payload.mark_id == mark_id


@settings(deadline=None, max_examples=40)
@given(st.integers(64, 700), st.integers(64, 700), st.integers(0, 2**32 - 1))
def test_at_any_size_a_mark_is_read_or_said_not_to_be_carried(height_px, width_px, seed):
    rng = np.random.default_rng(seed)
    image_HWC = np.repeat(np.repeat(rng.integers(0, 256, (8, 8, 4), np.uint8), 88, 0), 88, 1)
    image_HWC = image_HWC[:height_px, :width_px].copy()
    try:
        marked_HWC = marked(image_HWC)
    except MarkUncarried:
        return
    assert read_mark(marked_HWC, [KEY]).payload.mark_id == 77


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_alpha_and_what_nobody_sees_stay_as_they_were(seed):
    rng = np.random.default_rng(seed)
    image_HWC = flat_art()
    image_HWC[..., 3] = np.where(rng.random((256, 256)) < 0.1, 7, image_HWC[..., 3])
    image_HWC[:40, :40] = (13, 14, 15, 0)
    marked_HWC = marked(image_HWC)
    unseen_HW = image_HWC[..., 3] == 0
    assert (marked_HWC[..., 3] == image_HWC[..., 3]).all()
    assert (marked_HWC[unseen_HW] == image_HWC[unseen_HW]).all()


def test_the_picture_that_was_given_is_not_changed():
    image_HWC = flat_art()
    before_HWC = image_HWC.copy()
    marked(image_HWC)
    assert (image_HWC == before_HWC).all()


def test_the_same_input_gives_the_same_pixels():
    assert (marked(flat_art()) == marked(flat_art())).all()


def test_no_colour_of_flat_art_moves_further_than_a_few_levels():
    image_HWC = flat_art(256, (255, 255, 255, 255))
    apart_HWC = marked(image_HWC).astype(int) - image_HWC
    assert (np.abs(apart_HWC).max() <= 9, np.abs(apart_HWC).mean() < 1.3) == (True, True)


@pytest.mark.parametrize("colour", [(255, 255, 255, 255), (0, 0, 0, 255), (200, 60, 30, 255)])
def test_a_plain_picture_carries_a_mark(colour):
    assert read_mark(marked(plain(colour)), [KEY]).payload.mark_id == 77


def test_a_transparent_picture_is_said_not_to_carry_one():
    with pytest.raises(MarkUncarried, match="too little room"):
        marked(plain((90, 90, 90, 0)))


def test_a_thin_line_is_said_not_to_carry_one():
    image_HWC = plain((0, 0, 0, 0))
    image_HWC[100:103, 20:230] = (0, 0, 0, 255)
    with pytest.raises(MarkUncarried, match="too little room"):
        marked(image_HWC)


@pytest.mark.parametrize(("height_px", "width_px"), [(63, 256), (256, 63), (1, 1)])
def test_a_tiny_picture_is_said_not_to_carry_one(height_px, width_px):
    with pytest.raises(MarkUncarried, match="a mark needs 64"):
        marked(plain((9, 9, 9, 255), height_px, width_px))


@pytest.mark.parametrize(
    "image", [np.zeros((80, 80, 3), np.uint8), np.zeros((80, 80, 4)), np.zeros((80, 80), np.uint8)]
)
def test_what_is_not_rgba_is_refused(image):
    with pytest.raises(BadInput, match="type uint8"):
        marked(image)


@pytest.mark.parametrize("mark_id", [-1, ID_COUNT])
def test_an_id_that_does_not_fit_is_refused(mark_id):
    with pytest.raises(BadInput, match="mark id"):
        MarkPayload(mark_id=mark_id)


def test_a_second_mark_of_another_epoch_leaves_the_first_or_itself_readable():
    twice_HWC = embed_mark(marked(flat_art()), MarkPayload(mark_id=5), OTHER_KEY)
    assert read_mark(twice_HWC, [OTHER_KEY]).payload.mark_id == 5
