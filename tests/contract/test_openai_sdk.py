"""The official SDK against a running server: what it is told, and what it makes of it."""

import base64
import http.client
import io
import json
from contextlib import closing

import httpx
import numpy as np
import openai
import pytest
from PIL import Image as PillowImage

from limner.studio.image_file import read_texts
from limner.studio.verify import FileState, verify


def opened(b64):
    return PillowImage.open(io.BytesIO(base64.b64decode(b64)))


def pixels(b64):
    return np.asarray(opened(b64).convert("RGBA"))


def png(image_HWC):
    buffer = io.BytesIO()
    PillowImage.fromarray(image_HWC).save(buffer, "PNG")
    return buffer.getvalue()


GREY = np.full((64, 64, 4), (90, 90, 90, 255), np.uint8)


def test_an_image_comes_back_as_base64(sdk):
    answer = sdk.images.generate(model="gpt-image-1", prompt="a fox")
    assert opened(answer.data[0].b64_json).size == (64, 64)


def test_the_answer_says_what_was_made(sdk):
    answer = sdk.images.generate(prompt="a fox", quality="high")
    assert (answer.size, answer.quality, answer.output_format, answer.background) == (
        "64x64",
        "high",
        "png",
        "transparent",
    )


def test_usage_counts_words_and_canvas(sdk):
    usage = sdk.images.generate(prompt="a red fox", n=2).usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (6, 8, 14)


def test_the_file_is_sealed_and_verifies(sdk, running, tmp_path):
    answer = sdk.images.generate(prompt="a fox")
    path = tmp_path / "fox.png"
    path.write_bytes(base64.b64decode(answer.data[0].b64_json))
    assert verify(running.studio.parts, path).state is FileState.TRUSTED


def test_an_address_works_without_the_token(sdk):
    answer = sdk.images.generate(model="dall-e-3", prompt="a fox")
    fetched = httpx.get(answer.data[0].url)
    assert fetched.headers["content-type"] == "image/png"
    assert PillowImage.open(io.BytesIO(fetched.content)).size == (64, 64)


def test_an_address_that_was_changed_gives_nothing(sdk):
    url = sdk.images.generate(prompt="a fox", response_format="url").data[0].url
    assert httpx.get(url.replace("-", "-9", 1)).status_code == 404


def test_n_images_have_seeds_one_after_another(sdk):
    answer = sdk.images.generate(prompt="a fox", n=3, extra_body={"seed": 7})
    assert [one["seed"] for one in answer.limner["images"]] == [7, 8, 9]


def test_the_same_seed_gives_the_same_pixels(sdk):
    first, second = (
        sdk.images.generate(prompt="an owl", extra_body={"seed": 11}).data[0].b64_json
        for _ in range(2)
    )
    assert np.array_equal(pixels(first), pixels(second))


def test_extra_fields_reach_the_recipe(sdk):
    answer = sdk.images.generate(
        prompt="a fox",
        extra_body={
            "seed": 5,
            "num_inference_steps": 9,
            "guidance_scale": 2.5,
            "negative_prompt": "text",
            "style": "striped",
        },
    )
    recipe = read_texts(opened(answer.data[0].b64_json)).own
    found = [recipe[name] for name in ("seed", "steps", "guidance", "negative", "style")]
    assert found == [5, 9, 2.5, "text", "striped"]


@pytest.mark.parametrize("size", ["256x256", "512x512", "320x200"])
def test_sizes_are_honoured_exactly(sdk, size):
    answer = sdk.images.generate(prompt="a fox", size=size)
    assert answer.size == size
    assert "x".join(map(str, opened(answer.data[0].b64_json).size)) == size


def test_an_enlarged_image_is_said_to_be_one(sdk):
    raw = sdk.images.with_raw_response.generate(prompt="a fox", size="256x256")
    assert "Drawn at 64x64" in raw.headers["limner-warning"]


@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp"])
def test_files_have_the_format_that_was_asked(sdk, file_format):
    answer = sdk.images.generate(prompt="a fox", output_format=file_format)
    assert opened(answer.data[0].b64_json).format.lower() == file_format


@pytest.mark.parametrize("file_format", ["jpeg", "webp"])
def test_more_compression_makes_smaller_files(sdk, file_format):
    sizes = [
        len(
            sdk.images.generate(
                prompt="a fox in a big wood background",
                output_format=file_format,
                output_compression=compression,
                size="512x512",
                extra_body={"seed": 1},
            )
            .data[0]
            .b64_json
        )
        for compression in (5, 95)
    ]
    assert sizes[0] < sizes[1]


def test_opaque_images_have_no_hole(sdk):
    answer = sdk.images.generate(prompt="a fox", background="opaque")
    assert answer.background == "opaque"
    assert pixels(answer.data[0].b64_json)[..., 3].min() == 255


def test_models_list_every_name(sdk):
    names = [one.id for one in sdk.models.list()]
    assert names[0] == "painted"
    assert {"gpt-image-1", "dall-e-3", "default"} <= set(names)


def test_a_model_is_found_by_its_name(sdk):
    assert sdk.models.retrieve("gpt-image-1").object == "model"


def test_unknown_fields_are_ignored_and_named(sdk):
    raw = sdk.images.with_raw_response.generate(prompt="a fox", extra_body={"aspect": "1:1"})
    assert "'aspect'" in raw.headers["limner-warning"]


def test_the_user_is_echoed(sdk):
    assert sdk.images.generate(prompt="a fox", user="u-1").safety_identifier == "u-1"


def test_every_request_has_a_job_to_look_up(sdk):
    raw = sdk.images.with_raw_response.generate(prompt="a fox")
    assert raw.headers["limner-job"].startswith("/api/jobs/")


def test_an_edit_starts_from_the_picture(sdk):
    answer = sdk.images.edit(
        image=("grey.png", png(GREY)), prompt="a fox", extra_body={"strength": "0.1"}
    )
    drawn = pixels(answer.data[0].b64_json)
    assert abs(int(drawn[0, 0, 0]) - 90) < 20


def test_an_edit_repaints_what_is_transparent_and_keeps_the_rest(sdk):
    mask_HWC = np.full((64, 64, 4), 255, np.uint8)
    mask_HWC[:, :32, 3] = 0
    answer = sdk.images.edit(
        image=("grey.png", png(GREY)), mask=("mask.png", png(mask_HWC)), prompt="a fox"
    )
    drawn = pixels(answer.data[0].b64_json)
    assert np.array_equal(drawn[:, 32:], GREY[:, 32:])
    assert not np.array_equal(drawn[:, :32], GREY[:, :32])


def test_a_list_of_one_picture_is_that_picture(sdk):
    answer = sdk.images.edit(image=[("grey.png", png(GREY))], prompt="a fox", n=2)
    assert len(answer.data) == 2


def test_several_pictures_are_refused_by_name(sdk):
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.images.edit(image=[("a.png", png(GREY)), ("b.png", png(GREY))], prompt="a fox")
    assert refused.value.param == "image"


def test_a_file_that_is_no_picture_is_a_bad_request(sdk):
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.images.edit(image=("a.png", b"not a picture"), prompt="a fox")
    assert (refused.value.code, refused.value.param) == ("image_unreadable", "image")


def test_an_edit_may_come_as_json_with_a_data_url(sdk):
    url = "data:image/png;base64," + base64.b64encode(png(GREY)).decode()
    answer = sdk.post(
        "/images/edits", body={"prompt": "a fox", "images": [{"image_url": url}]}, cast_to=object
    )
    assert len(answer["data"]) == 1


def test_an_address_of_a_picture_is_never_fetched(sdk):
    with pytest.raises(openai.BadRequestError, match="not fetched"):
        sdk.post(
            "/images/edits",
            body={"prompt": "a fox", "images": [{"image_url": "http://127.0.0.1:1/a.png"}]},
            cast_to=object,
        )


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"size": "9999x1"}, "size"),
        ({"size": "large"}, "size"),
        ({"n": 11}, "n"),
        ({"output_compression": 10}, "output_compression"),
        ({"background": "transparent", "output_format": "jpeg"}, "background"),
        ({"extra_body": {"seed": "x"}}, "seed"),
        ({"quality": "superb"}, "quality"),
        ({"extra_body": {"steps": 100_000}}, "steps"),
        ({"extra_body": {"guidance": -7}}, "guidance"),
        ({"extra_body": {"sampler": "ddim"}}, "sampler"),
        ({"extra_body": {"negative_prompt": "a \x00"}}, "negative_prompt"),
        ({"style": "baroque"}, "style"),
    ],
)
def test_what_cannot_be_honoured_is_named(sdk, fields, param):
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.images.generate(prompt="a fox", **fields)
    assert refused.value.param == param
    assert refused.value.type == "invalid_request_error"


def test_a_prompt_that_is_too_long_is_a_bad_request(sdk):
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.images.generate(prompt="fox " * 40)
    assert refused.value.code == "prompt_too_long"


def test_an_empty_prompt_is_a_bad_request(sdk):
    with pytest.raises(openai.BadRequestError):
        sdk.images.generate(prompt=" ")


def test_an_unknown_model_is_not_found(sdk):
    with pytest.raises(openai.NotFoundError) as refused:
        sdk.images.generate(prompt="a fox", model="sdxl")
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


def test_a_wrong_token_is_not_let_in(running, sdk):
    with pytest.raises(openai.AuthenticationError) as refused:
        sdk.with_options(api_key="limner_wrong").images.generate(prompt="a fox")
    assert refused.value.type == "authentication_error"


def test_a_token_without_the_scope_is_not_allowed(running, sdk):
    with pytest.raises(openai.PermissionDeniedError):
        sdk.with_options(api_key=running.token("rita", "review")).images.generate(prompt="a fox")


def test_an_unknown_path_is_told_in_the_same_shape(sdk):
    with pytest.raises(openai.NotFoundError) as refused:
        sdk.post("/images/variations", body={}, cast_to=object)
    assert refused.value.type == "not_found_error"


@pytest.mark.parametrize("body", [b"{", b"[]", b'"a"', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_object_is_a_bad_request(web, body):
    answer = web.post(
        "/v1/images/generations", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "request_malformed"


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=x"])
def test_a_broken_form_is_a_bad_request(web, boundary):
    answer = web.post(
        "/v1/images/edits",
        content=b"--x\r\nnonsense",
        headers={"Content-Type": f"multipart/form-data{boundary}"},
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_body_that_is_too_large_is_told_in_the_same_shape(running):
    address = running.url.removeprefix("http://")
    with closing(http.client.HTTPConnection(address, timeout=60)) as connection:
        connection.putrequest("POST", "/v1/images/generations")
        connection.putheader("Authorization", f"Bearer {running.token()}")
        connection.putheader("Content-Length", str(2**40))
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == 413
        assert "error" in json.loads(answer.read())


def test_no_other_site_may_read_answers(web):
    answer = web.get("/v1/models", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_open_webui_draws(web):
    """The body that Open WebUI sends (routers/images.py, image_generations)."""
    answer = web.post(
        "/v1/images/generations",
        params={"api-version": "2024-02-01"},
        json={
            "model": "dall-e-3",
            "prompt": "a fox",
            "n": 1,
            "size": "512x512",
            "response_format": "b64_json",
        },
    ).json()
    assert answer["data"][0].get("url") is None
    assert opened(answer["data"][0]["b64_json"]).size == (512, 512)


@pytest.mark.parametrize("name", ["image", "image[]"])
def test_open_webui_edits(web, name):
    """The form that Open WebUI sends (routers/images.py, image_edits)."""
    answer = web.post(
        "/v1/images/edits",
        data={
            "model": "gpt-image-1",
            "prompt": "a fox",
            "n": "1",
            "background": "auto",
            "response_format": "b64_json",
        },
        files=[(name, ("1f0.png", png(GREY), "image/png"))],
    )
    assert len(answer.json()["data"]) == 1
