"""Facts of what the web UI's fields become."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage
from sillytavern import SILLYTAVERN

from limner.core.errors import BadInput
from limner.core.records import Size
from limner.faces.http.compat.bodies import parse
from limner.faces.http.compat.refusals import FieldRefused
from limner.faces.http.sdapi.fields import OFF, USUAL, DrawingFields, PaintingFields, TextFields
from limner.faces.http.sdapi.requests import asked_of, painting_asked_of, text_asked_of
from limner.testing import PAINTED_CARD

NAMES = ("painted", "default")


def asked(**fields):
    return asked_of(parse(DrawingFields, {"prompt": "a fox", **fields}), PAINTED_CARD, NAMES)


def encoded(width_px=40, height_px=30, grey=90):
    buffer = io.BytesIO()
    PillowImage.new("RGB", (width_px, height_px), (grey, grey, grey)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def painting(**fields):
    sent = parse(PaintingFields, {"prompt": "a fox", "init_images": [encoded()], **fields})
    return painting_asked_of(sent, PAINTED_CARD, NAMES, 64)


def test_sillytavern_is_honoured_without_a_warning():
    sent = asked(**SILLYTAVERN)
    request = sent.request
    assert sent.warnings == ()
    assert (request.steps, request.guidance, request.size, request.negative) == (
        20,
        7,
        Size(512, 512),
        "text",
    )


def test_what_a_client_sends_of_its_own_secrets_is_not_echoed():
    assert not {"auth", "url"} & asked(**SILLYTAVERN).parameters.keys()


def test_open_webui_is_honoured_without_a_warning():
    sent = asked(batch_size=2, width=512, height=512, steps=20, negative_prompt="text")
    assert (sent.warnings, sent.request.num_images) == ((), 2)


def test_batches_are_multiplied():
    assert asked(batch_size=2, n_iter=3).request.num_images == 6


def test_too_many_pictures_are_refused():
    with pytest.raises(FieldRefused, match="64 pictures"):
        asked(batch_size=64, n_iter=2)


def test_the_seed_minus_one_is_drawn_at_random():
    assert asked(seed=-1).request.seed is None


def test_the_seed_nought_is_a_seed():
    assert asked(seed=0).request.seed == 0


@pytest.mark.parametrize("name", ["brush", "Brush", "BRUSH Karras"])
def test_samplers_are_found_as_clients_write_them(name):
    assert asked(sampler_name=name).request.sampler == "brush"


def test_an_unknown_sampler_is_refused_with_those_there_are():
    with pytest.raises(FieldRefused, match="sampler_name is 'Euler a'; allowed is brush"):
        asked(sampler_name="Euler a")


@pytest.mark.parametrize("title", ["painted", "painted [0123456789]", "default"])
def test_the_checkpoint_is_found_by_its_title(title):
    request = asked(override_settings={"sd_model_checkpoint": title}).request
    assert request.model == asked().request.model


def test_another_checkpoint_is_not_here():
    with pytest.raises(BadInput, match="sd_model_checkpoint"):
        asked(override_settings={"sd_model_checkpoint": "v1-5-pruned"})


SWITCHED_ON = {
    "styles": ["x"],
    "subseed_strength": 0.5,
    "seed_resize_from_w": 64,
    "seed_resize_from_h": 64,
    "refiner_checkpoint": "x",
    "script_name": "x",
    "alwayson_scripts": {"ADetailer": {"args": [True]}},
    "codeformer_visibility": 1,
    "gfpgan_visibility": 1,
    "extras_upscaler_2_visibility": 1,
}


@pytest.mark.parametrize("name", OFF)
def test_what_would_give_another_picture_is_refused_by_name(name):
    with pytest.raises(FieldRefused) as refused:
        asked(**{name: SWITCHED_ON.get(name, True)})
    assert refused.value.name == name


@pytest.mark.parametrize("name", OFF)
def test_what_is_switched_off_is_passed_over(name):
    assert all(asked(**{name: value}).warnings == () for value in (*OFF[name], None))


@pytest.mark.parametrize("name", USUAL)
def test_what_changes_little_is_named(name):
    assert asked(**{name: 9}).warnings == (f"Ignored: {name}.",)


@pytest.mark.parametrize("name", USUAL)
def test_what_has_its_usual_value_is_passed_over(name):
    assert all(asked(**{name: value}).warnings == () for value in (*USUAL[name], None))


def test_settings_that_are_not_honoured_are_named():
    sent = asked(override_settings={"eta_noise_seed_delta": 31337, "sd_vae": "Automatic"})
    assert sent.warnings == ("Ignored: override_settings.eta_noise_seed_delta.",)


def test_a_picture_keeps_its_size_where_none_is_asked():
    assert painting().request.size == Size(40, 30)


def test_the_usual_strength_is_the_web_uis():
    assert painting().request.strength == 0.75


def test_white_is_repainted():
    request = painting(mask=encoded(grey=255), mask_blur=0).request
    assert request.mask.mask_HW.min() == 255


def test_black_is_repainted_when_inverted():
    request = painting(mask=encoded(grey=0), mask_blur=0, inpainting_mask_invert=1).request
    assert request.mask.mask_HW.min() == 255


def test_picture_and_mask_are_brought_to_the_size_that_is_asked():
    request = painting(mask=encoded(grey=255), width=80, height=60).request
    assert (request.source.size, request.mask.size, request.size) == (
        Size(80, 60),
        Size(80, 60),
        None,
    )


def test_another_shape_is_fitted_and_that_is_said():
    assert "fitted into 64x64" in painting(width=64, height=64).warnings[-1]


@pytest.mark.parametrize("pictures", [[], [encoded(), encoded()]])
def test_exactly_one_picture_is_taken(pictures):
    with pytest.raises(FieldRefused, match="init_images"):
        painting(init_images=pictures)


def test_pictures_are_not_echoed():
    echo = painting(mask=encoded()).parameters
    assert (echo["init_images"], echo["mask"]) == (None, None)


def test_the_mask_without_a_blur_says_exactly_what_it_said():
    mask_HW = painting(mask=encoded(grey=90), mask_blur=0).request.mask.mask_HW
    assert np.unique(mask_HW).tolist() == [90]


@given(st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=4)))
def test_any_fields_are_a_request_or_a_sentence(others):
    try:
        asked_of(DrawingFields.model_validate({"prompt": "a fox", **others}), PAINTED_CARD, NAMES)
    except (BadInput, ValueError):
        return


def hires(**fields):
    two_canvases = replace(PAINTED_CARD, canvases=(Size(64, 64), Size(128, 128)))
    sent = {"prompt": "a fox", "enable_hr": True, "width": 64, "height": 64, **fields}
    return text_asked_of(parse(TextFields, sent), two_canvases, NAMES)


def test_a_negative_prompt_that_is_not_read_is_left_out_and_named():
    sent = asked(cfg_scale=1, negative_prompt="text")
    assert (sent.request.negative, len(sent.warnings)) == ("", 1)


def test_hires_fix_is_a_second_pass_at_twice_the_size_with_the_web_uis_strength():
    request = hires().request
    assert (request.size, request.second_pass) == (Size(128, 128), 0.7)


def test_sillytavern_with_hires_fix_is_told_only_of_the_upscaler():
    sent = hires(**SILLYTAVERN | {"enable_hr": True, "width": 64, "height": 64})
    assert (sent.request.second_pass, sent.warnings) == (0.7, ("Ignored: hr_upscaler.",))


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"hr_scale": 1.5}, Size(96, 96)),
        ({"hr_resize_x": 96, "hr_resize_y": 80}, Size(96, 80)),
        ({"hr_resize_x": 128, "height": 32}, Size(128, 64)),
        ({"hr_resize_y": 128}, Size(128, 128)),
    ],
)
def test_the_size_of_a_second_pass_is_the_web_uis(fields, size):
    assert hires(**fields).request.size == size


def test_a_second_pass_that_draws_something_else_is_refused_by_name():
    with pytest.raises(FieldRefused, match="hr_prompt is 'a cat'; allowed is ''"):
        hires(hr_prompt="a cat")
    assert hires(hr_prompt="a fox").warnings == ()


def test_a_second_pass_that_is_too_large_is_refused_by_name():
    with pytest.raises(FieldRefused, match=r"hr_scale is 8\.0; .* not 1024x1024"):
        hires(width=128, height=128, hr_scale=8)


def test_steps_of_a_second_pass_that_are_others_are_named():
    assert hires(steps=8, hr_second_pass_steps=20).warnings == ("Ignored: hr_second_pass_steps.",)
    assert hires(steps=8, hr_second_pass_steps=8).warnings == ()


def test_hires_fix_that_is_off_leaves_one_pass():
    request = hires(enable_hr=False, denoising_strength=0.7, hr_scale=2).request
    assert (request.size, request.second_pass) == (Size(64, 64), None)
