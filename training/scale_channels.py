"""Scale latent channels of a trained autoencoder in its work folder: `python -m training.scale_channels --work DIR --first 32`.

Channels of fine detail that vary as much as those of shape and colour have as much of the drawing network's loss, and
come out of the noise as early (docs/log.md, "What held the long run back"). The encoder's normalisation and the decoder's first
kernels are changed against each other, so pictures come back as before. Once only, before anything is trained on them.
"""

import argparse
from pathlib import Path

import torch

from training import checkpoint

SCALE = 0.5


@torch.no_grad()
def scale_channels(state: dict[str, torch.Tensor], first: int, scale: float) -> None:
    """Multiply the latents from channel `first` on by `scale`, in the values of an `Autoencoder`."""
    state["norm.running_var"][first:] /= scale**2
    state["up.0.weight"][:, first:] /= scale


def main() -> None:
    """Change the autoencoder of a work folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="work folder; autoencoder/ is changed")
    parser.add_argument("--first", type=int, required=True, help="the first channel that is scaled")
    parser.add_argument("--scale", type=float, default=SCALE)
    args = parser.parse_args()
    path = args.work / "autoencoder" / "checkpoint.pt"
    state = checkpoint.load(path)
    if state is None:
        raise FileNotFoundError(f"no autoencoder checkpoint in {path.parent}")
    scale_channels(state["model"], args.first, args.scale)
    checkpoint.save(state, path)


if __name__ == "__main__":
    main()
