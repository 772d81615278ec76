"""Super-resolution head: the picture a space decodes, at its own size, to 256 px.

A few convolutions at 64 x 64 positions and one sub-pixel step (Shi et al. 2016, arXiv:1609.05158), added to a plain
enlargement. It sharpens and cleans what the space decodes; it does not invent. `python -m training.superres --work DIR
--space latents --samples N` trains it and resumes by itself. Shapes: B batch, C channels, H height, W width.
"""

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from training import checkpoint
from training.autoencoder import ResidualBlock, edge_loss
from training.data.batches import Batches
from training.precision import mixed_precision
from training.spaces import Space, open_space

OUTPUT_PX = 256
GRID = 64
BATCH = 16
PEAK = 1e-3


class SuperResolution(nn.Module):
    """RGBA picture of `picture_px` a side, -1 to 1, to 256 px."""

    def __init__(self, picture_px: int, width: int = 48, blocks: int = 3) -> None:
        super().__init__()
        fold = picture_px // GRID
        self.factor = OUTPUT_PX // picture_px
        self.into = nn.Sequential(nn.PixelUnshuffle(fold), nn.Conv2d(4 * fold**2, width, 3, padding=1))
        self.body = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)), nn.SiLU())
        self.out = nn.Sequential(nn.Conv2d(width, 4 * 16, 3, padding=1), nn.PixelShuffle(OUTPUT_PX // GRID))
        nn.init.zeros_(self.out[0].weight)

    def forward(self, picture_BCHW: Tensor) -> Tensor:
        """Pictures of any form, the shorter side `picture_px`, to those whose shorter side is 256 px; not clipped."""
        plain = F.interpolate(picture_BCHW, scale_factor=self.factor, mode="bilinear", align_corners=False)
        return plain + self.out(self.body(self.into(picture_BCHW)))


def decoded(space: Space, rgba_BCHW: Tensor) -> Tensor:
    """What the space gives back for a picture whose canvas is as inexact as a drawn one, -1 to 1."""
    small = F.interpolate(rgba_BCHW, size=(space.picture_px,) * 2, mode="area")
    canvas = space.to_canvas(small)
    spread = 0.15 * torch.rand(len(canvas), 1, 1, 1)
    return space.to_picture(canvas + spread * torch.randn_like(canvas)) * 2 - 1


def learning_rate(done: float) -> float:
    """Warm up over 2 %, stay, fall to a fiftieth over the last half."""
    return PEAK * min(1.0, done / 0.02 + 0.01, 0.02 + 0.98 * max(0.0, 1 - done) / 0.5)


def main() -> None:
    """Train until `--samples` pictures have been seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--space", choices=("pixels", "latents"), default="latents")
    parser.add_argument("--samples", type=int, default=20_000)
    args = parser.parse_args()
    run = args.work / f"superres-{args.space}"
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(5)
    space = open_space(args.space, args.work)
    batches = Batches(args.work / "data", size=OUTPUT_PX, batch=BATCH, seed=6)
    model = SuperResolution(space.picture_px).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    seen = checkpoint.resume_simple(run / "checkpoint.pt", model, optimizer, batches)
    save_due, started, first_seen = checkpoint.Clock(240), time.monotonic(), seen
    while seen < args.samples:
        rgba = batches.next()[0]
        given, wanted = decoded(space, rgba), rgba * 2 - 1
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(seen / args.samples)
        with mixed_precision():
            made = model(given.contiguous(memory_format=torch.channels_last)).float()
        loss = F.l1_loss(made, wanted) + 0.5 * edge_loss(made, wanted)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seen += BATCH
        is_last = seen >= args.samples
        if is_last or seen // BATCH % 50 == 0:
            plain = F.interpolate(given, size=(OUTPUT_PX,) * 2, mode="bilinear", align_corners=False)
            speed = (seen - first_seen) / (time.monotonic() - started)
            record = {
                "seen": seen, "loss": round(loss.item(), 4), "pictures_per_second": round(speed, 1),
                "l1": round(F.l1_loss(made, wanted).item(), 4), "l1_plain": round(F.l1_loss(plain, wanted).item(), 4),
            }  # fmt: skip
            with (run / "log.jsonl").open("a") as log:
                log.write(json.dumps(record) + "\n")
        if is_last or save_due.is_due():
            checkpoint.save(
                {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "seen": seen,
                 "batches": batches.state_dict(), "picture_px": space.picture_px},
                run / "checkpoint.pt",
            )  # fmt: skip


if __name__ == "__main__":
    main()
