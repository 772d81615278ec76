"""Train the autoencoder's decoder further: `python -m training.refine_decoder --work DIR --samples N`.

The encoder stays as it is, so a drawing network trained on its latents goes on to fit; only what becomes of latents
gets better. Latents are blurred by noise of differing strength, because drawn ones are less exact than encoded ones.
Resumes by itself, and takes the place of the decoder in the autoencoder's checkpoint at the end.
"""

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812

from training import checkpoint
from training.autoencoder import Autoencoder, AutoencoderShape, edge_loss
from training.data.batches import Batches, evaluation_pairs
from training.train_autoencoder import BATCH, psnr_db

PEAK = 6e-4
MOST_NOISE = 0.2  # standard deviations of a latent


def learning_rate(done: float) -> float:
    """Warm up over 2 % of the samples, then fall evenly to a fiftieth. `done` is 0 to 1."""
    return PEAK * min(1.0, done / 0.02 + 0.01, 0.02 + 0.98 * (1 - done))


def main() -> None:
    """Train the decoder on `--samples` pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="work folder; its folder autoencoder/ is changed")
    parser.add_argument("--samples", type=int, default=24_000)
    parser.add_argument("--core", action="store_true", help="only core concepts (training/data/pool.py)")
    args = parser.parse_args()
    run = args.work / "autoencoder"
    state = checkpoint.load(run / "checkpoint.pt")
    if state is None:
        raise FileNotFoundError(f"no autoencoder checkpoint in {run}")
    torch.manual_seed(7)
    model = Autoencoder(AutoencoderShape(**state["shape"])).to(memory_format=torch.channels_last)
    model.load_state_dict(state["model"])
    model.eval()
    batches = Batches(args.work / "data", size=model.shape.canvas, batch=BATCH, seed=8, is_core=args.core)
    held_out = evaluation_pairs(args.work / "data", size=model.shape.canvas)[0][:128]
    optimizer = torch.optim.AdamW(model.up.parameters(), betas=(0.9, 0.95), weight_decay=0.0, fused=True)

    def log(**facts: object) -> None:
        with (run / "log.jsonl").open("a") as file:
            file.write(json.dumps(facts) + "\n")

    log(refined=0, held_out_psnr_db=round(psnr_db(model, held_out), 2))
    model.eval()
    seen = checkpoint.resume_simple(run / "refining.pt", model, optimizer, batches)
    save_due, started, first_seen = checkpoint.Clock(240), time.monotonic(), seen
    while seen < args.samples:
        rgba = batches.next()[0].contiguous(memory_format=torch.channels_last) * 2 - 1
        optimizer.param_groups[0]["lr"] = learning_rate(seen / args.samples)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                latent = model.encode(rgba)
                latent = latent + MOST_NOISE * torch.rand(len(latent), 1, 1, 1) * torch.randn_like(latent)
            made = model.decode(latent)
        loss = F.l1_loss(made.float(), rgba) + 0.5 * edge_loss(made.float(), rgba) + F.mse_loss(made.float(), rgba)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.up.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seen += BATCH
        if seen // BATCH % 50 == 0:
            speed = (seen - first_seen) / (time.monotonic() - started)
            log(refined=seen, loss=round(loss.item(), 4), pictures_per_second=round(speed, 1))
        if save_due.is_due():
            going = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "seen": seen, "batches": batches.state_dict()}
            checkpoint.save(going, run / "refining.pt")
    log(refined=seen, held_out_psnr_db=round(psnr_db(model, held_out), 2))
    checkpoint.save({**state, "model": model.state_dict(), "refined": seen}, run / "checkpoint.pt")
    (run / "refining.pt").unlink(missing_ok=True)
    (run / "refining.previous").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
