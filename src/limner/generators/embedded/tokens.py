"""Prompt text to token ids, and how many tokens a text has.

The vocabulary is the text encoder's own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.generators.embedded.wordpiece import WordPiece

# Shapes: B texts, T tokens.

NUM_MARKS = 2  # one token marks the start and one the end
LENGTH_STEP = 8  # a network pays for every new length; below 8 tokens it also rounds otherwise


class TokenRows(NamedTuple):
    """Token ids int64 `[B, T]`, 0 where there is none, and bool `[B, T]` where there is one."""

    ids_BT: NDArray[np.int64]
    mask_BT: NDArray[np.bool_]

    def shortened(self) -> TokenRows:
        """As long as the longest row, rounded up to whole steps, without the padding after it."""
        longest = int(self.mask_BT.sum(axis=1).max())
        length = -(-longest // LENGTH_STEP) * LENGTH_STEP
        return TokenRows(self.ids_BT[:, :length], self.mask_BT[:, :length])


class Tokens:
    """Counts and encodes.

    Args:
        tokenizer_json: content of the tokenizer's file.
        length: tokens in a row, the two marks among them.
    """

    def __init__(self, tokenizer_json: bytes, length: int) -> None:
        self._pieces = WordPiece(tokenizer_json)
        self.length = length

    @property
    def num_usable(self) -> int:
        """Tokens a text may have."""
        return self.length - NUM_MARKS

    def count(self, text: str) -> int:
        """Tokens of a text, without the marks."""
        return len(self._pieces.split(text))

    def kept_part(self, text: str) -> str:
        """The beginning of a text, as far as its first `num_usable` tokens reach."""
        pieces = self._pieces.split(text)
        return text if len(pieces) <= self.num_usable else text[: pieces[self.num_usable - 1].end]

    def rows(self, texts: list[str]) -> TokenRows:
        """Ids and mask of texts that are not too long."""
        ids_BT = np.zeros((len(texts), self.length), np.int64)
        mask_BT = np.zeros((len(texts), self.length), np.bool_)
        for row, text in enumerate(texts):
            inner = [piece.id for piece in self._pieces.split(text)]
            ids = [self._pieces.start, *inner, self._pieces.end]
            assert len(ids) <= self.length, "prepare refuses long texts"
            ids_BT[row, : len(ids)] = ids
            mask_BT[row, : len(ids)] = True
        return TokenRows(ids_BT, mask_BT)
