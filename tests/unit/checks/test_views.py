import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from unit.checks.drawings import disc

from limner.checks.views import KEPT, VIEW_PX, OncePerPicture, flatten, luma, shrunk, small_view
from limner.core.records import Picture


def test_the_small_view_of_a_large_picture_keeps_its_aspect():
    picture = Picture.of(np.zeros((300, 1200, 4), np.uint8))
    assert small_view(picture).shape == (64, 256, 4)


def test_a_small_picture_is_its_own_small_view():
    image_HWC = disc(64)
    assert small_view(Picture.of(image_HWC)) is image_HWC


def test_a_very_narrow_picture_keeps_a_pixel():
    assert shrunk(np.zeros((4000, 2, 4), np.uint8), VIEW_PX).shape == (256, 1, 4)


def test_shrinking_leaves_out_the_colour_of_what_is_transparent():
    image_HWC = np.zeros((512, 512, 4), np.uint8)
    image_HWC[::2] = (200, 100, 50, 255)
    image_HWC[1::2] = (0, 255, 0, 0)
    assert np.abs(shrunk(image_HWC, 256)[..., :3].astype(int) - (200, 100, 50)).max() <= 1


def test_a_picture_is_looked_at_once():
    seen = []
    look = OncePerPicture(lambda picture: seen.append(picture) or len(seen))
    image_HWC = disc(16)
    assert [look(Picture.of(image_HWC)), look(Picture.of(image_HWC.copy()))] == [1, 1]


def test_only_the_last_few_pictures_are_remembered():
    seen = []
    look = OncePerPicture(lambda picture: seen.append(picture) or len(seen))
    pictures = [Picture.of(np.full((2, 2, 4), level, np.uint8)) for level in range(KEPT + 1)]
    for picture in [*pictures, pictures[0]]:
        look(picture)
    assert len(seen) == KEPT + 2


def test_who_asks_while_a_picture_is_looked_at_waits_for_the_same_answer():
    seen, may_go_on = [], threading.Event()

    def look(picture):
        seen.append(picture)
        assert may_go_on.wait(10)
        return len(seen)

    once, picture = OncePerPicture(look), Picture.of(disc(16))
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(once, picture) for _ in range(2)]
        may_go_on.set()
        assert [one.result() for one in asked] == [1, 1]


def test_a_look_that_fails_is_not_remembered():
    answers = iter([ValueError("at first"), "seen"])

    def look(picture):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    once, picture = OncePerPicture(look), Picture.of(disc(16))
    with pytest.raises(ValueError, match="at first"):
        once(picture)
    assert once(picture) == "seen"


def test_luma_weighs_the_channels():
    assert luma(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)).tolist() == [
        [76, 150, 29]
    ]


def test_flatten_lays_see_through_pixels_on_the_ground():
    image_HWC = np.array([[[10, 20, 30, 255], [10, 20, 30, 0]]], np.uint8)
    assert flatten(image_HWC, (1, 2, 3)).tolist() == [[[10, 20, 30], [1, 2, 3]]]


def test_what_is_partly_seen_is_mixed_with_the_ground():
    alpha_HW = np.arange(256, dtype=np.uint8).reshape(16, 16)
    image_HWC = np.dstack([np.full((16, 16, 3), (200, 100, 0), np.uint8), alpha_HW])
    share_HW1 = alpha_HW[..., None] / 255
    mixed_HWC = np.rint(image_HWC[..., :3] * share_HW1 + 255 * (1 - share_HW1))
    assert np.abs(flatten(image_HWC).astype(int) - mixed_HWC).max() <= 1
