"""The fields of the web UI's interface: those that are honoured, and what becomes of the others.

Clients send the whole of their settings whatever is used, so a field that is not honoured is
passed over in silence where it is switched off, or has no meaning here. Where it would give
another picture, it is refused by name; where it would change little, it is named in a warning.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

MAX_SIDE = 100_000  # no limit of ours; the card has that


class DrawingFields(BaseModel):
    """What ``txt2img`` takes and honours."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    prompt: str = ""
    negative_prompt: str | None = None
    seed: int | None = Field(default=None, ge=-1, le=2**32 - 1)
    sampler_name: str | None = None
    sampler_index: str | None = None
    batch_size: int | None = Field(default=None, ge=1, le=64)
    n_iter: int | None = Field(default=None, ge=1, le=64)
    steps: int | None = None
    cfg_scale: float | None = None
    width: int | None = Field(default=None, ge=1, le=MAX_SIDE)
    height: int | None = Field(default=None, ge=1, le=MAX_SIDE)
    override_settings: dict[str, object] | None = None
    send_images: bool | None = None
    force_task_id: str | None = None


class TextFields(DrawingFields):
    """What ``txt2img`` takes and honours besides: the second pass, called hires fix there."""

    enable_hr: bool | None = None
    denoising_strength: float | None = Field(default=None, ge=0, le=1)
    hr_scale: float | None = Field(default=None, ge=1, le=8)
    hr_resize_x: int | None = Field(default=None, ge=0, le=MAX_SIDE)
    hr_resize_y: int | None = Field(default=None, ge=0, le=MAX_SIDE)


class PaintingFields(DrawingFields):
    """What ``img2img`` takes and honours besides."""

    init_images: list[str] | None = None
    denoising_strength: float | None = Field(default=None, ge=0, le=1)
    mask: str | None = None
    mask_blur: float | None = Field(default=None, ge=0, le=256)
    mask_blur_x: float | None = Field(default=None, ge=0, le=256)
    mask_blur_y: float | None = Field(default=None, ge=0, le=256)
    inpainting_mask_invert: int | None = Field(default=None, ge=0, le=1)
    resize_mode: int | None = Field(default=None, ge=0, le=3)
    include_init_images: bool | None = None


class UpscaleFields(BaseModel):
    """What ``extra-single-image`` takes and honours."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    image: str
    resize_mode: int = Field(default=0, ge=0, le=1)
    upscaling_resize: float = Field(default=2, gt=0, le=8)
    upscaling_resize_w: int = Field(default=512, ge=1, le=MAX_SIDE)
    upscaling_resize_h: int = Field(default=512, ge=1, le=MAX_SIDE)
    upscaling_crop: bool = True
    upscaler_1: str = "None"


class PictureFields(BaseModel):
    """What ``png-info`` takes."""

    image: str


OFF: Mapping[str, tuple[object, ...]] = {
    "styles": ([],),
    "subseed_strength": (0,),
    "seed_resize_from_w": (-1, 0),
    "seed_resize_from_h": (-1, 0),
    "restore_faces": (False,),
    "tiling": (False,),
    "refiner_checkpoint": ("", "None"),
    "enable_hr": (False,),
    "script_name": ("", "None"),
    "alwayson_scripts": ({},),
    "codeformer_visibility": (0,),
    "gfpgan_visibility": (0,),
    "extras_upscaler_2_visibility": (0,),
}
"""Refused unless switched off: by these values, or ``null``."""

HIRES_SAME: Mapping[str, tuple[object, ...]] = {
    "hr_prompt": ("",),
    "hr_negative_prompt": ("",),
    "hr_checkpoint_name": ("", "None", "Use same checkpoint"),
}
"""Of a second pass: refused unless they leave it what the first is, or are ``null``."""

HIRES_USUAL: Mapping[str, tuple[object, ...]] = {
    "hr_upscaler": ("", "None", "Lanczos"),
    "hr_second_pass_steps": (0,),
    "hr_sampler_name": ("", "Use same sampler"),
    "hr_scheduler": ("", "Automatic", "automatic", "Use same scheduler"),
    "hr_cfg": (0, 1),
    "hr_additional_modules": ([], ["Use same choices"]),
}
"""Of a second pass: named in a warning unless they have these values, or ``null``."""

USUAL: Mapping[str, tuple[object, ...]] = {
    "scheduler": ("", "automatic", "Automatic"),
    "clip_skip": (0, 1),
    "eta": (0,),
    "s_churn": (0,),
    "s_tmin": (0,),
    "s_tmax": (0,),
    "s_noise": (1,),
    "s_min_uncond": (0,),
    "image_cfg_scale": (0, 1, 1.5),
    "initial_noise_multiplier": (1,),
    "inpainting_fill": (0, 1),
}
"""Named in a warning unless they have these values, or ``null``."""

WITHOUT_MEANING = frozenset(
    {
        "subseed", "refiner_switch_at", "disable_extra_networks", "firstpass_image",
        "firstphase_width", "firstphase_height", "hr_scale", "hr_upscaler",
        "hr_second_pass_steps", "hr_resize_x", "hr_resize_y", "hr_checkpoint_name",
        "hr_sampler_name", "hr_scheduler", "hr_prompt", "hr_negative_prompt", "hr_cfg",
        "hr_additional_modules", "denoising_strength", "script_args", "save_images",
        "do_not_save_samples", "do_not_save_grid", "override_settings_restore_afterwards",
        "comments", "infotext", "inpaint_full_res", "inpaint_full_res_padding",
        "latent_mask", "mask_round", "show_extras_results", "upscale_first", "upscaler_2",
        "codeformer_weight", "url", "auth",
    }
)  # fmt: skip
"""Say nothing about the picture where what they belong to is switched off, or here at all.

``url`` and ``auth`` are what SillyTavern sends along of its own; they are never echoed.
"""

SETTINGS_USUAL: Mapping[str, tuple[object, ...]] = {
    "sd_vae": ("", "None", "Automatic", "automatic"),
    "CLIP_stop_at_last_layers": (0, 1),
    "forge_additional_modules": ([],),
    "samples_format": ("png",),
}
"""Of ``override_settings``; others are named in a warning."""
