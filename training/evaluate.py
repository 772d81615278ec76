"""How a run draws before it is exported: `python -m training.evaluate --work DIR --run RUN`.

Asks for what the quality figures ask for and judges as they do, but draws with PyTorch and the run's averaged weights, so
that runs can be chosen between in minutes. What the product draws is measured by `python -m benchmarks`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from benchmarks.quality.aspects import Aspect, aspects
from benchmarks.quality.intervals import share_with_interval
from benchmarks.quality.judging import Eye
from benchmarks.quality.sentences import embed_text
from benchmarks.quality.specification import Asked, drawn_concepts
from torch import Tensor

from limner.checks.referee import Referee
from training.data.styles import STYLES
from training.export import load_head
from training.spaces import open_space, proper_rgba
from training.text import TextEncoder
from training.train import averaged_network, load_run, num_seen, sample

ASPECTS = ("concept-seen", "position", "object-colour")
ROWS = 32


class RunDrawing:
    """Draws with a run's averaged weights; knows styles and concepts as the quality figures ask for them."""

    def __init__(self, work: Path, run: str, steps: int, guidance: float) -> None:
        self.state = load_run(work / run)
        self.space = open_space(self.state["space"], work)
        self.network, self.text = averaged_network(self.state), TextEncoder().eval()
        self.head = load_head(work, self.state["space"], self.space)
        self.steps, self.guidance = steps, guidance
        self.styles, self.concepts = tuple(STYLES), drawn_concepts()

    @torch.no_grad()
    def draw(self, asked: Sequence[Asked], seed: int) -> list[np.ndarray]:
        """One picture for each, uint8 RGBA `[H, W, 4]`, straight alpha."""
        captions = [self.caption(one) for one in asked]
        encoded = self.text.encode(captions)
        small = sample(self.network, self.space, encoded, seed=seed, steps=self.steps, guidance=self.guidance)
        return straight_bytes(small if self.head is None else proper_rgba((self.head(small * 2 - 1).float() + 1) / 2))

    def caption(self, asked: Asked) -> str:
        """As the runtime writes it: style, subject, ground."""
        style = [STYLES[asked.style].phrases[0]] if asked.style in STYLES else []
        return ", ".join([*style, asked.prompt])


def straight_bytes(rgba_BCHW: Tensor) -> list[np.ndarray]:
    """uint8 `[H, W, 4]` of premultiplied pictures, 0-1, colours freed of their alpha."""
    alpha = rgba_BCHW[:, 3:]
    rgb = torch.where(alpha > 0, rgba_BCHW[:, :3] / alpha.clamp(min=1e-6), 0.0).clamp(0, 1)
    return list((torch.cat([rgb, alpha], 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy())


def share_right(aspect: Aspect, drawing: RunDrawing, seeds: int) -> tuple[float, tuple[float, float], int]:
    """Share of pictures the aspect's first judge calls right, its 95 % interval over prompts, and how many there were."""
    asked, judge = aspect.asked(drawing), next(iter(aspect.judges.values()))
    outcomes: list[list[float]] = [[] for _ in asked]
    for start in range(0, len(asked), ROWS):
        part = asked[start : start + ROWS]
        for seed in range(seeds):
            for number, picture in enumerate(drawing.draw(part, seed=1000 * seed + start)):
                outcomes[start + number].append(float(judge(picture, part[number])))
    share, interval = share_with_interval(outcomes, np.random.default_rng(0))
    return share, interval, len(asked) * seeds


def main() -> None:
    """Print a line for each aspect."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="work folder of the training")
    parser.add_argument("--run", required=True, help="folder of the run inside the work folder")
    parser.add_argument("--aspects", nargs="+", default=ASPECTS, help="names of quality figures")
    parser.add_argument("--seeds", type=int, default=2, help="pictures a prompt")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--guidance", type=float, default=5.0)
    args = parser.parse_args()
    drawing = RunDrawing(args.work, args.run, args.steps, args.guidance)
    print(f"{args.run} after {num_seen(drawing.state):,} pictures, {args.steps} steps, guidance {args.guidance}")
    known = aspects(Eye(Referee(embed_text)))
    for name in args.aspects:
        share, (low, high), num = share_right(known[name], drawing, args.seeds)
        print(f"{name:24} {share:6.1%}  [{low:.1%}, {high:.1%}]  n {num}", flush=True)


if __name__ == "__main__":
    main()
