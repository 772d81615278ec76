import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from unit.provenance.mark.marked_art import KEY, OTHER_KEY, flat_art, plain

from limner.core.errors import BadInput
from limner.provenance.mark import MarkPayload, embed_mark, epoch_of, read_mark

WHITE = (255, 255, 255, 255)


@pytest.fixture(scope="module")
def marked_HWC() -> np.ndarray:
    return embed_mark(flat_art(256, WHITE), MarkPayload(mark_id=4242), KEY)


@pytest.fixture(scope="module")
def marked_large_HWC() -> np.ndarray:
    return embed_mark(flat_art(512, WHITE), MarkPayload(mark_id=4242), KEY)


def read_id(image_HWC, **options) -> int | None:
    reading = read_mark(np.ascontiguousarray(image_HWC), [KEY], **options)
    return None if reading is None else reading.payload.mark_id


def jpeg(image_HWC, quality) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(image_HWC).convert("RGB").save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def resized(image_HWC, share) -> np.ndarray:
    size = round(image_HWC.shape[1] * share), round(image_HWC.shape[0] * share)
    return np.asarray(Image.fromarray(image_HWC).resize(size, Image.Resampling.LANCZOS))


def test_an_unmarked_picture_reads_nothing():
    assert read_id(flat_art(256, WHITE)) is None


def test_an_unmarked_picture_reads_nothing_even_searched_widely():
    assert read_id(flat_art(256, WHITE), thorough=True) is None


def test_the_wrong_key_reads_nothing(marked_HWC):
    assert read_mark(marked_HWC, [OTHER_KEY]) is None


@settings(deadline=None, max_examples=50)
@given(st.binary(min_size=16, max_size=64))
def test_no_other_key_reads_anything(marked_HWC, key):
    assert key == KEY or read_mark(marked_HWC, [key]) is None


def test_no_keys_read_nothing(marked_HWC):
    assert read_mark(marked_HWC, []) is None


def test_the_epoch_is_that_of_the_key_that_read(marked_HWC):
    assert read_mark(marked_HWC, [OTHER_KEY, KEY]).epoch == epoch_of(KEY)


@pytest.mark.parametrize("quality", [90, 75, 50])
def test_jpeg_is_outlived(marked_HWC, quality):
    assert read_id(jpeg(marked_HWC, quality)) == 4242


def test_half_size_and_jpeg_50_are_outlived_at_512(marked_large_HWC):
    assert read_id(jpeg(resized(marked_large_HWC, 0.5), 50)) == 4242


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75, 1.5])
def test_another_size_is_outlived(marked_HWC, share):
    assert read_id(resized(marked_HWC, share)) == 4242


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_turns_and_mirroring_are_found_and_said(marked_HWC, turns, is_mirrored):
    changed_HWC = np.rot90(marked_HWC[:, ::-1] if is_mirrored else marked_HWC, turns)
    reading = read_mark(np.ascontiguousarray(changed_HWC), [KEY])
    geometry = reading.geometry
    assert (geometry.rotation_degrees, geometry.is_mirrored) == (90 * turns, is_mirrored)


def test_a_crop_is_found_by_the_thorough_search(marked_HWC):
    assert read_id(marked_HWC[20:212, 40:232], thorough=True) == 4242


def test_the_size_of_a_crop_is_told(marked_large_HWC):
    reading = read_mark(marked_large_HWC[100:400, 50:400], [KEY], thorough=True)
    assert reading.geometry.tile_px == pytest.approx(256, rel=0.01)


def test_a_tilt_is_found_and_told(marked_large_HWC):
    turned = Image.fromarray(marked_large_HWC).rotate(3, Image.Resampling.BICUBIC)
    reading = read_mark(np.asarray(turned), [KEY], thorough=True)
    assert reading.geometry.rotation_degrees == pytest.approx(3, abs=0.5)


@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0), (80, 160, 220)])
def test_a_transparent_picture_is_read_on_any_ground(ground):
    marked_HWC = embed_mark(flat_art(), MarkPayload(mark_id=31), KEY)
    alpha_HW1 = marked_HWC[..., 3:] / 255
    laid_HWC = np.rint(marked_HWC[..., :3] * alpha_HW1 + np.array(ground) * (1 - alpha_HW1))
    assert read_id(laid_HWC.astype(np.uint8)) == 31


def test_no_bit_needs_correcting_in_a_large_untouched_picture(marked_large_HWC):
    assert read_mark(marked_large_HWC, [KEY]).num_corrected_bits == 0


@pytest.mark.parametrize("side_px", [1, 2, 31, 32, 63])
def test_a_tiny_picture_reads_nothing(side_px):
    assert read_id(plain((7, 8, 9, 255), side_px, side_px), thorough=True) is None


@pytest.mark.parametrize("colour", [WHITE, (0, 0, 0, 255), (5, 6, 7, 0)])
def test_a_plain_or_transparent_picture_reads_nothing(colour):
    assert read_id(plain(colour), thorough=True) is None


@pytest.mark.parametrize("image", [np.zeros((80, 80), np.uint8), np.zeros((80, 80, 4))])
def test_what_is_not_a_picture_is_refused(image):
    with pytest.raises(BadInput, match="type uint8"):
        read_mark(image, [KEY])


def test_a_payload_is_drawn_at_random():
    rng = np.random.default_rng(0)
    assert MarkPayload.draw(rng) != MarkPayload.draw(rng)
