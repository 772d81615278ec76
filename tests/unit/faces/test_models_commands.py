"""`limner models`: what is added, listed, tried, examined and removed."""

import json
import sys
from importlib.metadata import version

import pytest
from comfyui_service import GRAPH, comfyui_service
from images_service import images_service

from limner.app import describe_model
from limner.core.models import Licence
from limner.generators.examining import ENGINE_NEEDS, examine_engine, examine_model
from limner.testing import PaintedGenerator

LICENCE = ["--licence", "LicenseRef-terms", "--licence-source", "https://x/terms"]
READ = [*LICENCE, "--licence-read-by", "Ann"]
SMALL = ["--canvas", "32x32", "--option", "service_model=painted"]
FIELDS = "fields={seed: seed, negative: negative_prompt, steps: steps, guidance: guidance}"


@pytest.fixture
def service():
    with images_service() as running:
        yield running


def objects(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_service_is_added_without_being_called(limner, service):
    added = limner("models", "add", "far", service.url, *READ, "--option", FIELDS)
    assert (added.exit_code, service.asked) == (0, [])
    assert "limner models doctor far" in added.stderr


def test_models_are_listed_the_shipped_one_first(limner, service):
    limner("models", "add", "far", service.url, *READ, "--use", "research")
    found = objects(limner("models", "list", "--json"))
    assert [(one["name"], one["engine"], one["uses"]) for one in found] == [
        ("painted", "numpy", []),
        ("far", "openai", ["research"]),
    ]


def test_a_form_is_shown_as_it_is_kept(limner, service, home):
    limner("models", "add", "far", service.url, *READ)
    shown = limner("models", "show", "far").stdout
    assert shown == (home / "models" / "far.yaml").read_text()
    assert "response_format: b64_json" in shown


def test_a_removed_model_is_not_listed_any_more(limner, service):
    limner("models", "add", "far", service.url, *READ)
    assert limner("models", "remove", "far").exit_code == 0
    assert [one["name"] for one in objects(limner("models", "list", "--json"))] == ["painted"]


def test_a_model_that_keeps_every_fact_passes(limner, service):
    limner("models", "add", "far", service.url, *READ, *SMALL, "--option", FIELDS)
    tried = limner("models", "test", "far", "--json")
    assert (tried.exit_code, {one["holds"] for one in objects(tried)}) == (0, {True, None})


def test_a_fact_that_does_not_hold_is_told_and_fails(limner, service):
    unseeded = "fields={seed: sede}"  # the service does not know it
    limner("models", "add", "far", service.url, *READ, *SMALL, "--option", unseeded)
    tried = limner("models", "test", "far")
    assert tried.exit_code == 5
    assert "Seeds 7 and 8 give the same picture." in tried.stdout


def test_the_shipped_model_can_be_tried(limner):
    assert limner("models", "test", "painted").exit_code == 0


def test_the_doctor_finds_nothing_missing_where_nothing_is(limner, service):
    limner("models", "add", "far", service.url, *READ, *SMALL)
    examined = limner("models", "doctor", "far")
    assert (examined.exit_code, "MISSING" in examined.stdout) == (0, False)
    assert "offers 'painted'" in examined.stdout


def test_the_doctor_tells_a_licence_nobody_read(limner, service):
    limner("models", "add", "far", service.url, *LICENCE, *SMALL)
    examined = limner("models", "doctor", "far")
    assert examined.exit_code == 5
    assert "--licence-read-by NAME" in examined.stdout


def test_the_doctor_tells_a_model_the_service_does_not_offer(limner, service):
    limner("models", "add", "far", service.url, *READ)
    assert "does not offer 'far'; it offers painted" in limner("models", "doctor", "far").stdout


def test_the_doctor_tells_a_key_the_service_refuses(limner, service):
    limner("models", "add", "far", service.url, *READ)
    service.replies = [lambda handler: handler.answer({"error": {"message": "no"}}, 401)]
    assert "Set the key for '127.0.0.1:" in limner("models", "doctor", "far").stdout


def test_the_doctor_tells_nodes_a_comfyui_does_not_have(limner, tmp_path):
    graph = {**GRAPH, "12": {"class_type": "SpecialNode", "inputs": {}}}
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(graph))
    with comfyui_service() as comfyui:
        limner("models", "add", "far", comfyui.url, *READ, "--workflow", str(path))
        examined = limner("models", "doctor", "far")
    assert "no nodes of the classes SpecialNode" in examined.stdout


def test_the_doctor_tells_a_file_that_was_changed(limner, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    limner("models", "add", "near", str(folder), *READ)
    (folder / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    examined = limner("models", "doctor", "near")
    assert examined.exit_code == 5
    assert "'model_index.json' has the hash" in examined.stdout


def test_the_doctor_tells_a_class_that_diffusers_does_not_have(limner, tmp_path, home):
    """Of a diffusers that is asked, as any interpreter is; here one with two classes."""
    package = tmp_path / "packages" / "diffusers"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('NAMES = ["FluxPipeline", "SanaPipeline"]')
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={package.parent} exec {sys.executable} "$@"\n')
    python.chmod(0o700)
    found = []
    for name in ("FluxPipeline", "EvilPipeline"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model_index.json").write_text(json.dumps({"_class_name": name}))
        form = describe_model(
            "near", str(folder), Licence(expression="A", source="L", reviewer="Ann")
        )
        found += [
            one
            for one in examine_model(form, PaintedGenerator(), python)
            if one.subject == "pipeline"
        ]
    assert [one.is_fine for one in found] == [True, False]
    assert "'EvilPipeline', a class that the diffusers there does not have" in found[1].told
    assert found[1].fix == f"{python} -m pip install --upgrade diffusers"


def test_the_doctor_tells_every_engine(limner):
    subjects = {one["subject"] for one in objects(limner("models", "doctor", "--json"))}
    assert subjects == {f"engine {engine}" for engine in ENGINE_NEEDS}


def test_a_library_that_is_missing_is_told_with_the_command_that_brings_it(tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho \'{"torch": "2.9"}\'\n')
    python.chmod(0o700)
    finding = examine_engine("diffusers", python)
    missing = (
        "limner, diffusers, transformers, accelerate, peft, safetensors, compel, torchsde, scipy"
    )
    assert finding.told == f"Not installed: {missing}."
    assert finding.fix == f"{python} -m pip install 'limner[diffusers]'"


def test_an_interpreter_with_another_limner_is_told_with_the_command_that_brings_this(tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho \'{"limner": "0.0.9"}\'\n')
    python.chmod(0o700)
    finding = examine_engine("noise", python)
    assert finding.told == f"It has limner 0.0.9; it must be {version('limner')}."
    assert finding.fix == f"{python} -m pip install 'limner=={version('limner')}'"


def test_an_interpreter_that_does_not_answer_is_told(tmp_path):
    finding = examine_engine("diffusers", tmp_path / "nothing", "diffusers_python")
    assert (finding.is_fine, "does not answer" in finding.told) == (False, True)
    assert finding.fix == "Name one that does in the setting 'diffusers_python'."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["painted", "http://x"], "is the shipped model's"),
        (["Far", "http://x"], "The name of the model is 'Far'"),
        (["far", "/nowhere"], "There is nothing at '/nowhere'"),
        (["far", "/"], "so it holds no model"),
        (["far", "http://x", "--engine", "abacus"], "Unknown engine 'abacus'"),
        (["far", "http://x", "--canvas", "big"], "allowed are sizes as WxH"),
        (["far", "http://x", "--option", "x"], "The option is 'x'; allowed is NAME=VALUE"),
        (["far", "http://x", "--option", "x={"], "is no YAML"),
        (["far", "http://x", "--option", "speed=9"], "unknown option 'speed'"),
        (["far", "http://x", "--workflow", "no.json"], "'no.json' cannot be read as JSON"),
        (["far", "http://x", "--engine", "comfyui"], "is no graph of nodes"),
        (["far", "http://x", "--input", "prompt=6.text"], "is given inputs, and its engine is"),
        (["far", "/x", "--canvas", "32x32"], "is given canvases, and its engine is 'diffusers'"),
    ],
)
def test_what_cannot_be_added_is_refused_and_leaves_nothing(limner, home, arguments, sentence):
    added = limner("models", "add", *arguments, *READ)
    assert added.exit_code == 2
    assert sentence in added.stderr
    assert list((home / "models").glob("*")) == []


def test_a_model_is_replaced_only_when_it_is_said(limner, service):
    limner("models", "add", "far", service.url, *READ)
    again = limner("models", "add", "far", service.url, *READ)
    assert (again.exit_code, "There is a model 'far' already" in again.stderr) == (2, True)
    assert limner("models", "add", "far", service.url, *READ, "--force").exit_code == 0


@pytest.mark.parametrize("command", ["show", "test", "remove", "doctor"])
def test_a_model_that_is_not_there_is_named(limner, command):
    answer = limner("models", command, "x")
    assert (answer.exit_code, "Unknown model 'x'" in answer.stderr) == (2, True)
