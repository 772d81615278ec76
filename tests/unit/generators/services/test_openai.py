import base64
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

import numpy as np
import pytest
from engine_forms import form_of
from images_service import images_service, pixels, png

from limner.core.errors import (
    BadInput,
    DrawingCancelled,
    EngineFailed,
    EngineLost,
    GeneratorUnavailable,
    ModelFormInvalid,
)
from limner.core.ports import Ability, FloatSpan, IntSpan
from limner.core.records import DRAWING, Operation
from limner.core.setting_values import Secret, Secrets
from limner.generators.conformance import FACTS, Trial, try_fact
from limner.generators.services.openai import OpenAIGenerator

FIELDS = {
    "seed": "seed",
    "negative": "negative_prompt",
    "steps": "steps",
    "guidance": "guidance",
    "strength": "strength",
}
GREY = png(np.full((32, 32, 4), (90, 90, 90, 255), np.uint8))
ENCODED = base64.b64encode(GREY).decode()
NOISE = png(np.random.default_rng(0).integers(0, 256, (32, 32, 4), np.uint8))


@pytest.fixture
def service():
    with images_service() as running:
        yield running


def open_at(url, **changes):
    options = {"service_model": "painted", "fields": FIELDS, "timeout_seconds": 20}
    options |= changes.pop("options", {})
    changes.setdefault("max_prompt_tokens", 200)
    form = form_of("far", "openai", url, options=options, **changes)
    return OpenAIGenerator(form, Secrets({urlsplit(url).netloc: Secret("sk-hush")}))


def plain_at(url, **options):
    """A service as OpenAI's is: no seeds, steps or guidance."""
    return open_at(
        url,
        options={"fields": {}, **options},
        abilities=frozenset(),
        steps=IntSpan(1, 1, 1),
        guidance=FloatSpan(1, 1, 1),
        operations=frozenset({Operation.TEXT}),
    )


def draw(generator, *seeds, **changes):
    trial = Trial(generator=generator)
    return trial.draw(*(seeds or (1,)), sketch=trial.sketch(**changes))


@pytest.mark.parametrize("fact", FACTS)
@pytest.mark.parametrize("options", [{}, {"partial_images": 2}], ids=["whole", "events"])
def test_it_conforms(service, fact, options):
    tried = try_fact(Trial(generator=open_at(service.url, options=options)), fact)
    assert tried.holds is not False, tried.told


def test_a_service_without_seeds_conforms(service):
    trial = Trial(generator=plain_at(service.url))
    tried = {fact: try_fact(trial, fact) for fact in FACTS}
    assert [one for one in tried.values() if one.holds is False] == []
    assert tried["same-seed-same-picture"].told == "it takes no seed"


def test_the_service_is_told_what_the_sketch_says(service):
    draw(open_at(service.url), 7, prompt="a fox", negative="blur", steps=9, guidance=2.5)
    (asked,) = service.asked
    assert asked.path == "/v1/images/generations"
    assert asked.headers["authorization"] == "Bearer sk-hush"
    assert asked.fields == {
        "model": "painted",
        "prompt": "a fox",
        "n": 1,
        "size": "32x32",
        "background": "auto",
        "seed": 7,
        "negative_prompt": "blur",
        "steps": 9,
        "guidance": 2.5,
    }


def test_a_bare_service_is_told_nothing_it_does_not_know(service):
    draw(plain_at(service.url))
    assert sorted(service.asked[0].fields) == ["model", "n", "prompt", "size"]


def test_a_mask_is_transparent_where_it_is_repainted(service):
    source = np.full((32, 32, 4), 200, np.uint8)
    mask = np.zeros((32, 32), np.uint8)
    mask[:, 16:] = 255
    changes = {"operation": Operation.MASK, "source_HWC": source, "mask_HW": mask}
    draw(open_at(service.url), **changes)
    (asked,) = service.asked
    assert asked.path == "/v1/images/edits"
    assert np.array_equal(pixels(asked.files["mask"])[..., 3], 255 - mask)
    assert np.array_equal(pixels(asked.files["image"]), source)


def test_previews_come_with_events(service):
    seen = []
    trial = Trial(generator=open_at(service.url, options={"partial_images": 2}))
    trial.draw(1, on_step=seen.append)
    assert [(one.step, one.num_steps, one.read_preview is None) for one in seen] == [
        (1, 3, False),
        (2, 3, False),
        (3, 3, True),
    ]


def test_the_price_of_a_picture_is_in_its_facts(service):
    (drawn,) = draw(plain_at(service.url, cost_per_image=0.04))
    assert drawn.execution.cost == "0.04 USD"


def test_tokens_are_charged_as_the_service_tells_them(service):
    prices = {"cost_per_million_input_tokens": 5, "cost_per_million_output_tokens": 40}
    (drawn,) = draw(plain_at(service.url, currency="EUR", **prices))
    assert drawn.execution.cost == "0.04005 EUR"  # 10 in, 1000 out


def test_a_price_that_cannot_be_known_is_said_to_be_so(service):
    service.replies = [lambda handler: handler.answer({"data": [{"b64_json": ENCODED}]})]
    (drawn,) = draw(plain_at(service.url, cost_per_million_output_tokens=40))
    assert drawn.execution.cost is None
    assert drawn.notices == ("The service did not tell the tokens it charges for.",)


def test_a_prompt_the_service_rewrote_is_told(service):
    datum = {"b64_json": ENCODED, "revised_prompt": "a red fox, smiling"}
    service.replies = [lambda handler: handler.answer({"data": [datum]})]
    (drawn,) = draw(plain_at(service.url))
    assert drawn.notices == ("The service drew another prompt than was asked: a red fox, smiling",)


def test_it_waits_as_long_as_the_service_asks(service):
    def busy(handler):
        handler.answer({"error": {"message": "slow down"}}, 429, Retry_After="0.4")

    service.replies = [busy]
    started = time.monotonic()
    draw(plain_at(service.url))
    assert time.monotonic() - started >= 0.4
    assert len(service.asked) == 2


def test_it_waits_until_the_date_the_service_names(service):
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=3600), usegmt=True)
    service.replies = [lambda handler: handler.answer({"error": {}}, 503, Retry_After=until)]
    with pytest.raises(EngineFailed, match=r"asks us to wait 3(600|599) seconds"):
        draw(plain_at(service.url))


def test_waiting_is_cancelled_at_once(service):
    service.replies = [lambda handler: handler.answer({"error": {}}, 429, Retry_After="60")]
    with pytest.raises(DrawingCancelled):
        Trial(generator=plain_at(service.url)).draw(1, is_cancelled=lambda: bool(service.asked))


def test_it_gives_up_after_as_many_tries_as_the_form_says(service):
    def busy(handler):
        handler.answer({"error": {"message": "overloaded"}}, 503, Retry_After="0")

    service.replies = [busy] * 5
    with pytest.raises(EngineFailed, match="status 503 that it could not draw this: overloaded"):
        draw(plain_at(service.url, tries=3))
    assert len(service.asked) == 3


def test_a_spent_account_is_not_asked_again(service):
    error = {"error": {"message": "You exceeded your quota.", "code": "insufficient_quota"}}
    service.replies = [lambda handler: handler.answer(error, 429)]
    with pytest.raises(EngineFailed, match="You exceeded your quota"):
        draw(plain_at(service.url))
    assert len(service.asked) == 1


def test_a_cancelled_call_is_left_and_the_service_sees_it(service):
    service.replies = [lambda handler: handler.hang()]
    with pytest.raises(DrawingCancelled):
        Trial(generator=plain_at(service.url)).draw(1, is_cancelled=lambda: bool(service.asked))
    assert service.left.wait(10)


@pytest.mark.parametrize("fault", ["hang", "trickle"])
def test_a_service_that_hangs_is_left_in_time(service, fault):
    service.replies = [lambda handler: getattr(handler, fault)()]
    with pytest.raises(EngineFailed, match=r"gave no whole answer within 0\.5 seconds"):
        draw(plain_at(service.url, timeout_seconds=0.5))
    assert service.left.wait(10)


def test_a_picture_of_300_megabytes_is_refused_before_it_is_read(service):
    service.replies = [lambda handler: handler.flood(300_000_000)]
    with pytest.raises(EngineFailed, match="allowed are up to 128,000,000"):
        draw(plain_at(service.url))
    assert service.left.wait(10)


def test_an_announced_300_megabytes_are_not_waited_for(service):
    def announce(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "300000000")
        handler.end_headers()
        handler.hang()

    service.replies = [announce]
    with pytest.raises(EngineFailed, match="has 300,000,000 bytes or more"):
        draw(plain_at(service.url))


def test_a_service_that_hangs_up_is_lost_and_may_be_tried_again(service):
    service.replies = [lambda handler: handler.hang_up()]
    with pytest.raises(EngineLost, match="hung up in the middle of an answer") as caught:
        draw(plain_at(service.url))
    assert caught.value.retryable


def test_events_that_end_early_are_told(service):
    service.replies = [lambda handler: handler.stream([])]
    with pytest.raises(EngineLost, match="ended its events before the picture was finished"):
        draw(plain_at(service.url, partial_images=1))


def test_a_service_that_is_not_there_is_told():
    with pytest.raises(GeneratorUnavailable, match=r"127\.0\.0\.1:9 cannot be reached") as caught:
        draw(plain_at("http://127.0.0.1:9/v1"))
    assert caught.value.retryable


def other_size(handler):
    encoded = base64.b64encode(png(np.zeros((16, 32, 4), np.uint8))).decode()
    handler.answer({"data": [{"b64_json": encoded}]})


FAULTS = {
    "an error in a 200": (
        lambda one: one.answer({"error": {"message": "no capacity"}}),
        "could not draw this: no capacity",
    ),
    "an error as text": (lambda one: one.answer({"error": "bad luck"}), "could not draw this: bad"),
    "an error with words beside it": (
        lambda one: one.answer({"error": "server_error", "message": "parse error at line 1"}),
        "could not draw this: parse error at line 1",
    ),
    "an error event": (
        lambda one: one.stream([{"type": "error", "error": {"message": "no luck"}}]),
        "could not draw this: no luck",
    ),
    "an event of noise": (
        lambda one: one.stream([], b"data: {\n\n"),
        "an event that is no JSON object",
    ),
    "a page": (lambda one: one.send(b"<html>"), "answered 200 with text/html, which is no JSON"),
    "a page of an error": (lambda one: one.send(b"<html>", 502), "answered 502 with text/html"),
    "a redirect": (
        lambda one: one.answer({}, 307, Location="http://127.0.0.1:9/"),
        "answered with status 307",
    ),
    "JSON of another kind": (lambda one: one.answer([1]), "is no JSON object"),
    "no data": (lambda one: one.answer({"created": 1}), "does not hold exactly one"),
    "two pictures": (
        lambda one: one.answer({"data": [{"b64_json": ENCODED}] * 2}),
        "does not hold exactly one",
    ),
    "an address": (lambda one: one.answer({"data": [{"url": "http://x/y"}]}), "sent an address"),
    "no base64": (lambda one: one.answer({"data": [{"b64_json": "%%"}]}), "that is no base64"),
    "text for a picture": (
        lambda one: one.answer({"data": [{"b64_json": base64.b64encode(b"<svg/>").decode()}]}),
        "6 bytes that are no whole still picture",
    ),
    "half a picture": (
        lambda one: one.answer({"data": [{"b64_json": base64.b64encode(NOISE[:2000]).decode()}]}),
        "damaged or cut short|no whole still picture",
    ),
    "another size": (other_size, "was asked for 32x32 and sent 32x16"),
    "moderation": (
        lambda one: one.answer({"error": {"code": "moderation_blocked", "message": "no"}}, 400),
        "refuses to draw this by its own rules: no",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence(service, fault):
    reply, sentence = FAULTS[fault]
    service.replies = [reply] * 4
    with pytest.raises(EngineFailed, match=sentence) as caught:
        draw(plain_at(service.url, tries=1))
    assert "\n" not in caught.value.message


def test_a_refused_key_is_told_with_the_setting(service):
    error = {"error": {"message": "Incorrect API key provided: sk-****ush"}}
    service.replies = [lambda handler: handler.answer(error, 401)]
    with pytest.raises(GeneratorUnavailable, match="does not let us in") as caught:
        draw(plain_at(service.url))
    assert "service_keys" in caught.value.hint


def test_an_error_that_repeats_the_prompt_is_not_repeated(service):
    error = {"error": {"message": "cannot draw 'a red apple'"}}
    service.replies = [lambda handler: handler.answer(error, 400)]
    with pytest.raises(EngineFailed) as caught:
        draw(plain_at(service.url))
    assert "apple" not in caught.value.message


def test_a_key_is_sent_to_its_own_host_only(service):
    OpenAIGenerator(open_at(service.url)._form, Secrets({"x": Secret("other")})).look()
    assert "authorization" not in service.asked[0].headers


def test_no_error_holds_the_key(service):
    error = {"error": {"message": "the key sk-hush is not ours"}}
    service.replies = [lambda handler: handler.answer(error, 401)]
    with pytest.raises(GeneratorUnavailable) as caught:
        draw(plain_at(service.url))
    assert "sk-hush" not in caught.value.message
    assert "sk-hush" not in repr(plain_at(service.url)._service)


def test_the_models_of_a_service_are_listed(service):
    assert open_at(service.url).look() == ("painted",)


def test_parameters_hidden_in_a_prompt_are_refused_before_any_call(service):
    with pytest.raises(BadInput, match="by which the server of stable-diffusion"):
        draw(
            plain_at(service.url), prompt='a fox <sd_cpp_extra_args>{"seed": 3}</sd_cpp_extra_args>'
        )
    assert service.asked == []


def test_too_many_characters_are_refused_before_any_call(service):
    with pytest.raises(BadInput, match="has 300 characters; only the first 200 can be kept"):
        draw(open_at(service.url), prompt="f" * 300)
    assert service.asked == []


@pytest.mark.parametrize(
    "location", ["/models/x", "ftp://x/v1", "http://u:p@x/v1", "https://x/v1?key=1", "https://:0"]
)
def test_a_location_that_is_no_address_is_refused(location):
    with pytest.raises(ModelFormInvalid, match="location of the model 'far'"):
        plain_at(location)


def test_a_key_is_not_sent_over_an_open_line():
    with pytest.raises(ModelFormInvalid, match="sent over https only"):
        plain_at("http://images.example/v1")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"abilities": frozenset({Ability.SEED})}, "offers seed"),
        ({"steps": IntSpan(1, 9, 1)}, "offers steps"),
        ({"guidance": FloatSpan(1, 9, 1)}, "offers guidance"),
        ({"samplers": ("a", "b")}, "offers sampler"),
        ({"operations": DRAWING}, "offers strength"),
    ],
)
def test_a_form_that_promises_what_nothing_carries_is_refused(changes, told):
    form = replace(plain_at("https://x/v1")._form, **changes)
    with pytest.raises(ModelFormInvalid, match=told):
        OpenAIGenerator(form, Secrets({}))


@pytest.mark.parametrize(
    "options",
    [
        {"presicion": 1},
        {"fields": ["seed"]},
        {"fields": {"seeds": "seed"}},
        {"cost_per_image": -1},
        {"partial_images": 4},
        {"response_format": "url"},
    ],
)
def test_an_option_that_is_not_allowed_is_refused(options):
    with pytest.raises(ModelFormInvalid):
        plain_at("https://x/v1", **options)


def test_a_document_in_pieces_is_read_whole(service):
    def slowly(handler):
        content = json.dumps({"data": [{"b64_json": ENCODED}]}).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for first in range(0, len(content), 40):
            piece = content[first : first + 40]
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    service.replies = [slowly]
    (drawn,) = draw(plain_at(service.url))
    assert np.array_equal(drawn.image_HWC, pixels(GREY))
