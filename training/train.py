"""Train the drawing network: `python -m training.train --work DIR --name RUN --space latents --samples N`.

Resumes by itself from the run's folder, where it keeps a checkpoint (at least every 10 minutes), a log of the error
at fixed noise levels on held-out pictures, and sample sheets. Everything random is seeded and stored.

With `--guided` guidance becomes an input, one row a picture instead of two when it draws (Meng et al. 2023,
arXiv:2210.03142): a part of every batch learns the guided estimate of the network's own average (Tang et al. 2025,
arXiv:2502.12154), while the other goes on learning from the pictures themselves, at guidance 1.
"""

import argparse
import json
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch._inductor.config
from PIL import Image
from torch import Tensor, nn

from training import checkpoint, flow
from training.data.batches import Batches, evaluation_pairs
from training.data.scenes import SQUARE, TALL, WIDE, Canvas
from training.landed import landed_network
from training.muon import Muon
from training.network import DrawingNetwork, NetworkShape
from training.precision import mixed_precision
from training.spaces import Space, open_space
from training.text import EMBEDDING_WIDTH, MAX_TOKENS, EncodedText, TextEncoder

torch._dynamo.config.cache_size_limit = 64  # blocks are compiled for every form and number of rows
torch._inductor.config.cpp.simdlen = 256  # with 512 bits torch 2.13 makes gradients that are not finite where there is AMX; 2 % slower

FIXED_TIMES = (0.1, 0.3, 0.5, 0.7, 0.9)
DROPPED_CAPTIONS = 0.12
MOST_GUIDANCE = 12.0
GUIDED_SHARE = 0.5  # of the pictures, learnt as the average's guided estimate; the others are learnt as they are
TRUTH_SHARE = 0.6  # of the picture itself in a guided estimate that is learnt
EVENED_ABOVE = 0.1  # velocity error from which guided pictures weigh the same
TRUE_WEIGHT = 2.0  # of a picture learnt as it is, where guided ones weigh 1 / (error + EVENED_ABOVE)
LONG_SHARE = 0.16  # of the steps that are of a wide or a tall canvas
AVERAGE_TAKEN = 4800  # pictures after which the average that guides is taken anew
ADAMW_SHARE = 0.3  # of Muon's learning rate
SHEET_PROMPTS = (
    "a red apple", "cat face", "a house, flat emoji style", "pizza", "a blue car, on a yellow background",
    "smiling face with sunglasses", "three green apples", "a tree to the left of a house", "rocket, fluent emoji style",
    "a pink flower, on a white background", "fish", "a yellow star, on a dark blue background", "birthday cake", "guitar",
    "a purple umbrella", "mushroom, noto emoji style",
)  # fmt: skip


@dataclass(slots=True)
class Options:
    """What a run was started with."""

    work: Path
    name: str
    space: str
    samples: int
    batch: int
    noisings: int
    width: int
    depth: int
    hidden: int
    peak: float
    until: float
    core: bool
    fresh: int
    time_mean: float | None
    look_every: float
    start: Path | None
    guided: bool
    long: bool


def parse_options() -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="work folder; sprites in its folder data/")
    parser.add_argument("--name", required=True, help="folder of this run inside the work folder")
    parser.add_argument("--space", choices=("pixels", "latents"), default="latents")
    parser.add_argument("--samples", type=int, required=True, help="length of the schedule in noised pictures")
    parser.add_argument("--until", type=float, default=1.0, help="stop at this share of the schedule")
    parser.add_argument("--batch", type=int, default=128, help="noised pictures a step")
    parser.add_argument("--noisings", type=int, default=2, help="how many of a batch are the same picture, noised anew")
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--depth", type=int, default=12)
    parser.add_argument("--hidden", type=int, default=832)
    parser.add_argument("--peak", type=float, default=1e-3, help="highest learning rate of Muon; AdamW takes a share of it")
    parser.add_argument("--core", action="store_true", help="only core concepts (training/data/pool.py)")
    parser.add_argument("--fresh", type=int, default=16, help="pictures painted anew for each step; the others are replayed")
    parser.add_argument("--time-mean", type=float, help="logit mean of the noise times; left out: the space's")
    parser.add_argument("--start", type=Path, help="weights folder or run a new run starts from; its latents must be the first of this one's")
    parser.add_argument("--guided", action="store_true", help="guidance as an input, learnt from the network's own average")
    parser.add_argument("--long", action="store_true", help="canvases half again as wide or as tall too")
    parser.add_argument("--look-every", type=float, default=900, help="seconds between sample sheets")
    return Options(**vars(parser.parse_args()))


def learning_rate(seen: int, samples: int) -> float:
    """Share of the peak: warm up over 5,000 pictures, stay, fall linearly to a fiftieth over the last fifth."""
    return min(1.0, seen / 5000 + 0.02, 0.02 + 0.98 * max(0.0, 1 - seen / samples) / 0.2)


class AveragedWeights:
    """Exponential moving average whose half-life grows with the run (5 % of the pictures seen, EDM)."""

    def __init__(self, model: nn.Module) -> None:
        self.values = {name: value.detach().clone() for name, value in model.named_parameters()}

    @torch.no_grad()
    def update(self, model: nn.Module, batch: int, seen: int) -> None:
        """Take in the weights after one optimizer step."""
        decay = 0.5 ** (batch / max(0.05 * seen, 1e-8))
        torch._foreach_lerp_(list(self.values.values()), [p.detach() for p in model.parameters()], 1 - decay)


def make_optimizers(model: DrawingNetwork, peak: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside blocks, AdamW for everything else."""
    matrices = [p for name, p in model.named_parameters() if "blocks" in name and p.ndim == 2 and min(p.shape) > 8]
    chosen = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    return [
        Muon(matrices, lr=peak),
        torch.optim.AdamW(rest, lr=ADAMW_SHARE * peak, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
    ]


class Replay:
    """Painted and encoded pictures of one form with their captions, drawn from again and again.

    Painting a picture and encoding it costs two thirds of training on it once, so every step takes a few new ones
    and many that were there before. It is not in the checkpoint: a resumed run paints its first pictures anew.
    """

    FIRST, MOST = 2048, 24_576
    LESS_OF_LONG = 4

    def __init__(self, batches: Batches, space: Space, text: TextEncoder, form: Canvas) -> None:
        self.batches, self.space, self.text, self.form = batches, space, text, form
        less = self.LESS_OF_LONG if form.is_long else 1
        self.first, self.most = self.FIRST // less, self.MOST // less
        sides = (round(form.height * space.canvas), round(form.width * space.canvas))
        self.clean_KCHW = torch.empty(self.most, space.channels, *sides, dtype=torch.bfloat16)
        self.tokens_KTE = torch.empty(self.most, MAX_TOKENS, EMBEDDING_WIDTH, dtype=torch.bfloat16)
        self.mask_KT = torch.empty(self.most, MAX_TOKENS, dtype=torch.bool)
        self.num_painted = 0

    def _paint(self) -> int:
        rgba, captions, _ = self.batches.next(self.form)
        encoded = self.text.encode(captions)
        places = (self.num_painted + torch.arange(len(captions))) % self.most
        self.clean_KCHW[places] = self.space.to_canvas(rgba).bfloat16()
        self.tokens_KTE[places] = encoded.tokens_BTE.bfloat16()
        self.mask_KT[places] = encoded.mask_BT
        self.num_painted += len(captions)
        return len(captions)

    def next(self, num: int) -> tuple[Tensor, EncodedText]:
        """`num` pictures on the canvas, float32, and their captions: new ones, and others by chance."""
        while self.num_painted < self.first:
            self._paint()
        newest = (self.num_painted + torch.arange(self._paint())) % self.most
        others = torch.randint(min(self.num_painted, self.most), (num - len(newest),))
        chosen = torch.cat([newest, others])
        return self.clean_KCHW[chosen].float(), EncodedText(self.tokens_KTE[chosen].float(), self.mask_KT[chosen])


class Run:
    """One training run: its state, its steps, its records."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.folder = options.work / options.name
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(1)
        self.space: Space = open_space(options.space, options.work)
        self.text = TextEncoder()
        self.batches = Batches(options.work / "data", size=self.space.picture_px, batch=options.fresh, seed=2, is_core=options.core)
        self.seen_things = Batches(
            options.work / "data", size=self.space.picture_px, batch=256, seed=3, is_core=options.core
        ).next()  # trained things, painted in ways of their own
        forms = (SQUARE, WIDE, TALL) if options.long else (SQUARE,)
        self.replays = [Replay(self.batches, self.space, self.text, form) for form in forms]
        self.time_mean = self.space.time_mean if options.time_mean is None else options.time_mean
        shape = NetworkShape(
            channels=self.space.channels, canvas=self.space.canvas, patch=self.space.patch,
            width=options.width, depth=options.depth, hidden=options.hidden, reads_guidance=options.guided,
            long_side=round(WIDE.width * self.space.canvas / self.space.patch) if options.long else 0,
        )  # fmt: skip
        self.model, self.seen_before = self._new_model(shape)
        self.averaged = AveragedWeights(self.model)
        self.optimizers = make_optimizers(self.model, options.peak)
        self.seen = 0
        self._resume()
        self.guide = self.averaged_model().requires_grad_(requires_grad=False) if options.guided else None
        for model in (self.model, self.guide):
            for block in () if model is None else (*model.text_blocks, *model.blocks):
                block.compile(dynamic=False)  # a form and a number of rows each, of which there are few

    def _new_model(self, shape: NetworkShape) -> tuple[DrawingNetwork, int]:
        """The network a new run starts with, and how many noised pictures it has seen in earlier ones."""
        start = self.options.start
        if start is not None and (start / "card.json").exists():
            card = json.loads((start / "card.json").read_text())
            return grown(landed_network(start), shape), card["num_samples_trained"]
        if start is not None:
            state = load_run(start)
            return grown(averaged_network(state), shape), num_seen(state)
        model = DrawingNetwork(shape)
        captions = [caption for _ in range(60) for caption in self.batches.next()[1]]
        model.whiten_text(*self.text.encode(captions))
        return model, 0

    def _resume(self) -> None:
        state = checkpoint.load(self.folder / "checkpoint.pt")
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        self.averaged.values = state["averaged"]
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.batches.load_state_dict(state["batches"])
        torch.set_rng_state(state["random"])
        self.seen = state["seen"]

    def save(self) -> None:
        """Write the checkpoint."""
        checkpoint.save(
            {
                "model": self.model.state_dict(), "averaged": self.averaged.values, "seen": self.seen,
                "seen_before": self.seen_before,
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "batches": self.batches.state_dict(), "random": torch.get_rng_state(),
                "shape": self.model.shape.as_dict(), "space": self.options.space, "is_core": self.options.core,
            },
            self.folder / "checkpoint.pt",
        )  # fmt: skip

    def step(self) -> Tensor:
        """One batch; returns the loss without waiting on it."""
        is_long = self.options.long and torch.rand(()) < LONG_SHARE
        replay = self.replays[int(torch.randint(1, 3, ())) if is_long else 0]
        pictures, encoded = replay.next(self.options.batch // self.options.noisings)
        dropped = torch.rand(len(pictures)) < DROPPED_CAPTIONS
        clean = pictures.repeat_interleave(self.options.noisings, dim=0)
        times = flow.sample_times(len(clean), self.time_mean)
        noisy = flow.add_noise(clean, times, torch.randn_like(clean))
        guidance, target, weights = None, clean, torch.ones(len(clean))
        if self.guide is not None:
            num = round(GUIDED_SHARE * len(pictures))
            rows = num * self.options.noisings
            dropped[:num] = False
            guidance = torch.ones(len(pictures))
            guidance[:num] = sample_guidance(num)
            captions = EncodedText(*(part[:num] for part in encoded))
            guided = guided_estimate(self.guide, noisy[:rows], times[:rows], captions, guidance[:num], clean[:rows])
            target = torch.cat([guided, clean[rows:]])
        with mixed_precision():
            made = self.model(noisy, times, *encoded, dropped, guidance)
        errors = flow.velocity_errors(made.float(), target, times)
        if self.guide is not None:
            # Estimates of much guidance err by far the most; evened out, they do not drown the others (MeanFlow, p = 1).
            # Pictures themselves are not evened: that would draw the estimate from their mean to their median.
            weights[:rows], weights[rows:] = 1 / (errors[:rows].detach() + EVENED_ABOVE), TRUE_WEIGHT
        (weights * errors).mean().backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        share = learning_rate(self.seen, self.options.samples)
        for optimizer, scale in zip(self.optimizers, (1.0, ADAMW_SHARE), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = share * scale * self.options.peak
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.seen += len(clean)
        self.averaged.update(self.model, len(clean), self.seen)
        if self.guide is not None and self.seen // AVERAGE_TAKEN != (self.seen - len(clean)) // AVERAGE_TAKEN:
            self.guide.load_state_dict(self.averaged.values)
        return errors.detach().mean()

    def averaged_model(self) -> DrawingNetwork:
        """A copy of the network with the averaged weights, not compiled."""
        model = DrawingNetwork(self.model.shape)
        model.load_state_dict(self.averaged.values)
        return model.eval()

    @torch.no_grad()
    def errors(self, model: DrawingNetwork, rgba: Tensor, captions: list[str]) -> dict[str, float]:
        """Mean squared error of the clean estimate at fixed times, fixed noise."""
        clean, encoded = self.space.to_canvas(rgba), self.text.encode(captions)
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(3))
        kept = torch.zeros(len(clean), dtype=torch.bool)
        errors = {}
        for time_ in FIXED_TIMES:
            times = torch.full((len(clean),), time_)
            with mixed_precision():
                made = model(flow.add_noise(clean, times, noise), times, *encoded, kept)
            errors[f"{time_}"] = round(float((made.float() - clean).square().mean()), 5)
        return errors

    def write_sheet(self, model: DrawingNetwork) -> None:
        """Draw the fixed prompts, two seeds each, on a chequered ground."""
        made = sample(model, self.space, self.text.encode(list(SHEET_PROMPTS) * 2), seed=4)
        Image.fromarray(contact_sheet(made, columns=8)).save(self.folder / f"sheet_{self.seen:08d}.png")

    def train(self) -> None:
        """Run to the end of the asked share of the schedule."""
        save_due, look_due = checkpoint.Clock(240), checkpoint.Clock(self.options.look_every)
        started, first, losses = time.monotonic(), self.seen, []
        end = self.options.samples * self.options.until
        while self.seen < end:
            losses.append(self.step())
            is_last = self.seen >= end
            if is_last or len(losses) == 20:
                speed = (self.seen - first) / (time.monotonic() - started)
                self.log(loss=float(torch.stack(losses).mean()), pictures_per_second=round(speed, 2))
                losses.clear()
            if is_last or save_due.is_due():
                self.save()
            if is_last or look_due.is_due():
                model = self.averaged_model()
                held_out = evaluation_pairs(self.options.work / "data", size=self.space.picture_px, count=256)
                self.log(held_out=self.errors(model, *held_out[:2]), seen_things=self.errors(model, *self.seen_things[:2]))
                self.write_sheet(model)

    def log(self, **facts: object) -> None:
        """Append one line to the run's log."""
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps({"seen": self.seen, **facts}) + "\n")


def load_run(run: Path) -> checkpoint.State:
    """A run's newest checkpoint.

    Raises:
        FileNotFoundError: there is none.
    """
    state = checkpoint.load(run / "checkpoint.pt")
    if state is None:
        raise FileNotFoundError(f"no checkpoint in {run}")
    return state


def num_seen(state: checkpoint.State) -> int:
    """Noised pictures the network of a checkpoint has seen, in the runs before it too."""
    return state["seen"] + state.get("seen_before", 0)


def averaged_network(state: checkpoint.State) -> DrawingNetwork:
    """The network of a checkpoint with its averaged weights, for reading only."""
    model = DrawingNetwork(NetworkShape(**state["shape"]))
    model.load_state_dict(state["averaged"])
    return model.eval().requires_grad_(requires_grad=False)


def grown(network: DrawingNetwork, shape: NetworkShape) -> DrawingNetwork:
    """A network of `shape` that draws what `network` draws until it is trained: more channels or forms, guidance read."""
    model = DrawingNetwork(shape)
    state, known = model.state_dict(), network.state_dict()
    state["patch_in.0.weight"][: len(known["patch_in.0.weight"])] = 0
    for name in ("patch_in.1.weight", "patch_out.weight", "patch_out.bias"):
        state[name].zero_()
    for name, value in known.items():
        state[name][tuple(slice(size) for size in value.shape)] = value
    model.load_state_dict(state)
    if shape.long_side and not network.shape.long_side:
        model.spread_places()
    return model


def sample_guidance(num: int) -> Tensor:
    """Guidance float32 `[num]`, even in its logarithm between 1 and `MOST_GUIDANCE`."""
    return MOST_GUIDANCE ** torch.rand(num)


@torch.no_grad()
def guided_estimate(
    network: DrawingNetwork, noisy: Tensor, times: Tensor, encoded: EncodedText, guidance_B: Tensor, clean: Tensor | None = None
) -> Tensor:
    """A clean estimate with classifier-free guidance; each caption serves several noisy pictures in a row.

    Given the `clean` pictures, the estimate is drawn towards them by `TRUTH_SHARE` before it is guided, so that who
    learns it can come to know what `network` does not.
    """
    num = len(guidance_B)
    both = EncodedText(*(torch.cat([part, part]) for part in encoded))
    with mixed_precision():
        text = network.encode_text(*both, torch.arange(2 * num) >= num)
        given, free = network.denoise(torch.cat([noisy, noisy]), torch.cat([times, times]), text).float().chunk(2)
    scale = guidance_B.repeat_interleave(len(noisy) // num)[:, None, None, None]
    towards = 0.0 if clean is None else TRUTH_SHARE * (clean - given)
    return free + scale * (given - free) + towards


@torch.no_grad()
def sample(
    model: DrawingNetwork, space: Space, encoded: EncodedText, *, seed: int, steps: int = 8, guidance: float = 5.0
) -> Tensor:
    """Draw one picture per caption; premultiplied RGBA float32 `[B, 4, H, W]`, 0-1."""
    count = len(encoded.tokens_BTE)
    noise = torch.randn(
        count, space.channels, space.canvas, space.canvas, generator=torch.Generator().manual_seed(seed)
    )
    kept, scale = torch.zeros(count, dtype=torch.bool), torch.full((count,), guidance)

    def predict(noisy: Tensor, time_: float) -> Tensor:
        times = torch.full((count,), time_)
        if not model.shape.reads_guidance:
            return guided_estimate(model, noisy, times, encoded, scale)
        with mixed_precision():
            return model(noisy, times, *encoded, kept, scale).float()

    return space.to_picture(flow.draw(predict, noise, steps))


def contact_sheet(rgba_BCHW: Tensor, columns: int) -> object:
    """uint8 RGB `[H, W, 3]` with the pictures over a light chequered ground."""
    size = rgba_BCHW.shape[-1]
    square = torch.arange(size) // 8 % 2
    ground = 0.85 + 0.1 * (square[:, None] ^ square[None, :]).float()
    shown = rgba_BCHW[:, :3] + (1 - rgba_BCHW[:, 3:]) * ground
    rows = math.ceil(len(shown) / columns)
    sheet = torch.ones(rows * columns, 3, size, size)
    sheet[: len(shown)] = shown
    sheet = sheet.view(rows, columns, 3, size, size).permute(0, 3, 1, 4, 2).reshape(rows * size, columns * size, 3)
    return (sheet.clamp(0, 1) * 255).round().to(torch.uint8).numpy()


def main(argv: Iterable[str] | None = None) -> None:
    """Start or resume a run."""
    Run(parse_options()).train()


if __name__ == "__main__":
    main()
