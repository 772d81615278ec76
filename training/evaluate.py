"""How a run draws before it is exported: `python -m training.evaluate --work DIR --run RUN`.

Measures the quality figures, but draws with PyTorch and the run's averaged weights, so that runs can be chosen between in
minutes. What the product draws is measured by `python -m benchmarks`.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from benchmarks.quality.aspects import aspects, read_aspect
from benchmarks.quality.drawing import FIRST_SEED, SEEDS
from benchmarks.quality.judging import Eye
from benchmarks.quality.measure import print_reading
from benchmarks.quality.sentences import embed_text
from benchmarks.quality.specification import Asked, drawn_concepts

from limner.checks.referee import Referee
from limner.generators.embedded.canvas import to_straight
from training.data.styles import STYLES
from training.export import load_head
from training.spaces import open_space
from training.text import TextEncoder
from training.train import averaged_network, load_run, num_seen, sample

ASPECTS = ("concept-seen", "position", "object-colour")


class RunDrawing:
    """Draws with a run's averaged weights; see `benchmarks.quality.drawing.Draws`."""

    def __init__(self, work: Path, run: str, steps: int, guidance: float) -> None:
        state = load_run(work / run)
        self.seen = num_seen(state)
        self.space = open_space(state["space"], work)
        self.network, self.text = averaged_network(state), TextEncoder().eval()
        self.head = load_head(work, state["space"], self.space)
        self.steps, self.guidance = steps, guidance
        self.styles, self.concepts = tuple(STYLES), drawn_concepts()

    @torch.no_grad()
    def draw(self, asked: Asked, num_seeds: int = SEEDS) -> list[np.ndarray | None]:
        """See `Draws`; a prompt's pictures come from one stream of noise."""
        style = [STYLES[asked.style].phrases[0]] if asked.style in STYLES else []
        encoded = self.text.encode([", ".join([*style, asked.prompt])] * num_seeds)
        picture = sample(self.network, self.space, encoded, seed=FIRST_SEED, steps=self.steps, guidance=self.guidance)
        if self.head is not None:
            picture = (self.head(picture * 2 - 1).float() + 1) / 2
        return list(to_straight(picture.numpy()))


def main() -> None:
    """Print what each aspect comes to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="work folder of the training")
    parser.add_argument("--run", required=True, help="folder of the run inside the work folder")
    parser.add_argument("--aspects", nargs="+", default=ASPECTS, help="names of quality figures")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--guidance", type=float, default=5.0)
    args = parser.parse_args()
    drawing = RunDrawing(args.work, args.run, args.steps, args.guidance)
    print(f"{args.run} after {drawing.seen:,} pictures, {args.steps} steps, guidance {args.guidance}")
    known = aspects(Eye(Referee(embed_text)))
    for name in args.aspects:
        print_reading(name, read_aspect(known[name], drawing))


if __name__ == "__main__":
    main()
