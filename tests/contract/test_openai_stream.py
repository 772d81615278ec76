"""Streams as the official SDK reads them."""

import base64
import io

import openai
import pytest
from contract.conftest import sdk_of
from openai.types import (
    ImageEditCompletedEvent,
    ImageGenCompletedEvent,
    ImageGenPartialImageEvent,
)
from PIL import Image as PillowImage

from limner.core.jobs import OVER, JobState


@pytest.fixture
def slowly(running):
    """Drawing takes a while, so that there is something to see."""
    running.painter.seconds_per_step = 0.06
    yield running
    running.painter.seconds_per_step = 0.0


def stream(sdk, **fields):
    return list(sdk.images.generate(prompt="a fox", stream=True, **fields))


def test_without_partial_images_there_is_one_event(sdk):
    (event,) = stream(sdk, partial_images=0)
    assert event.type == "image_generation.completed"


def test_the_finished_event_is_valid_to_the_sdk(sdk):
    (event,) = stream(sdk)
    ImageGenCompletedEvent.model_validate(event.model_dump(warnings="error"))


def test_the_finished_event_brings_the_whole_image(sdk):
    (event,) = stream(sdk, size="128x96", output_format="webp")
    assert PillowImage.open(io.BytesIO(base64.b64decode(event.b64_json))).size == (128, 96)
    assert (event.size, event.output_format, event.usage.total_tokens > 0) == (
        "128x96",
        "webp",
        True,
    )


def test_partial_images_come_before_the_finished_one(slowly, sdk):
    *partials, completed = stream(sdk, partial_images=2, extra_body={"steps": 40})
    assert [one.type for one in partials] == ["image_generation.partial_image"] * len(partials)
    assert 1 <= len(partials) <= 2
    assert completed.type == "image_generation.completed"


def test_partial_images_are_valid_to_the_sdk_and_numbered_from_nought(slowly, sdk):
    partials = [
        ImageGenPartialImageEvent.model_validate(one.model_dump(warnings="error"))
        for one in stream(sdk, partial_images=3, extra_body={"steps": 40})
        if one.type == "image_generation.partial_image"
    ]
    assert [one.partial_image_index for one in partials] == list(range(len(partials)))
    assert partials


@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp"])
def test_partial_images_have_the_format_that_was_asked(slowly, sdk, file_format):
    first = stream(sdk, partial_images=1, output_format=file_format, extra_body={"steps": 40})[0]
    assert first.type == "image_generation.partial_image"
    opened = PillowImage.open(io.BytesIO(base64.b64decode(first.b64_json)))
    assert opened.format.lower() == file_format


def test_several_images_come_one_event_each(sdk):
    events = stream(sdk, n=3)
    assert [one.type for one in events] == ["image_generation.completed"] * 3


def test_an_edit_streams_events_of_its_own(sdk):
    buffer = io.BytesIO()
    PillowImage.new("RGB", (64, 64), (90, 90, 90)).save(buffer, "PNG")
    (event,) = sdk.images.edit(
        image=("grey.png", buffer.getvalue()), prompt="a fox", stream=True, partial_images=0
    )
    ImageEditCompletedEvent.model_validate(event.model_dump(warnings="error"))
    assert event.type == "image_edit.completed"


def test_what_cannot_be_honoured_is_told_before_the_stream(sdk):
    with pytest.raises(openai.BadRequestError):
        stream(sdk, size="huge")


def test_a_job_that_fails_ends_the_stream_with_its_error(running, sdk):
    running.painter.faults = {5: "flat"}
    with pytest.raises(openai.APIError, match="came out flat"):
        stream(sdk, extra_body={"seed": 5})
    running.painter.faults = {}


def test_a_held_image_ends_the_stream_and_is_not_in_it(strict, strict_sdk):
    with pytest.raises(openai.APIError) as held:
        stream(strict_sdk, extra_body={"seed": strict.right_seeds[0]})
    assert held.value.code == "held_for_review"


def test_of_several_images_the_held_ones_are_named_at_the_end(strict, strict_sdk):
    events = stream(strict_sdk, n=strict.mixed.count, extra_body={"seed": strict.mixed.first})
    *completed, last = events
    assert last.type == "limner.not_released"
    assert len(completed) + len(last.not_released) == strict.mixed.count
    assert {one["outcome"] for one in last.not_released} == {"held"}


def test_a_client_that_leaves_a_stream_has_its_job_cancelled(slowly, until):
    with sdk_of(slowly) as leaving:
        events = leaving.images.generate(
            prompt="a fox", stream=True, partial_images=3, extra_body={"steps": 50}
        )
        next(iter(events))
        events.close()
    until(lambda: slowly.last_job().state in OVER)
    assert slowly.last_job().state is JobState.CANCELLED
