"""The pictures that batches are drawn from, and how often each one is drawn.

Every concept is drawn as often, then one of its styles by its weight, then one of its pictures, so
that the many icons of one set do not drown the rest. Needs no torch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from training.data.manifest import Row
from training.data.packages import DATA_DIR
from training.data.styles import HOUSE_STYLE, STYLES

CORE_STYLES = frozenset(
    ("fluent", "flat", "3d", "noto", "blob", "twemoji", "firefox", "emojione")
)


def row_shares(rows: Sequence[Row]) -> npt.NDArray[np.float64]:
    """The probability of each row; they sum to 1."""
    pictures: dict[tuple[str, str], list[int]] = defaultdict(list)
    styles: dict[str, set[str]] = defaultdict(set)
    for number, row in enumerate(rows):
        pictures[row.concept, row.style].append(number)
        styles[row.concept].add(row.style)
    shares = np.zeros(len(rows))
    for (concept, style), numbers in pictures.items():
        total = sum(STYLES[name].weight for name in styles[concept])
        shares[numbers] = STYLES[style].weight / total / len(numbers)
    return shares / shares.sum()


def core_rows(rows: Sequence[Row]) -> list[Row]:
    """The training rows that a run too short for all of them begins with.

    `core_concepts.txt` lists what people ask for first and what the figures ask for. Line icons
    and the other sets are left for longer runs, except for concepts that have nothing else.
    """
    concepts = frozenset((DATA_DIR / "core_concepts.txt").read_text().splitlines())
    trained = [row for row in rows if row.split == "train" and row.concept in concepts]
    with_emoji = {row.concept for row in trained if row.style in CORE_STYLES}
    return [
        row for row in trained if row.style in CORE_STYLES or row.concept not in with_emoji
    ]


class Pool:
    """Rows with their probabilities."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = list(rows)
        shares = row_shares(self.rows)
        self._cumulated = np.cumsum(shares)
        by_style: dict[str, list[int]] = defaultdict(list)
        self._house_rows: dict[str, list[Row]] = defaultdict(list)
        first_colours: dict[tuple[str, str], set[str]] = defaultdict(set)
        for number, row in enumerate(self.rows):
            by_style[row.style].append(number)
            if row.style == HOUSE_STYLE:
                self._house_rows[row.concept].append(row)
            first_colours[row.concept, row.style].update(row.colours[:1])
        self._many_colours = {key for key, words in first_colours.items() if len(words) > 1}
        self._style_rows = {style: np.array(numbers) for style, numbers in by_style.items()}
        self._style_cumulated = {
            style: np.cumsum(shares[numbers]) for style, numbers in self._style_rows.items()
        }

    @classmethod
    def of_training(cls, rows: Sequence[Row]) -> Pool:
        """The pool of the rows that may be trained on; held-out rows stay outside."""
        return cls([row for row in rows if row.split == "train"])

    @classmethod
    def of_core(cls, rows: Sequence[Row]) -> Pool:
        """The training rows of the core concepts, in emoji styles wherever they have any."""
        return cls(core_rows(rows))

    def has_many_colours(self, row: Row) -> bool:
        """Whether its style shows the concept in several colours, told apart by them alone."""
        return (row.concept, row.style) in self._many_colours

    def draw(
        self, generator: np.random.Generator, fits: Callable[[Row], bool] = lambda row: True
    ) -> Row:
        """Draw a row that fits."""
        while True:
            row = self.rows[_place(self._cumulated, generator)]
            if fits(row):
                return row

    def in_house_style(self, row: Row, generator: np.random.Generator) -> Row:
        """A row of the same concept in the house style; the row itself where there is none."""
        rows = self._house_rows.get(row.concept)
        return rows[int(generator.integers(len(rows)))] if rows else row

    def draw_in_style(self, style: str, generator: np.random.Generator) -> Row:
        """Draw a row of one style."""
        return self.rows[
            int(self._style_rows[style][_place(self._style_cumulated[style], generator)])
        ]


def _place(cumulated: npt.NDArray[np.float64], generator: np.random.Generator) -> int:
    place = int(np.searchsorted(cumulated, generator.random() * cumulated[-1], side="right"))
    return min(place, len(cumulated) - 1)
