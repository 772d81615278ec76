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
from training.precision import mixed_precision
from training.spaces import trained_autoencoder

BATCH = 32
NOISE = 0.1  # standard deviations of a latent
HELD = 1.0  # weight of the distance of the first channels from what they were
LOGGED_EVERY, LOOKED_EVERY = 50, 250  # steps


def learning_rate(done: float, peak: float = 1.5e-3) -> float:
    """Warm up over 2 % of the samples, stay, and fall to a twentieth over the last 40 %. `done` is 0 to 1."""
    return peak * min(1.0, done / 0.02 + 0.01, 0.05 + 0.95 * max(0.0, 1 - done) / 0.4)


@torch.no_grad()
def psnr_db(model: Autoencoder, rgba_BCHW: Tensor) -> float:
    """Peak signal-to-noise ratio over all four channels, 0-1 scale, on held-out pictures."""
    model.eval()
    errors = []
    for part in rgba_BCHW.split(32):
        with mixed_precision():
            made = model(part * 2 - 1)
        errors.append(((made.float().clamp(-1, 1) + 1) / 2 - part).square().mean(dim=(1, 2, 3)))
    model.train()
    return float(-10 * torch.cat(errors).log10().mean())


class Run:
    """One run: the autoencoder it trains, its steps, its records.

    `known` is the autoencoder whose latents the first channels are held to; ``None`` where there is none.
    """

    def __init__(self, work: Path, name: str, model: Autoencoder, known: Autoencoder | None, samples: int, *, is_core: bool) -> None:
        self.folder, self.samples, self.known = work / name, samples, known
        self.folder.mkdir(parents=True, exist_ok=True)
        data, size = work / "data", AutoencoderShape().canvas
        self.model = model.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), betas=(0.9, 0.95), weight_decay=0.0, fused=True)
        self.batches = Batches(data, size=size, batch=BATCH, seed=1, is_core=is_core)
        self.looked_at = {
            "held_out": evaluation_pairs(data, size=size)[0][:128],
            "scenes": Batches(data, size=size, batch=128, seed=9, is_core=is_core).next()[0],
        }
        self.seen = checkpoint.resume_simple(self.folder / "checkpoint.pt", self.model, self.optimizer, self.batches)

    def step(self) -> dict[str, float]:
        """One batch; returns its loss, and how far the first channels are from what they were."""
        rgba = (self.batches.next()[0] * 2 - 1).contiguous(memory_format=torch.channels_last)
        self.optimizer.param_groups[0]["lr"] = learning_rate(self.seen / self.samples)
        with mixed_precision():
            latent = self.model.encode(rgba)
            made = self.model.decode(latent + NOISE * torch.randn_like(latent)).float()
        loss = F.l1_loss(made, rgba) + 0.5 * edge_loss(made, rgba) + F.mse_loss(made, rgba)
        record = {}
        if self.known is not None:
            with torch.no_grad(), mixed_precision():
                known = self.known.encode(rgba)
            drift = F.mse_loss(latent[:, : known.shape[1]], known)
            loss = loss + HELD * drift
            record["drift"] = round(drift.item(), 4)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.seen += BATCH
        return {"loss": round(loss.item(), 4), **record}

    def errors(self) -> dict[str, float]:
        """How near the pictures come that are never trained on, and scenes."""
        return {f"{name}_psnr_db": round(psnr_db(self.model, rgba), 2) for name, rgba in self.looked_at.items()}

    def save(self) -> None:
        """Write the checkpoint."""
        going = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "seen": self.seen}
        checkpoint.save(
            {**going, "batches": self.batches.state_dict(), "shape": self.model.shape.as_dict()}, self.folder / "checkpoint.pt"
        )

    def log(self, **facts: float) -> None:
        """Append a line to the run's log."""
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps({"seen": self.seen, **facts}) + "\n")

    def go_on(self) -> None:
        """Train until the end, telling and saving on the way."""
        save_due, started, first_seen = checkpoint.Clock(300), time.monotonic(), self.seen
        while self.seen < self.samples:
            record = self.step()
            num_steps, is_last = self.seen // BATCH, self.seen >= self.samples
            if is_last or num_steps % LOGGED_EVERY == 0:
                speed = (self.seen - first_seen) / (time.monotonic() - started)
                errors = self.errors() if is_last or num_steps % LOOKED_EVERY == 0 else {}
                self.log(**record, pictures_per_second=round(speed, 1), **errors)
            if is_last or save_due.is_due():
                self.save()


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
    torch.manual_seed(0)
    known = None if args.widen is None else trained_autoencoder(args.work / args.widen)
    if known is not None:
        model = widened(known, args.channels)
    else:
        model = Autoencoder(AutoencoderShape()) if args.start is None else landed_autoencoder(args.start)
    Run(args.work, args.name, model, known, args.samples, is_core=args.core).go_on()


if __name__ == "__main__":
    main()
