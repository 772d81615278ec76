"""Examples of two kinds to learn a label from, without pictures."""

import numpy as np

from limner.studio.look.examples import Example

TAGGER = {"network.bin": "sha256:0"}


def kinds(num, apart, seed=0):
    """Examples of two kinds, as unit vectors that lie so far apart."""
    rng = np.random.default_rng(seed)
    made = []
    for sign in (1, -1):
        vectors = rng.standard_normal((num, 16)).astype(np.float32)
        vectors[:, 0] += sign * apart
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        made.append(
            [
                Example(
                    image_id=f"sha256:{seed:02x}{sign + 1}{number:061x}",
                    name=str(number),
                    pdq=rng.bytes(32),
                    seen=vector,
                )
                for number, vector in enumerate(vectors)
            ]
        )
    return made
