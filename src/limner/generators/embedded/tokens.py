"""Prompt text to token ids, and how many tokens a text has.

The tokenizer is the text encoder's own (WordPiece, lower case), run by the `tokenizers` library.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

# Shapes: B texts, T tokens.

NUM_MARKS = 2  # one token marks the start and one the end


class TokenRows(NamedTuple):
    """Token ids int64 `[B, T]`, 0 where there is none, and bool `[B, T]` where there is one."""

    ids_BT: NDArray[np.int64]
    mask_BT: NDArray[np.bool_]


class _Encoding(Protocol):
    """What we use of the library's encoding, which has no types of its own."""

    ids: Sequence[int]
    offsets: Sequence[tuple[int, int]]


class _Tokenizer(Protocol):
    """What we use of the library's tokenizer, which has no types of its own."""

    def no_truncation(self) -> None: ...
    def no_padding(self) -> None: ...
    def encode(self, sequence: str) -> _Encoding: ...
    def encode_batch(self, input: Sequence[str]) -> Sequence[_Encoding]: ...


class Tokens:
    """Counts and encodes.

    Args:
        tokenizer_json: content of the tokenizer's file.
        length: tokens in a row, the two marks among them.
    """

    def __init__(self, tokenizer_json: bytes, length: int) -> None:
        made = Tokenizer.from_buffer(tokenizer_json)  # pyright: ignore[reportUnknownMemberType]
        self._tokenizer = cast(_Tokenizer, made)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.length = length

    @property
    def num_usable(self) -> int:
        """Tokens a text may have."""
        return self.length - NUM_MARKS

    def count(self, text: str) -> int:
        """Tokens of a text, without the marks."""
        return len(self._tokenizer.encode(text).ids) - NUM_MARKS

    def kept_part(self, text: str) -> str:
        """The beginning of a text, as far as its first `num_usable` tokens reach."""
        offsets = self._tokenizer.encode(text).offsets[1:-1]
        return text if len(offsets) <= self.num_usable else text[: offsets[self.num_usable - 1][1]]

    def rows(self, texts: list[str]) -> TokenRows:
        """Ids and mask of texts that are not too long."""
        ids_BT = np.zeros((len(texts), self.length), np.int64)
        mask_BT = np.zeros((len(texts), self.length), np.bool_)
        for row, encoding in enumerate(self._tokenizer.encode_batch(texts)):
            assert len(encoding.ids) <= self.length, "prepare refuses long texts"
            ids_BT[row, : len(encoding.ids)] = encoding.ids
            mask_BT[row, : len(encoding.ids)] = True
        return TokenRows(ids_BT, mask_BT)
