"""A checkpoint with random weights that stable-diffusion.cpp takes for a small Stable Diffusion 1.

Its architectures have fixed widths, so this is the smallest it knows: the U-Net of "tiny-sd" with
the text encoder and autoencoder of Stable Diffusion 1.x, in the layout checkpoints are passed
around in. 530 million values, 1.1 GB in half precision.
"""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

WIDTH, TIME, CONTEXT, WORDS = 320, 1280, 768, 49408
MULTIPLES = (1, 2, 4)
CODES = (128, 256, 512, 512)

Tensor = tuple[str, tuple[int, ...]]


def write_checkpoint(path: Path) -> Path:
    """The checkpoint as one safetensors file; the same bytes every time."""
    tensors = [*_unet(), *_text_encoder(), *_autoencoder()]
    noise = np.random.default_rng(0).normal(0.0, 1.0, 1 << 20).astype(np.float32)
    with path.open("wb") as file:
        file.write(tensor_header(tensors))
        for name, shape in tensors:
            file.write(_values(name, shape, noise).tobytes())
    return path


def tensor_header(tensors: Sequence[Tensor]) -> bytes:
    """The start of a safetensors file with these tensors in half precision."""
    header, end = {}, 0
    for name, shape in tensors:
        start, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [start, end]}
    said = json.dumps(header).encode()
    return len(said).to_bytes(8, "little") + said


def _values(name: str, shape: tuple[int, ...], noise: np.ndarray) -> np.ndarray:
    if len(shape) == 1:
        return np.full(shape, float(name.endswith("weight")), np.float16)  # norms do nothing
    scale = 1.0 / math.sqrt(math.prod(shape[1:]))
    return (np.resize(noise, math.prod(shape)) * np.float32(scale)).astype(np.float16)


def _linear(name: str, num_in: int, num_out: int, *, has_bias: bool = True) -> Iterator[Tensor]:
    yield f"{name}.weight", (num_out, num_in)
    if has_bias:
        yield f"{name}.bias", (num_out,)


def _conv(name: str, num_in: int, num_out: int, side: int = 3) -> Iterator[Tensor]:
    yield f"{name}.weight", (num_out, num_in, side, side)
    yield f"{name}.bias", (num_out,)


def _norm(name: str, width: int) -> Iterator[Tensor]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


def _residual(name: str, num_in: int, num_out: int) -> Iterator[Tensor]:
    yield from _norm(f"{name}.in_layers.0", num_in)
    yield from _conv(f"{name}.in_layers.2", num_in, num_out)
    yield from _linear(f"{name}.emb_layers.1", TIME, num_out)
    yield from _norm(f"{name}.out_layers.0", num_out)
    yield from _conv(f"{name}.out_layers.3", num_out, num_out)
    if num_in != num_out:
        yield from _conv(f"{name}.skip_connection", num_in, num_out, 1)


def _transformer(name: str, width: int) -> Iterator[Tensor]:
    block = f"{name}.transformer_blocks.0"
    yield from _norm(f"{name}.norm", width)
    yield from _conv(f"{name}.proj_in", width, width, 1)
    for attention, context in (("attn1", width), ("attn2", CONTEXT)):
        yield from _linear(f"{block}.{attention}.to_q", width, width, has_bias=False)
        yield from _linear(f"{block}.{attention}.to_k", context, width, has_bias=False)
        yield from _linear(f"{block}.{attention}.to_v", context, width, has_bias=False)
        yield from _linear(f"{block}.{attention}.to_out.0", width, width)
    yield from _linear(f"{block}.ff.net.0.proj", width, 8 * width)
    yield from _linear(f"{block}.ff.net.2", 4 * width, width)
    for number in (1, 2, 3):
        yield from _norm(f"{block}.norm{number}", width)
    yield from _conv(f"{name}.proj_out", width, width, 1)


def _unet() -> Iterator[Tensor]:
    root = "model.diffusion_model"
    yield from _linear(f"{root}.time_embed.0", WIDTH, TIME)
    yield from _linear(f"{root}.time_embed.2", TIME, TIME)
    yield from _conv(f"{root}.input_blocks.0.0", 4, WIDTH)
    width, widths = WIDTH, [WIDTH]
    for level, multiple in enumerate(MULTIPLES):
        number = 1 + 3 * level  # its second block is left out, and keeps its number
        yield from _residual(f"{root}.input_blocks.{number}.0", width, multiple * WIDTH)
        width = multiple * WIDTH
        yield from _transformer(f"{root}.input_blocks.{number}.1", width)
        widths.append(width)
        if level < len(MULTIPLES) - 1:
            yield from _conv(f"{root}.input_blocks.{number + 2}.0.op", width, width)
            widths.append(width)
    for level in (2, 1, 0):
        number = 3 * (2 - level)
        for place in (0, 1):
            name, num_out = f"{root}.output_blocks.{number + place}", MULTIPLES[level] * WIDTH
            yield from _residual(f"{name}.0", width + widths.pop(), num_out)
            width = num_out
            yield from _transformer(f"{name}.1", width)
        if level:
            place = 1 if level == 2 else 2
            yield from _conv(f"{root}.output_blocks.{number + 2}.{place}.conv", width, width)
    yield from _norm(f"{root}.out.0", WIDTH)
    yield from _conv(f"{root}.out.2", WIDTH, 4)


def _text_encoder() -> Iterator[Tensor]:
    root = "cond_stage_model.transformer.text_model"
    yield f"{root}.embeddings.token_embedding.weight", (WORDS, CONTEXT)
    yield f"{root}.embeddings.position_embedding.weight", (77, CONTEXT)
    for number in range(12):
        layer = f"{root}.encoder.layers.{number}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield from _linear(f"{layer}.self_attn.{part}", CONTEXT, CONTEXT)
        yield from _norm(f"{layer}.layer_norm1", CONTEXT)
        yield from _linear(f"{layer}.mlp.fc1", CONTEXT, 4 * CONTEXT)
        yield from _linear(f"{layer}.mlp.fc2", 4 * CONTEXT, CONTEXT)
        yield from _norm(f"{layer}.layer_norm2", CONTEXT)
    yield from _norm(f"{root}.final_layer_norm", CONTEXT)


def _autoencoder() -> Iterator[Tensor]:
    root = "first_stage_model"
    yield from _conv(f"{root}.encoder.conv_in", 3, CODES[0])
    width = CODES[0]
    for level, wider in enumerate(CODES):
        for number in (0, 1):
            yield from _coder_block(f"{root}.encoder.down.{level}.block.{number}", width, wider)
            width = wider
        if level < 3:
            yield from _conv(f"{root}.encoder.down.{level}.downsample.conv", width, width)
    yield from _coder_middle(f"{root}.encoder", width)
    yield from _norm(f"{root}.encoder.norm_out", width)
    yield from _conv(f"{root}.encoder.conv_out", width, 8)
    yield from _conv(f"{root}.quant_conv", 8, 8, 1)
    yield from _conv(f"{root}.post_quant_conv", 4, 4, 1)
    yield from _conv(f"{root}.decoder.conv_in", 4, width)
    yield from _coder_middle(f"{root}.decoder", width)
    for level in (3, 2, 1, 0):
        for number in (0, 1, 2):
            name = f"{root}.decoder.up.{level}.block.{number}"
            yield from _coder_block(name, width, CODES[level])
            width = CODES[level]
        if level:
            yield from _conv(f"{root}.decoder.up.{level}.upsample.conv", width, width)
    yield from _norm(f"{root}.decoder.norm_out", width)
    yield from _conv(f"{root}.decoder.conv_out", width, 3)


def _coder_middle(root: str, width: int) -> Iterator[Tensor]:
    yield from _coder_block(f"{root}.mid.block_1", width, width)
    yield from _norm(f"{root}.mid.attn_1.norm", width)
    for part in ("q", "k", "v", "proj_out"):
        yield from _conv(f"{root}.mid.attn_1.{part}", width, width, 1)
    yield from _coder_block(f"{root}.mid.block_2", width, width)


def _coder_block(name: str, num_in: int, num_out: int) -> Iterator[Tensor]:
    yield from _norm(f"{name}.norm1", num_in)
    yield from _conv(f"{name}.conv1", num_in, num_out)
    yield from _norm(f"{name}.norm2", num_out)
    yield from _conv(f"{name}.conv2", num_out, num_out)
    if num_in != num_out:
        yield from _conv(f"{name}.nin_shortcut", num_in, num_out, 1)
