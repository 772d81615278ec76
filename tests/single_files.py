"""A Stable Diffusion pipeline as the one file that checkpoints are passed around as."""

import re
from pathlib import Path

from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file

RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
UNET = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
CODER = {
    r"mid_block\.resnets\.0": "mid.block_1",
    r"mid_block\.resnets\.1": "mid.block_2",
    r"mid_block\.attentions\.0\.group_norm": "mid.attn_1.norm",
    r"mid_block\.attentions\.0\.to_(q|k|v)": r"mid.attn_1.\1",
    r"mid_block\.attentions\.0\.to_out\.0": "mid.attn_1.proj_out",
    r"down_blocks\.(\d+)\.resnets": r"down.\1.block",
    r"down_blocks\.(\d+)\.downsamplers\.0": r"down.\1.downsample",
    r"up_blocks\.(\d+)\.resnets": r"up.\1.block",
    r"up_blocks\.(\d+)\.upsamplers\.0": r"up.\1.upsample",
    "conv_norm_out": "norm_out",
    "conv_shortcut": "nin_shortcut",
}
PLACE = re.compile(r"(down_blocks|up_blocks|mid_block)\.(?:(\d+)\.)?(\w+)\.(\d+)\.(.+)")


def save_single_file(pipeline: StableDiffusionPipeline, path: Path) -> Path:
    """Every weight of a pipeline under its name in the layout of the original authors."""
    num_layers = pipeline.unet.config.layers_per_block
    attended = {
        name.split(".attentions")[0] for name in pipeline.unet.state_dict() if ".attentions" in name
    }
    tensors = {
        f"model.diffusion_model.{_unet_name(name, num_layers, attended)}": values
        for name, values in pipeline.unet.state_dict().items()
    }
    num_levels = len(pipeline.vae.config.block_out_channels)
    for name, values in pipeline.vae.state_dict().items():
        is_square = ".mid_block.attentions" in name and values.ndim == 2
        tensors[f"first_stage_model.{_coder_name(name, num_levels)}"] = (
            values[..., None, None] if is_square else values
        )
    for name, values in pipeline.text_encoder.state_dict().items():
        tensors[f"cond_stage_model.transformer.{_words_name(name)}"] = values
    save_file({name: values.contiguous().clone() for name, values in tensors.items()}, path)
    return path


def _unet_name(name: str, num_layers: int, attended: set[str]) -> str:
    for ours, theirs in UNET.items():
        if name.startswith(f"{ours}."):
            return name.replace(ours, theirs, 1)
    found = PLACE.fullmatch(name)
    assert found is not None, name
    side, block, part, number, rest = found.groups()
    if part == "resnets":
        ours, _, kind = rest.rpartition(".")
        rest = f"{RESNET[ours]}.{kind}"
    if side == "mid_block":
        return f"middle_block.{1 if part == 'attentions' else 2 * int(number)}.{rest}"
    first = int(block) * (num_layers + 1)
    if part == "downsamplers":
        return f"input_blocks.{1 + first + num_layers}.0.op.{rest.removeprefix('conv.')}"
    if part == "upsamplers":
        place = 2 if f"{side}.{block}" in attended else 1
        return f"output_blocks.{first + num_layers}.{place}.{rest}"
    start = f"input_blocks.{1 + first + int(number)}" if side == "down_blocks" else ""
    start = start or f"output_blocks.{first + int(number)}"
    return f"{start}.{int(part == 'attentions')}.{rest}"


def _coder_name(name: str, num_levels: int) -> str:
    for ours, theirs in CODER.items():
        name = re.sub(ours, theirs, name)
    return re.sub(r"\.up\.(\d+)\.", lambda one: f".up.{num_levels - 1 - int(one[1])}.", name)


def _words_name(name: str) -> str:
    return name if name.startswith("text_model.") else f"text_model.{name}"
