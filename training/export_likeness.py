"""Build the index of training pictures that `benchmarks/memorisation.py` compares drawings with.

`python -m training.export_likeness --work DIR`, after the referee is exported. The index keeps 64
principal components of each picture's pixels and referee vector, in 8 bits.
"""

import argparse
from pathlib import Path

import numpy as np
from benchmarks.quality.likeness import INDEX, Components, pixel_values, referee_values

from limner.checks.referee import Referee
from training.export_held_out import straight
from training.referee_views import read_rows, read_sprites

NUM_COMPONENTS = 64


def no_texts(texts: object) -> np.ndarray:
    """The index is of pictures alone, so a request for sentence vectors is a mistake here."""
    raise AssertionError(f"no sentence vectors are needed for {texts!r}")


def main() -> None:
    """Write the index."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=INDEX)
    args = parser.parse_args()
    data = args.work / "data"
    indices = [row["index"] for row in read_rows(data) if row["split"] == "train"]
    sprites = read_sprites(data, indices).permute(0, 2, 3, 1).numpy()
    images = [straight(sprite) for sprite in sprites]
    referee = Referee(no_texts, num_threads=1)
    found = {
        "pixels": Components.of(pixel_values(images), NUM_COMPONENTS),
        "vectors": Components.of(referee_values(images, referee), NUM_COMPONENTS),
    }
    stored = {}
    for kind, components in found.items():
        stored[f"{kind}_mean"] = components.mean_D.astype(np.float16)
        stored[f"{kind}_basis"] = components.basis_KD.astype(np.float16)
        stored[f"{kind}_step"] = components.step_K
        stored[f"{kind}_codes"] = components.codes_NK
    np.savez_compressed(args.out, **stored)


if __name__ == "__main__":
    main()
