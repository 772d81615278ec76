"""Pipelines as the one file that checkpoints are passed around as."""

import re
from pathlib import Path

import torch
from diffusers import DiffusionPipeline, ModelMixin
from safetensors.torch import save_file

Tensors = dict[str, torch.Tensor]

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
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
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
OPEN_CLIP = {
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.final_layer_norm.weight": "ln_final.weight",
    "text_model.final_layer_norm.bias": "ln_final.bias",
}
OPEN_CLIP_LAYER = {
    "self_attn.out_proj": "attn.out_proj",
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}
SD3 = {
    "pos_embed.proj": "x_embedder.proj",
    "time_text_embed.timestep_embedder.linear_1": "t_embedder.mlp.0",
    "time_text_embed.timestep_embedder.linear_2": "t_embedder.mlp.2",
    "time_text_embed.text_embedder.linear_1": "y_embedder.mlp.0",
    "time_text_embed.text_embedder.linear_2": "y_embedder.mlp.2",
    "context_embedder": "context_embedder",
    "norm_out.linear": "final_layer.adaLN_modulation.1",
    "proj_out": "final_layer.linear",
}
FLUX = {
    "time_text_embed.timestep_embedder.linear_1": "time_in.in_layer",
    "time_text_embed.timestep_embedder.linear_2": "time_in.out_layer",
    "time_text_embed.text_embedder.linear_1": "vector_in.in_layer",
    "time_text_embed.text_embedder.linear_2": "vector_in.out_layer",
    "time_text_embed.guidance_embedder.linear_1": "guidance_in.in_layer",
    "time_text_embed.guidance_embedder.linear_2": "guidance_in.out_layer",
    "context_embedder": "txt_in",
    "x_embedder": "img_in",
    "norm_out.linear": "final_layer.adaLN_modulation.1",
    "proj_out": "final_layer.linear",
}
FLUX_SIDE = {"transformer_blocks": "double_blocks", "single_transformer_blocks": "single_blocks"}
FLUX_BLOCK = {
    "transformer_blocks": {
        "norm1.linear": "img_mod.lin",
        "norm1_context.linear": "txt_mod.lin",
        "attn.to_q": "img_attn.qkv",
        "attn.add_q_proj": "txt_attn.qkv",
        "attn.norm_q": "img_attn.norm.query_norm",
        "attn.norm_k": "img_attn.norm.key_norm",
        "attn.norm_added_q": "txt_attn.norm.query_norm",
        "attn.norm_added_k": "txt_attn.norm.key_norm",
        "ff.net.0.proj": "img_mlp.0",
        "ff.net.2": "img_mlp.2",
        "ff_context.net.0.proj": "txt_mlp.0",
        "ff_context.net.2": "txt_mlp.2",
        "attn.to_out.0": "img_attn.proj",
        "attn.to_add_out": "txt_attn.proj",
    },
    "single_transformer_blocks": {
        "norm.linear": "modulation.lin",
        "attn.to_q": "linear1",
        "attn.norm_q": "norm.query_norm",
        "attn.norm_k": "norm.key_norm",
        "proj_out": "linear2",
    },
}
QUERIES = {
    one: [one.replace("_q", f"_{other}") for other in "qkv"]
    for one in ("attn.to_q", "attn.add_q_proj")
}
SWAPPED = ("norm_out.linear",)
SD3_BLOCK = {
    "attn.to_q": "x_block.attn.qkv",
    "attn.add_q_proj": "context_block.attn.qkv",
    "attn.to_out.0": "x_block.attn.proj",
    "attn.to_add_out": "context_block.attn.proj",
    "norm1.linear": "x_block.adaLN_modulation.1",
    "norm1_context.linear": "context_block.adaLN_modulation.1",
    "ff.net.0.proj": "x_block.mlp.fc1",
    "ff.net.2": "x_block.mlp.fc2",
    "ff_context.net.0.proj": "context_block.mlp.fc1",
    "ff_context.net.2": "context_block.mlp.fc2",
}
Z_IMAGE = {
    "all_final_layer.2-1.": "final_layer.",
    "all_x_embedder.2-1.": "x_embedder.",
    ".attention.to_out.0.": ".attention.out.",
    ".attention.norm_k.": ".attention.k_norm.",
    ".attention.norm_q.": ".attention.q_norm.",
}
LAYER = re.compile(r"text_model\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)")
PLACE = re.compile(r"(down_blocks|up_blocks|mid_block)\.(?:(\d+)\.)?(\w+)\.(\d+)\.(.+)")


def save_single_file(pipeline: DiffusionPipeline, path: Path) -> Path:
    """Every weight of a pipeline under its name in the layout of the original authors.

    Of Flux, Z-Image and Qwen-Image the file has the transformer alone, as theirs does. Where Flux
    is not 3072 wide, it has the names of diffusers, since what turns the authors' names into those
    takes no other width. Qwen-Image's authors have the names of diffusers.
    """
    tensors = {
        "StableDiffusionPipeline": _stable_diffusion,
        "StableDiffusionXLPipeline": _stable_diffusion_xl,
        "StableDiffusion3Pipeline": _stable_diffusion_3,
        "FluxPipeline": _flux,
        "ZImagePipeline": _z_image,
        "QwenImagePipeline": lambda one: one.transformer.state_dict(),
    }[type(pipeline).__name__](pipeline)
    save_file({name: values.contiguous().clone() for name, values in tensors.items()}, path)
    return path


def _stable_diffusion(pipeline: DiffusionPipeline) -> Tensors:
    words = {
        f"cond_stage_model.transformer.{_words_name(name)}": values
        for name, values in pipeline.text_encoder.state_dict().items()
    }
    return {**_unet(pipeline.unet), **_coder(pipeline.vae), **words}


def _stable_diffusion_xl(pipeline: DiffusionPipeline) -> Tensors:
    words = {
        f"conditioner.embedders.0.transformer.{_words_name(name)}": values
        for name, values in pipeline.text_encoder.state_dict().items()
    }
    open_clip = _open_clip(pipeline.text_encoder_2.state_dict(), "conditioner.embedders.1.model.")
    return {**_unet(pipeline.unet), **_coder(pipeline.vae), **words, **open_clip}


def _stable_diffusion_3(pipeline: DiffusionPipeline) -> Tensors:
    clip_l = {
        f"text_encoders.clip_l.transformer.{name}": values
        for name, values in pipeline.text_encoder.state_dict().items()
        if name != "text_projection.weight"
    }
    clip_g = pipeline.text_encoder_2.state_dict()
    t5 = pipeline.text_encoder_3.state_dict()
    return {
        **_joint_blocks(pipeline.transformer.state_dict()),
        **_coder(pipeline.vae),
        **clip_l,
        **{f"text_encoders.clip_g.transformer.{name}": values for name, values in clip_g.items()},
        **{f"text_encoders.t5xxl.transformer.{name}": values for name, values in t5.items()},
    }


def _flux(pipeline: DiffusionPipeline) -> Tensors:
    network, tensors = pipeline.transformer.state_dict(), Tensors()
    if pipeline.transformer.inner_dim != 3072:
        return network
    for name, values in network.items():
        ours, _, kind = name.rpartition(".")
        if ours in FLUX:
            tensors[f"{FLUX[ours]}.{kind}"] = _swapped(values) if ours in SWAPPED else values
            continue
        side, number, part = ours.split(".", 2)
        names, theirs = FLUX_BLOCK[side], FLUX_SIDE[side]
        if part in QUERIES:
            others = [f"{side}.{number}.{one}.{kind}" for one in QUERIES[part]]
            others += [f"{side}.{number}.proj_mlp.{kind}"] if theirs == "single_blocks" else []
            values = torch.cat([network[one] for one in others])
        if part in names:
            kind = "scale" if ".norm_" in name else kind
            tensors[f"{theirs}.{number}.{names[part]}.{kind}"] = values
    return tensors


def _z_image(pipeline: DiffusionPipeline) -> Tensors:
    network, tensors = pipeline.transformer.state_dict(), Tensors()
    for name, values in network.items():
        if ".attention.to_q." in name:
            parts = [network[name.replace("to_q", f"to_{one}")] for one in "qkv"]
            tensors[name.replace("to_q", "qkv")] = torch.cat(parts)
        elif ".attention.to_k." not in name and ".attention.to_v." not in name:
            for ours, theirs in Z_IMAGE.items():
                name = name.replace(ours, theirs)
            tensors[name] = values
    return {f"model.diffusion_model.{name}": values for name, values in tensors.items()}


def _unet(network: ModelMixin) -> Tensors:
    num_layers = network.config.layers_per_block
    attended = {
        name.split(".attentions")[0] for name in network.state_dict() if ".attentions" in name
    }
    return {
        f"model.diffusion_model.{_unet_name(name, num_layers, attended)}": values
        for name, values in network.state_dict().items()
    }


def _coder(network: ModelMixin) -> Tensors:
    num_levels = len(network.config.block_out_channels)
    tensors: Tensors = {}
    for name, values in network.state_dict().items():
        is_square = ".mid_block.attentions" in name and values.ndim == 2
        tensors[f"first_stage_model.{_coder_name(name, num_levels)}"] = (
            values[..., None, None] if is_square else values
        )
    return tensors


def _open_clip(words: Tensors, prefix: str) -> Tensors:
    """CLIP in the layout of OpenCLIP: queries, keys and values lie together."""
    tensors: Tensors = {}
    for name, values in words.items():
        if name == "text_projection.weight":
            tensors[f"{prefix}text_projection"] = values.T
        elif name in OPEN_CLIP:
            tensors[f"{prefix}{OPEN_CLIP[name]}"] = values
        elif (found := LAYER.fullmatch(name)) is not None:
            number, part, kind = found.groups()
            place = f"{prefix}transformer.resblocks.{number}"
            if part == "self_attn.q_proj":
                parts = [words[name.replace("q_proj", f"{one}_proj")] for one in "qkv"]
                tensors[f"{place}.attn.in_proj_{kind}"] = torch.cat(parts)
            elif part in OPEN_CLIP_LAYER:
                tensors[f"{place}.{OPEN_CLIP_LAYER[part]}.{kind}"] = values
    return tensors


def _joint_blocks(network: Tensors) -> Tensors:
    """The transformer of Stable Diffusion 3; its last block has no words left to change."""
    tensors: Tensors = {}
    last = max(int(one.split(".")[1]) for one in network if one.startswith("transformer_blocks."))
    for name, values in network.items():
        ours, _, kind = name.rpartition(".")
        if name == "pos_embed.pos_embed":
            tensors["pos_embed"] = values
        elif ours in SD3:
            tensors[f"{SD3[ours]}.{kind}"] = _swapped(values) if ours in SWAPPED else values
        elif ours.startswith("transformer_blocks."):
            _, number, part = ours.split(".", 2)
            if part in QUERIES:
                names = [f"transformer_blocks.{number}.{one}.{kind}" for one in QUERIES[part]]
                values = torch.cat([network[one] for one in names])
            elif part == "norm1_context.linear" and int(number) == last:
                values = _swapped(values)
            if part in SD3_BLOCK:
                tensors[f"joint_blocks.{number}.{SD3_BLOCK[part]}.{kind}"] = values
    return {f"model.diffusion_model.{name}": values for name, values in tensors.items()}


def _swapped(values: torch.Tensor) -> torch.Tensor:
    """Scale and shift, which the authors have the other way round."""
    first, second = values.chunk(2)
    return torch.cat([second, first])


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
