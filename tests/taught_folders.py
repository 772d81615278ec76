"""Folders to be taught from, their rights, and a teacher that learns nothing of them."""

import numpy as np
from PIL import Image as PillowImage

from limner.core.rights import RightsEntry, RightsKind
from limner.generators.embedded.adapter import Correction
from limner.generators.embedded.networks import Caption
from limner.generators.embedded.tuning.teaching import Lessons, Taught, TeachingStep
from limner.studio import rights
from limner.studio.rights import KnownPicture
from limner.studio.rights_pictures import picture_given

SIDE_PX = 32


class HeldTeacher:
    """Has everything `Teacher` has. Its errors and drawings are what a test sets.

    Attributes:
        error: with corrections, over that without.
        is_copying: whether what it draws is what it was taught.
    """

    base = {"card.json": "sha256:" + "0" * 64}  # noqa: RUF012
    base_label, licence, picture_px = "tiny@1", "Apache-2.0", SIDE_PX

    def __init__(self):
        self.error, self.is_copying, self.stop_after = 0.5, False, None
        self.num_steps_done, self.kept = 0, []
        self.known = {}

    def require_able(self):
        pass

    def require_caption(self, caption):
        pass

    def lessons(self, images, captions):
        clean = np.stack([one.astype(np.float32).transpose(2, 0, 1) for one in images])
        number = np.arange(len(self.known), len(self.known) + len(images), dtype=np.float32)
        self.known |= {float(at): one for at, one in zip(number, images, strict=True)}
        return Lessons(clean, Caption(number[:, None], number[:, None]))

    def teach(self, lessons, chosen_by, schedule, following, kept=None):
        self.kept.append(kept)
        for step in range(int(kept or 0), schedule.steps):
            following.keep(str(step).encode())
            self.num_steps_done += 1
            following.on_step(TeachingStep(step + 1, schedule.steps, 0.9))
        one = Correction(np.ones((1, 2), np.float32), np.ones((2, 1), np.float32))
        return Taught({"matrix": one}, schedule.steps, {0: 1.0, schedule.steps: 0.9})

    def errors(self, lessons, corrections, seed):
        rng = np.random.default_rng(seed)
        spread = rng.random((2, len(lessons), 4))
        return self.error + 0.1 * spread[0] if corrections else 1 + 0.1 * spread[1]

    def draw(self, captions, seeds, corrections):
        if self.is_copying:
            return np.stack([self.known[float(at)] for at in captions.keys[:, 0]])
        rng = np.random.default_rng(seeds[0])
        return rng.integers(0, 256, (len(seeds), SIDE_PX, SIDE_PX, 4)).astype(np.uint8)

    def redrawn(self, lessons):
        return np.stack([self.known[float(at)] for at in lessons.captions.keys[:, 0]])


def write_picture(path, number):
    rng = np.random.default_rng(number)
    squares = rng.integers(0, 2, (4, 4, 4)).astype(np.uint8) * 255
    squares[..., 3] = 255
    PillowImage.fromarray(squares.repeat(8, 0).repeat(8, 1)).save(path)


def allow(parts, paths, **said):
    """Register a licence for pictures."""
    entry = RightsEntry(**{"kind": RightsKind.LICENCE, "title": "House", "licence": "MIT", **said})
    keys = [picture_given(parts, one.read_bytes(), one.name).keys for one in paths]
    known = [KnownPicture(one, ()) for one in keys]
    return rights.add(parts, entry, pictures=known).stored.entry_id
