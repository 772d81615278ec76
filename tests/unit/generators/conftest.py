"""A complete set of weights in miniature: tiny graphs with the ports of the real ones."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino
import pytest
from openvino import opset13 as op

from limner.core.drawing import Sketch
from limner.core.hashing import sha256_of_bytes
from limner.core.records import Operation, Size
from limner.generators.embedded.generator import EmbeddedGenerator
from limner.generators.embedded.weights import Weights

TOKENS = 8
WIDTH = 4
CANVAS = (4, 8, 8)
SHAPES = ((8, 8), (8, 12), (12, 8))
OUTPUT_PX = 32
MATRIX = "network.blocks.0.query.weight"  # does nothing until an adapter corrects it
WORDS = "a red green apple fox flat style transparent background , on ##es".split()


def tiny_tokenizer() -> bytes:
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {word: number for number, word in enumerate([*marks, *WORDS])}
    return json.dumps({"model": {"vocab": vocabulary}}).encode()


def _model(outputs, inputs) -> openvino.Model:
    return openvino.Model(outputs, inputs, "tiny")


def text_graph() -> openvino.Model:
    ids, mask = op.parameter([-1, TOKENS], np.int64), op.parameter([-1, TOKENS], bool)
    spread = op.constant(np.array([0.11, -0.07, 0.05, 0.03], np.float32))
    column = op.unsqueeze(op.convert(ids, "f32"), op.constant(2))
    kept = op.unsqueeze(op.convert(mask, "f32"), op.constant(2))
    return _model([op.multiply(op.multiply(column, spread), kept)], [ids, mask])


def condition_graph(reads_guidance: bool) -> openvino.Model:
    tokens = op.parameter([-1, TOKENS, WIDTH], np.float32)
    mask, drop = op.parameter([-1, TOKENS], bool), op.parameter([-1], bool)
    given = op.convert(op.logical_not(drop), "f32")
    used = op.multiply(tokens, op.unsqueeze(given, op.constant([1, 2])))
    used = op.multiply(used, op.unsqueeze(op.convert(mask, "f32"), op.constant(2)))
    layered = op.unsqueeze(used, op.constant([1, 2, 3]))
    keys = op.concat([layered, layered], 2)
    whole = op.reduce_mean(used, op.constant([1]))
    if not reads_guidance:
        return _model([keys, whole], [tokens, mask, drop])
    guidance = op.parameter([-1], np.float32)
    moved = op.multiply(op.constant(0.1, np.float32), op.log(guidance))
    return _model(
        [keys, op.add(whole, op.unsqueeze(moved, op.constant(1)))], [tokens, mask, drop, guidance]
    )


def denoise_graph(is_broken: bool) -> openvino.Model:
    noisy, time = op.parameter([-1, *CANVAS], np.float32), op.parameter([-1], np.float32)
    keys = op.parameter([-1, 1, 2, 1, TOKENS, WIDTH], np.float32)
    pooled = op.parameter([-1, WIDTH], np.float32)
    matrix = op.constant(np.eye(CANVAS[1] * CANVAS[2], dtype=np.float32))
    matrix.set_friendly_name(f"parameter:{MATRIX}")
    rows = op.matmul(op.reshape(noisy, [0, 0, -1], True), matrix, False, True)
    turned = op.reshape(rows, [-1, *CANVAS], False)
    mean = op.reduce_mean(keys, op.constant([1, 2, 3, 4, 5]))
    moved = op.add(
        op.unsqueeze(pooled, op.constant([2, 3])), op.multiply(turned, op.constant(0.5, np.float32))
    )
    moved = op.add(moved, op.unsqueeze(op.add(mean, time), op.constant([1, 2, 3])))
    clean = op.tanh(moved)
    if is_broken:
        clean = op.sqrt(op.subtract(clean, op.constant(9.0, np.float32)))
    return _model([clean], [noisy, time, keys, pooled])


def denoise_graph_of_shapes() -> openvino.Model:
    """Cells that look at each other, and lie elsewhere in every shape."""
    noisy = op.parameter([-1, CANVAS[0], -1], np.float32, name="noisy")
    time = op.parameter([-1], np.float32)
    keys = op.parameter([-1, 1, 2, 1, TOKENS, WIDTH], np.float32)
    pooled = op.parameter([-1, WIDTH], np.float32)
    shape = op.parameter([-1], np.int64, name="shape")
    for one, name in ((noisy, "noisy"), (shape, "shape")):
        one.output(0).set_names({name})
    longest = max(rows * columns for rows, columns in SHAPES)
    inside = np.array([np.arange(longest) < rows * columns for rows, columns in SHAPES])
    places = np.random.default_rng(4).random((len(SHAPES) * longest, 1), np.float32)
    num = op.gather(op.shape_of(noisy, "i64"), op.constant([2]), op.constant(0))
    cells = op.range(op.constant(0), op.squeeze(num, op.constant(0)), op.constant(1), "i64")
    first = op.unsqueeze(op.multiply(shape, op.constant(longest)), op.constant(1))
    cell = op.add(first, op.unsqueeze(cells, op.constant(0)))
    ends = np.where(inside, 0, -30_000).astype(np.float32).reshape(-1)
    mask = op.unsqueeze(op.gather(op.constant(ends), cell, op.constant(0)), op.constant([1, 2]))
    there = op.gather(op.constant(places), cell, op.constant(0))
    rows = op.add(op.transpose(noisy, op.constant([0, 2, 1])), there)
    heads = op.unsqueeze(rows, op.constant(1))
    seen = op.squeeze(op.scaled_dot_product_attention(heads, heads, heads, mask), op.constant(1))
    whole = op.unsqueeze(op.add(pooled, op.unsqueeze(time, op.constant(1))), op.constant(1))
    mean = op.reduce_mean(keys, op.constant([1, 2, 3, 4, 5]))
    whole = op.add(whole, op.unsqueeze(mean, op.constant([1, 2])))
    clean = op.tanh(op.add(seen, whole))
    return _model([op.transpose(clean, op.constant([0, 2, 1]))], [noisy, time, keys, pooled, shape])


def decode_graph() -> openvino.Model:
    canvas = op.parameter([-1, CANVAS[0], -1, -1], np.float32)
    half = op.constant(0.5, np.float32)
    rgba = op.clamp(op.add(op.multiply(canvas, half), half), 0.0, 1.0)
    colour, alpha = op.variadic_split(rgba, op.constant(1), op.constant([3, 1])).outputs()
    return _model([op.concat([op.minimum(colour, alpha), alpha], 1)], [canvas])


def enlarge_graph() -> openvino.Model:
    small = op.parameter([-1, CANVAS[0], -1, -1], np.float32)
    factor = OUTPUT_PX / CANVAS[1]
    scales, axes = op.constant([factor, factor], np.float32), op.constant([2, 3])
    return _model([op.interpolate(small, scales, "nearest", "scales", axes=axes)], [small])


def encode_graph() -> openvino.Model:
    rgba = op.parameter([-1, 4, -1, -1], np.float32)
    fold = OUTPUT_PX // CANVAS[1]
    small = op.avg_pool(rgba, [fold, fold], [0, 0], [0, 0], [fold, fold], exclude_pad=True)
    return _model(
        [
            op.subtract(
                op.multiply(small, op.constant(2.0, np.float32)), op.constant(1.0, np.float32)
            )
        ],
        [rgba],
    )


def write_weights(
    folder: Path,
    *,
    is_broken: bool = False,
    reads_guidance: bool = False,
    has_shapes: bool = False,
) -> Path:
    """A folder of weights with card and hashes."""
    folder.mkdir()
    graphs = {
        "text": text_graph(), "condition": condition_graph(reads_guidance),
        "denoise": denoise_graph_of_shapes() if has_shapes else denoise_graph(is_broken),
        "decode": decode_graph(),
        "enlarge": enlarge_graph(), "encode": encode_graph(),
    }  # fmt: skip
    for name, model in graphs.items():
        openvino.save_model(model, folder / f"{name}.xml", compress_to_fp16=False)
    (folder / "tokenizer.json").write_bytes(tiny_tokenizer())
    files = {path.name: sha256_of_bytes(path.read_bytes()) for path in sorted(folder.iterdir())}
    card = {
        "format": "limner.card/1", "name": "tiny", "version": "1", "licence": "Apache-2.0",
        "canvas": CANVAS, "picture_px": CANVAS[1], "output_px": OUTPUT_PX, "text_tokens": TOKENS,
        "styles": {"flat": "flat style"}, "transparent_phrase": "transparent background",
        "steps": [1, 50, 4], "guidance": [1.0, 10.0, 3.0], "strength": [0.05, 1.0, 0.6],
        "time_shift": 1.0, "files": files, "reads_guidance": reads_guidance,
        "shapes": SHAPES if has_shapes else (),
    }  # fmt: skip
    (folder / "card.json").write_text(json.dumps(card))
    return folder


@pytest.fixture
def weights_folder(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "weights")


@pytest.fixture
def guided_weights_folder(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "guided", reads_guidance=True)


@pytest.fixture
def shapes_folder(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "shapes", has_shapes=True)


@pytest.fixture
def generator(weights_folder: Path) -> EmbeddedGenerator:
    return EmbeddedGenerator(weights=Weights(weights_folder))


@pytest.fixture
def sketch() -> Callable[..., Sketch]:
    """A sketch for the tiny weights, with some things changed."""

    def make(**changes: object) -> Sketch:
        plain = {
            "operation": Operation.TEXT, "prompt": "a red apple", "negative": "", "style": None,
            "steps": 4, "guidance": 3.0, "sampler": "dpm++2m", "canvas": Size(OUTPUT_PX, OUTPUT_PX),
            "is_transparent": False,
        }  # fmt: skip
        return Sketch(**{**plain, **changes})

    return make


@pytest.fixture
def broken_weights(tmp_path: Path) -> Path:
    """Weights whose network gives what is not a number."""
    return write_weights(tmp_path / "broken", is_broken=True)
