"""Pictures that were drawn a moment ago, for whoever asks for exactly the same again.

For a worker that many ask, never for evidence: what is kept is not drawn anew, and each such
picture says so. Deterministic requests are always drawn, since their bytes are promised.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from itertools import groupby

from limner.core.drawing import Drawn, Plan, Sketch, StepProgress
from limner.core.errors import DrawingCancelled
from limner.core.hashing import sha256_of_bytes
from limner.core.ports import Ability, Generator, GeneratorCard

MAX_BYTES = 32_000_000  # a hundred and twenty pictures of 256 px
NOTICE = "Drawn before from the same request and seed; nothing was drawn anew."

Key = tuple[object, ...]


class KeptPictures:
    """A generator that keeps its last pictures; safe from several threads.

    Args:
        generator: draws what is not kept.
        max_bytes: of pixels; the longest unasked go first.
    """

    def __init__(self, generator: Generator, max_bytes: int = MAX_BYTES) -> None:
        self._generator = generator
        self._max_bytes = max_bytes
        self._kept: OrderedDict[Key, Drawn] = OrderedDict()
        self._num_bytes = 0
        self._lock = threading.Lock()

    @property
    def card(self) -> GeneratorCard:
        """Of the generator that draws."""
        return self._generator.card

    def prepare(self, sketch: Sketch) -> Plan:
        """See the port."""
        return self._generator.prepare(sketch)

    def generate(
        self,
        plan: Plan,
        seeds: Sequence[int],
        *,
        on_step: Callable[[StepProgress], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Drawn]:
        """Give what is kept, draw what is not; see the port.

        A picture that is kept says so in a notice, and that no pass of the network was run for it.
        """
        if plan.sketch.is_deterministic or Ability.SEED not in self.card.abilities:
            yield from self._generator.generate(
                plan, seeds, on_step=on_step, is_cancelled=is_cancelled
            )
            return
        asked = _key_of(plan.sketch)
        kept = [self._find((*asked, seed)) for seed in seeds]
        for is_kept, group in groupby(range(len(seeds)), key=lambda k: kept[k] is not None):
            run = list(group)
            if is_kept:
                if is_cancelled is not None and is_cancelled():
                    raise DrawingCancelled()
                yield from (one for one in kept[run[0] : run[-1] + 1] if one is not None)
                continue
            for drawn in self._generator.generate(
                plan,
                seeds[run[0] : run[-1] + 1],
                on_step=_shifted(on_step, run[0], len(seeds)),
                is_cancelled=is_cancelled,
            ):
                self._keep((*asked, drawn.seed), drawn)
                yield drawn

    def _find(self, key: Key) -> Drawn | None:
        with self._lock:
            drawn = self._kept.get(key)
            if drawn is None:
                return None
            self._kept.move_to_end(key)
        return replace(
            drawn,
            image_HWC=drawn.image_HWC.copy(),
            execution=replace(drawn.execution, num_forwards=0),
            seconds=0.0,
            notices=(*drawn.notices, NOTICE),
        )

    def _keep(self, key: Key, drawn: Drawn) -> None:
        if not drawn.is_finite:
            return
        drawn = replace(drawn, image_HWC=drawn.image_HWC.copy())
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = drawn
            self._num_bytes += drawn.image_HWC.nbytes
            while self._num_bytes > self._max_bytes:
                _, oldest = self._kept.popitem(last=False)
                self._num_bytes -= oldest.image_HWC.nbytes


def _key_of(sketch: Sketch) -> Key:
    """Everything a generator is told, pictures by their bytes and adapters by their files."""
    worn = sketch.adapters
    pictures = (sketch.source_HWC, sketch.mask_HW, *(one.image_HWC for one in worn))
    rest = replace(sketch, source_HWC=None, mask_HW=None, adapters=())
    hashes = [
        None if one is None else (sha256_of_bytes(one.tobytes()), one.shape) for one in pictures
    ]
    adapters = tuple((one.name, one.weight, one.sha256) for one in worn)
    return *hashes, adapters, *(getattr(rest, one.name) for one in fields(rest))


def _shifted(
    on_step: Callable[[StepProgress], None] | None, num_before: int, num_images: int
) -> Callable[[StepProgress], None] | None:
    if on_step is None:
        return None
    return lambda told: on_step(
        replace(told, num_images_done=told.num_images_done + num_before, num_images=num_images)
    )
