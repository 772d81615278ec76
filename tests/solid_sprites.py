"""Sprites for scenes that are described and never painted."""

import numpy as np
from training.data import colours


def sprite_of(row):
    """A small solid square of the first colour the row is said to have."""
    sprite = np.ones((4, 4, 4), np.float32)
    sprite[..., :3] = colours.prototype((*row.colours, "grey")[0])
    return sprite
