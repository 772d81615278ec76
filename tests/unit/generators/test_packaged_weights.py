"""The weights inside the package."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from limner.core.drawing import Sketch
from limner.core.records import Operation, Size
from limner.generators.embedded import EmbeddedGenerator
from limner.generators.embedded.weights import CARD_FILE, PACKAGED, Weights

BYTES_ALLOWED = 80_000_000


@pytest.fixture(scope="module")
def packaged() -> EmbeddedGenerator:
    return EmbeddedGenerator()


def test_every_side_that_openai_s_api_knows_can_be_asked_for(packaged):
    sides = (256, 512, 1024, 1536, 1792, 2160, 3840)  # of gpt-image-1, dall-e and gpt-image-2
    assert all(packaged.card.side_px.low <= one <= packaged.card.side_px.high for one in sides)


def draw(generator: EmbeddedGenerator, seeds: list[int], **changes: object):
    card = generator.card
    plain = {
        "operation": Operation.TEXT, "prompt": "a red apple", "negative": "", "style": None,
        "steps": 4, "guidance": card.guidance.default, "sampler": card.samplers[0],
        "canvas": Size(256, 256),
        "is_transparent": False,
    }  # fmt: skip
    return list(generator.generate(generator.prepare(Sketch(**{**plain, **changes})), seeds))


def test_every_file_matches_its_hash():
    weights = Weights()
    assert all(weights.read(name) for name in weights.card.files)


def test_no_file_is_left_off_the_card():
    on_card = {*Weights().card.files, CARD_FILE, "MODEL_CARD.md"}
    assert {path.name for path in PACKAGED.iterdir()} == on_card


def test_they_are_within_the_size_promised():
    assert sum(path.stat().st_size for path in PACKAGED.iterdir()) <= BYTES_ALLOWED


def test_deterministic_bytes_do_not_depend_on_the_batch(packaged):
    together = draw(packaged, [1, 2, 3], is_deterministic=True)
    alone = draw(packaged, [2], is_deterministic=True)[0]
    assert np.array_equal(together[1].image_HWC, alone.image_HWC)


def test_the_same_seed_gives_the_same_bytes_twice(packaged):
    first, second = (draw(packaged, [9], is_deterministic=True)[0] for _ in range(2))
    assert np.array_equal(first.image_HWC, second.image_HWC)


def test_pictures_of_mixed_requests_are_as_good_as_drawn_alone(packaged):
    asked = [
        {"seeds": [1], "steps": 4, "guidance": 3.0},
        {"seeds": [2, 3], "steps": 6, "guidance": 1.0, "prompt": "a blue car on a road"},
        {"seeds": [4], "steps": 5, "guidance": 5.0, "sampler": "heun", "prompt": "a cat"},
    ]
    with ThreadPoolExecutor(len(asked)) as pool:
        together = list(pool.map(lambda one: draw(packaged, **one), asked))
    assert max(one.execution.batch_size for drawn in together for one in drawn) > 2
    for one, drawn in zip(asked, together, strict=True):
        for seed, picture in zip(one["seeds"], drawn, strict=True):
            by_itself = draw(packaged, **{**one, "seeds": [seed]})[0]
            apart = picture.image_HWC.astype(float) - by_itself.image_HWC
            assert 10 * np.log10(255**2 / max(np.mean(apart**2), 1e-9)) > 45


def test_a_repainted_picture_keeps_the_rest(packaged):
    source = draw(packaged, [1])[0].image_HWC
    mask = np.zeros((256, 256), np.uint8)
    mask[64:160, 64:160] = 255
    painted = draw(packaged, [2], operation=Operation.MASK, source_HWC=source, mask_HW=mask)[0]
    assert np.array_equal(painted.image_HWC[mask == 0], source[mask == 0])
    assert not np.array_equal(painted.image_HWC, source)


def test_every_style_leaves_room_for_a_prompt(packaged):
    card = packaged.card
    for style in card.styles:
        sketch_tokens = draw(packaged, [1], style=style, steps=1)[0].execution.num_prompt_tokens
        assert sketch_tokens < card.max_prompt_tokens
