"""A model on this machine that finds where in a picture something is, told in words: GroundingDINO.

Read from a folder as it is exported: `model.onnx`, `tokenizer.json` and `preprocessor_config.json`.
Its scores are no calibrated probabilities.

Source: Liu et al. 2023, Grounding DINO: Marrying DINO with Grounded Pre-Training for Open-Set
Object Detection.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.core.hashing import sha256_of_document
from limner.core.looking import Box, Sighting
from limner.generators.seer_files import PIXELS, WORDS, SeerFiles, normalized

# Shapes: Q queries, T tokens, H height, W width, C channels (RGB).

NETWORK = "model.onnx"
FILES = (NETWORK, WORDS, PIXELS)
SCORES, BOXES = "logits", "pred_boxes"
BOX_FROM = 0.3  # score of a box that is told
MOST_BOXES = 50  # of one of the words
SHORTER_PX, LONGER_PX = 800, 1333  # where nothing is said of sizes


class LocalDetector:
    """Says where in a picture something is. Making one loads nothing.

    Args:
        files: of the model.
    """

    def __init__(self, files: SeerFiles) -> None:
        self._files = files

    @property
    def sha256(self) -> str:
        """Tagged hash of every file, and of how it is asked; of none where files are missing."""
        return sha256_of_document({"files": self._files.hashes, "asked": [BOX_FROM, MOST_BOXES]})

    def look_for(self, jpeg: bytes, words: Sequence[str]) -> tuple[Sighting, ...]:
        """The best score of each of some words, 0-1, and the boxes it is found in.

        Raises:
            GeneratorUnavailable: a file or a library is missing, or the graph cannot be read.
        """
        spans, tokens = self._tokens(words)
        given = {**tokens, **self._pixels(jpeg)}
        names = {one.get_any_name() for one in self._network.inputs}
        made = self._network({name: array for name, array in given.items() if name in names})
        score_QT = 1 / (1 + np.exp(-np.clip(np.array(made[SCORES], np.float64)[0], -50, 50)))
        box_Q4 = np.array(made[BOXES], np.float64)[0]
        return tuple(_sighting(score_QT[:, one].max(axis=1), box_Q4) for one in spans)

    def _tokens(self, words: Sequence[str]) -> tuple[list[list[int]], dict[str, NDArray[np.int64]]]:
        """Which tokens each of the words has, and all of them as the graph takes them."""
        text, ends = "", list[int]()
        for one in words:
            text += f"{one.lower().rstrip('.')}. "
            ends.append(len(text) - 2)
        encoded = self._files.tokenizer.encode(text.strip())
        begins = [0, *(end + 1 for end in ends[:-1])]
        spans = [
            [
                place
                for place, (first, last) in enumerate(encoded.offsets)
                if begin <= first < last <= end
            ]
            for begin, end in zip(begins, ends, strict=True)
        ]
        if not all(spans):
            raise self._files.absent(WORDS)
        ids = np.array([encoded.ids], np.int64)
        return spans, {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }

    def _pixels(self, jpeg: bytes) -> dict[str, NDArray[Any]]:
        with PillowImage.open(io.BytesIO(jpeg)) as opened:
            rgb = opened.convert("RGB")
        shorter, longer = self._sides_px
        factor = min(shorter / min(rgb.size), longer / max(rgb.size))
        width, height = (max(round(side * factor), 1) for side in rgb.size)
        image_HWC = np.asarray(rgb.resize((width, height), PillowImage.Resampling.BILINEAR))
        return {
            "pixel_values": normalized(image_HWC, self._files.pixels),
            "pixel_mask": np.ones((1, height, width), np.int64),
        }

    @cached_property
    def _sides_px(self) -> tuple[int, int]:
        size = self._files.pixels.get("size", {})
        try:
            return (
                int(size.get("shortest_edge", SHORTER_PX)),
                int(size.get("longest_edge", LONGER_PX)),
            )
        except (TypeError, AttributeError, ValueError) as error:
            raise self._files.absent(PIXELS) from error

    @cached_property
    def _network(self) -> Any:  # noqa: ANN401 - openvino's own type
        return self._files.graph(NETWORK, (SCORES,))


def _sighting(score_Q: NDArray[np.float64], box_Q4: NDArray[np.float64]) -> Sighting:
    best_first = np.argsort(-score_Q)[:MOST_BOXES]
    found = [int(one) for one in best_first if score_Q[one] >= BOX_FROM]
    return Sighting(round(float(score_Q.max()), 4), tuple(_boxes(score_Q, box_Q4, found)))


def _boxes(
    score_Q: NDArray[np.float64], box_Q4: NDArray[np.float64], found: Sequence[int]
) -> Iterator[Box]:
    """Boxes within the picture; the network tells their middles and sizes."""
    for one in found:
        x, y, width, height = (float(value) for value in box_Q4[one])
        left, right = (min(max(x + sign * width / 2, 0.0), 1.0) for sign in (-1, 1))
        top, bottom = (min(max(y + sign * height / 2, 0.0), 1.0) for sign in (-1, 1))
        sides = (left, top, right - left, bottom - top, float(score_Q[one]))
        yield Box(*(round(value, 4) for value in sides))
