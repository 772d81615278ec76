"""Pictures for the tests of the mark: flat art like ours, made here."""

import numpy as np
from PIL import Image, ImageDraw

KEY = b"a key of the tests, 32 bytes long"
OTHER_KEY = b"another key, just as long as that"


def flat_art(side_px=256, ground=(0, 0, 0, 0)) -> np.ndarray:
    """A house with a round window; uint8 RGBA, smooth edges."""
    fine = Image.new("RGBA", (1024, 1024), ground)
    pen = ImageDraw.Draw(fine)
    pen.polygon([(512, 60), (980, 480), (44, 480)], fill=(214, 84, 60, 255))
    pen.rectangle([140, 470, 884, 970], fill=(240, 208, 150, 255))
    pen.ellipse([380, 560, 640, 820], fill=(96, 158, 214, 255), outline=(70, 60, 60, 255), width=24)
    return np.array(fine.resize((side_px, side_px), Image.Resampling.BOX))


def plain(colour, height_px=256, width_px=256) -> np.ndarray:
    """One colour everywhere."""
    return np.full((height_px, width_px, 4), colour, np.uint8)
