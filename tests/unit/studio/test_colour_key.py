"""Taking a plain background away by its colour."""

import numpy as np
import pytest

from limner.core.ports import Ability
from limner.studio.colour_key import key_out, reached_from_border
from limner.studio.image_file import decode_rgba
from limner.testing import PAINTED_CARD

GROUND = (240, 240, 230, 255)
RED = (200, 30, 30, 255)


def ringed():
    """A red ring on a plain ground, which shows through the ring's middle."""
    image_HWC = np.full((40, 40, 4), GROUND, np.uint8)
    image_HWC[10:30, 10:30] = RED
    image_HWC[17:23, 17:23] = GROUND
    return image_HWC


def test_the_background_goes_and_what_is_inside_stays():
    keyed, told = key_out(ringed())
    assert keyed[..., 3].tolist() == [
        [255 if 10 <= row < 30 and 10 <= column < 30 else 0 for column in range(40)]
        for row in range(40)
    ]
    assert "a colour key of #f0f0e6, nothing else" in told


def test_the_subject_keeps_its_colours():
    keyed, _ = key_out(ringed())
    assert np.array_equal(keyed[10:30, 10:30], ringed()[10:30, 10:30])


def test_a_ground_that_is_nearly_plain_goes_too():
    image_HWC = ringed()
    noise = np.random.default_rng(0).integers(-6, 7, (40, 40, 3))
    image_HWC[..., :3] = (image_HWC[..., :3].astype(int) + noise).clip(0, 255)
    keyed, _ = key_out(image_HWC)
    assert keyed[:10, :, 3].max() == 0


def test_a_mixed_edge_is_unmixed():
    image_HWC = np.full((9, 9, 4), (255, 255, 255, 255), np.uint8)
    image_HWC[3:6, 3:6] = (0, 0, 0, 255)
    image_HWC[4, 2] = (207, 207, 207, 255)  # a fifth black
    keyed, _ = key_out(image_HWC)
    assert 110 < keyed[4, 2, 3] < 140  # half as far as `SOFT`
    assert keyed[4, 2, :3].max() < 170  # darker than the mixture


def test_a_background_that_is_not_plain_is_left_and_told():
    image_HWC = np.random.default_rng(0).integers(0, 256, (20, 20, 4), np.uint8)
    image_HWC[..., 3] = 255
    keyed, told = key_out(image_HWC)
    assert np.array_equal(keyed, image_HWC)
    assert "The background is not plain" in told


def test_a_transparent_picture_is_left_and_told():
    image_HWC = ringed()
    image_HWC[0, 0, 3] = 0
    keyed, told = key_out(image_HWC)
    assert keyed is image_HWC
    assert "no colour was keyed" in told


def test_a_way_that_winds_is_followed_to_its_end():
    maze = np.array([[int(one) for one in row] for row in
                     ["0000000", "1111110", "0000010", "0111010", "0100010", "0111110", "0000000"]],
                    bool)  # fmt: skip
    reached = reached_from_border(maze)
    assert np.array_equal(reached, maze)
    assert not reached_from_border(np.pad(np.ones((2, 2), bool), 2)).any()


@pytest.fixture
def opaque(painter):
    """A painter that draws no transparency of its own accord."""
    fields = {name: getattr(PAINTED_CARD, name) for name in PAINTED_CARD.__dataclass_fields__}
    painter.card = type(PAINTED_CARD)(
        **{**fields, "abilities": frozenset({Ability.SEED, Ability.NEGATIVE})}
    )
    return painter


def test_an_opaque_model_gives_a_cut_out_by_the_method_in_its_recipe(studio, opaque):
    prompt = "a fox on a plain background"
    (plain,) = studio.generate(prompt, seed=1)
    (keyed,) = studio.generate(prompt, seed=1, background="colour-key")
    assert decode_rgba(plain.content)[..., 3].min() == 255
    keyed_HWC = decode_rgba(keyed.content)
    assert (keyed_HWC[0, 0, 3], keyed_HWC[..., 3].max()) == (0, 255)
    assert keyed.recipe.background == "colour-key"
    assert any("by a colour key of #" in one for one in keyed.recipe.notices)


def test_a_keyed_jpeg_has_white_under_it_and_says_so(studio, opaque):
    prompt = "a fox on a plain background"
    (image,) = studio.generate(prompt, seed=1, background="colour-key", file_format="jpeg")
    assert any("white was laid under" in one for one in image.recipe.notices)
