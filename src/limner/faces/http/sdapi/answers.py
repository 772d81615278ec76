"""What the web UI's interface answers: pictures with their ``info``, progress, lists."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from limner.core.jobs import Job, JobState
from limner.core.ports import GeneratorCard
from limner.core.recipe import Recipe
from limner.core.records import Operation
from limner.faces.http.compat.deliveries import Delivery, job_path
from limner.faces.http.sdapi.requests import Asked
from limner.studio.image import Image
from limner.studio.parameters_text import format_parameters, hash_of_ingredients

IDLE: dict[str, object] = {
    "skipped": False,
    "interrupted": False,
    "stopping_generation": False,
    "job": "",
    "job_count": 0,
    "job_timestamp": "0",
    "job_no": 0,
    "sampling_step": 0,
    "sampling_steps": 0,
}


class Model(NamedTuple):
    """The model as clients list one."""

    title: str
    name: str
    short_hash: str

    @classmethod
    def of(cls, card: GeneratorCard) -> Model:
        """The model of a card."""
        short_hash = hash_of_ingredients(card.ingredients)
        return cls(f"{card.name} [{short_hash}]", card.name, short_hash)


def drawing_document(asked: Asked, delivery: Delivery) -> dict[str, object]:
    """The answer to ``txt2img`` and ``img2img``.

    Only released images are in ``images``, and the lists of ``info`` go with them; ``limner``
    names the job and every image that is not there.
    """
    released = delivery.released if asked.sends_images else ()
    return {
        "images": [base64.b64encode(one.content).decode("ascii") for one in released],
        "parameters": dict(asked.parameters),
        "info": json.dumps(_info(asked, delivery.released, delivery.job.created_at)),
        "limner": {"job": job_path(delivery.job), "not_released": delivery.kept_document()},
    }


def progress_document(job: Job | None, preview: str | None) -> dict[str, object]:
    """The answer to ``progress``.

    Args:
        job: the caller's that is drawn or waits; ``None`` when none is.
        preview: base64 of a picture in the making.
    """
    if job is None:
        return {
            "progress": 0.0,
            "eta_relative": 0.0,
            "state": IDLE,
            "current_image": None,
            "textinfo": None,
        }
    progress = job.progress
    step, num_steps = (0, 0) if progress is None else (progress.step, progress.num_steps)
    num_done = len(job.images)
    within = step / num_steps if num_steps else 0.0
    state = IDLE | {
        "interrupted": job.state is JobState.CANCELLING,
        "job": job.job_id,
        "job_count": job.num_images,
        "job_timestamp": _stamp(job.created_at),
        "job_no": num_done,
        "sampling_step": step,
        "sampling_steps": num_steps,
    }
    left = None if progress is None else progress.seconds_left
    return {
        "progress": min(0.99, (num_done + within) / job.num_images),
        "eta_relative": left or 0.0,
        "state": state,
        "current_image": preview,
        "textinfo": str(job.state),
    }


def model_list(card: GeneratorCard) -> list[dict[str, object]]:
    """The answer to ``sd-models``: the one model there is."""
    model = Model.of(card)
    return [
        {
            "title": model.title,
            "model_name": model.name,
            "hash": model.short_hash,
            "sha256": None,
            "filename": model.name,
            "config": None,
        }
    ]


def options_document(card: GeneratorCard) -> dict[str, object]:
    """The answer to ``options``: those that clients read, and none that tells of this machine."""
    return {
        "sd_model_checkpoint": Model.of(card).title,
        "sd_checkpoint_hash": Model.of(card).short_hash,
        "sd_vae": "Automatic",
        "CLIP_stop_at_last_layers": 1,
        "samples_format": "png",
        "samples_save": True,
        "return_grid": False,
    }


def _info(asked: Asked, released: Sequence[Image], asked_at: datetime) -> dict[str, object]:
    recipes = [one.recipe for one in released]
    first = recipes[0]
    prompts, negatives = [one.prompt for one in recipes], [one.negative for one in recipes]
    seeds = [one.seed for one in recipes]
    return {
        "prompt": first.prompt,
        "all_prompts": prompts,
        "negative_prompt": first.negative,
        "all_negative_prompts": negatives,
        "seed": first.seed,
        "all_seeds": seeds,
        "subseed": first.seed,
        "all_subseeds": seeds,
        "subseed_strength": 0,
        "width": first.size.width_px,
        "height": first.size.height_px,
        "sampler_name": first.sampler,
        "cfg_scale": first.guidance,
        "steps": first.steps,
        "batch_size": asked.batch_size,
        "restore_faces": False,
        "face_restoration_model": None,
        **_model_info(first),
        "seed_resize_from_w": -1,
        "seed_resize_from_h": -1,
        "denoising_strength": _strength_of(first),
        "extra_generation_params": _second_pass_info(first),
        "index_of_first_image": 0,
        "infotexts": [format_parameters(one) for one in recipes],
        "styles": [],
        "job_timestamp": _stamp(asked_at),
        "clip_skip": 1,
        "is_using_inpainting_conditioning": False,
        "version": f"Limner {first.versions['limner']}",
    }


def _strength_of(recipe: Recipe) -> float | None:
    if recipe.second_pass is not None:
        return recipe.second_pass.strength
    return None if recipe.operation is Operation.TEXT else recipe.strength


def _second_pass_info(recipe: Recipe) -> dict[str, object]:
    if recipe.second_pass is None:
        return {}
    return {"Hires resize": str(recipe.canvas), "Hires upscaler": recipe.second_pass.enlarger}


def _model_info(recipe: Recipe) -> dict[str, object]:
    return {
        "sd_model_name": recipe.generator,
        "sd_model_hash": hash_of_ingredients(recipe.ingredients),
        "sd_vae_name": None,
        "sd_vae_hash": None,
    }


def _stamp(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S")
