"""What models of one pipeline class have in common, and what one of them differs in.

A class says what a pipeline draws from; the settings of its networks say what they were made for:
a U-Net that reads a picture and a mask beside the noise draws into masks and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from limner.core.records import DRAWING, Operation

TEXT_ONLY = frozenset({Operation.TEXT})
IMAGE_ONLY = frozenset({Operation.IMAGE})
MASK_ONLY = frozenset({Operation.MASK})
LARGE = ("1024x1024", "1152x896", "896x1152", "1216x832", "832x1216", "1344x768", "768x1344")

Settings = Mapping[str, Any]  # of a part, as its config.json has them


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What models of one pipeline class have in common.

    Attributes:
        canvases: sizes they were trained on.
        steps, guidance: the usual ones.
        max_prompt_tokens: that their text encoder reads, without its marks.
        operations: what they draw from.
        is_flow: trained on a flow.
        negative: whether a negative prompt is honoured.
        batch_size: pictures drawn together where nothing else is said.
        true_guidance: guidance is the pipeline's `true_cfg_scale`.
        guided: whether guidance changes anything.
        edits: a picture is read beside the prompt, whole, and is not where drawing starts.
        packing: squares of so many latents a side are drawn as one; 0 for the transformer's
            `patch_size`.
        divisor: what the pipeline demands sides to be divisible by, whatever its networks are.
        side_multiple: what sides are divisible by in all; filled in from the networks.
    """

    canvases: tuple[str, ...] = LARGE
    steps: int = 30
    guidance: float = 5.0
    max_prompt_tokens: int = 75
    operations: frozenset[Operation] = DRAWING
    is_flow: bool = False
    negative: bool = True
    batch_size: int = 1
    true_guidance: bool = False
    guided: bool = True
    edits: bool = False
    packing: int = 0
    divisor: int = 1
    side_multiple: int = 1


_SD = Family(
    canvases=("512x512", "576x448", "448x576", "640x384", "384x640"),
    guidance=7.5,
    batch_size=4,
    divisor=8,
)
_SDXL = Family(batch_size=2, divisor=8)
_FLUX = Family(
    steps=28, guidance=3.5, max_prompt_tokens=511, is_flow=True, negative=False, packing=2
)
_PIXART = Family(steps=20, guidance=4.5, max_prompt_tokens=119, operations=TEXT_ONLY, divisor=8)
_QWEN = Family(
    steps=50, guidance=4.0, max_prompt_tokens=500, is_flow=True, true_guidance=True, packing=2
)
_QWEN_EDIT = replace(_QWEN, operations=IMAGE_ONLY, edits=True)

FAMILIES: Mapping[str, Family] = {
    "StableDiffusionPipeline": _SD,
    "StableDiffusionInstructPix2PixPipeline": replace(_SD, operations=IMAGE_ONLY, edits=True),
    "StableDiffusionXLPipeline": _SDXL,
    "StableDiffusion3Pipeline": Family(steps=28, guidance=4.5, max_prompt_tokens=255, is_flow=True),
    "FluxPipeline": _FLUX,
    "FluxFillPipeline": replace(_FLUX, steps=50, guidance=30.0, operations=MASK_ONLY),
    "FluxKontextPipeline": replace(
        _FLUX, guidance=2.5, operations=TEXT_ONLY | IMAGE_ONLY, edits=True
    ),
    "PixArtAlphaPipeline": _PIXART,
    "PixArtSigmaPipeline": replace(_PIXART, max_prompt_tokens=299),
    "QwenImagePipeline": _QWEN,
    "QwenImageEditPipeline": _QWEN_EDIT,
    "QwenImageEditPlusPipeline": _QWEN_EDIT,
    "QwenImageEditInpaintPipeline": replace(_QWEN, operations=MASK_ONLY),
    "ZImagePipeline": Family(  # Turbo's; it guides from above 0 on, as others from above 1
        steps=9, guidance=0.0, max_prompt_tokens=500, is_flow=True, packing=2
    ),
    "SanaPipeline": Family(
        steps=20, guidance=4.5, max_prompt_tokens=299, is_flow=True, operations=TEXT_ONLY,
        divisor=32,
    ),
}  # fmt: skip
OTHER = Family(operations=TEXT_ONLY, negative=False)
SIBLINGS = {"Img2Img": IMAGE_ONLY, "Inpaint": MASK_ONLY}
"""What a class draws from by its name; the library draws from the rest with its siblings."""


def family_of(index: Mapping[str, Any], settings: Mapping[str, Settings]) -> Family:
    """The family of a model, with what its networks are made for.

    Args:
        index: of its parts.
        settings: of ``unet``, ``transformer`` and ``vae``; empty for those it does not have.
    """
    family = _by_class(str(index["_class_name"]))
    unet, transformer = settings["unet"], settings["transformer"]
    if index.get("requires_aesthetics_score"):  # the refiner's; its text encoder is not enough
        family = replace(family, operations=family.operations - TEXT_ONLY)
    if _reads_mask(unet):
        family = replace(family, operations=MASK_ONLY)
    if unet.get("time_cond_proj_dim") is not None:  # guidance is read, as by LCM; no second row
        family = replace(family, negative=False)
    if transformer.get("guidance_embeds") is False and not family.true_guidance:
        family = replace(family, steps=4, guidance=0.0, guided=False)  # as Flux schnell
    return replace(family, side_multiple=_side_multiple(family, transformer, settings["vae"]))


def _by_class(name: str) -> Family:
    if name in FAMILIES:
        return FAMILIES[name]
    for word, operations in SIBLINGS.items():
        family = FAMILIES.get(name.replace(word, ""))
        if word in name and family is not None:
            return replace(family, operations=family.operations | operations)
        if word in name:
            return replace(OTHER, operations=operations)
    return OTHER


def _reads_mask(unet: Settings) -> bool:
    """Whether a U-Net reads a masked picture and its mask beside the noise: 4 + 4 + 1 channels."""
    channels_in, channels_out = unet.get("in_channels"), unet.get("out_channels", 4)
    return isinstance(channels_out, int) and channels_in == 2 * channels_out + 1


def _side_multiple(family: Family, transformer: Settings, vae: Settings) -> int:
    """What sides are divisible by: pixels of a latent, times latents of a patch."""
    squeezed = vae.get("temperal_downsample")  # so the library spells it
    if isinstance(squeezed, list):
        scale = 2 ** len(squeezed)  # pyright: ignore[reportUnknownArgumentType]
    else:
        blocks = vae.get("block_out_channels") or vae.get("encoder_block_out_channels") or [0]
        scale = 2 ** (len(blocks) - 1)
    packing = family.packing or transformer.get("patch_size") or 1
    return math.lcm(scale * packing, family.divisor)
