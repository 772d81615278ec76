"""The engine for OpenAI-compatible services, at Limner's own server."""

import pytest
from engine_forms import form_of

from limner.core.errors import EngineFailed, GeneratorUnavailable
from limner.core.records import Size
from limner.core.setting_values import Secret, Secrets
from limner.generators.conformance import FACTS, Trial, try_fact
from limner.generators.services.openai import OpenAIGenerator

BLOCKED = "a swastika"
FIELDS = {
    "seed": "seed",
    "negative": "negative_prompt",
    "steps": "steps",
    "guidance": "guidance",
    "strength": "strength",
}


def open_at(running, key=None, **options):
    form = form_of(
        "far",
        "openai",
        f"{running.url}/v1",
        canvases=(Size(64, 64),),
        options={"service_model": "gpt-image-1", "fields": FIELDS, **options},
        max_prompt_tokens=500,
    )
    token = running.token() if key is None else key
    return OpenAIGenerator(form, Secrets({running.url.removeprefix("http://"): Secret(token)}))


@pytest.fixture(scope="module")
def far(running):
    return open_at(running)


@pytest.mark.parametrize("fact", FACTS)
def test_it_conforms_at_our_own_server(far, fact):
    tried = try_fact(Trial(generator=far), fact)
    assert tried.holds is not False, tried.told


def test_our_own_events_bring_previews(running):
    seen = []
    trial = Trial(generator=open_at(running, partial_images=2), num_steps=8)
    (drawn,) = trial.draw(1, on_step=seen.append)
    assert (drawn.seed, seen[-1].step, seen[-1].num_steps) == (1, 3, 3)


def test_our_own_model_is_among_those_offered(far):
    assert "gpt-image-1" in far.look()


def test_a_wrong_token_is_told(running):
    with pytest.raises(GeneratorUnavailable, match="does not let us in"):
        Trial(generator=open_at(running, key="wrong")).draw(1)


def test_what_our_server_refuses_is_told(strict):
    with pytest.raises(EngineFailed, match="refuses to draw this by its own rules"):
        Trial(generator=open_at(strict), prompt=BLOCKED).draw(1)
