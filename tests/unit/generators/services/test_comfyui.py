import json
import time
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from comfyui_service import GRAPH, comfyui_service
from images_service import images_service

from limner.core.errors import (
    DrawingCancelled,
    EngineFailed,
    EngineLost,
    GeneratorUnavailable,
    ModelFormInvalid,
)
from limner.core.models import Licence
from limner.core.ports import Ability, FloatSpan
from limner.core.records import DRAWING, Operation, Size
from limner.core.setting_values import Secrets
from limner.generators.conformance import FACTS, Trial, try_fact
from limner.generators.services.comfyui import ComfyUIGenerator
from limner.generators.services.comfyui_workflow import describe, guess_inputs

pytest.importorskip("websockets", reason="pip install 'limner[comfyui]'")

LICENCE = Licence(expression="Apache-2.0", source="LICENSE", reviewer="Ann")
FROM_PICTURE = {**GRAPH, "4": {"class_type": "LoadImage", "inputs": {"image": "example.png"}}}


@pytest.fixture
def comfyui():
    with comfyui_service() as running:
        yield running


def open_at(url, graph=GRAPH, inputs=None, **changes):
    options = changes.pop("options", {})
    form = describe("far", url, deepcopy(graph), LICENCE, inputs=inputs)
    changes = {"max_prompt_tokens": 200, "guidance": FloatSpan(0, 30, 8), **changes}
    return ComfyUIGenerator(
        replace(form, options={**form.options, **options}, **changes), Secrets({})
    )


def draw(generator, *seeds, **changes):
    trial = Trial(generator=generator)
    return trial.draw(*(seeds or (1,)), sketch=trial.sketch(**changes))


@pytest.mark.parametrize("fact", FACTS)
def test_it_conforms(comfyui, fact):
    tried = try_fact(Trial(generator=open_at(comfyui.url)), fact)
    assert tried.holds is not False, tried.told


def test_named_inputs_are_filled_and_nothing_else(comfyui):
    draw(open_at(comfyui.url), 7, prompt="a fox", negative="blur", steps=3, guidance=2.5)
    expected = deepcopy(GRAPH)
    expected["3"]["inputs"] |= {"seed": 7, "steps": 3, "cfg": 2.5}
    expected["6"]["inputs"]["text"], expected["7"]["inputs"]["text"] = "a fox", "blur"
    assert comfyui.graphs == [expected]


def test_the_inputs_of_a_usual_graph_are_found():
    found = {name: str(place) for name, place in guess_inputs(FROM_PICTURE).items()}
    assert found == {
        "prompt": "6.text",
        "negative": "7.text",
        "seed": "3.seed",
        "steps": "3.steps",
        "guidance": "3.cfg",
        "sampler": "3.sampler_name",
        "strength": "3.denoise",
        "width": "5.width",
        "height": "5.height",
        "image": "4.image",
    }


def test_a_described_workflow_takes_its_own_values_as_the_usual_ones():
    form = describe("far", "http://127.0.0.1:8188", GRAPH, LICENCE)
    assert (form.steps.default, form.guidance.default, form.samplers) == (20, 8.0, ("euler",))
    assert form.canvases == (Size(32, 32),)
    assert form.abilities == {Ability.SEED, Ability.NEGATIVE}


def test_another_workflow_is_another_ingredient():
    other = deepcopy(GRAPH)
    other["3"]["inputs"]["scheduler"] = "karras"
    cards = [describe("far", "http://x", graph, LICENCE).card for graph in (GRAPH, other)]
    assert cards[0].ingredients != cards[1].ingredients


def test_its_own_steps_are_told_with_previews(comfyui):
    seen = []
    trial = Trial(generator=open_at(comfyui.url))
    trial.draw(1, on_step=seen.append)
    assert [(one.step, one.num_steps) for one in seen] == [(1, 3), (2, 3), (3, 3)]
    assert seen[-1].read_preview().shape == (1, 16, 16, 4)


def test_what_it_says_of_itself_is_in_the_facts(comfyui):
    (drawn,) = draw(open_at(comfyui.url))
    assert drawn.execution.device == "cpu"
    assert drawn.execution.versions == {"comfyui": "0.3.75", "torch": "2.9.0"}


def test_a_picture_is_sent_and_started_from(comfyui):
    generator = open_at(comfyui.url, FROM_PICTURE)
    source = np.full((32, 32, 4), 200, np.uint8)
    changes = {"operation": Operation.IMAGE, "source_HWC": source, "strength": 0.25}
    (drawn,) = draw(generator, **changes)
    sent = comfyui.graphs[0]
    assert sent["4"]["inputs"]["image"] == "in/up_0.png"
    assert sent["3"]["inputs"]["denoise"] == 0.25
    assert drawn.image_HWC[0, 0, 0] == 150  # three quarters of the picture


def test_a_workflow_that_loads_a_picture_draws_from_nothing_else():
    from_mask = {**FROM_PICTURE, "2": {"class_type": "LoadImageMask", "inputs": {"image": "m.png"}}}
    cards = [
        describe("far", "http://x", graph, LICENCE, inputs=inputs).card
        for graph, inputs in ((GRAPH, {}), (FROM_PICTURE, {}), (from_mask, {"mask": "2.image"}))
    ]
    found = [card.operations for card in cards]
    assert found == [{Operation.TEXT}, {Operation.IMAGE}, {Operation.MASK}]


def test_a_form_that_offers_text_where_a_picture_is_loaded_is_refused():
    with pytest.raises(ModelFormInvalid, match="its workflow loads a picture"):
        open_at("http://x", FROM_PICTURE, operations=DRAWING)


def test_a_cancelled_drawing_is_interrupted_there(comfyui):
    comfyui.seconds_per_step = 0.05
    told = []
    trial = Trial(generator=open_at(comfyui.url), num_steps=100)
    with pytest.raises(DrawingCancelled):
        trial.draw(1, on_step=told.append, is_cancelled=lambda: bool(told))
    assert [one.keys() for one in comfyui.interrupts] == [{"prompt_id"}]
    deadline = time.monotonic() + 5
    while comfyui.running is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert comfyui.running is None


def test_a_drawing_of_somebody_else_is_not_interrupted(comfyui):
    comfyui.seconds_per_step = 0.05
    comfyui.queued.put(("another", "client", deepcopy(GRAPH)))
    started = time.monotonic()
    with pytest.raises(DrawingCancelled):
        Trial(generator=open_at(comfyui.url)).draw(
            1, is_cancelled=lambda: time.monotonic() - started > 0.4
        )
    assert comfyui.interrupts == []
    assert len(comfyui.deleted) == 1


def test_a_restart_in_mid_job_is_told_and_may_be_tried_again(comfyui):
    comfyui.fault = "restart"
    with pytest.raises(EngineLost, match="went away in the middle of a drawing") as caught:
        draw(open_at(comfyui.url))
    assert caught.value.retryable


def test_after_a_restart_it_draws_again(comfyui):
    comfyui.fault = "restart"
    generator = open_at(comfyui.url)
    with pytest.raises(EngineLost):
        draw(generator)
    assert len(draw(generator)) == 1


FAULTS = {
    "raise": (EngineFailed, r"failed in node 3 \(KSampler\): no such thing at all$"),
    "memory": (EngineFailed, r"ran out of memory in node 3 \(KSampler\)"),
    "forget": (EngineLost, "does not know the drawing any more"),
    "two pictures": (EngineFailed, "The workflow gave 2 pictures; allowed is one"),
    "no picture": (EngineFailed, "6 bytes that are no whole still picture"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence(comfyui, fault):
    kind, sentence = FAULTS[fault]
    comfyui.fault = fault
    with pytest.raises(kind, match=sentence):
        draw(open_at(comfyui.url))


def test_an_error_that_repeats_the_prompt_is_not_repeated(comfyui):
    comfyui.fault = "raise"
    with pytest.raises(EngineFailed) as caught:
        draw(open_at(comfyui.url), prompt="repeat me")
    assert "repeat me" not in caught.value.message


def test_a_graph_it_does_not_take_is_told_by_its_node(comfyui):
    with pytest.raises(
        EngineFailed,
        match=r"does not take this \(400\): Prompt failed validation; node 3: Value 120 bigger",
    ):
        draw(open_at(comfyui.url), steps=120)


def test_a_class_it_does_not_have_is_told(comfyui):
    graph = {**GRAPH, "12": {"class_type": "SpecialNode", "inputs": {}}}
    generator = open_at(comfyui.url, graph)
    with pytest.raises(EngineFailed, match="node SpecialNode does not exist"):
        draw(generator)
    assert generator.look() == ("SpecialNode",)


def test_somebody_who_interrupts_it_there_is_told(comfyui):
    comfyui.seconds_per_step = 0.05
    told = []

    def interrupt(progress):
        told.append(progress)
        comfyui.is_interrupted = True

    trial = Trial(generator=open_at(comfyui.url), num_steps=50)
    with pytest.raises(EngineLost, match="was interrupted at ComfyUI"):
        trial.draw(1, on_step=interrupt)


def test_one_that_hangs_is_left_in_time(comfyui):
    comfyui.seconds_per_step = 0.3
    with pytest.raises(EngineFailed, match=r"did not finish a picture within 0\.5 seconds"):
        draw(open_at(comfyui.url, options={"timeout_seconds": 0.5}), steps=50)


def test_one_that_is_not_there_is_told():
    with pytest.raises(GeneratorUnavailable, match=r"127\.0\.0\.1:9 cannot be reached"):
        draw(open_at("http://127.0.0.1:9"))


def test_what_is_not_comfyui_is_told():
    with images_service() as other:
        other.replies = [lambda handler: handler.answer({"data": []})]
        with pytest.raises(EngineFailed, match="is not ComfyUI"):
            draw(open_at(other.url.removesuffix("/v1")))


PAGE = {"nodes": [], "links": [], "version": 0.4}
NO_GRAPHS = [None, [], {}, PAGE, {"3": {}}, {"3": {"class_type": "K", "inputs": []}}]


@pytest.mark.parametrize("graph", NO_GRAPHS, ids=json.dumps)
def test_what_is_no_graph_is_refused(graph):
    with pytest.raises(ModelFormInvalid, match="The workflow of the model 'far'"):
        describe("far", "http://x", graph, LICENCE)


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"prompts": "6.text"}, "unknown input 'prompts'"),
        ({"prompt": "66.text"}, "'66.text'; allowed is NODE.INPUT"),
        ({"prompt": "6.words"}, "'6.words'; allowed is NODE.INPUT"),
        ({"prompt": "text"}, "'text'; allowed is NODE.INPUT"),
    ],
)
def test_an_input_that_is_not_there_is_refused(inputs, told):
    with pytest.raises(ModelFormInvalid, match=told):
        open_at("http://x", inputs=inputs)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"operations": DRAWING}, "starts from 'image'|starts from 'mask'|strength"),
        ({"options": {"inputs": {}}}, "offers seed"),
        ({"options": {"output": "77"}}, "the id of a node"),
        ({"options": {"ouput": "9"}}, "unknown option 'ouput'"),
    ],
)
def test_a_form_that_promises_what_the_workflow_does_not_take_is_refused(changes, told):
    with pytest.raises(ModelFormInvalid, match=told):
        open_at("http://x", **changes)
