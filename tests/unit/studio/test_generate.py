from dataclasses import replace

import numpy as np
import pytest
from painted_limner import painted_studio

from limner.core.errors import BadInput, DrawingCancelled, PictureBroken, PromptTooLong
from limner.core.ports import Ability, AdapterCard, AdapterKind, FloatSpan
from limner.core.records import AskedAdapter, Mask, Operation, Request, Size
from limner.studio.generate import draw_ready
from limner.studio.image_file import decode_rgba
from limner.studio.parts import Watch
from limner.studio.picture_file import read_picture
from limner.studio.planning import make_ready
from limner.testing import PAINTED_CARD, PaintedGenerator

HOUSE = AdapterCard(
    kind=AdapterKind.LORA, sha256="sha256:" + "0" * 64, weight=FloatSpan(0.0, 1.5, 1.0)
)


def pixels(image) -> np.ndarray:
    return np.asarray(image.image)


def test_every_picture_has_its_own_seed(studio):
    assert [image.seed for image in studio.generate("a fox", n=3, seed=7)] == [7, 8, 9]


def test_seeds_go_round_at_the_end(studio):
    images = studio.generate("a fox", n=2, seed=2**32 - 1)
    assert [image.seed for image in images] == [2**32 - 1, 0]


def test_a_seed_nobody_asked_for_is_recorded(studio, settings):
    (image,) = studio.generate("a fox")
    (again,) = studio.generate("a fox", seed=image.seed)
    assert again.image_id == image.image_id


def test_a_model_that_takes_no_seed_is_said_to_take_none(settings):
    without = replace(PAINTED_CARD, abilities=PAINTED_CARD.abilities - {Ability.SEED})
    with painted_studio(settings, PaintedGenerator(card=without)) as studio:
        (image,) = studio.generate("a fox", seed=7)
    assert image.recipe.notices[0] == (
        "The model 'painted' takes no seed: drawn again, the picture would be another."
    )


@pytest.mark.parametrize("left", [{}, {"house": replace(HOUSE, sha256="sha256:" + "1" * 64)}])
def test_a_recipe_names_the_adapter_that_was_accepted_whatever_is_there_by_then(settings, left):
    painter = PaintedGenerator(card=replace(PAINTED_CARD, adapters={"house": HOUSE}))
    with painted_studio(settings, painter) as studio:
        request = Request(prompt="a fox", adapters=(AskedAdapter(name="house"),))
        ready = make_ready(studio.parts, request)
        painter.card = replace(PAINTED_CARD, adapters=left)
        (image,) = draw_ready(studio.parts, ready, "png")
    assert [one.sha256 for one in image.recipe.adapters] == [HOUSE.sha256]


def test_picture_k_of_a_batch_can_be_drawn_alone(studio):
    images = studio.generate("a fox", n=5, seed=1, deterministic=True)
    (alone,) = studio.generate("a fox", seed=4, deterministic=True)
    assert alone.content == images[3].content


def test_every_picture_is_stored(studio):
    (image,) = studio.generate("a fox", seed=1)
    store = studio.parts.store
    assert np.array_equal(decode_rgba(store.read_image(image.record)), pixels(image))
    assert store.read_sealed(image.seal, "png") == image.content


def test_the_recipe_says_what_ran(studio):
    (image,) = studio.generate("a fox", seed=1, steps=7, style="striped", negative="blur")
    recipe = image.recipe
    assert (recipe.steps, recipe.steps_run, recipe.style, recipe.negative) == (
        7,
        7,
        "striped",
        "blur",
    )


def test_the_recipe_names_every_ingredient(studio):
    (image,) = studio.generate("a fox", seed=1)
    assert image.recipe.ingredients == dict(studio.card.ingredients)


def test_the_recipe_says_each_picture_its_own_prompt(studio):
    images = studio.generate("a {red|blue|green} fox", n=8, seed=1)
    assert {image.recipe.prompt for image in images} == {"a red fox", "a blue fox", "a green fox"}
    assert {image.recipe.template for image in images} == {"a {red|blue|green} fox"}


def test_combinations_draw_every_prompt(studio):
    images = studio.generate("a {red|blue} {fox|cat}", seed=1, n=2, combinations=True)
    assert len({(image.recipe.prompt, image.seed) for image in images}) == 8


def test_more_combinations_than_pictures_are_refused(studio):
    with pytest.raises(BadInput, match="more than 2 combinations"):
        studio.generate("a {red|blue|green} fox", n=32, combinations=True)


def test_an_over_long_prompt_is_refused_with_the_number_kept(studio):
    with pytest.raises(PromptTooLong, match="has 13 tokens; the first 12 are kept"):
        studio.generate("one two three four five six seven eight nine ten eleven twelve thirteen")


def test_nothing_is_drawn_when_one_of_many_prompts_is_refused(studio, painter):
    with pytest.raises(PromptTooLong):
        studio.generate("{a|a b c d e f g h i j k l m n}", combinations=True)
    assert painter.num_drawn == 0


@pytest.mark.parametrize("fault", ["flat", "black", "empty", "not_finite", "misshapen"])
def test_a_broken_picture_is_an_error_with_its_seed(studio, painter, fault):
    painter.faults = {5: fault}
    with pytest.raises(PictureBroken, match="The picture with seed 5 came out"):
        studio.generate("a fox", seed=5)


def test_a_broken_picture_is_not_stored(studio, painter):
    painter.faults = {5: "flat"}
    with pytest.raises(PictureBroken):
        studio.generate("a fox", seed=5)
    assert studio.parts.store.count_images() == 0


def test_the_sound_pictures_beside_a_broken_one_are_stored(studio, painter):
    painter.faults = {5: "flat"}
    with pytest.raises(PictureBroken):
        studio.generate("a fox", seed=4, n=3)
    assert studio.parts.store.count_images() == 2


def test_a_colour_is_laid_exactly_under_the_picture(studio):
    (image,) = studio.generate("a fox background", seed=1, background="#123456")
    assert pixels(image)[0, 0].tolist() == [0x12, 0x34, 0x56, 255]


def test_a_transparent_background_is_transparent(studio):
    (image,) = studio.generate("a fox background", seed=1, background="transparent")
    assert pixels(image)[0, 0, 3] == 0


def test_an_automatic_background_is_left_to_the_prompt(studio):
    (image,) = studio.generate("a fox background", seed=1)
    assert pixels(image)[0, 0, 3] == 255


def test_jpeg_gets_white_under_a_transparent_picture_and_says_so(studio):
    (image,) = studio.generate("a fox", seed=1, file_format="jpeg")
    assert pixels(image)[0, 0].min() >= 254
    assert "white was laid under the picture" in image.recipe.notices[0]


def test_a_size_is_given_exactly(studio):
    (image,) = studio.generate("a fox", seed=1, size="100x50")
    assert (image.image.size, image.recipe.canvas) == ((100, 50), Size(64, 64))


def test_another_aspect_than_the_canvas_is_said(studio):
    (image,) = studio.generate("a fox", seed=1, size="100x50")
    assert image.recipe.notices == ("Drawn at 64x64 and centred on 100x50 without stretching.",)


def test_strength_zero_keeps_a_picture(studio, photo):
    (image,) = studio.generate("a fox", seed=1, image=photo, strength=0.0, size="40x30")
    difference = pixels(image).astype(int) - read_picture(photo, 64).image_HWC
    assert np.abs(difference).mean() < 4


def test_drawing_from_a_picture_records_its_hash(studio, photo):
    (image,) = studio.generate("a fox", seed=1, image=photo)
    assert image.recipe.source_sha256 == read_picture(photo, 64).pixels_sha256


def test_repainting_keeps_what_the_mask_keeps(studio, photo):
    source = read_picture(photo, 64)
    mask_HW = np.zeros((30, 40), np.uint8)
    mask_HW[:, 20:] = 255
    request = Request(prompt="a fox", seed=1, source=source, mask=Mask.of(mask_HW))
    (image,) = studio.draw(request)
    assert (pixels(image)[:, :20] == source.image_HWC[:, :20]).all()
    assert image.recipe.operation is Operation.MASK


def test_outpainting_keeps_the_picture_and_extends_it(studio, photo):
    (image,) = studio.generate("a fox", seed=1, image=photo, outpaint="10,0,6,4")
    assert (pixels(image)[:30, 10:50] == read_picture(photo, 64).image_HWC).all()
    assert image.image.size == (56, 34)


def test_drawing_stops_between_two_steps(studio, painter):
    steps = []
    watch = Watch(on_step=steps.append, is_cancelled=lambda: len(steps) >= 2)
    with pytest.raises(DrawingCancelled):
        list(studio.draw(Request(prompt="a fox"), watch=watch))
    assert len(steps) == 2


def test_pictures_finished_before_a_stop_are_kept(studio, painter):
    painter.batch_size = 1
    watch = Watch(is_cancelled=lambda: painter.num_drawn == 2)
    with pytest.raises(DrawingCancelled):
        list(studio.draw(Request(prompt="a fox", num_images=4, seed=1), watch=watch))
    assert studio.parts.store.count_images() == 2


def test_progress_counts_over_all_prompts(studio):
    seen = []
    request = Request(prompt="{a|b} fox", num_images=1, seed=1, steps=1, is_combinatorial=True)
    list(studio.draw(request, watch=Watch(on_step=seen.append)))
    assert [(one.num_images_done, one.num_images) for one in seen] == [(0, 2), (1, 2)]


def test_an_unknown_format_is_refused(studio):
    with pytest.raises(BadInput, match="Unknown format 'bmp'; allowed are png, webp, jpeg"):
        studio.generate("a fox", file_format="bmp")


def test_the_same_drawing_is_stored_once(studio):
    studio.generate("a fox", seed=1)
    studio.generate("a fox", seed=1)
    assert studio.parts.store.count_images() == 1


def test_an_image_saves_its_own_bytes(studio, tmp_path):
    (image,) = studio.generate("a fox", seed=1)
    assert image.save(tmp_path / "fox").read_bytes() == image.content


def test_an_image_saves_into_a_folder_by_prompt_and_seed(studio, tmp_path):
    (image,) = studio.generate("a fox", seed=1)
    assert image.save(f"{tmp_path}/new/") == tmp_path / "new" / "a-fox-1.png"


def test_an_image_does_not_save_over_a_file(studio, tmp_path):
    (image,) = studio.generate("a fox", seed=1)
    (tmp_path / "fox.png").write_bytes(b"mine")
    with pytest.raises(BadInput, match="is there already and is not overwritten"):
        image.save(tmp_path / "fox.png")


def test_an_image_refuses_another_suffix(studio, tmp_path):
    (image,) = studio.generate("a fox", seed=1)
    with pytest.raises(BadInput, match=r"allowed is \.png"):
        image.save(tmp_path / "fox.jpg")


def test_the_card_decides_what_is_allowed(studio, painter):
    painter.card = replace(painter.card, styles=("noto",))
    assert studio.generate("a fox", style="noto", seed=1)[0].recipe.style == "noto"
