"""The same request on every engine by changing the model's name; each picture whole."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from comfyui_service import GRAPH, comfyui_service
from engine_forms import form_of
from images_service import images_service
from PIL import Image as PillowImage
from process_engine import __file__ as process_engine

from limner.app import describe_model, open_shelf
from limner.core.deciding import Outcome
from limner.core.errors import BadInput
from limner.core.hashing import sha256_of_bytes
from limner.core.jobs import JobState
from limner.core.models import Licence
from limner.core.ports import IntSpan
from limner.core.records import Request, Size
from limner.core.settings import read_settings
from limner.generators.embedded import EmbeddedGenerator
from limner.studio.image_file import decode_rgba, read_texts
from limner.studio.saving import Destination
from limner.studio.working import run_worker

pytest.importorskip("websockets", reason="pip install 'limner[comfyui]'")

TESTS = Path(__file__).parents[1]
LICENCE = Licence(expression="Apache-2.0", source="LICENSE", reviewer="Ann")
FIELDS = {
    "seed": "seed",
    "negative": "negative_prompt",
    "steps": "steps",
    "guidance": "guidance",
    "strength": "strength",
}
MODELS = ("far-service", "far-workflow", "far-process")


@pytest.fixture
def comfyui():
    with comfyui_service() as running:
        yield running


@pytest.fixture
def shelf(home, comfyui, monkeypatch):
    """A model on each kind of engine, as `limner models add` and the settings make them."""
    paths = [os.path.dirname(process_engine), *sys.path[1:]]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    pythons = ("LIMNER_DIFFUSERS_PYTHON", "LIMNER_SDCPP_PYTHON")
    engines = {
        "LIMNER_ENGINES": "painted=process_engine:open_painted",
        **{name: os.environ[name] for name in pythons if name in os.environ},
    }
    shelf = open_shelf(read_settings(default_home=home, environment=engines))
    with images_service() as images:
        options = {"fields": FIELDS, "service_model": "painted", "cost_per_image": 0.04}
        shelf.keep(
            describe_model(
                "far-service", images.url, LICENCE, canvases=[Size(32, 32)], options=options
            )
        )
        shelf.keep(describe_model("far-workflow", comfyui.url, LICENCE, workflow=GRAPH))
        shelf.keep(form_of("far-process", "painted", "/nowhere"))
        yield shelf
        shelf.open("far-process").close()


@pytest.fixture
def studio(studio, shelf):
    studio.parts._open_model = shelf.open
    studio.parts._model_names = shelf.names
    return studio


def pixel_size(form):
    """The form on the smallest canvas stable-diffusion.cpp draws."""
    return replace(form, canvases=(Size(64, 64),), side_px=IntSpan(16, 512, 64))


@pytest.fixture
def real_model(studio, shelf, tmp_path):
    """A model with random weights on an engine with libraries of its own, where those are."""

    def add(engine):
        name = f"LIMNER_{engine.upper()}_PYTHON"
        if name not in os.environ:
            pytest.skip(f"{name} does not name an interpreter that has the engine {engine}")
        script = {
            "diffusers": "import sys, tiny_pipelines; tiny_pipelines.save('sd1', sys.argv[1])",
            "sdcpp": "import sys, random_checkpoint as made, pathlib; "
            "made.write_checkpoint(pathlib.Path(sys.argv[1]))",
        }
        location = tmp_path / ("tiny" if engine == "diffusers" else "tiny.safetensors")
        command = [os.environ[name], "-c", script[engine], str(location)]
        subprocess.run(command, check=True, cwd=TESTS, capture_output=True)
        form = describe_model(f"real-{engine}", str(location), LICENCE, engine=engine)
        shelf.keep(pixel_size(form))
        opened.append(shelf.open(form.name))
        return form.name

    opened = []
    yield add
    for one in opened:
        one.close()
    (tmp_path / "tiny.safetensors").unlink(missing_ok=True)  # a gigabyte


WISH = {"prompt": "a red fox", "seed": 7, "size": "64x64", "steps": 2, "negative": "blur"}


def released_by(studio, tmp_path, model):
    """The recipe of what a file with one request gives with a model, which must be whole."""
    path, out = tmp_path / "wish.jsonl", tmp_path / "out"
    path.write_text(json.dumps(WISH))
    out.mkdir()
    destination = Destination(folder=out, stem=None, file_format="png")
    (row,) = studio.batch(path, destination, model=model).draw()
    (image,) = row.images
    store = studio.parts.store
    recipe = store.image_by_id(image.image_id).recipe
    assert store.last_decision(image.image_id).decision.outcome is Outcome.RELEASED
    assert store.seal_by_file(sha256_of_bytes(Path(image.path).read_bytes())) is not None
    assert (recipe.generator, recipe.prompt, recipe.negative) == (model, "a red fox", "blur")
    assert (recipe.seed, recipe.steps) == (7, 2)
    assert min(recipe.steps_run, recipe.num_forwards, recipe.num_prompt_tokens) >= 1
    assert all((recipe.engine, recipe.device, recipe.precision, recipe.versions))
    with PillowImage.open(image.path) as opened:
        assert opened.size == (64, 64)
    return recipe


@pytest.mark.parametrize("model", MODELS)
def test_the_same_request_file_runs_on_every_engine(studio, tmp_path, model):
    recipe = released_by(studio, tmp_path, model)
    assert recipe.ingredients["form"].startswith("sha256:")
    assert recipe.cost == ("0.04 USD" if model == "far-service" else None)


def test_the_same_request_file_runs_on_the_model_inside(studio, tmp_path):
    inside = EmbeddedGenerator()
    studio.parts._open_generator = lambda: inside
    released_by(studio, tmp_path, inside.card.name)


@pytest.mark.parametrize("engine", ["diffusers", "sdcpp"])
def test_the_same_request_file_runs_on_the_real_libraries(studio, tmp_path, real_model, engine):
    """In an environment of their own, which a variable names as the setting does."""
    released_by(studio, tmp_path, real_model(engine))


def test_an_engine_of_ones_own_runs_with_the_interpreter_it_names(studio, home, tmp_path):
    python, noted = tmp_path / "python", tmp_path / "noted"
    python.write_text(f'#!/bin/sh\necho "$2" > {noted}\nexec {sys.executable} "$@"\n')
    python.chmod(0o700)
    environment = {"LIMNER_ENGINES": f"painted=process_engine:open_painted@{python}"}
    own = open_shelf(read_settings(default_home=home, environment=environment))
    studio.parts._open_model = own.open
    (image,) = studio.generate("a red fox", seed=7, size="32x32", model="far-process")
    own.open("far-process").close()
    assert (image.outcome, noted.read_text().strip()) == (
        Outcome.RELEASED,
        "limner.generators.process.child",
    )


def test_every_engine_is_told_the_same(studio):
    """All three paint with one brush, so what reached them is the same if the pictures are."""
    asked = {"seed": 7, "size": "32x32", "steps": 3, "guidance": 2.0, "negative": "blur"}
    images = [studio.generate("a red fox", model=model, **asked)[0] for model in MODELS]
    first, *others = [decode_rgba(image.content) for image in images]
    assert all(np.array_equal(first, other) for other in others)


def test_what_a_service_costs_is_in_the_file_that_leaves(studio):
    (image,) = studio.generate("a red fox", seed=1, size="32x32", model="far-service")
    with PillowImage.open(io.BytesIO(image.content)) as opened:
        assert read_texts(opened).own["cost"] == "0.04 USD"


@pytest.mark.parametrize("model", MODELS)
def test_an_adapter_no_engine_has_is_refused_by_name(studio, model):
    with pytest.raises(BadInput, match="Unknown adapter 'oil'; allowed are none"):
        studio.generate("a fox", model=model, adapters=["oil"], size="32x32")


def test_steps_a_service_does_not_take_are_refused(studio, shelf):
    form = shelf.form("far-service")
    fields = {name: field for name, field in FIELDS.items() if name != "steps"}
    shelf.keep(replace(form, options={**form.options, "fields": fields}, steps=IntSpan(1, 1, 1)))
    with pytest.raises(BadInput, match="The steps is 3; allowed are 1 to 1"):
        studio.generate("a fox", model="far-service", steps=3, size="32x32")


def test_a_job_outlives_a_restart_of_comfyui(studio, comfyui):
    request = Request(
        prompt="a red fox", seed=1, num_images=2, size=Size(32, 32), model="far-workflow"
    )
    job_id = studio.jobs.submit(request, owner="ann").job_id
    comfyui.fault = "restart"
    run_worker(studio.parts, stop=Event(), is_once=True)
    job = studio.jobs.get(job_id)
    assert (job.state, job.attempts) == (JobState.FINISHED, 2)
    assert sorted(one.seed for one in job.images) == [1, 2]


def test_a_job_outlives_its_killed_engine(studio, shelf):
    request = Request(
        prompt="a red fox", seed=1, num_images=2, size=Size(32, 32), model="far-process"
    )
    job_id = studio.jobs.submit(request, owner="ann").job_id
    os.kill(shelf.open("far-process").pid, 9)
    run_worker(studio.parts, stop=Event(), is_once=True)
    job = studio.jobs.get(job_id)
    assert job.state is JobState.FINISHED
    assert sorted(one.seed for one in job.images) == [1, 2]


def test_jobs_that_wait_share_a_pass_and_each_gets_its_own(studio, home):
    engines = {"LIMNER_ENGINES": "shared=process_engine:open_shared"}
    shared = open_shelf(read_settings(default_home=home, environment=engines))
    form = form_of("far-shared", "shared", "/nowhere", options={"seconds_per_step": 0.05})
    shared.keep(form)
    studio.parts._open_model, studio.parts._model_names = shared.open, shared.names
    prompts = ("a red fox", "a blue boat", "a tree", "a house")
    job_ids = [
        studio.jobs.submit(
            Request(prompt=prompt, seed=number, size=Size(32, 32), model="far-shared"),
            owner=f"owner {number % 2}",
        ).job_id
        for number, prompt in enumerate(prompts)
    ]
    run_worker(studio.parts, stop=Event(), is_once=True)
    jobs = [studio.jobs.get(job_id) for job_id in job_ids]
    shared.open("far-shared").close()
    assert [job.state for job in jobs] == [JobState.FINISHED] * 4
    recipes = [studio.parts.store.image_by_id(job.images[0].image_id).recipe for job in jobs]
    assert [(one.prompt, one.seed) for one in recipes] == list(zip(prompts, range(4), strict=True))
    assert max(one.batch_size for one in recipes) > 1
