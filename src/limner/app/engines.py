"""Engines, wired: which runs a model of the shelf, what describes one, and what each needs.

Nothing heavy is imported until it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from limner.core.errors import ModelFormInvalid
from limner.core.forms import ModelForm
from limner.core.models import Licence
from limner.core.ports import Generator
from limner.core.records import Size
from limner.core.settings import Settings
from limner.studio.model_shelf import ModelShelf

if TYPE_CHECKING:
    from limner.generators.examining import Finding
    from limner.generators.process.generator import Room

DIFFUSERS = "limner.generators.diffusers.generator:open_generator"  # in a process of its own
SDCPP = "limner.generators.sdcpp.generator:open_generator"  # the same
GRAPH = "limner.generators.enlarging.graph:open_generator"  # the same
OURS = {"diffusers": DIFFUSERS, "sdcpp": SDCPP, "onnx": GRAPH}
ENGINES = ("diffusers", "sdcpp", "openai", "comfyui", "onnx")


def open_shelf(settings: Settings) -> ModelShelf:
    """The further models of the data folder; opening one loads nothing."""
    from limner.generators.process.generator import Room

    room = Room(settings.engine_idle_seconds)  # one model at a time, whatever its engine
    return ModelShelf(settings.home, lambda form: open_engine(settings, form, room))


def open_engine(settings: Settings, form: ModelForm, room: Room) -> Generator:
    """A generator by the form of a model; loads nothing.

    Raises:
        ModelFormInvalid: its engine is not known, or an option is not allowed.
    """
    if form.engine == "openai":
        from limner.generators.services.openai import OpenAIGenerator

        return OpenAIGenerator(form, settings.service_keys, settings.service_proxy)
    if form.engine == "comfyui":
        from limner.generators.services.comfyui import ComfyUIGenerator

        return ComfyUIGenerator(form, settings.service_keys, settings.service_proxy)
    openers = {name: one.opener for name, one in settings.engines.items()} | OURS
    if form.engine in openers:
        from limner.generators.process.generator import ProcessGenerator
        from limner.generators.process.outside import Housing

        housing = Housing(
            engine=openers[form.engine],
            python=_python_of(settings, form.engine),
            memory_mb=settings.engine_memory_mb,
            python_setting=_python_setting(settings, form.engine),
        )
        return ProcessGenerator(form, housing, room)
    raise ModelFormInvalid(
        f"The model {form.name!r} has the engine {form.engine!r}; allowed are "
        f"{', '.join((*ENGINES, *settings.engines))}.",
        hint="Name further ones in the setting 'engines'.",
    )


def describe_model(
    name: str,
    location: str,
    licence: Licence,
    *,
    engine: str | None = None,
    workflow: object = None,
    inputs: Mapping[str, str] | None = None,
    canvases: Sequence[Size] = (),
    options: Mapping[str, object] | None = None,
) -> ModelForm:
    """The form of a model from where it is and what is said of it; loads and calls nothing.

    Args:
        name: it shall have.
        location: a folder, a file, or the address of a service.
        licence: as whoever adds it read it.
        engine: that draws with it; ``None`` for the one that goes with the location.
        workflow: of ComfyUI.
        inputs: of the workflow, ``NODE.INPUT`` by name.
        canvases: sizes a service draws.
        options: of the engine.

    Raises:
        ModelFormInvalid: the engine is not known, or what is said does not go with it.
        WeightsRefused: the files are no model, or are not opened.
    """
    chosen = engine or _engine_at(location, has_workflow=workflow is not None)
    _require_taken(
        name,
        chosen,
        ("a workflow", workflow, "comfyui"),
        ("inputs", inputs, "comfyui"),
        ("canvases", canvases, "openai"),
    )
    match chosen:
        case "comfyui":
            from limner.generators.services.comfyui_workflow import describe as describe_workflow

            form = describe_workflow(name, location, workflow, licence, inputs=inputs)
            return replace(form, options={**form.options, **(options or {})})
        case "openai":
            from limner.generators.services.openai_describing import describe as describe_service

            return describe_service(name, location, licence, canvases=canvases, options=options)
        case "diffusers":
            from limner.generators.diffusers.describing import describe as describe_pipeline

            return describe_pipeline(name, Path(location).expanduser(), licence, options=options)
        case "sdcpp":
            from limner.generators.sdcpp.describing import describe as describe_weights

            return describe_weights(name, Path(location).expanduser(), licence, options=options)
        case "onnx":
            from limner.generators.enlarging.graph import describe as describe_graph

            return describe_graph(name, Path(location).expanduser(), licence, options=options)
        case _:
            raise ModelFormInvalid(
                f"Unknown engine {chosen!r}; allowed are {', '.join(ENGINES)}.",
            )


def fetch_model(settings: Settings, name: str, location: str) -> str:
    """Where a model is: of one of the hub the folder of the data folder it is fetched into.

    Raises:
        BadInput: it is said to be of the hub, and is not, or cannot be fetched.
    """
    from limner.generators.diffusers.fetching import fetch_pipeline, hub_name_of
    from limner.studio.model_shelf import FOLDER

    hub_name = hub_name_of(location)
    if not hub_name:
        return location
    folder = settings.home / FOLDER / name
    fetch_pipeline(hub_name, folder, settings.diffusers_python)
    return str(folder)


def _require_taken(name: str, engine: str, *given: tuple[str, object, str]) -> None:
    """Refuse what only another engine takes; each is what it is, its value, who takes it."""
    for what, said, taker in given:
        if said and engine != taker:
            raise ModelFormInvalid(
                f"The model {name!r} is given {what}, and its engine is {engine!r}; only "
                f"{taker!r} takes that.",
                hint="Leave it out, or change the form afterwards.",
            )


def examine_model(settings: Settings, name: str) -> list[Finding]:
    """What is missing before a model of the shelf can draw, and the fix of each.

    Raises:
        BadInput: there is no such model.
    """
    from limner.generators.examining import Finding, examine_engine
    from limner.generators.examining import examine_model as examine

    shelf = open_shelf(settings)
    form = shelf.form(name)
    try:
        generator = shelf.open(name)
    except ModelFormInvalid as error:
        return [Finding("form", False, error.message, error.hint or "Correct the form.")]
    python = _python_of(settings, form.engine)
    return [
        _examined_engine(settings, form.engine, examine_engine),
        *examine(form, generator, python),
    ]


def examine_engines(settings: Settings) -> list[Finding]:
    """What each engine needs, and whether it is there."""
    from limner.generators.examining import ENGINE_NEEDS, examine_engine

    engines = dict.fromkeys((*ENGINE_NEEDS, *settings.engines))
    return [_examined_engine(settings, engine, examine_engine) for engine in engines]


def _examined_engine(
    settings: Settings, engine: str, examine: Callable[[str, Path | None, str], Finding]
) -> Finding:
    return examine(engine, _python_of(settings, engine), _python_setting(settings, engine))


def _python_of(settings: Settings, engine: str) -> Path | None:
    """The interpreter of the environment an engine lives in; ``None`` for this one."""
    pythons = {name: one.python for name, one in settings.engines.items()}
    ours = {"diffusers": settings.diffusers_python, "sdcpp": settings.sdcpp_python}
    return {**pythons, **ours}.get(engine)


def _python_setting(settings: Settings, engine: str) -> str:
    """The setting that names the interpreter of an engine; empty where none does."""
    if engine in ("diffusers", "sdcpp"):
        return f"{engine}_python"
    return "engines" if engine in settings.engines else ""


def _engine_at(location: str, *, has_workflow: bool) -> str:
    is_service = location.startswith(("http://", "https://"))
    if has_workflow:
        return "comfyui"
    for suffix, engine in ((".onnx", "onnx"), (".gguf", "sdcpp")):
        if location.endswith(suffix):
            return engine
    return "openai" if is_service else "diffusers"


def open_enlargers(settings: Settings) -> Mapping[str, Callable[[], Generator]]:
    """What every install enlarges with, by name, the usual one first; opening one loads nothing."""
    return {"lanczos": _open_lanczos, "enlarge-head": lambda: _open_head(settings)}


def _open_lanczos() -> Generator:
    from limner.generators.enlarging.lanczos import open_lanczos

    return open_lanczos()


def _open_head(settings: Settings) -> Generator:
    from limner.generators.embedded.enlarging import open_head

    return open_head(num_threads=settings.num_threads)
