"""Train the autoencoder: `python -m training.train_autoencoder --work DIR --samples N`. Resumes by itself.

`--widen RUN --channels N` starts from a trained autoencoder and gives it more latent channels. The first ones are held to
what they were, so that a drawing network goes on to know them.
"""

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from training import checkpoint
from training.autoencoder import Autoencoder, AutoencoderShape, edge_loss, widened
from training.data.batches import Batches, evaluation_pairs
from training.landed import landed_autoencoder
from training.spaces import trained_autoencoder

BATCH = 32
NOISE = 0.1  # standard deviations of a latent
HELD = 1.0  # weight of the distance of the first channels from what they were


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
    parser.add_argument("--widen", help="run whose autoencoder gets more channels")
    parser.add_argument("--channels", type=int, default=64, help="latent channels after widening")
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--core", action="store_true", help="only core concepts (training/data/pool.py)")
    args = parser.parse_args()
    run = args.work / args.name
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    batches = Batches(args.work / "data", size=AutoencoderShape().canvas, batch=BATCH, seed=1, is_core=args.core)
    held_out = evaluation_pairs(args.work / "data", size=AutoencoderShape().canvas)[0][:128]
    scenes = Batches(args.work / "data", size=AutoencoderShape().canvas, batch=128, seed=9, is_core=args.core).next()[0]
    narrow = None if args.widen is None else trained_autoencoder(args.work / args.widen)
    if narrow is not None:
        model = widened(narrow, args.channels)
    else:
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
            rgba = rgba.contiguous(memory_format=torch.channels_last)
            latent = model.encode(rgba)
            made = model.decode(latent + NOISE * torch.randn_like(latent))
        loss = F.l1_loss(made.float(), rgba) + 0.5 * edge_loss(made.float(), rgba) + F.mse_loss(made.float(), rgba)
        if narrow is not None:
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                known = narrow.encode(rgba)
            drift = F.mse_loss(latent[:, : known.shape[1]], known)
            loss = loss + HELD * drift
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
                record["scenes_psnr_db"] = round(psnr_db(model, scenes), 2)
            if narrow is not None:
                record["drift"] = round(drift.item(), 4)
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
