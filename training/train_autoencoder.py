"""Train the autoencoder: `python -m training.train_autoencoder --work DIR --samples N`. Resumes by itself."""

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from training import checkpoint
from training.autoencoder import Autoencoder, AutoencoderShape, edge_loss
from training.data.batches import Batches, evaluation_pairs
from training.landed import landed_autoencoder

BATCH = 32


def learning_rate(done: float, peak: float = 1.5e-3) -> float:
    """Warm up over 2 % of the samples, stay, and fall to a twentieth over the last 40 %. `done` is 0 to 1."""
    return peak * min(1.0, done / 0.02 + 0.01, 0.05 + 0.95 * max(0.0, 1 - done) / 0.4)


@torch.no_grad()
def psnr_db(model: Autoencoder, rgba_BCHW: Tensor) -> float:
    """Peak signal-to-noise ratio over all four channels, 0-1 scale, on held-out pictures."""
    model.eval()
    errors = []
    for part in rgba_BCHW.split(32):
        with torch.autocast("cpu", torch.bfloat16):
            made = model(part * 2 - 1)
        errors.append(((made.float().clamp(-1, 1) + 1) / 2 - part).square().mean(dim=(1, 2, 3)))
    model.train()
    return float(-10 * torch.cat(errors).log10().mean())


def main() -> None:
    """Train until `--samples` pictures have been seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="work folder; sprites in its folder data/")
    parser.add_argument("--name", default="autoencoder")
    parser.add_argument("--start", type=Path, help="weights folder a new run starts from")
    parser.add_argument("--samples", type=int, default=60_000)
    args = parser.parse_args()
    run = args.work / args.name
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    batches = Batches(args.work / "data", size=AutoencoderShape().canvas, batch=BATCH, seed=1)
    held_out = evaluation_pairs(args.work / "data", size=AutoencoderShape().canvas)[0][:128]
    model = Autoencoder(AutoencoderShape()) if args.start is None else landed_autoencoder(args.start)
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    seen = checkpoint.resume_simple(run / "checkpoint.pt", model, optimizer, batches)
    save_due, started, first_seen = checkpoint.Clock(300), time.monotonic(), seen
    while seen < args.samples:
        rgba = batches.next()[0] * 2 - 1
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(seen / args.samples)
        with torch.autocast("cpu", torch.bfloat16):
            made = model(rgba.contiguous(memory_format=torch.channels_last), 0.1)
        loss = F.l1_loss(made.float(), rgba) + 0.5 * edge_loss(made.float(), rgba) + F.mse_loss(made.float(), rgba)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seen += BATCH
        is_last = seen >= args.samples
        if is_last or seen // BATCH % 50 == 0:
            speed = (seen - first_seen) / (time.monotonic() - started)
            record = {"seen": seen, "loss": round(loss.item(), 4), "pictures_per_second": round(speed, 1)}
            if is_last or seen // BATCH % 250 == 0:
                record["held_out_psnr_db"] = round(psnr_db(model, held_out), 2)
            with (run / "log.jsonl").open("a") as log:
                log.write(json.dumps(record) + "\n")
        if is_last or save_due.is_due():
            checkpoint.save(
                {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "seen": seen,
                 "batches": batches.state_dict(), "shape": model.shape.as_dict()},
                run / "checkpoint.pt",
            )


if __name__ == "__main__":
    main()
