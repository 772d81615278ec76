"""Build what near copies are told by: `python -m training.export_near_copy --work DIR`, after the referee.

The directions of the look hash, from the referee's vectors of all training pictures, and the fingerprints of those
pictures. Run it again whenever the referee changes. It prints how many held-out pictures count as copies of a training
picture (they are: makers sell one drawing in two sets), and how many copies of training pictures are found after what
people do to pictures.
"""

import argparse
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from benchmarks.quality.held_out import held_out
from benchmarks.quality.known_truth import softened
from PIL import Image
from safetensors.numpy import save

from limner.checks.near_copy.fingerprint import PROJECTION_FILE, WEIGHTS, Fingerprint, Fingerprints
from limner.checks.near_copy.gallery import Entry, Gallery, rows_of
from limner.checks.near_copy.training import TRAINING_FILE
from limner.checks.referee import Referee
from limner.checks.referee.views import RefereeViews
from limner.checks.views import flatten
from limner.core.hashing import sha256_of_bytes
from limner.core.records import Picture
from training.export_held_out import straight
from training.referee_views import read_rows, read_sprites

SEED = 5
NUM_COMPONENTS, NUM_BITS = 128, 256
NUM_COPIED = 300
SIDE_PX = 256

Pixels = np.ndarray


def no_texts(texts: object) -> np.ndarray:
    """Fingerprints are of pictures alone, so a request for sentence vectors is a mistake here."""
    raise AssertionError(f"no sentence vectors are needed for {texts!r}")


def training_pictures(data: Path, size: int, group: int = 512) -> Iterator[tuple[int, Pixels]]:
    """Index in the manifest and pixels of every training picture."""
    indices = [row["index"] for row in read_rows(data) if row["split"] == "train"]
    for start in range(0, len(indices), group):
        sprites = read_sprites(data, indices[start : start + group], size).permute(0, 2, 3, 1).numpy()
        yield from zip(indices[start : start + group], map(straight, sprites), strict=True)


def projection(vectors_NV: np.ndarray) -> dict[str, np.ndarray]:
    """Mean, and random directions within the leading components."""
    mean = vectors_NV.mean(axis=0)
    _, _, components = np.linalg.svd(vectors_NV - mean, full_matrices=False)
    drawn = np.random.default_rng(SEED).normal(size=(NUM_COMPONENTS, NUM_BITS))
    return {"mean": mean.astype(np.float32), "directions": (components[:NUM_COMPONENTS].T @ drawn).astype(np.float16)}


def write_card(folder: Path, names: Sequence[str], views: RefereeViews, num_pictures: int) -> None:
    """The card of the files there are."""
    card = {
        "version": "1", "licence": "Apache-2.0", "num_training_pictures": num_pictures,
        "fitted_with": dict(views.ingredients),
        "files": {name: sha256_of_bytes((folder / name).read_bytes()) for name in names},
    }  # fmt: skip
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")


def on_colour(image: Pixels, rgb: tuple[int, int, int]) -> Pixels:
    """The picture on a ground of one colour."""
    canvas = Image.new("RGBA", (SIDE_PX, SIDE_PX), (*rgb, 255))
    canvas.alpha_composite(Image.fromarray(image))
    return np.asarray(canvas)


def as_jpeg(image: Pixels, quality: int, side_px: int = SIDE_PX) -> Pixels:
    """The picture on white, scaled and saved as JPEG."""
    file = io.BytesIO()
    Image.fromarray(flatten(image)).resize((side_px, side_px)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGBA"))


def smaller(image: Pixels, share: float) -> Pixels:
    """The picture smaller, in the middle of a transparent canvas."""
    canvas, side = Image.new("RGBA", (SIDE_PX, SIDE_PX)), int(share * SIDE_PX)
    edge = (SIDE_PX - side) // 2
    canvas.alpha_composite(Image.fromarray(image).resize((side, side)), (edge, edge))
    return np.asarray(canvas)


def changes(rng: np.random.Generator) -> dict[str, Callable[[Pixels], Pixels]]:
    """What people do to pictures."""
    return {
        "as it is": lambda image: image,
        "JPEG 50": lambda image: as_jpeg(image, 50),
        "half size and JPEG 50": lambda image: as_jpeg(image, 50, SIDE_PX // 2),
        "softened": lambda image: softened(image, rng),
        "on blue": lambda image: on_colour(image, (90, 150, 230)),
        "three quarters of the size": lambda image: smaller(image, 0.75),
        "a quarter darker": lambda image: np.concatenate([image[..., :3] // 4 * 3, image[..., 3:]], axis=2),
        "a tenth cropped from each side": lambda image: np.asarray(Image.fromarray(image).crop((26, 26, 230, 230)).resize((256, 256))),
        "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    }  # fmt: skip


def print_worth(data: Path, gallery: Gallery, prints: Fingerprints) -> None:
    """Copies found, and held-out pictures that count as copies."""
    def is_copy(image: Pixels, key: int | None = None) -> bool:
        near = gallery.nearest(prints.take(Picture.of(image)))
        return near is not None and near.ratio <= 1 and key in (None, near.key)

    hits = [is_copy(one.image_HWC) for one in held_out()]
    print(f"held-out pictures that count as copies: {np.mean(hits):.1%} of {len(hits)}")
    rng = np.random.default_rng(SEED)
    chosen = set(rng.permutation([row["index"] for row in read_rows(data) if row["split"] == "train"])[:NUM_COPIED].tolist())
    copied = [image for key, image in training_pictures(data, SIDE_PX) if key in chosen]
    for name, change in changes(rng).items():
        print(f"copies found, {name}: {np.mean([is_copy(change(image)) for image in copied]):.1%} of {len(copied)}")


def main() -> None:
    """Write the files and the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    data, views = options.work / "data", RefereeViews(Referee(no_texts, num_threads=1))
    vectors = [views.subject_vector(Picture.of(image)) for _, image in training_pictures(data, 64)]
    (options.out / PROJECTION_FILE).write_bytes(save(projection(np.stack(vectors))))
    write_card(options.out, [PROJECTION_FILE], views, len(vectors))
    prints = Fingerprints(views, folder=options.out)
    entries = [Entry(key, prints.take(Picture.of(image))) for key, image in training_pictures(data, SIDE_PX)]
    rows = rows_of(entries)
    np.save(options.out / TRAINING_FILE, rows)
    write_card(options.out, [PROJECTION_FILE, TRAINING_FILE], views, len(entries))
    num_plain = sum(entry.fingerprint.pdq == Fingerprint(bytes(32), b"").pdq for entry in entries)
    print(f"{len(entries):,} pictures, {num_plain} too plain for PDQ")
    print_worth(data, Gallery.of_rows(rows), Fingerprints(views, folder=options.out))


if __name__ == "__main__":
    main()
