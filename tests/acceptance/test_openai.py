"""The official SDK against `limner studio` itself, which draws with the model inside."""

import base64
import io

import openai
import pytest
from benchmarks.serving import serving
from PIL import Image as PillowImage

from limner.studio.image_file import read_texts


@pytest.fixture(scope="module")
def sdk(tmp_path_factory):
    with (
        serving(tmp_path_factory.mktemp("home")) as served,
        openai.OpenAI(base_url=f"{served.url}/v1", api_key=served.token("dana")) as client,
    ):
        yield client


def opened(b64):
    return PillowImage.open(io.BytesIO(base64.b64decode(b64)))


def test_the_model_inside_draws_for_the_sdk(sdk):
    answer = sdk.images.generate(model="gpt-image-1", prompt="a red fox", size="512x512")
    picture = opened(answer.data[0].b64_json)
    assert picture.size == (512, 512)
    assert read_texts(picture).own["generator"] == "limner-icons"


def test_the_model_inside_streams_pictures_in_the_making(sdk):
    events = list(
        sdk.images.generate(
            prompt="a red fox", stream=True, partial_images=2, extra_body={"steps": 100}
        )
    )
    assert events[0].type == "image_generation.partial_image"
    assert events[-1].type == "image_generation.completed"
