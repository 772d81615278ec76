"""Facts of what OpenAI's fields become."""

import numpy as np
import pytest
from fastapi.exceptions import RequestValidationError
from hypothesis import given
from hypothesis import strategies as st

from limner.core.limits import resolve_choices
from limner.core.records import Mask, Picture, Size
from limner.faces.http.compat.bodies import parse
from limner.faces.http.compat.refusals import FieldRefused
from limner.faces.http.openai.fields import EditFields, GenerationFields
from limner.faces.http.openai.requests import EditPictures, asked_of, edit_asked_of
from limner.testing import PAINTED_CARD

NAMES = ("painted", "default", "gpt-image-1", "dall-e-3")


def asked(**fields):
    return asked_of(parse(GenerationFields, {"prompt": "a fox", **fields}), PAINTED_CARD, NAMES)


def picture(width_px=40, height_px=30):
    rng = np.random.default_rng(0)
    return Picture.of(rng.integers(0, 256, (height_px, width_px, 4), np.uint8))


def edit(pictures=None, **fields):
    return edit_asked_of(
        parse(EditFields, {"prompt": "a fox", **fields}),
        pictures or EditPictures([picture()]),
        PAINTED_CARD,
        NAMES,
    )


def hole(width_px=40, height_px=30):
    mask_HW = np.zeros((height_px, width_px), np.uint8)
    mask_HW[:10] = 255
    return Mask.of(mask_HW)


def test_what_is_left_out_is_left_to_the_card():
    request = asked().request
    assert (request.size, request.seed, request.guidance, request.num_images) == (
        None,
        None,
        None,
        1,
    )


def test_null_is_the_same_as_left_out():
    sent = asked(n=None, size=None, quality=None, background=None, stream=None, seed=None)
    assert sent.request.num_images == 1
    assert not sent.is_stream


def test_the_usual_steps_are_the_cards():
    assert asked().request.steps == PAINTED_CARD.steps.default


@pytest.mark.parametrize(
    ("quality", "steps"),
    [("low", 2), ("medium", 4), ("auto", 4), ("standard", 4), ("hd", 8), ("high", 8), ("max", 16)],
)
def test_quality_is_a_number_of_steps(quality, steps):
    assert asked(quality=quality).request.steps == steps


def test_steps_that_are_named_go_before_quality():
    assert asked(quality="low", steps=9).request.steps == 9


@pytest.mark.parametrize("name", ["steps", "num_inference_steps"])
def test_steps_have_the_names_other_servers_use(name):
    assert asked(**{name: 7}).request.steps == 7


@pytest.mark.parametrize("name", ["guidance", "guidance_scale", "true_cfg_scale", "cfg_scale"])
def test_guidance_has_the_names_other_servers_use(name):
    assert asked(**{name: 2.5}).request.guidance == 2.5


def test_seed_and_negative_prompt_are_taken():
    request = asked(seed=7, negative_prompt="text").request
    assert (request.seed, request.negative) == (7, "text")


def test_a_negative_prompt_that_is_not_read_is_left_out_and_named():
    sent = asked(guidance=1, negative_prompt="text")
    assert (sent.request.negative, len(sent.warnings)) == ("", 1)


@pytest.mark.parametrize("size", ["256x256", "320x200", "512X512", "16x512"])
def test_any_size_the_card_allows_is_kept_exactly(size):
    assert str(asked(size=size).request.size) == size.lower()


def test_a_size_larger_than_the_canvas_is_said_to_be_enlarged():
    assert "Drawn at 64x64" in asked(size="512x512").warnings[0]


def test_a_size_within_the_canvas_is_nothing_to_warn_of():
    assert asked(size="64x64").warnings == ()


def test_the_size_auto_is_the_models_own():
    assert asked(size="auto").request.size is None


@pytest.mark.parametrize("size", ["", "256", "0x0", "8x64", "9999x64", "64x64x64", "-1x5", "big"])
def test_a_size_that_cannot_be_honoured_is_refused_by_name(size):
    with pytest.raises(FieldRefused) as refused:
        asked(size=size)
    assert refused.value.name == "size"


@given(st.text(max_size=12))
def test_any_text_is_a_size_or_a_sentence(text):
    try:
        size = asked(size=text).request.size
    except FieldRefused:
        return
    assert size is None or min(size) >= PAINTED_CARD.side_px.low


def test_opaque_lays_white_under_the_picture():
    assert asked(background="opaque").request.background == "#ffffff"


def test_transparent_jpeg_is_refused():
    with pytest.raises(FieldRefused, match="background is 'transparent'"):
        asked(background="transparent", output_format="jpeg")


def test_compression_of_png_is_refused():
    with pytest.raises(FieldRefused, match="output_compression is 50"):
        asked(output_compression=50)


def test_compression_is_the_quality_of_a_lossy_file():
    assert asked(output_format="jpeg", output_compression=50).request.file_quality == 50


def test_least_compression_of_webp_loses_nothing():
    assert asked(output_format="webp", output_compression=100).request.file_quality is None


def test_models_of_the_first_kind_answer_with_addresses():
    assert asked(model="dall-e-3").response_format == "url"


def test_models_of_the_second_kind_answer_with_base64():
    assert asked(model="gpt-image-1").response_format == "b64_json"


def test_what_is_asked_goes_before_what_is_usual():
    assert asked(model="dall-e-3", response_format="b64_json").response_format == "b64_json"


def test_styles_of_the_card_are_taken():
    assert asked(style="striped").request.style == "striped"


@pytest.mark.parametrize("style", ["vivid", "natural"])
def test_styles_of_old_models_are_ignored_and_named(style):
    sent = asked(style=style)
    assert sent.request.style is None
    assert repr(style) in sent.warnings[0]


def test_an_unknown_style_is_refused():
    with pytest.raises(FieldRefused, match="style is 'baroque'"):
        asked(style="baroque")


def test_less_moderation_is_ignored_and_named():
    assert "moderation" in asked(moderation="low").warnings[0]


def test_unknown_fields_are_named():
    assert asked(aspect="1:1").warnings == ("Ignored, unknown here: 'aspect'.",)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 0),
        ("n", 11),
        ("output_compression", 101),
        ("partial_images", 4),
        ("seed", -1),
        ("seed", 2**32),
        ("output_format", "gif"),
        ("response_format", "hex"),
        ("guidance", float("nan")),
        ("prompt", None),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_by_name(field, value):
    with pytest.raises(RequestValidationError) as refused:
        asked(**{field: value})
    assert refused.value.errors()[0]["loc"][1] == field


def test_an_edit_without_a_size_keeps_the_pictures_own():
    request = edit().request
    assert resolve_choices(request, PAINTED_CARD).size == Size(40, 30)


def test_an_edit_with_a_mask_keeps_size_and_pixels():
    request = edit(EditPictures([picture()], hole())).request
    assert request.size is None
    assert request.source.pixels_sha256 == picture().pixels_sha256


def test_a_masked_edit_is_brought_to_the_size_that_was_asked():
    request = edit(EditPictures([picture()], hole()), size="80x60").request
    assert (request.source.size, request.mask.size) == (Size(80, 60), Size(80, 60))


def test_a_picture_larger_than_allowed_is_made_smaller_and_that_is_said():
    sent = edit(EditPictures([picture(1024, 512)]))
    assert sent.request.size == Size(512, 256)
    assert "1024x512" in sent.warnings[-1]


def test_several_pictures_are_refused_by_name():
    with pytest.raises(FieldRefused, match="image is '2 pictures'"):
        edit(EditPictures([picture(), picture()]))


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(FieldRefused, match="mask is '41x30'"):
        edit(EditPictures([picture()], hole(41)))


def test_high_fidelity_leaves_the_picture_less():
    faithful = edit(input_fidelity="high").request.strength
    assert faithful < PAINTED_CARD.strength.default


def test_strength_that_is_named_goes_before_fidelity():
    assert edit(input_fidelity="high", strength=0.9).request.strength == 0.9
