"""Train the referee: `python -m training.train_referee --work DIR --samples N`. Resumes by itself.

It sees training rows alone. Each step names the picture among all training concepts, tells its
caption from the others of the batch, its colour from the other colour words, and its style.
Concepts with the same core words are never held against each other, and those whose names mean
nearly the same a little less, so that a name it never saw lies beside what it means.
"""

import argparse
import json
import threading
import time
from pathlib import Path
from queue import Queue
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from limner.core.hashing import sha256_of_bytes
from training import checkpoint
from training.data.captions import with_article
from training.data.splits import core
from training.precision import mixed_precision
from training.referee import Referee, RefereeShape
from training.referee_views import (
    NAME_FORMS,
    NO_COLOUR,
    Row,
    Sentences,
    Views,
    embed_cached,
    make_views,
    read_rows,
    read_sprites,
    sentences,
)
from training.text import TextEncoder


class Examples(NamedTuple):
    """The training rows as tensors."""

    sprites: Tensor  # uint8 [N, 4, H, W]
    concept: Tensor  # int64 [N]
    style: Tensor  # int64 [N]
    said: Sentences
    is_same_core: Tensor  # bool [concepts, concepts], false on the diagonal
    kinship: Tensor  # float32 [concepts, concepts], rows add up to 1


class Batch(NamedTuple):
    """Rows of one step and what is shown of them."""

    rows: Tensor
    views: Views


def prepare(rows: list[Row], data: Path, folder: Path) -> tuple[Examples, list[str], list[str]]:
    """Read sprites and embed captions of training rows; also the concepts and styles in order."""
    concepts = sorted({row["concept"] for row in rows})
    styles = sorted({row["style"] for row in rows})
    cores = [core(concept) for concept in concepts]
    same = torch.tensor([[a == b for b in cores] for a in cores])
    said = sentences(TextEncoder(), concepts, rows, folder, seed=5)
    examples = Examples(
        read_sprites(data, [row["index"] for row in rows]),
        torch.tensor([concepts.index(row["concept"]) for row in rows]),
        torch.tensor([styles.index(row["style"]) for row in rows]),
        said,
        same & ~torch.eye(len(concepts), dtype=torch.bool),
        kinship(said.names[:, 0].float(), same),
    )
    return examples, concepts, styles


def kinship(names_CE: Tensor, same_CC: Tensor) -> Tensor:
    """How near the name of each concept comes to that of another, rows adding up to 1 `[C, C]`.

    A part of each target goes to its kin, as it does to all names alike in label smoothing
    (Szegedy et al. 2016, arXiv:1512.00567).
    """
    alike = names_CE @ names_CE.T / KIN_TEMPERATURE
    return alike.masked_fill(same_CC, -1e4).softmax(dim=1)


def batches(examples: Examples, size: int, first: int, length: int) -> "Queue[Batch]":
    """Batches made ahead by a thread; every epoch is a new order of all rows.

    Args:
        examples: what to choose from.
        size: pictures a batch.
        first: pictures seen before, when the run goes on.
        length: pictures of the whole run; damage grows over its first half.
    """
    queue: Queue[Batch] = Queue(maxsize=4)
    rng = torch.Generator().manual_seed(7 + first)

    def fill() -> None:
        seen = first
        while True:
            order = torch.randperm(len(examples.sprites), generator=rng)
            for rows in order[: len(order) // size * size].split(size):
                strength = min(MOST_DAMAGE, 0.25 + 0.75 * seen / length)
                queue.put(Batch(rows, make_views(examples.sprites[rows], rng, strength)))
                seen += size

    threading.Thread(target=fill, daemon=True).start()
    return queue


def choose_captions(examples: Examples, batch: Batch) -> Tensor:
    """One true caption vector `[B, E]` a picture: its colour and name, or a caption of its row."""
    rows, views = batch
    concept, said = examples.concept[rows], examples.said
    chosen = said.captions[rows, torch.randint(said.captions.shape[1], (len(rows),))]
    changed = views.is_recoloured
    chosen[changed] = said.names[concept[changed], torch.randint(len(NAME_FORMS), ())]
    by_colour = (views.colour != NO_COLOUR) & (torch.rand(len(rows)) < 0.4)
    chosen[by_colour] = said.coloured[concept[by_colour], views.colour[by_colour]]
    return chosen.float()


def blurred(sentences_NE: Tensor) -> Tensor:
    """Sentence vectors near the true ones, so that the map learns more than the names there are."""
    return F.normalize(sentences_NE + BLUR * torch.randn_like(sentences_NE), dim=-1)


def losses(
    model: Referee, naming: nn.Linear, examples: Examples, batch: Batch
) -> dict[str, Tensor]:
    """The parts of the loss, each a mean; `naming` is a plain classifier that only helps to learn."""
    rows, views = batch
    concept, said, scale = examples.concept[rows], examples.said, model.scale
    features = model.features(views.rgb.contiguous(memory_format=torch.channels_last))
    vectors, styles = model.judge(features)
    names = model.text_vectors(blurred(said.names[:, torch.randint(len(NAME_FORMS), ())].float()))
    by_name = (scale * vectors @ names.T).masked_fill(examples.is_same_core[concept], -1e4)
    fit = scale * vectors @ model.text_vectors(blurred(choose_captions(examples, batch))).T
    same = concept[:, None] == concept[None, :]
    same |= examples.is_same_core[concept][:, concept]
    fit = fit.masked_fill(same & ~torch.eye(len(rows), dtype=torch.bool), -1e4)
    own = torch.arange(len(rows))
    known = views.colour != NO_COLOUR
    offered = model.text_vectors(said.coloured[concept[known]].float())
    by_colour = scale * (offered @ vectors[known][:, :, None])[..., 0]
    meant = (1 - KIN_SHARE) * F.one_hot(concept, len(said.names)).float()
    meant += KIN_SHARE * examples.kinship[concept]
    return {
        "name": F.cross_entropy(by_name, meant),
        "naming": F.cross_entropy(naming(features).float(), concept, label_smoothing=0.05),
        "caption": (F.cross_entropy(fit, own) + F.cross_entropy(fit.T, own)) / 2,
        "style": F.cross_entropy(styles.float(), examples.style[rows]),
        "colour": F.cross_entropy(by_colour, views.colour[known]),
    }


MOST_DAMAGE = 0.65
KIN_SHARE, KIN_TEMPERATURE = 0.3, 0.06
BLUR = 0.015  # beside components of 0.05
WEIGHTS = {"name": 1.0, "naming": 0.7, "caption": 0.3, "style": 0.2, "colour": 0.3}


def make_optimizers(model: nn.Module, peak: float) -> list[torch.optim.Optimizer]:
    """Muon (arXiv:2502.16982) for the convolutions, AdamW for the rest."""
    matrices = [p for name, p in model.named_parameters() if name.endswith("matrix")]
    chosen = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(
            matrices, lr=peak, momentum=0.95, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"
        ),
        torch.optim.AdamW(rest, lr=0.3 * peak, betas=(0.9, 0.95), weight_decay=0.01, fused=True),
    ]


def learning_rate(done: float) -> float:
    """Share of the peak: warm up over 2 %, then fall linearly to nothing."""
    return min(done / 0.02 + 0.02, max(0.0, 1 - done) / 0.98)


@torch.no_grad()
def retrieval(model: Referee, rgba: Tensor, right: Tensor, names_CE: Tensor) -> tuple[float, float]:
    """Top-1 and top-5 share of pictures on white whose own name fits best among all names."""
    model.eval()
    rgb = rgba.float() / 255
    rgb = rgb[:, :3] + 1 - rgb[:, 3:]
    vectors = torch.cat(
        [model(part.contiguous(memory_format=torch.channels_last))[0] for part in rgb.split(64)]
    )
    best = (vectors @ model.text_vectors(names_CE).T).topk(5).indices == right[:, None]
    model.train()
    return round(float(best[:, 0].float().mean()), 4), round(float(best.any(1).float().mean()), 4)


class HeldOut:
    """Held-out pictures and the names of all concepts, held-out ones among them."""

    def __init__(self, rows: list[Row], data: Path, folder: Path) -> None:
        concepts = sorted({row["concept"] for row in rows})
        self.names_CE = embed_cached(
            TextEncoder(), [with_article(c, c) for c in concepts], folder
        ).float()
        self.sets = {}
        for split in ("heldout_style", "heldout_concept"):
            chosen = [row for row in rows if row["split"] == split][:400]
            right = torch.tensor([concepts.index(row["concept"]) for row in chosen])
            self.sets[split] = (read_sprites(data, [row["index"] for row in chosen]), right)

    def retrievals(self, model: Referee) -> dict[str, tuple[float, float]]:
        """Top-1 and top-5 by split."""
        return {
            split: retrieval(model, *pictures, self.names_CE)
            for split, pictures in self.sets.items()
        }


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--work", type=Path, required=True, help="work folder; sprites in its folder data/"
    )
    parser.add_argument("--name", default="referee")
    parser.add_argument(
        "--samples", type=int, required=True, help="length of the schedule in pictures"
    )
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--peak", type=float, default=1e-2)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


class Run:
    """One training run: its state, its steps, its records."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder, self.data = options.work / options.name, options.work / "data"
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.set_num_threads(options.threads)
        torch.manual_seed(6)
        rows = read_rows(self.data)
        trained = [row for row in rows if row["split"] == "train"]
        self.examples, self.concepts, self.styles = prepare(trained, self.data, self.folder)
        self.held_out = HeldOut(rows, self.data, self.folder)
        self.model = Referee(RefereeShape(styles=len(self.styles))).train()
        self.naming = nn.Linear(self.model.to_style.in_features, len(self.concepts))
        said = self.examples.said
        self.model.spread_texts(
            torch.cat([said.names[:, 0], said.coloured[:, 0], said.captions[::9, 0]]).float()
        )
        both = nn.ModuleList([self.model, self.naming])
        self.optimizers = make_optimizers(both, options.peak)
        self.seen = 0
        self._resume()

    def _resume(self) -> None:
        state = checkpoint.load(self.folder / "checkpoint.pt")
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        self.naming.load_state_dict(state["naming"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.seen = state["seen"]

    def save(self) -> None:
        """Write the checkpoint."""
        checkpoint.save(
            {
                "model": self.model.state_dict(),
                "naming": self.naming.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "seen": self.seen,
                "shape": self.model.shape.as_dict(),
                "styles": self.styles,
                "concepts": self.concepts,
                "num_rows": len(self.examples.sprites),
                "rows_sha256": sha256_of_bytes((self.data / "rows.jsonl").read_bytes()),
            },
            self.folder / "checkpoint.pt",
        )

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """One batch; returns the parts of its loss."""
        with mixed_precision():
            parts = losses(self.model, self.naming, self.examples, batch)
        sum(WEIGHTS[part] * loss for part, loss in parts.items()).backward()
        share = learning_rate(self.seen / self.options.samples)
        for optimizer, scale in zip(self.optimizers, (1.0, 0.3), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = share * scale * self.options.peak
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.seen += len(batch.rows)
        return parts

    def train(self) -> None:
        """Run to the end of the schedule."""
        size, length = self.options.batch, self.options.samples
        queue = batches(self.examples, size, self.seen, length)
        save_due, look_due = checkpoint.Clock(120), checkpoint.Clock(240)
        started, first = time.monotonic(), self.seen
        while self.seen < length:
            parts = self.step(queue.get())
            is_last = self.seen >= length
            if is_last or look_due.is_due():
                self.log(held_out=self.held_out.retrievals(self.model))
            if is_last or self.seen // size % 40 == 0:
                speed = round((self.seen - first) / (time.monotonic() - started), 1)
                means = {part: round(loss.item(), 3) for part, loss in parts.items()}
                self.log(**means, pictures_per_second=speed)
            if is_last or save_due.is_due():
                self.save()

    def log(self, **facts: object) -> None:
        """Append one line to the run's log."""
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps({"seen": self.seen, **facts}) + "\n")


def main() -> None:
    """Start or resume a run."""
    Run(parse_options()).train()


if __name__ == "__main__":
    main()
