"""Export a run: `python -m training.export --work DIR --run NAME --out src/limner/generators/embedded/weights`.

Takes the averaged weights of a run's checkpoint and writes, once, the graphs the embedded generator runs (OpenVINO IR),
the large matrices in 8 bits and the rest in half precision, the ranges in which decoder and enlarger round what they
multiply where a processor draws in 8 bits, the tokenizer, `card.json` with the hash of
every file, and `MODEL_CARD.md` from the training record. Every graph is held against the PyTorch module it came
from, and nothing is written to `--out` unless all agree.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from limner.core.hashing import sha256_of_bytes
from limner.generators.embedded.eight_bits import LEAST_VALUES, held_in_8_bits
from limner.generators.embedded.packing import unpacked
from limner.graphs.rounding import without_rounding
from limner.graphs.swish import with_swish_apart
from training import checkpoint
from training.data.batches import Batches
from training.data.manifest import Row, read_jsonl
from training.data.pool import core_rows
from training.data.styles import STYLES
from training.eight_bits import pack
from training.export_graphs import Condition, Decode, Denoise, Encode, Enlarge, Text
from training.flow import SHIFT
from training.landed import name_parameters
from training.model_card import model_card
from training.network import DrawingNetwork, NetworkShape
from training.rounding import round_inputs
from training.spaces import Space, open_space
from training.superres import OUTPUT_PX, SuperResolution
from training.text import EMBEDDING_WIDTH, MAX_TOKENS, TextEncoder, model_folder
from training.train import averaged_network, load_run, num_seen

BYTES_ALLOWED = 80_000_000
CHECK_CAPTIONS = (
    "a red apple", "flat style, a smiling cat face, animal, on a light blue background", "three green umbrellas",
    "a small house to the left of a tall tree", "3d style, rocket", "birthday cake, celebration, sweet, white background",
    "noto style, a sad yellow face with a tear", "guitar",
)  # fmt: skip
IN_8_BITS = frozenset(("decode", "encode", "enlarge"))  # unpacked at every pass
NUM_SHOWN, SHOWN_NOISE = 32, 0.15  # pictures whose ranges are taken, with canvases as inexact as drawn ones
SHARE_IN_RANGE = 0.9999
LEAST_PSNR_ROUNDED = 42.0  # dB over all of the pictures shown, against the graph without that rounding
PACKED = frozenset(("condition", "denoise"))  # unpacked once
OF_ANY_SIDES = frozenset(("noisy", "canvas", "small", "picture"))
LEAST_COSINE = 0.999
MOST_ERROR = 0.02  # root-mean-square of the difference over that of the values, in float32


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="work folder of the training")
    parser.add_argument("--run", required=True, help="folder of the run inside the work folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", default="limner-icons")
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--steps", type=int, default=8, help="default number of steps")
    parser.add_argument("--guidance", type=float, default=3.0, help="default guidance")
    parser.add_argument("--shift", type=float, default=SHIFT, help="of the time grid, see flow.time_grid")
    return parser.parse_args()


def load_head(work: Path, space_name: str, space: Space) -> SuperResolution | None:
    """The trained super-resolution head of a space, if there is one."""
    state = checkpoint.load(work / f"superres-{space_name}" / "checkpoint.pt")
    if state is None:
        return None
    head = SuperResolution(space.picture_px)
    head.load_state_dict(state["model"])
    return head.eval().requires_grad_(requires_grad=False)


def converted(module: nn.Module, examples: Sequence[Tensor], inputs: Sequence[str], outputs: Sequence[str]) -> ov.Model:
    """OpenVINO graph of a module; the first axis of every input may have any length, and so may the sides of pictures."""
    module.eval()
    with torch.no_grad():
        model = ov.convert_model(
            module,
            example_input=tuple(examples),
            input=[ov.PartialShape(free_shape(name, example)) for name, example in zip(inputs, examples, strict=True)],
        )
    for port, name in zip([*model.inputs, *model.outputs], [*inputs, *outputs], strict=True):
        port.tensor.set_names({name})
    name_parameters(model, module)
    return model


def free_shape(name: str, example: Tensor) -> list[int]:
    """The shape of an input, -1 where it may have any length."""
    fixed = 2 if name in OF_ANY_SIDES else example.ndim
    return [-1, *example.shape[1:fixed], *[-1] * (example.ndim - fixed)]


def outputs_of(model: ov.Model, examples: Sequence[Tensor], precision: str) -> list[np.ndarray]:
    """Run a graph once, as the runtime does: without rounding activations to 8 bits."""
    settings = {"INFERENCE_PRECISION_HINT": precision, "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
    compiled = ov.Core().compile_model(with_swish_apart(model.clone()), "CPU", settings)
    made = compiled([example.numpy() for example in examples])
    return [made[port] for port in compiled.outputs]


def saved(model: ov.Model, path: Path, *, is_packed: bool) -> ov.Model:
    """Write a graph in half precision and read it back."""
    ov.save_model(model, path, compress_to_fp16=True)
    if not is_packed:
        return ov.Core().read_model(path)
    pack(path)
    values = unpacked(path.with_suffix(".safetensors").read_bytes())
    return ov.Core().read_model(path.read_bytes(), ov.Tensor(values))


def relative_error(made: np.ndarray, true: np.ndarray) -> float:
    """Root-mean-square of the difference over that of the true values."""
    return float(np.sqrt(np.mean((made - true) ** 2) / np.mean(true**2)))


@torch.no_grad()
def agreement(model: ov.Model, module: Callable[..., Any], examples: Sequence[Tensor]) -> dict[str, float]:
    """Largest relative error of a graph over its outputs, by precision; float32 must be small."""
    true = module(*examples)
    true = [part.numpy() for part in (true if isinstance(true, tuple) else (true,))]
    errors = {
        precision: round(max(map(relative_error, outputs_of(model, examples, precision), true)), 6)
        for precision in ("f32", "bf16")
    }
    if not errors["f32"] <= MOST_ERROR:
        raise ValueError(f"{type(module).__name__} differs from its PyTorch module: {errors}")
    return errors


def cosines(made_BTE: np.ndarray, true_BTE: np.ndarray, mask_BT: np.ndarray) -> dict[str, float]:
    """Least cosine over real tokens, and over sentence vectors (means over real tokens)."""

    def least(a: np.ndarray, b: np.ndarray) -> float:
        norms = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
        return round(float(((a * b).sum(-1) / norms).min()), 6)

    kept = mask_BT[..., None]
    return {
        "least_token_cosine": least(made_BTE[mask_BT], true_BTE[mask_BT]),
        "least_sentence_cosine": least((made_BTE * kept).sum(1), (true_BTE * kept).sum(1)),
    }


def export_text(encoder: TextEncoder, folder: Path) -> dict[str, float]:
    """Write the text encoder and its tokenizer; returns how near it is to float32."""
    ids, mask = encoder.token_ids(list(CHECK_CAPTIONS))
    model = held_in_8_bits(converted(Text(encoder), (ids, mask), ("ids", "mask"), ("tokens",)))
    with torch.no_grad():
        true = encoder(ids, mask).numpy()
    near = {f"{precision}_{name}": value for precision in ("f32", "bf16")
            for name, value in cosines(outputs_of(model, (ids, mask), precision)[0], true, mask.numpy()).items()}  # fmt: skip
    if min(near["f32_least_token_cosine"], near["f32_least_sentence_cosine"]) < LEAST_COSINE:
        raise ValueError(f"the text encoder with 8-bit matrices is too far from float32: {near}")
    ov.save_model(model, folder / "text.xml", compress_to_fp16=True)
    shutil.copyfile(model_folder() / "tokenizer.json", folder / "tokenizer.json")
    return near


def shown_canvases(work: Path, space: Space) -> Tensor:
    """Canvases of training pictures, as inexact as drawn ones."""
    batches = Batches(work / "data", size=OUTPUT_PX, batch=NUM_SHOWN, seed=0)
    canvas = space.to_canvas(F.interpolate(batches.next()[0], size=(space.picture_px,) * 2, mode="area")).float()
    random = torch.Generator().manual_seed(0)
    return canvas + SHOWN_NOISE * torch.rand(len(canvas), 1, 1, 1, generator=random) * torch.randn(canvas.shape, generator=random)


def one_by_one(rows: Tensor) -> list[np.ndarray]:
    """Inputs of one row each."""
    return [row.numpy() for row in rows.split(1)]


def psnr_rounded(model: ov.Model, whole: ov.Model, shown: Sequence[np.ndarray]) -> float:
    """dB of pictures 0-1 made with what convolutions are given in 8 bits against those made without, in float32."""
    graphs = ov.Core().compile_model(model, "CPU"), ov.Core().compile_model(whole, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    squares = [np.mean(np.square(np.clip(graphs[0](one)[0], 0, 1) - np.clip(graphs[1](one)[0], 0, 1))) for one in shown]
    psnr = round(-10 * float(np.log10(np.mean(squares) + 1e-12)), 1)
    if psnr < LEAST_PSNR_ROUNDED:
        raise ValueError(f"rounded to 8 bits the pictures are {psnr} dB from those that are not; {LEAST_PSNR_ROUNDED} is the least")
    return psnr


def export_drawing(
    network: DrawingNetwork, space: Space, head: SuperResolution | None, encoder: TextEncoder, canvases: Tensor, folder: Path
) -> dict[str, dict[str, float]]:
    """Write the other graphs; returns how near each is to its module. Ranges of what is rounded are taken on `canvases`."""
    ids, mask = encoder.token_ids(list(CHECK_CAPTIONS))
    with torch.no_grad():
        text = encoder(ids, mask)
    rows = len(ids)
    random = torch.Generator().manual_seed(0)
    drop = torch.arange(rows) % 4 == 3
    canvas = torch.randn(rows, space.channels, space.canvas, space.canvas, generator=random)
    time = torch.linspace(0, 0.95, rows)
    picture = torch.rand(2, 4, space.picture_px, space.picture_px, generator=random).cumsum(-1).cumsum(-2)
    picture = picture / picture.amax(dim=(1, 2, 3), keepdim=True)
    picture[:, :3] *= picture[:, 3:]
    large = picture.repeat_interleave(OUTPUT_PX // space.picture_px, -1).repeat_interleave(OUTPUT_PX // space.picture_px, -2)
    guided = (torch.linspace(1, 8, rows),) if network.shape.reads_guidance else ()
    keys, pooled = Condition(network)(text, mask, drop, *guided)
    with torch.no_grad():
        decoded = Decode(space)(canvases)
    shown = {"decode": one_by_one(canvases), "enlarge": one_by_one(decoded)}
    tokens, form = torch.randn(rows, space.channels, longest(network), generator=random), torch.arange(rows) % len(network.shape.grids)
    graphs: dict[str, tuple[nn.Module, tuple[Tensor, ...], tuple[str, ...], tuple[str, ...]]] = {
        "condition": (
            Condition(network), (text, mask, drop, *guided), ("tokens", "mask", "drop", "guidance")[: 3 + len(guided)], ("keys", "pooled"),
        ),
        "denoise": (Denoise(network), (tokens, time, keys, pooled, form), ("noisy", "time", "keys", "pooled", "shape"), ("clean",)),
        "decode": (Decode(space), (canvas,), ("canvas",), ("picture",)),
        "encode": (Encode(space), (large,), ("picture",), ("canvas",)),
        "enlarge": (Enlarge(head, space.picture_px), (picture,), ("small",), ("picture",)),
    }
    near = {}
    for name, (module, examples, inputs, outputs) in graphs.items():
        model = converted(module, examples, inputs, outputs)
        if name in IN_8_BITS:
            model = held_in_8_bits(model)
        if name in shown:
            round_inputs(model, shown[name], share=SHARE_IN_RANGE, least_values=LEAST_VALUES)
        model = saved(model, folder / f"{name}.xml", is_packed=name in PACKED)
        whole = without_rounding(model.clone())
        near[name] = agreement(whole, module, examples)
        if name in shown:
            near[name]["psnr_rounded"] = psnr_rounded(model, whole, shown[name])
    spelled = Denoise(network)(tokens, time, keys, pooled, form)
    for number, grid in enumerate(network.shape.grids.values()):
        chosen, num = (form == number).nonzero()[:, 0], grid[0] * grid[1]
        noisy = tokens[chosen, :, :num].unflatten(2, grid)
        with torch.no_grad():
            text_D = network.encode_text(text[chosen], mask[chosen], drop[chosen])
            true = network.denoise(noisy, time[chosen], text_D, *(one[chosen] for one in guided)).numpy()
        error = relative_error(spelled[chosen, :, :num].unflatten(2, grid).numpy(), true)
        if error > 1e-4:
            raise ValueError(f"the exported network differs from the trained one by {error:.2g} on a canvas of {grid}")
    return near


def longest(network: DrawingNetwork) -> int:
    """Tokens of the longest form."""
    return max(rows * columns for rows, columns in network.shape.grids.values())


def trained_rows(work: Path, state: checkpoint.State) -> list[Row]:
    """The pictures that were trained on; a request may name their styles only."""
    rows = read_jsonl(work / "data" / "rows.jsonl")
    return core_rows(rows) if state.get("is_core") else [row for row in rows if row.split == "train"]


def card_of(options: argparse.Namespace, state: checkpoint.State, space: Space, rows: Sequence[Row], files: dict[str, str], near: object) -> dict[str, object]:
    """The card the runtime reads."""
    trained = {row.style for row in rows}
    return {
        "format": "limner.card/1", "name": options.name, "version": options.version, "licence": "Apache-2.0",
        "space": state["space"], "network": state["shape"], "num_samples_trained": num_seen(state),
        "canvas": [space.channels, space.canvas, space.canvas],
        "shapes": [list(grid) for grid in NetworkShape(**state["shape"]).grids.values()],
        "picture_px": space.picture_px, "output_px": OUTPUT_PX,
        "text_tokens": MAX_TOKENS, "text_width": EMBEDDING_WIDTH,
        "styles": {name: style.phrases[0] for name, style in STYLES.items() if name in trained},
        "concepts": sorted({row.concept for row in rows}),
        "transparent_phrase": "transparent background",
        "steps": [1, 100, options.steps], "guidance": [1.0, 12.0, options.guidance], "strength": [0.05, 1.0, 0.6],
        "time_shift": options.shift, "reads_guidance": state["shape"].get("reads_guidance", False), "agreement": near, "files": files,
    }  # fmt: skip


def write_notice(folder: Path) -> None:
    """Keep the notice of the text encoder beside it."""
    (folder / "NOTICE").write_text(
        "text.xml, text.bin and tokenizer.json are made from all-MiniLM-L6-v2 by sentence-transformers\n"
        "(https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2), Apache License 2.0.\n"
        "Changed by us: converted to OpenVINO IR, large matrices rounded to 8 bits, pooling left out.\n"
        "The text of the licence is in the file LICENSE of this project.\n"
    )


def export(options: argparse.Namespace, folder: Path) -> None:
    """Write everything into an empty folder."""
    state = load_run(options.work / options.run)
    network, space = averaged_network(state), open_space(state["space"], options.work)
    head, encoder = load_head(options.work, state["space"], space), TextEncoder().eval()
    near = {"text": export_text(encoder, folder), **export_drawing(network, space, head, encoder, shown_canvases(options.work, space), folder)}
    write_notice(folder)
    files = {path.name: sha256_of_bytes(path.read_bytes()) for path in sorted(folder.iterdir())}
    rows = trained_rows(options.work, state)
    card = card_of(options, state, space, rows, files, near)
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    (folder / "MODEL_CARD.md").write_text(model_card(card, options.work, options.run, rows, has_head=head is not None))
    num_bytes = sum(path.stat().st_size for path in folder.iterdir())
    if num_bytes > BYTES_ALLOWED:
        raise ValueError(f"the weights take {num_bytes:,} bytes; allowed are {BYTES_ALLOWED:,}")
    print(json.dumps({"num_bytes": num_bytes, "agreement": near}, indent=1))


def main() -> None:
    """Export, then put the new files in the place of the old ones."""
    options = parse_options()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.out.parent) as made:
        folder = Path(made) / "weights"
        folder.mkdir()
        export(options, folder)
        if options.out.exists():
            shutil.rmtree(options.out)
        folder.replace(options.out)


if __name__ == "__main__":
    main()
