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
from training.precision import mixed_precision
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


class Run:
    """One run: the networks it trains, its steps, its records."""

    def __init__(self, work: Path, samples: int, *, is_core: bool) -> None:
        self.folder, self.samples = work / "refined", samples
        self.folder.mkdir(parents=True, exist_ok=True)
        self.places = {"autoencoder": work / "autoencoder/checkpoint.pt", "head": work / "superres-latents/checkpoint.pt"}
        self.states = {name: loaded(path) for name, path in self.places.items()}
        torch.manual_seed(7)
        self.autoencoder = Autoencoder(AutoencoderShape(**self.states["autoencoder"]["shape"]))
        self.autoencoder.load_state_dict(self.states["autoencoder"]["model"])
        self.autoencoder.eval()
        self.head = SuperResolution(self.autoencoder.shape.canvas)
        self.head.load_state_dict(self.states["head"]["model"])
        self.networks = nn.ModuleDict({"model": Refinement(self.autoencoder, self.head), "critic": Critic()})
        for network in (self.autoencoder, self.networks):
            network.to(memory_format=torch.channels_last)
        self.model, self.critic = self.networks["model"], self.networks["critic"]
        self.optimizers = [
            torch.optim.AdamW(self.model.parameters(), betas=(0.8, 0.95), weight_decay=0.0, fused=True),
            torch.optim.AdamW(self.critic.parameters(), betas=(0.5, 0.95), weight_decay=0.0, fused=True),
        ]
        self.batches = Batches(work / "data", size=OUTPUT_PX, batch=BATCH, seed=8, is_core=is_core)
        self.looked_at = {
            "held_out": evaluation_pairs(work / "data", size=OUTPUT_PX)[0][:64],
            "scenes": Batches(work / "data", size=OUTPUT_PX, batch=32, seed=9, is_core=is_core).next()[0],
        }
        self.seen, self.critic_share = 0, 0.0
        self._resume()

    def _resume(self) -> None:
        if (state := checkpoint.load(self.folder / "checkpoint.pt")) is not None:
            self.networks.load_state_dict(state["networks"])
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
            self.batches.load_state_dict(state["batches"])
            self.seen = state["seen"]

    def save(self) -> None:
        """Write the checkpoint."""
        optimizers = [optimizer.state_dict() for optimizer in self.optimizers]
        going = {"networks": self.networks.state_dict(), "optimizers": optimizers, "batches": self.batches.state_dict(), "seen": self.seen}
        checkpoint.save(going, self.folder / "checkpoint.pt")

    def finish(self) -> None:
        """Put decoder and head in the place of what was there."""
        trained = {"autoencoder": self.autoencoder, "head": self.head}
        for name, network in trained.items():
            checkpoint.save({**self.states[name], "model": network.state_dict()}, self.places[name])

    def small(self, rgba_BCHW: Tensor) -> Tensor:
        """The picture at the autoencoder's size."""
        return F.interpolate(rgba_BCHW, size=(self.autoencoder.shape.canvas,) * 2, mode="area")

    @torch.no_grad()
    def latents(self, rgba_BCHW: Tensor) -> Tensor:
        """What the encoder makes of a picture, 0 to 1."""
        with mixed_precision():
            return self.autoencoder.encode(self.small(rgba_BCHW).contiguous(memory_format=torch.channels_last) * 2 - 1)

    def step(self) -> dict[str, float]:
        """One batch: the critic first, then decoder and head; returns both losses and the critic's share."""
        rgba = self.batches.next()[0].contiguous(memory_format=torch.channels_last)
        for optimizer, peak in zip(self.optimizers, (PEAK, CRITIC_PEAK), strict=True):
            optimizer.param_groups[0]["lr"] = peak * learning_rate(self.seen / self.samples)
        latent = self.latents(rgba)
        latent = latent + MOST_NOISE * torch.rand(len(latent), 1, 1, 1) * torch.randn_like(latent)
        true = rgba * 2 - 1
        with mixed_precision():
            small, made = self.model(latent)
        small, made = small.float(), made.float()
        critic_loss, of_true = self.teach_critic(true, made.detach())
        loss = reconstruction(made, true) + 0.5 * reconstruction(small, self.small(true))
        if self.seen >= CRITIC_ALONE:
            loss = loss + self.critics_part(made, of_true, loss)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizers[0].step()
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        self.seen += BATCH
        return {"loss": round(loss.item(), 4), "critic": round(critic_loss.item(), 3), "share": round(self.critic_share, 5)}

    def teach_critic(self, true: Tensor, made: Tensor) -> tuple[Tensor, list[Tensor]]:
        """One step of the critic; returns its loss and its features of the true pictures."""
        with mixed_precision():
            verdicts, features = self.critic(torch.cat([true, made]))
        by_true, by_made = verdicts.chunk(2)
        loss = F.relu(1 - by_true).mean() + F.relu(1 + by_made).mean()
        loss.backward()
        self.optimizers[1].step()
        return loss, [one[: len(true)].float().detach() for one in features]

    def critics_part(self, made: Tensor, of_true: list[Tensor], loss: Tensor) -> Tensor:
        """What the critic adds to the loss of a picture: `CRITIC_SHARE` of its gradient where the picture is made."""
        self.critic.requires_grad_(requires_grad=False)
        with mixed_precision():
            verdict, of_made = self.critic(made)
        self.critic.requires_grad_(requires_grad=True)
        features = sum((a.float() - b).abs().mean() for a, b in zip(of_made, of_true, strict=True))
        asked = MATCHED * features - verdict.mean()
        if self.critic_share == 0 or self.seen // BATCH % 20 == 0:  # once in a while, as it takes two more passes backward
            last = self.head.out[0].weight
            pull, push = (torch.autograd.grad(one, last, retain_graph=True)[0].norm() for one in (loss, asked))
            self.critic_share = float(CRITIC_SHARE * pull / (push + 1e-6))
        return self.critic_share * asked

    @torch.no_grad()
    def look(self) -> None:
        """Log the error on pictures that are never trained on and on scenes, and write a sheet of pairs: true, made."""
        errors = {}
        for name, rgba in self.looked_at.items():
            with mixed_precision():
                made = torch.cat([self.model(self.latents(part))[1] for part in rgba.split(16)]).float()
            shown = proper_rgba((made + 1) / 2)
            errors[f"{name}_psnr_db"] = round(float(-10 * (shown - rgba).square().mean(dim=(1, 2, 3)).log10().mean()), 2)
        self.log(**errors)
        pairs = torch.stack([rgba[:12], shown[:12]], dim=1).flatten(0, 1)
        Image.fromarray(contact_sheet(pairs, columns=8)).save(self.folder / f"sheet_{self.seen:07d}.png")

    def log(self, **facts: object) -> None:
        """Append one line to the run's log."""
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps({"seen": self.seen, **facts}) + "\n")

    def train(self) -> None:
        """Run to the end, and put what was trained in its place."""
        self.look()
        save_due, look_due = checkpoint.Clock(240), checkpoint.Clock(600)
        started, first = time.monotonic(), self.seen
        while self.seen < self.samples:
            facts = self.step()
            if self.seen // BATCH % 50 == 0:
                self.log(**facts, pictures_per_second=round((self.seen - first) / (time.monotonic() - started), 1))
            if save_due.is_due():
                self.save()
            if look_due.is_due():
                self.look()
        self.look()
        self.finish()


def loaded(path: Path) -> checkpoint.State:
    """A checkpoint.

    Raises:
        FileNotFoundError: there is none.
    """
    state = checkpoint.load(path)
    if state is None:
        raise FileNotFoundError(f"no checkpoint {path}")
    return state


def main() -> None:
    """Train on `--samples` pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="work folder; autoencoder/ and superres-latents/ are changed")
    parser.add_argument("--samples", type=int, default=40_000)
    parser.add_argument("--core", action="store_true", help="only core concepts (training/data/pool.py)")
    args = parser.parse_args()
    Run(args.work, args.samples, is_core=args.core).train()


if __name__ == "__main__":
    main()
