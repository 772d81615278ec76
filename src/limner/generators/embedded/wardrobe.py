"""What the drawing network can wear: adapters of a folder, and one that is always on.

Pictures that wear the same share passes of the network; those that wear otherwise have others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from limner.core.drawing import Sketch
from limner.core.errors import GeneratorUnavailable
from limner.generators.embedded.adapter import Adapter, AdapterShelf, together
from limner.generators.embedded.networks import Caption, Floats, Networks
from limner.generators.embedded.passes import Passes
from limner.generators.embedded.weights import Weights

DRESSES_KEPT = 4  # drawing networks with adapters worked in; 40 MB each

_Dress = tuple[tuple[str, float, str], ...]
"""Name, weight and hash of each: an adapter that was taught anew is another."""


class Wardrobe:
    """The adapters of one generator, and the passes of the network with them on.

    Args:
        weights: that draw.
        folder: of adapters that a request may put on; ``None`` for none.
        worn: adapter that every picture is drawn with.
        read_networks: asked when something is drawn.
        max_pictures: as of `Passes`.
    """

    def __init__(
        self,
        weights: Weights,
        folder: Path | None,
        worn: Adapter | None,
        read_networks: Callable[[], Networks],
        max_pictures: int | None,
    ) -> None:
        self._weights = weights
        self._shelf = None if folder is None else AdapterShelf(folder)
        self._worn = worn
        self._read_networks = read_networks
        self._max_pictures = max_pictures
        self._plain = Passes(
            self._predict_plainly,
            max_pictures=max_pictures,
            read_num_beside=lambda: read_networks().num_beside,
        )
        self._dressed = lru_cache(DRESSES_KEPT)(self._dress)

    @property
    def adapters(self) -> Mapping[str, Adapter]:
        """What a request may put on, by name: those that were taught on these weights."""
        return {} if self._shelf is None else self._shelf.fitting(self._weights.ingredients)

    @property
    def outgrown(self) -> frozenset[str]:
        """Names of adapters that were taught on other weights."""
        return (
            frozenset() if self._shelf is None else self._shelf.outgrown(self._weights.ingredients)
        )

    def passes(self, sketch: Sketch) -> Passes:
        """The passes that a sketch takes part in.

        Raises:
            GeneratorUnavailable: an adapter is not the one that was accepted any more, is not what
                its card says, or fits other weights.
        """
        asked = tuple((one.name, one.weight, one.sha256) for one in sketch.adapters)
        return self._dressed(asked) if asked or self._worn else self._plain

    def _dress(self, asked: _Dress) -> Passes:
        worn = [(self._accepted(name, sha256), weight) for name, weight, sha256 in asked]
        if self._worn is not None:
            worn.append((self._worn, 1.0))
        base = self._weights.ingredients
        corrections = together((one.corrections(base), weight) for one, weight in worn)
        predict = self._read_networks().corrected(corrections)
        return Passes(predict, max_pictures=self._max_pictures)

    def _accepted(self, name: str, sha256: str) -> Adapter:
        adapter = self.adapters.get(name)
        if adapter is None or adapter.card.sha256 != sha256:
            raise GeneratorUnavailable(
                f"The adapter {name!r} was taken away or changed after the request was accepted.",
                hint="Ask again, for what is there now.",
            )
        return adapter

    def _predict_plainly(
        self, noisy: Sequence[Floats], times_B: Floats, caption: Caption, *, is_beside: bool = False
    ) -> list[Floats]:
        networks = self._read_networks()
        return networks.predict_clean(noisy, times_B, caption, is_beside=is_beside)
