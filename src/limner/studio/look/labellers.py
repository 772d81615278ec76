"""Whether those who labelled a data set agree: over all of them, pair by pair, picture by picture.

Alpha and AC1 are told together, since alpha collapses where nearly all labels are the same. Kappa
of each pair shows who differs from the others. Nothing is stored.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from limner.core.errors import BadInput
from limner.evals.agreement import (
    NO_RATING,
    ac1_estimate,
    agreement_estimate,
    alpha_estimate,
    cohen_kappa,
)
from limner.evals.intervals import Estimate
from limner.studio.look.sources import printable

# Shapes: U pictures, R labellers.

COLUMNS = ("picture", "labeller", "label")
MOST_BYTES = 50_000_000
MOST_LABELLERS = 200
LEAST_SHARED = 5  # pictures of a pair, below which its kappa says nothing
SEED = 0  # of the bootstrap, so that the same file is told the same way


class Pair(NamedTuple):
    """Two labellers: Cohen's kappa over the pictures both labelled; ``None`` where none is."""

    first: str
    second: str
    kappa: float | None
    num: int


class Disputed(NamedTuple):
    """A picture on which labellers differ: how many gave each label."""

    picture: str
    labels: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far labellers agree.

    Attributes:
        num_labels: in the file; `num_compared` counts pictures with two or more.
        alpha, ac1: 1 for full agreement, 0 for what chance gives, with 95 % intervals.
        raw: share of pairs of labels of one picture that are equal.
        pairs: of labellers with enough pictures in common, the worst first.
        disputed: pictures, the most divided first.
    """

    num_labels: int
    num_compared: int
    alpha: Estimate
    ac1: Estimate
    raw: Estimate
    pairs: tuple[Pair, ...]
    disputed: tuple[Disputed, ...]

    def to_document(self) -> dict[str, Any]:
        """JSON form, one key per attribute; what cannot be told is ``null``."""
        return asdict(self) | {
            "pairs": [one._asdict() for one in self.pairs],
            "disputed": [one._asdict() for one in self.disputed],
        }


def labellers_agreement(path: Path) -> Agreement:
    """How far the labellers of a file agree.

    Args:
        path: CSV with the columns ``picture``, ``labeller`` and ``label``, one row a label.

    Raises:
        BadInput: it cannot be read, or somebody labelled a picture twice.
    """
    label_of = _read(path)
    pictures, labellers, labels = (sorted(set(one)) for one in zip(*_flat(label_of), strict=True))
    if len(labellers) > MOST_LABELLERS:
        raise BadInput(
            f"The file {printable(str(path))!r} has {len(labellers):,} labellers; allowed are up "
            f"to {MOST_LABELLERS}.",
            code="too_many_labellers",
        )
    ratings_UR = np.full((len(pictures), len(labellers)), NO_RATING, np.int64)
    row_of, place_of = _places(pictures), _places(labellers)
    index_of = _places(labels)
    for (picture, labeller), label in label_of.items():
        ratings_UR[row_of[picture], place_of[labeller]] = index_of[label]
    rng = np.random.default_rng(SEED)
    num = len(labels)
    pairs = [
        Pair(
            labellers[first],
            labellers[second],
            _finite(cohen_kappa(ratings_UR[:, [first, second]], num_categories=num)),
            int((ratings_UR[:, [first, second]] != NO_RATING).all(axis=1).sum()),
        )
        for first, second in combinations(range(len(labellers)), 2)
    ]
    told = [one for one in pairs if one.num >= LEAST_SHARED]
    return Agreement(
        num_labels=len(label_of),
        num_compared=int(((ratings_UR != NO_RATING).sum(axis=1) >= 2).sum()),
        alpha=alpha_estimate(ratings_UR, rng, num_categories=num),
        ac1=ac1_estimate(ratings_UR, rng, num_categories=num),
        raw=agreement_estimate(ratings_UR, rng, num_categories=num),
        pairs=tuple(sorted(told, key=_worst_first)),
        disputed=tuple(_disputed(label_of)),
    )


def _read(path: Path) -> dict[tuple[str, str], str]:
    """Labels by picture and labeller."""
    name = printable(str(path))
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadInput(f"The file {name!r} is larger than {MOST_BYTES // 1_000_000} MB.")
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [one for one in COLUMNS if one not in (rows.fieldnames or ())]
            if missing:
                raise BadInput(
                    f"The file {name!r} has no column {missing[0]!r}; it needs "
                    f"{', '.join(COLUMNS)}.",
                    code="labels_unreadable",
                )
            return _labels(name, [(rows.line_num, row) for row in rows])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(
            f"The file {name!r} cannot be read as CSV.", code="labels_unreadable"
        ) from error


def _labels(name: str, rows: Sequence[tuple[int, Mapping[str, str]]]) -> dict[tuple[str, str], str]:
    label_of: dict[tuple[str, str], str] = {}
    for line, row in rows:
        picture, labeller, label = (printable((row[one] or "").strip()) for one in COLUMNS)
        if not (picture and labeller and label):
            raise BadInput(
                f"Line {line} of {name!r} leaves a column empty; allowed is one label a line.",
                code="labels_unreadable",
            )
        if label_of.setdefault((picture, labeller), label) != label:
            raise BadInput(
                f"Line {line} of {name!r} labels {picture!r} again, by {labeller!r}, and otherwise "
                "than before; allowed is one label by each.",
                code="labelled_twice",
            )
    if not label_of:
        raise BadInput(f"The file {name!r} holds no label.", code="labels_unreadable")
    return label_of


def _flat(label_of: Mapping[tuple[str, str], str]) -> list[tuple[str, str, str]]:
    return [(picture, labeller, label) for (picture, labeller), label in label_of.items()]


def _places(names: Sequence[str]) -> dict[str, int]:
    return {one: at for at, one in enumerate(names)}


def _disputed(label_of: Mapping[tuple[str, str], str]) -> list[Disputed]:
    counts: dict[str, Counter[str]] = {}
    for (picture, _), label in label_of.items():
        counts.setdefault(picture, Counter())[label] += 1
    divided = [Disputed(picture, dict(one)) for picture, one in counts.items() if len(one) > 1]
    return sorted(divided, key=lambda one: (_largest_share(one), one.picture))


def _largest_share(disputed: Disputed) -> float:
    return max(disputed.labels.values()) / sum(disputed.labels.values())


def _worst_first(pair: Pair) -> tuple[float, str, str]:
    return (2.0 if pair.kappa is None else pair.kappa, pair.first, pair.second)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
