"""Images that are kept back never leave by a compatible interface, and that is said."""

import httpx
import openai
import pytest

from limner.core.deciding import Outcome

BLOCKED = "a swastika"


def test_a_held_image_answers_403_with_its_job(strict, strict_sdk):
    with pytest.raises(openai.PermissionDeniedError) as held:
        strict_sdk.images.generate(prompt="a fox", extra_body={"seed": strict.right_seeds[0]})
    assert held.value.code == "held_for_review"
    job_path = held.value.response.headers["limner-job"]
    assert job_path in str(held.value)
    assert strict.job(job_path).images[0].outcome is Outcome.HELD


def test_a_prompt_that_is_blocked_answers_400(strict_sdk):
    with pytest.raises(openai.BadRequestError) as refused:
        strict_sdk.images.generate(prompt=BLOCKED)
    assert refused.value.code == "moderation_blocked"


def test_of_several_images_only_the_released_are_given_and_the_others_named(strict, strict_sdk):
    answer = strict_sdk.images.generate(
        prompt="a fox", n=strict.mixed.count, extra_body={"seed": strict.mixed.first}
    )
    held = answer.limner["not_released"]
    assert len(answer.data) + len(held) == strict.mixed.count
    assert {one["seed"] for one in held} <= set(strict.right_seeds)
    assert not {one["seed"] for one in answer.limner["images"]} & set(strict.right_seeds)


def test_a_held_answer_is_not_tried_again(strict, strict_sdk):
    num_before = strict.num_jobs()
    with pytest.raises(openai.PermissionDeniedError):
        strict_sdk.with_options(max_retries=3).images.generate(
            prompt="a fox", extra_body={"seed": strict.right_seeds[0]}
        )
    assert strict.num_jobs() == num_before + 1


def test_an_address_ends_when_the_decision_changes(strict, strict_sdk):
    answer = strict_sdk.images.generate(
        prompt="an owl", response_format="url", extra_body={"seed": strict.left_seeds[0]}
    )
    url, image_id = answer.data[0].url, answer.limner["images"][0]["id"]
    assert httpx.get(url).status_code == 200
    strict.studio.parts.store.erase_image(
        image_id, reason="person_asked", recorded_at=strict.studio.parts.read_clock()
    )
    assert httpx.get(url).status_code == 404


def test_a_held_image_answers_sdapi_with_403(strict):
    answer = httpx.post(
        f"{strict.url}/sdapi/v1/txt2img",
        auth=("anyone", strict.token()),
        json={"prompt": "a fox", "seed": strict.right_seeds[0]},
        timeout=60,
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "held_for_review")
    assert answer.headers["limner-job"] in answer.json()["hint"]


def test_a_blocked_prompt_answers_sdapi_with_400(strict):
    answer = httpx.post(
        f"{strict.url}/sdapi/v1/txt2img",
        auth=("anyone", strict.token()),
        json={"prompt": BLOCKED},
        timeout=60,
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "moderation_blocked")


def test_sdapi_lists_only_what_was_released(strict):
    answer = httpx.post(
        f"{strict.url}/sdapi/v1/txt2img",
        auth=("anyone", strict.token()),
        json={"prompt": "a fox", "seed": strict.mixed.first, "batch_size": strict.mixed.count},
        timeout=60,
    ).json()
    assert len(answer["images"]) + len(answer["limner"]["not_released"]) == strict.mixed.count
