"""Pictures of 64 px for the PDQ test, and the hashes of the reference for them.

python tests/unit/checks/pdq_pictures.py    # needs pdqhash 0.2.8; writes assets/pdq.json
"""

import json
import sys
from pathlib import Path

import numpy as np

REFERENCE = Path(__file__).parent / "assets" / "pdq.json"


def pictures() -> list[np.ndarray]:
    """Held-out drawings on white, noise, ramps, symmetric figures and plain colours; uint8 RGB."""
    from benchmarks.quality.held_out import held_out

    from limner.checks.views import flatten

    rng = np.random.default_rng(20261127)
    rows_H1, columns_1W = np.mgrid[:64, :64]
    drawn = [flatten(one.image_HWC) for one in held_out()[::12]]
    noise = [rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(20)]
    ramps = [(rows_H1 * a + columns_1W * b) % 256 for a, b in ((4, 0), (0, 4), (2, 2), (3, 5))]
    rings = [np.hypot(rows_H1 - 31.5, columns_1W - 31.5) * scale % 256 for scale in (1, 4, 9)]
    grey = [np.repeat(one[..., None], 3, axis=2).astype(np.uint8) for one in (*ramps, *rings)]
    plain = [np.full((64, 64, 3), level, np.uint8) for level in (0, 7, 255)]
    return [*drawn, *noise, *grey, *plain]


def main() -> None:
    """Write what pdqhash gives for the pictures."""
    sys.path.insert(0, str(Path(__file__).parents[3]))
    import pdqhash

    found = []
    for picture in pictures():
        bits, quality = pdqhash.compute(np.ascontiguousarray(picture))
        found.append([np.packbits(bits.astype(np.uint8)).tobytes().hex(), int(quality)])
    REFERENCE.write_text(json.dumps(found).replace("], [", "],\n[") + "\n")


if __name__ == "__main__":
    main()
