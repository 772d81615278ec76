"""Train decoder and super-resolution head further, together: `python -m training.refine_decoder --work DIR --samples N`.

The encoder stays as it is, so a drawing network trained on its latents goes on to fit; only what becomes of latents
gets better. Latents are blurred by noise of differing strength, because drawn ones are less exact than encoded ones.
Beside the plain reconstruction loss, a critic that tells made patches from true ones (Isola et al. 2017,
arXiv:1611.07004, with the hinge loss and matched features of Wang et al. 2018, arXiv:1711.11585) asks for edges as
sharp as true ones, which a mean of what a latent may stand for never has. Resumes by itself, and takes the place of
both networks in their checkpoints at the end. Shapes: B batch, C channels, H height, W width.
"""

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from training import checkpoint
from training.autoencoder import Autoencoder, AutoencoderShape, edge_loss
from training.data.batches import Batches, evaluation_pairs
from training.spaces import proper_rgba
from training.superres import OUTPUT_PX, SuperResolution
from training.train import contact_sheet

BATCH = 16
PEAK = 4e-4
CRITIC_PEAK = 4e-4
MOST_NOISE = 0.2  # standard deviations of a latent
CRITIC_ALONE = 1600  # pictures the critic looks at before it is listened to
CRITIC_SHARE = 0.25  # of the gradient of the reconstruction loss, where the picture is made
MATCHED = 4.0  # weight of the critic's features beside its verdict


class Critic(nn.Module):
    """Tells true patches from made ones: a verdict for every 16 x 16 pixels, and the features it rests on."""

    def __init__(self, widths: tuple[int, ...] = (32, 64, 96, 128)) -> None:
        super().__init__()
        inputs = (4, *widths[:-1])
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(here, there, 4, stride=2, padding=1)) for here, there in zip(inputs, widths, strict=True)
        )
        self.verdict = spectral_norm(nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, rgba_BCHW: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Verdicts `[B, 1, H/16, W/16]`, higher for true, and the features of each layer."""
        features = []
        for layer in self.layers:
            rgba_BCHW = F.leaky_relu(layer(rgba_BCHW), 0.2)
            features.append(rgba_BCHW)
        return self.verdict(rgba_BCHW).float(), features


class Refinement(nn.Module):
    """Decoder and head, as they follow each other when a picture is drawn."""

    def __init__(self, autoencoder: Autoencoder, head: SuperResolution) -> None:
        super().__init__()
        self.up, self.head = autoencoder.up, head

    def forward(self, latent_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """The picture at the autoencoder's size and at 256 px, -1 to 1, not clipped."""
        small = self.up(latent_BCHW)
        shown = proper_rgba((small.float() + 1) / 2) * 2 - 1
        return small, self.head(shown.contiguous(memory_format=torch.channels_last))


def learning_rate(done: float) -> float:
    """Warm up over 2 % of the samples, stay, fall evenly to a fiftieth over the last half. `done` is 0 to 1."""
    return min(1.0, done / 0.02 + 0.01, 0.02 + 0.98 * max(0.0, 1 - done) / 0.5)


def reconstruction(made: Tensor, true: Tensor) -> Tensor:
    """How far the picture is from the true one, at each pixel and at its edges."""
    return F.l1_loss(made, true) + 0.5 * edge_loss(made, true) + F.mse_loss(made, true)


def main() -> None:
    """Train on `--samples` pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="work folder; autoencoder/ and superres-latents/ are changed")
    parser.add_argument("--samples", type=int, default=40_000)
    parser.add_argument("--core", action="store_true", help="only core concepts (training/data/pool.py)")
    args = parser.parse_args()
    run = args.work / "refined"
    run.mkdir(parents=True, exist_ok=True)
    places = {"autoencoder": args.work / "autoencoder/checkpoint.pt", "head": args.work / "superres-latents/checkpoint.pt"}
    states = {name: checkpoint.load(path) for name, path in places.items()}
    for name, state in states.items():
        if state is None:
            raise FileNotFoundError(f"no checkpoint {places[name]}")
    torch.manual_seed(7)
    autoencoder = Autoencoder(AutoencoderShape(**states["autoencoder"]["shape"]))
    autoencoder.load_state_dict(states["autoencoder"]["model"])
    head = SuperResolution(autoencoder.shape.canvas)
    head.load_state_dict(states["head"]["model"])
    autoencoder.eval().to(memory_format=torch.channels_last)
    model = Refinement(autoencoder, head).to(memory_format=torch.channels_last)
    critic = Critic().to(memory_format=torch.channels_last)
    networks = nn.ModuleDict({"model": model, "critic": critic})
    optimizers = [
        torch.optim.AdamW(model.parameters(), betas=(0.8, 0.95), weight_decay=0.0, fused=True),
        torch.optim.AdamW(critic.parameters(), betas=(0.5, 0.95), weight_decay=0.0, fused=True),
    ]
    batches = Batches(args.work / "data", size=OUTPUT_PX, batch=BATCH, seed=8, is_core=args.core)
    held_out = evaluation_pairs(args.work / "data", size=OUTPUT_PX)[0][:64]
    scenes = Batches(args.work / "data", size=OUTPUT_PX, batch=32, seed=9, is_core=args.core).next()[0]

    def latents(rgba_BCHW: Tensor) -> Tensor:
        small = F.interpolate(rgba_BCHW, size=(autoencoder.shape.canvas,) * 2, mode="area")
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            return autoencoder.encode(small.contiguous(memory_format=torch.channels_last) * 2 - 1)

    def log(**facts: object) -> None:
        with (run / "log.jsonl").open("a") as file:
            file.write(json.dumps(facts) + "\n")

    @torch.no_grad()
    def look(seen: int) -> None:
        errors = {}
        for name, rgba in (("held_out", held_out), ("scenes", scenes)):
            with torch.autocast("cpu", torch.bfloat16):
                made = torch.cat([model(latents(part))[1] for part in rgba.split(16)]).float()
            shown = proper_rgba((made + 1) / 2)
            errors[f"{name}_psnr_db"] = round(float(-10 * (shown - rgba).square().mean(dim=(1, 2, 3)).log10().mean()), 2)
        log(seen=seen, **errors)
        pairs = torch.stack([scenes[:12], shown[:12]], dim=1).flatten(0, 1)
        Image.fromarray(contact_sheet(pairs, columns=8)).save(run / f"sheet_{seen:07d}.png")

    seen = 0
    if (state := checkpoint.load(run / "checkpoint.pt")) is not None:
        networks.load_state_dict(state["networks"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        batches.load_state_dict(state["batches"])
        seen = state["seen"]
    look(seen)
    save_due, look_due = checkpoint.Clock(240), checkpoint.Clock(600)
    started, first_seen, share = time.monotonic(), seen, 0.0
    while seen < args.samples:
        rgba = batches.next()[0].contiguous(memory_format=torch.channels_last)
        for optimizer, peak in zip(optimizers, (PEAK, CRITIC_PEAK), strict=True):
            optimizer.param_groups[0]["lr"] = peak * learning_rate(seen / args.samples)
        latent = latents(rgba)
        latent = latent + MOST_NOISE * torch.rand(len(latent), 1, 1, 1) * torch.randn_like(latent)
        true = rgba * 2 - 1
        true_small = F.interpolate(true, size=(autoencoder.shape.canvas,) * 2, mode="area")
        with torch.autocast("cpu", torch.bfloat16):
            small, made = model(latent)
        small, made = small.float(), made.float()

        with torch.autocast("cpu", torch.bfloat16):
            verdicts, of_true = critic(torch.cat([true, made.detach()]))
            by_true, by_made = verdicts.chunk(2)
        critic_loss = F.relu(1 - by_true).mean() + F.relu(1 + by_made).mean()
        critic_loss.backward()
        optimizers[1].step()

        loss = reconstruction(made, true) + 0.5 * reconstruction(small, true_small)
        if seen >= CRITIC_ALONE:
            critic.requires_grad_(requires_grad=False)
            with torch.autocast("cpu", torch.bfloat16):
                verdict, of_made = critic(made)
            pairs = zip(of_made, of_true, strict=True)
            features = sum((a.float() - b[: len(a)].float().detach()).abs().mean() for a, b in pairs)
            asked = MATCHED * features - verdict.mean()
            critic.requires_grad_(requires_grad=True)
            if share == 0 or seen // BATCH % 20 == 0:  # once in a while, as it takes two more passes backward
                last = head.out[0].weight
                pull, push = (torch.autograd.grad(one, last, retain_graph=True)[0].norm() for one in (loss, asked))
                share = float(CRITIC_SHARE * pull / (push + 1e-6))
            loss = loss + share * asked
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizers[0].step()
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        seen += BATCH
        if seen // BATCH % 50 == 0:
            speed = (seen - first_seen) / (time.monotonic() - started)
            log(seen=seen, loss=round(loss.item(), 4), critic=round(critic_loss.item(), 3), share=round(share, 5), pictures_per_second=round(speed, 1))
        if save_due.is_due():
            going = {"networks": networks.state_dict(), "optimizers": [one.state_dict() for one in optimizers], "batches": batches.state_dict(), "seen": seen}
            checkpoint.save(going, run / "checkpoint.pt")
        if look_due.is_due():
            look(seen)
    look(seen)
    checkpoint.save({**states["autoencoder"], "model": autoencoder.state_dict(), "refined": seen}, places["autoencoder"])
    checkpoint.save({**states["head"], "model": head.state_dict()}, places["head"])


if __name__ == "__main__":
    main()
