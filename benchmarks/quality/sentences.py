"""Sentence vectors by the text encoder that comes with the embedded generator."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import openvino
from numpy.typing import NDArray

import limner
from limner.generators.embedded.tokens import Tokens

# Shapes: N texts, T tokens, E sentence width.

WEIGHTS = Path(limner.__file__).parent / "generators" / "embedded" / "weights"
MOST_TOKENS = 32
GROUP = 64


@cache
def _encoder(folder: Path) -> tuple[Tokens, openvino.CompiledModel]:
    tokens = Tokens((folder / "tokenizer.json").read_bytes(), MOST_TOKENS)
    settings = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
    return tokens, openvino.Core().compile_model(str(folder / "text.xml"), "CPU", settings)


def embed_text(texts: Sequence[str], folder: Path | None = None) -> NDArray[np.float32]:
    """Unit sentence vectors float32 `[N, E]`: the mean of token vectors, as MiniLM is used."""
    tokens, encoder = _encoder(folder or WEIGHTS)
    sums: list[NDArray[np.float32]] = []
    for at in range(0, len(texts), GROUP):
        ids_NT, mask_NT = tokens.rows([tokens.kept_part(one) for one in texts[at : at + GROUP]])
        tokens_NTE = encoder({"ids": ids_NT, "mask": mask_NT})[0]
        sums.append((tokens_NTE * mask_NT[..., None]).sum(axis=1))
    vectors_NE = np.concatenate(sums)
    return vectors_NE / np.linalg.norm(vectors_NE, axis=1, keepdims=True)
