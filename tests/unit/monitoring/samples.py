"""Samples of streams for tests: what they are made of is known."""

import numpy as np

from limner.monitoring.sample import Sample


def sample(num: int, rng: np.random.Generator, *, shift: float = 0.0, bad: float = 0.1) -> Sample:
    """Images with three scores, the first shifted; a mix of styles; calibrated probabilities."""
    styles = rng.choice(["flat icon", "sticker"], num, p=[0.7, 0.3])
    return Sample(
        image_ids=[f"sha256:{number:064x}" for number in range(num)],
        numbers={
            "score.sharpness": rng.normal(shift, 1.0, num),
            "score.exposure": rng.normal(0.0, 1.0, num),
            "score.integrity": np.zeros(num),
        },
        kinds={"style": [str(one) for one in styles]},
        vectors={"prompts": rng.normal(0.0, 1.0, (num, 16))},
        probability_bad={"atoms": rng.beta(10 * bad, 10 * (1 - bad), num)},
        is_released=np.ones(num, np.bool_),
        slices=[(f"style {one}",) for one in styles],
    )
