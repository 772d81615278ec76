"""Pack the held-out pictures for the benchmarks: `python -m training.export_held_out --work DIR`.

Lossless WebP at 64 px with what the manifest says of each; read without torch and without pickle.
"""

import argparse
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.referee_views import read_rows, read_sprites

ASSET = Path(__file__).parents[1] / "benchmarks" / "assets" / "heldout_64.npz"
PICTURE_PX = 64


def straight(premultiplied_HWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGBA with straight alpha; black where nothing is seen."""
    values = premultiplied_HWC.astype(np.float32)
    alpha = values[..., 3:]
    rgb = np.divide(
        values[..., :3] * 255, alpha, out=np.zeros_like(values[..., :3]), where=alpha > 0
    )
    return np.concatenate([np.rint(rgb).clip(0, 255), alpha], axis=2).astype(np.uint8)


def webp(image_HWC: NDArray[np.uint8]) -> bytes:
    """The picture as lossless WebP."""
    file = io.BytesIO()
    Image.fromarray(image_HWC).save(file, "webp", lossless=True, quality=100, method=6)
    return file.getvalue()


def main() -> None:
    """Write the asset."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ASSET)
    args = parser.parse_args()
    data = args.work / "data"
    rows = [row for row in read_rows(data) if row["split"] != "train"]
    sprites = read_sprites(data, [row["index"] for row in rows]).permute(0, 2, 3, 1).numpy()
    files = [webp(straight(sprite)) for sprite in sprites]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        args.out,
        content=np.frombuffer(b"".join(files), np.uint8),
        ends=np.cumsum([len(file) for file in files]),
        picture=np.array([row["picture"] for row in rows]),
        concept=np.array([row["concept"] for row in rows]),
        style=np.array([row["style"] for row in rows]),
        split=np.array([row["split"] for row in rows]),
        colours=np.array(["|".join(row["colours"]) for row in rows]),
    )


if __name__ == "__main__":
    main()
