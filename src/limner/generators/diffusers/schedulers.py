"""Schedulers by the names a request may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from limner.core.errors import BadInput, GeneratorUnavailable

DEFAULT = "default"
"""The scheduler a model came with."""


class Scheduler(NamedTuple):
    """A class of diffusers and what it is given besides the model's own settings."""

    name: str
    settings: Mapping[str, object] = {}


SCHEDULERS: Mapping[str, Scheduler] = {
    "ddim": Scheduler("DDIMScheduler"),
    "ddpm": Scheduler("DDPMScheduler"),
    "deis": Scheduler("DEISMultistepScheduler"),
    "dpmpp-2m": Scheduler("DPMSolverMultistepScheduler"),
    "dpmpp-2m-karras": Scheduler("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    "dpmpp-2m-sde": Scheduler("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "dpmpp-sde": Scheduler("DPMSolverSDEScheduler"),
    "euler": Scheduler("EulerDiscreteScheduler"),
    "euler-a": Scheduler("EulerAncestralDiscreteScheduler"),
    "euler-karras": Scheduler("EulerDiscreteScheduler", {"use_karras_sigmas": True}),
    "heun": Scheduler("HeunDiscreteScheduler"),
    "lcm": Scheduler("LCMScheduler"),
    "lms": Scheduler("LMSDiscreteScheduler"),
    "pndm": Scheduler("PNDMScheduler"),
    "unipc": Scheduler("UniPCMultistepScheduler"),
    "flow-euler": Scheduler("FlowMatchEulerDiscreteScheduler"),
    "flow-heun": Scheduler("FlowMatchHeunDiscreteScheduler"),
}

NOISE_SAMPLERS = (DEFAULT, *(name for name in SCHEDULERS if not name.startswith("flow-")))
"""For models that were trained to take noise away."""

FLOW_SAMPLERS = (DEFAULT, "flow-euler", "flow-heun")
"""For models that were trained on a flow."""


def open_scheduler(name: str, own: Any, seeds: Sequence[int]) -> Any:  # noqa: ANN401 - no types
    """A scheduler by its name, with the settings of the one the model came with.

    Args:
        name: a sampler of the card.
        own: the scheduler the model came with.
        seeds: of the pictures, for a scheduler that draws noise by itself.

    Raises:
        BadInput: there is no such scheduler, or it does not go with this model.
        GeneratorUnavailable: it needs a library that is not installed here.
    """
    if name == DEFAULT:
        return _seeded(own.from_config(own.config), seeds)
    if name not in SCHEDULERS:
        raise BadInput(f"Unknown sampler {name!r}; allowed are {', '.join(SCHEDULERS)}.")
    chosen = SCHEDULERS[name]
    compatible = {one.__name__ for one in own.compatibles} | {type(own).__name__}
    is_flow = type(own).__name__.startswith("Flow")
    goes_with_kind = is_flow if name.startswith("flow-") else name == "lcm" and not is_flow
    if chosen.name not in compatible and not goes_with_kind:
        raise BadInput(
            f"The sampler {name!r} does not go with this model, which came with "
            f"{type(own).__name__}.",
            code="sampler_unknown",
        )
    made = getattr(import_module("diffusers"), chosen.name)
    try:
        scheduler = made.from_config(own.config, **chosen.settings)
    except ImportError as error:
        raise GeneratorUnavailable(
            f"The sampler {name!r} needs scipy or torchsde, which cannot be imported here.",
            hint="Install it with: pip install 'limner[diffusers]'",
        ) from error
    return _seeded(scheduler, seeds)


def _seeded(scheduler: Any, seeds: Sequence[int]) -> Any:  # noqa: ANN401 - no types
    """One that does not use the pictures' own generators is given their seeds."""
    if hasattr(scheduler, "noise_sampler_seed"):
        scheduler.noise_sampler_seed = list(seeds)
    return scheduler
