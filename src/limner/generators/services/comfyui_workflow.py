"""A workflow of ComfyUI as a model: its graph, and which of its inputs a request fills.

The graph is kept in the form itself, so that its hash is part of every recipe and a changed file
changes nothing unseen. Nothing here speaks with anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from limner.core.errors import ModelFormInvalid
from limner.core.forms import ModelForm
from limner.core.models import Licence
from limner.core.ports import Ability, FloatSpan, IntSpan
from limner.core.records import Operation, Size
from limner.generators.services.promises import CARRIED, require_carried

ENGINE = "comfyui"
INPUTS = ("prompt", *CARRIED, "width", "height", "image", "mask")
"""Names a request can fill; an input of a node each, written ``NODE.INPUT``."""

SEEDS = ("seed", "noise_seed")
SAMPLER_INPUTS = {"steps": "steps", "cfg": "guidance", "sampler_name": "sampler"}
LOADERS = {"LoadImage": "image", "LoadImageMask": "mask"}
MAX_LINKS = 32  # followed from a sampler to its text
USUAL_SIDE_PX = 1024

Graph = Mapping[str, Mapping[str, Any]]


class Place(NamedTuple):
    """An input of a node."""

    node: str
    name: str

    def __str__(self) -> str:
        """As a form has it."""
        return f"{self.node}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A graph and the inputs that a request fills.

    Attributes:
        graph: nodes by their ids, as ComfyUI exports them for its API.
        inputs: where each name goes.
        output: the node whose picture is taken; empty where the graph has one only.
    """

    graph: Graph
    inputs: Mapping[str, Place]
    output: str = ""

    @property
    def stepping_node(self) -> str:
        """The node whose progress is told in steps; empty where none is known."""
        place = self.inputs.get("steps") or self.inputs.get("seed")
        return "" if place is None else place.node

    def filled(self, values: Mapping[str, object]) -> dict[str, Any]:
        """The graph with values where their names go; those without a place are left out."""
        graph = cast("dict[str, Any]", deepcopy(dict(self.graph)))
        for name, place in self.inputs.items():
            if name in values:
                graph[place.node]["inputs"][place.name] = values[name]
        return graph


def workflow_of(form: ModelForm) -> Workflow:
    """The workflow among the options of a form.

    Raises:
        ModelFormInvalid: it is none, or an input is not in it, or the form promises another one.
    """
    graph = graph_of(form.options.get("workflow"), form.name)
    said: object = form.options.get("inputs", {})
    if not isinstance(said, dict):
        raise form.refusal("inputs", f"NODE.INPUT by {', '.join(INPUTS)}")
    named = {str(key): str(value) for key, value in cast("dict[object, object]", said).items()}
    inputs = {name: _place(graph, name, text, form.name) for name, text in named.items()}
    output = form.text("output")
    if output and output not in graph:
        raise form.refusal("output", "the id of a node of the workflow")
    _require_promised(form, inputs)
    return Workflow(graph=graph, inputs=inputs, output=output)


def graph_of(said: object, name: str) -> Graph:
    """A graph in the form that ComfyUI's API takes.

    Raises:
        ModelFormInvalid: it is another thing, such as what its page saves.
    """
    nodes = _mapping(said)
    if "nodes" in nodes and "links" in nodes:
        raise ModelFormInvalid(
            f"The workflow of the model {name!r} is in the form that ComfyUI's page saves.",
            hint="Save it with Export (API) in ComfyUI's menu.",
        )
    graph = {str(key): _mapping(node) for key, node in nodes.items()}
    if not graph or not all(
        isinstance(one.get("class_type"), str) and isinstance(one.get("inputs"), Mapping)
        for one in graph.values()
    ):
        raise ModelFormInvalid(
            f"The workflow of the model {name!r} is no graph of nodes with class_type and inputs.",
            hint="Save it with Export (API) in ComfyUI's menu.",
        )
    return graph


def describe(
    name: str,
    location: str,
    workflow: object,
    licence: Licence,
    *,
    inputs: Mapping[str, str] | None = None,
) -> ModelForm:
    """The form of a workflow; inputs that are not named are looked for at its sampler.

    Args:
        name: it shall have.
        location: address of ComfyUI, such as ``http://127.0.0.1:8188``.
        workflow: the graph.
        licence: of the models in it, as whoever adds it read it.
        inputs: ``NODE.INPUT`` by the names in `INPUTS`.

    Raises:
        ModelFormInvalid: it is no graph, an input is not in it, or nobody knows where the prompt
            goes.
    """
    graph = graph_of(workflow, name)
    given = {key: _place(graph, key, text, name) for key, text in (inputs or {}).items()}
    places = {**guess_inputs(graph), **given}
    found = {key: graph[place.node]["inputs"].get(place.name) for key, place in places.items()}
    side = (found.get("width", USUAL_SIDE_PX), found.get("height", USUAL_SIDE_PX))
    canvas = Size(*(one if isinstance(one, int) else USUAL_SIDE_PX for one in side))
    steps, guidance = found.get("steps"), found.get("guidance")
    num_steps = steps if isinstance(steps, int) else 1
    scale = float(guidance) if isinstance(guidance, int | float) else 1.0
    return ModelForm(
        name=name,
        version="1",
        engine=ENGINE,
        location=location,
        files={},
        licence=licence,
        canvases=(canvas,),
        side_px=IntSpan(16, 4 * max(canvas), max(canvas)),
        steps=IntSpan(1, max(150, num_steps), num_steps) if steps else IntSpan(1, 1, 1),
        guidance=FloatSpan(0.0, max(30.0, scale), scale) if guidance else FloatSpan(1.0, 1.0, 1.0),
        samplers=(str(found.get("sampler", "workflow")),),
        strength=FloatSpan(0.01, 1.0, 0.6) if "strength" in places else FloatSpan(1.0, 1.0, 1.0),
        max_prompt_tokens=2000,
        operations=_operations(places),
        abilities=frozenset(one for one in (Ability.SEED, Ability.NEGATIVE) if str(one) in places),
        options={"workflow": dict(graph), "inputs": {key: str(one) for key, one in places.items()}},
    )


def guess_inputs(graph: Graph) -> dict[str, Place]:
    """Where a request's values go in a graph with one usual sampler; empty for any other."""
    samplers = [
        node
        for node, one in graph.items()
        if "positive" in one["inputs"] and any(seed in one["inputs"] for seed in SEEDS)
    ]
    if len(samplers) != 1:
        return {}
    node, given = samplers[0], graph[samplers[0]]["inputs"]
    places = {"seed": Place(node, next(seed for seed in SEEDS if seed in given))}
    places |= {ours: Place(node, name) for name, ours in SAMPLER_INPUTS.items() if name in given}
    for name, link in (("prompt", "positive"), ("negative", "negative")):
        if (text := _text_behind(graph, given.get(link))) is not None:
            places[name] = text
    if places.get("negative") == places.get("prompt"):
        places.pop("negative", None)
    latent = _linked(given.get("latent_image"))
    if latent in graph and {"width", "height"} <= graph[latent]["inputs"].keys():
        places |= {name: Place(latent, name) for name in ("width", "height")}
    for loader, one in graph.items():
        if (name := LOADERS.get(one["class_type"])) and name not in places:
            places[name] = Place(loader, "image")
    if "image" in places and "denoise" in given:
        places["strength"] = Place(node, "denoise")
    return places


def _operations(places: Mapping[str, Place]) -> frozenset[Operation]:
    """A graph that loads a picture, or a mask as well, draws from nothing else."""
    if "image" in places:
        return frozenset({Operation.MASK if "mask" in places else Operation.IMAGE})
    return frozenset({Operation.TEXT})


def _place(graph: Graph, name: str, text: str, model: str) -> Place:
    node, _, key = text.rpartition(".")
    if name not in INPUTS:
        raise ModelFormInvalid(
            f"The model {model!r} names the unknown input {name!r}; allowed are "
            f"{', '.join(INPUTS)}."
        )
    if node not in graph or key not in graph[node]["inputs"]:
        raise ModelFormInvalid(
            f"The input {name!r} of the model {model!r} is {text!r}; allowed is NODE.INPUT of its "
            "workflow, such as 6.text."
        )
    return Place(node, key)


def _require_promised(form: ModelForm, inputs: Mapping[str, Place]) -> None:
    require_carried(form, inputs, "inputs")
    needed = {
        Operation.TEXT: ("prompt",),
        Operation.IMAGE: ("image",),
        Operation.MASK: ("image", "mask"),
    }
    if Operation.TEXT in form.operations and "image" in inputs:
        raise ModelFormInvalid(
            f"The model {form.name!r} starts from 'text', and its workflow loads a picture.",
            hint="Leave 'text' out of its operations, or 'image' out of its option 'inputs'.",
        )
    for operation in form.operations:
        for name in needed[operation]:
            if name not in inputs:
                raise ModelFormInvalid(
                    f"The model {form.name!r} starts from {operation.value!r}, and its option "
                    f"'inputs' does not say where the {name} goes.",
                    hint=f"Name it there, as in {{{name}: NODE.INPUT}}.",
                )
    if len(form.canvases) > 1 and not {"width", "height"} <= inputs.keys():
        raise ModelFormInvalid(
            f"The model {form.name!r} has several canvases, and its option 'inputs' does not say "
            "where width and height go."
        )


def _text_behind(graph: Graph, link: object) -> Place | None:
    """The text that a conditioning comes from, through nodes that change it."""
    node = _linked(link)
    for _ in range(MAX_LINKS):
        given = _mapping(graph[node]["inputs"] if node in graph else None)
        for name in ("text", "prompt", "t5xxl"):
            if isinstance(given.get(name), str):
                return Place(node, name)
        node = next((found for one in given.values() if (found := _linked(one))), "")
    return None


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _linked(value: object) -> str:
    """The node a link leads to; empty for what is no link."""
    if not isinstance(value, list) or len(cast("list[object]", value)) != 2:
        return ""
    return str(cast("list[object]", value)[0])
