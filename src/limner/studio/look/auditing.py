"""Auditing a data set: what in it would make a model, or its test, worse than it looks.

The splits are folders; the folder a picture lies in, below its split, is its label. Nothing is
stored, and nothing of the data set is changed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.checks.near_copy.fingerprint import pdq_of
from limner.core.errors import BadInput
from limner.core.hashing import sha256_of_bytes
from limner.core.judging import CheckNotAble, ImageSubject
from limner.core.looking import Duplicate
from limner.core.rights import RightsKind, RightsState
from limner.evals.wrong_labels import left_out_chances, likely_wrong
from limner.studio.look.duplicates import Duplicates
from limner.studio.look.examples import LearningFailed
from limner.studio.look.reading import content_of, read
from limner.studio.look.sources import Fault, find_items, printable, require_there

if TYPE_CHECKING:
    from limner.checks.tagger.tagger import Tagger
    from limner.core.records import Picture
    from limner.studio.parts import Parts

MEASURED = ("exposure", "sharpness")
LEAST_OF_A_LABEL = 5  # with fewer examples nothing is said of whether a label is right
MOST_PICTURES = 50_000
LOPSIDED = 10.0  # times as many pictures of one label as of another
QUANTILES = (0.05, 0.5, 0.95)
ALLOWING = (RightsKind.SOURCE, RightsKind.LICENCE, RightsKind.CONSENT)


class Copy(NamedTuple):
    """Two pictures that are nearly the same, as many of 256 bits apart; 0 for the same file too."""

    first: str
    second: str
    bits: int


class Mislabelled(NamedTuple):
    """A picture whose label is likely wrong, by how much another is likelier, 0-1."""

    name: str
    label: str
    likelier: str
    margin: float


class Spread(NamedTuple):
    """A measure over a split: 5th, 50th and 95th percentile, and how many fail the check."""

    split: str
    check: str
    low: float
    middle: float
    high: float
    num: int
    num_failing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit found.

    Attributes:
        counts: pictures by split and label.
        faults: files that cannot be read.
        across_splits: copies in two splits: what is learnt by heart is tested.
        two_labels: copies with two labels in one split: one of them is wrong.
        mislabelled: likely wrong labels, the most doubtful first.
        spreads: exposure and sharpness of every split.
        lopsided: labels of the first split with so many times fewer pictures than its largest.
        missing: labels that a split lacks, as ``split: label``.
        without_rights: pictures that no entry in force of the rights register covers.
        ended_rights: pictures that an ended entry, or an opt-out, covers.
    """

    counts: Mapping[str, Mapping[str, int]]
    faults: tuple[Fault, ...]
    across_splits: tuple[Copy, ...]
    two_labels: tuple[Copy, ...]
    mislabelled: tuple[Mislabelled, ...]
    spreads: tuple[Spread, ...]
    lopsided: Mapping[str, float]
    missing: tuple[str, ...]
    without_rights: tuple[str, ...]
    ended_rights: tuple[str, ...]

    def to_document(self) -> dict[str, Any]:
        """JSON form, one key per attribute."""
        named = ("faults", "across_splits", "two_labels", "mislabelled", "spreads")
        return asdict(self) | {key: [one._asdict() for one in getattr(self, key)] for key in named}


class _Entry(NamedTuple):
    name: str
    split: str
    label: str
    image_id: str
    pixels_sha256: str
    pdq: bytes | None
    embedding_D: NDArray[np.float32]
    scores: Mapping[str, tuple[float, bool]]  # of a check, and whether it fails


def audit(
    parts: Parts,
    tagger: Tagger,
    splits: Mapping[str, Path],
    on_picture: Callable[[int], None] = lambda num: None,
) -> Audit:
    """Audit a data set.

    Args:
        parts: of the studio.
        tagger: whose embedding tells labels apart.
        splits: folders by their names; the first is what a model would learn from.
        on_picture: told how many were read.

    Raises:
        BadInput: a folder is not there, holds no picture, or there are too many.
        LearningFailed: the tagger's weights are missing or changed.
    """
    entries: list[_Entry] = []
    faults: list[Fault] = []
    for split, folder in splits.items():
        require_there([folder])
        before = len(entries)
        for entry in _read(parts, tagger, split, folder, faults):
            entries.append(entry)
            on_picture(len(entries))
            if len(entries) > MOST_PICTURES:
                raise BadInput(
                    f"The data set has more than {MOST_PICTURES:,} pictures; audit it in parts.",
                    code="too_many_pictures",
                )
        if len(entries) == before:
            raise BadInput(
                f"There is no picture in {printable(str(folder))!r}.", code="no_pictures"
            )
    lopsided, missing, counts = _balance(entries, list(splits))
    without, ended = _rights(parts, entries)
    return Audit(
        counts=counts,
        faults=tuple(faults),
        across_splits=tuple(_copies(entries, lambda one: one.split)),
        two_labels=tuple(_copies(entries, lambda one: one.label)),
        mislabelled=tuple(_mislabelled(entries)),
        spreads=tuple(_spreads(entries, list(splits))),
        lopsided=lopsided,
        missing=missing,
        without_rights=without,
        ended_rights=ended,
    )


def _read(
    parts: Parts, tagger: Tagger, split: str, folder: Path, faults: list[Fault]
) -> Iterator[_Entry]:
    checks = [parts.judge.image_checks[one] for one in MEASURED]
    root = PurePath(printable(str(folder)))
    for item in find_items([folder]):
        content = item.fault or content_of(item)
        found = content
        if not isinstance(content, Fault):
            found = read(content, item.name, parts.settings.max_input_megapixels)
        if isinstance(found, Fault):
            if found.code != "not_a_picture":
                faults.append(found)
            continue
        assert not isinstance(content, Fault)
        assert not isinstance(found, bytes)
        picture: Picture = found.picture
        results = parts.judge.judge_by(checks, ImageSubject(picture=picture))
        try:
            embedding_D = tagger.see(picture).embedding_D
        except CheckNotAble as fault:
            raise LearningFailed(fault.note) from fault
        yield _Entry(
            name=item.name,
            split=split,
            label=PurePath(item.name).relative_to(root).parent.as_posix(),
            image_id=sha256_of_bytes(content),
            pixels_sha256=picture.pixels_sha256,
            pdq=pdq_of(picture),
            embedding_D=embedding_D,
            scores={
                one.check: (one.score, one.verdict == "fail")
                for one in results
                if one.score is not None
            },
        )


def _copies(entries: Sequence[_Entry], kind_of: Callable[[_Entry], str]) -> Iterator[Copy]:
    """Every picture with the nearest earlier one of another kind that it nearly copies.

    A nearer copy of its own kind, such as the same file twice in a split, hides no other.
    """
    duplicates = Duplicates()
    entries_of: defaultdict[str, list[_Entry]] = defaultdict(list)
    for one in entries:
        alike = [Duplicate(one.image_id, 0), *duplicates.meet_all(one.image_id, one.pdq)]
        others = [
            Copy(earlier.name, one.name, near.bits)
            for near in alike
            for earlier in entries_of[near.image_id]
            if kind_of(earlier) != kind_of(one)
        ]
        if others:
            yield min(others, key=lambda copy: copy.bits)
        entries_of[one.image_id].append(one)


def _mislabelled(entries: Sequence[_Entry]) -> Iterator[Mislabelled]:
    by_label = Counter(one.label for one in entries)
    told = [one for one in entries if by_label[one.label] >= LEAST_OF_A_LABEL]
    labels = sorted({one.label for one in told})
    if len(labels) < 2:
        return
    kind_N = np.array([labels.index(one.label) for one in told], np.intp)
    vector_ND = np.stack([one.embedding_D for one in told])
    chance_NK = left_out_chances(vector_ND, kind_N, len(labels))
    for doubt in likely_wrong(chance_NK, kind_N):
        one = told[doubt.at]
        likelier = labels[doubt.likelier]
        yield Mislabelled(one.name, one.label, likelier, round(doubt.margin, 4))


def _spreads(entries: Sequence[_Entry], splits: Sequence[str]) -> Iterator[Spread]:
    for split in splits:
        for check in MEASURED:
            found = [
                one.scores[check] for one in entries if one.split == split and check in one.scores
            ]
            if found:
                scores = np.array([score for score, _ in found])
                low, middle, high = (float(one) for one in np.quantile(scores, QUANTILES))
                failing = sum(is_failing for _, is_failing in found)
                yield Spread(split, check, low, middle, high, len(found), failing)


def _balance(
    entries: Sequence[_Entry], splits: Sequence[str]
) -> tuple[dict[str, float], tuple[str, ...], dict[str, dict[str, int]]]:
    counts = {
        split: Counter(one.label for one in entries if one.split == split) for split in splits
    }
    first = counts[splits[0]]
    largest = max(first.values())
    lopsided = {
        label: round(largest / num, 1)
        for label, num in sorted(first.items())
        if largest / num >= LOPSIDED
    }
    labels = sorted({one.label for one in entries})
    missing = tuple(
        f"{split}: {label}" for split in splits for label in labels if label not in counts[split]
    )
    return lopsided, missing, {split: dict(sorted(one.items())) for split, one in counts.items()}


def _rights(parts: Parts, entries: Sequence[_Entry]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Pictures that nothing in force allows, and those that something ended or opted out covers."""
    rights = parts.store.rights
    now = parts.read_clock()
    covered: defaultdict[bool, set[str]] = defaultdict(set)
    for one in rights.entries(now):
        if one.state is not RightsState.RENEWED:
            is_allowing = one.entry.kind in ALLOWING
            is_good = (one.state is RightsState.IN_FORCE) == is_allowing
            if is_good and not is_allowing:
                continue  # an opt-out that was withdrawn says nothing
            covered[is_good].update(rights.find(one.entry_id, now).entry.keys)
    without = tuple(one.name for one in entries if not _keys(one) & covered[True])
    ended = tuple(one.name for one in entries if _keys(one) & covered[False])
    return without, ended


def _keys(entry: _Entry) -> set[str]:
    return {entry.image_id, entry.pixels_sha256}
