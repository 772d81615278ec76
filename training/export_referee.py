"""Export the referee: `python -m training.export_referee --work DIR`.

Writes the network as OpenVINO IR in half precision, the linear map of sentence vectors, and a card
with hashes, what it was trained on, and the calibration of its fit. Half of the held-out pictures
(every other one) calibrate; the benchmark measures on the other half.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import openvino
import torch
from safetensors.numpy import save
from torch import Tensor, nn

from limner.checks.referee.referee import WEIGHTS
from limner.core.hashing import sha256_of_bytes
from training import checkpoint
from training.data.captions import with_article
from training.referee import PICTURE_PX, Referee, RefereeShape
from training.referee_views import read_rows, read_sprites
from training.text import EMBEDDING_WIDTH, TextEncoder

VERSION = "2"


class Exported(nn.Module):
    """The image side alone: uint8 `[B, H, W, 3]` in, unit vectors and style probabilities out."""

    def __init__(self, model: Referee) -> None:
        super().__init__()
        self.model = model

    def forward(self, rgb_BHWC: Tensor) -> tuple[Tensor, Tensor]:
        vectors, styles = self.model(rgb_BHWC.permute(0, 3, 1, 2).float() / 255)
        return vectors, styles.softmax(dim=1)


@torch.no_grad()
def calibrate(model: Referee, data: Path) -> tuple[float, float]:
    """Slope and offset that make the fit a probability, from a right and a wrong name a picture."""
    rows = [row for row in read_rows(data) if row["split"] == "heldout_style"][::2]
    rgba = read_sprites(data, [row["index"] for row in rows]).float() / 255
    vectors = model(rgba[:, :3] + 1 - rgba[:, 3:])[0]
    names = [with_article(row["concept"], row["concept"]) for row in rows]
    texts = model.text_vectors(TextEncoder().embed(names))
    products = vectors @ texts.T
    same = torch.tensor([[one == other for one in names] for other in names])
    right, wrong = products.diagonal(), products[~same]
    values = torch.cat([right, wrong]).double()
    truth = torch.cat([torch.ones_like(right), torch.zeros_like(wrong)]).double()
    weight = torch.cat(
        [torch.full_like(right, 1 / len(right)), torch.full_like(wrong, 1 / len(wrong))]
    ).double()
    line = torch.zeros(2, dtype=torch.double, requires_grad=True)
    search = torch.optim.LBFGS([line], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        search.zero_grad()
        with torch.enable_grad():
            error = nn.functional.binary_cross_entropy_with_logits(
                line[0] * values + line[1], truth, weight=weight, reduction="sum"
            )
            error.backward()
        return error

    search.step(loss)
    return float(line[0]), float(line[1])


def main() -> None:
    """Write the files and the card."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--name", default="referee")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    state = checkpoint.load(args.work / args.name / "checkpoint.pt")
    if state is None:
        raise FileNotFoundError(f"no referee checkpoint in {args.work / args.name}")
    model = Referee(RefereeShape(**state["shape"]))
    model.load_state_dict(state["model"])
    model.eval()
    args.out.mkdir(parents=True, exist_ok=True)
    example = torch.zeros(2, PICTURE_PX, PICTURE_PX, 3, dtype=torch.uint8)
    converted = openvino.convert_model(
        Exported(model), example_input=example, input=[-1, PICTURE_PX, PICTURE_PX, 3]
    )
    openvino.save_model(converted, args.out / "image.xml", compress_to_fp16=True)
    text = {"weight": model.from_text.weight, "bias": model.from_text.bias}
    halves = {name: value.detach().numpy().astype(np.float16) for name, value in text.items()}
    (args.out / "text.safetensors").write_bytes(save(halves))
    slope, offset = calibrate(model, args.work / "data")
    names = ("image.xml", "image.bin", "text.safetensors")
    card = {
        "name": "limner-referee", "version": VERSION, "licence": "Apache-2.0",
        "picture_px": PICTURE_PX, "sentence_width": EMBEDDING_WIDTH, "styles": state["styles"],
        "slope": round(slope, 4), "offset": round(offset, 4),
        "num_parameters": sum(p.numel() for p in model.parameters()),
        "num_training_pictures": state["num_rows"], "num_training_concepts": len(state["concepts"]),
        "num_pictures_seen": state["seen"], "training_rows_sha256": state["rows_sha256"],
        "text_encoder": "all-MiniLM-L6-v2 (Apache-2.0), frozen, mean of its token vectors",
        "files": {name: sha256_of_bytes((args.out / name).read_bytes()) for name in names},
    }  # fmt: skip
    (args.out / "card.json").write_text(json.dumps(card, indent=2) + "\n")


if __name__ == "__main__":
    main()
