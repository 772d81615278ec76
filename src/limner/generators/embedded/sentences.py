"""Sentence vectors by the text encoder that the generator draws with, for checks that read prompts.

The encoder is loaded once in a process, whoever needs it first. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner.generators.embedded.networks import open_networks
from limner.generators.embedded.precision import AUTO
from limner.generators.embedded.tokens import Tokens
from limner.generators.embedded.weights import Weights

# Shapes: N texts, T tokens, E sentence width.

FILES = ("text.xml", "text.bin", "tokenizer.json")
GROUP = 64  # texts read together; more costs memory and gains nothing


class Sentences:
    """Unit sentence vectors of texts, as all-MiniLM-L6-v2 is used. Making one loads nothing.

    Args:
        num_threads: as the generator's, so that both share the loaded encoder.
        weights: another set than the packaged one.
        memory, precision: as the generator's.
    """

    def __init__(
        self,
        *,
        num_threads: int = 0,
        weights: Weights | None = None,
        memory: Path | None = None,
        precision: str = AUTO,
    ) -> None:
        self._num_threads = num_threads
        self._memory = memory
        self._precision = precision
        self._weights = weights or Weights()

    @property
    def ingredients(self) -> Mapping[str, str]:
        """Tagged SHA-256 of the files behind the vectors.

        Raises:
            GeneratorUnavailable: the card of the weights is missing or cannot be read.
        """
        return {f"sentences/{name}": self._weights.card.files[name] for name in FILES}

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors float32 `[N, E]`: the mean over tokens; what no row has room for is left out.

        Raises:
            GeneratorUnavailable: a file is missing or does not match its hash.
        """
        groups = [texts[start : start + GROUP] for start in range(0, len(texts), GROUP)]
        sums_NE = np.concatenate([self._summed(group) for group in groups])
        return sums_NE / np.linalg.norm(sums_NE, axis=1, keepdims=True)

    def reads_whole(self, text: str) -> bool:
        """Whether a row has room for all of a text; errors as calling it."""
        return self._tokens.count(text) <= self._tokens.num_usable

    def _summed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        padded = self._tokens.rows([self._tokens.kept_part(text) for text in texts])
        rows = padded.shortened()
        networks = open_networks(self._weights, self._num_threads, self._memory, self._precision)
        tokens_NTE = networks.read_tokens(rows)
        return (tokens_NTE * rows.mask_BT[..., None]).sum(axis=1, dtype=np.float32)

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens(self._weights.read("tokenizer.json"), self._weights.card.text_tokens)
