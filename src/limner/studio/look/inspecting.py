"""Normal sets: learnt on one half of the good parts, bounded by the other half and by bad parts.

Above a certified bound a part is ``anomalous``: it keeps how many good parts are called so. Below
another one it is ``normal``: that one keeps how many bad parts are missed, so it takes examples of
bad parts, and without them no part is called normal. Neither depends on how many parts are bad.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.checks.tagger.patches import Normal, learn_normal, whole_of
from limner.checks.tagger.tagger import Seen
from limner.core.learnt import Bound, Learnt, LearntKind, NormalFacts
from limner.evals.one_kind import RankBound, lowest_bound
from limner.studio.look.examples import (
    Example,
    OnFault,
    cameras_of,
    examples_sha256,
    named,
    part,
    read_both,
)
from limner.studio.look.succession import require_bounds
from limner.studio.look.taught import measure_of_next

if TYPE_CHECKING:
    from limner.checks.tagger.tagger import Tagger
    from limner.core.records import Picture
    from limner.studio.parts import Parts

# Shapes: U examples of one kind.

LEAST_GOOD = 50
MOST_EXAMPLES = 500  # of each kind; features of a picture take a fifth of a megabyte

Floats = NDArray[np.float64]


class Wanted(NamedTuple):
    """What a certified bound is to keep.

    Attributes:
        limit: largest share of good parts called ``anomalous``, and of bad ones called ``normal``;
            above 0 and below 0.5.
        confidence: probability, for each bound, that it keeps that; above 0.5 and below 1.
    """

    limit: float = 0.1
    confidence: float = 0.9


def teach_normal(
    parts: Parts,
    tagger: Tagger,
    name: str,
    good: Sequence[Path],
    bad: Sequence[Path],
    wanted: Wanted,
    *,
    on_fault: OnFault,
) -> Learnt:
    """Learn a normal set, certify what can be certified, and put it in force if no worse.

    Args:
        parts: of the studio.
        tagger: whose features it keeps.
        name: of the set.
        good: pictures of good parts, taken alike.
        bad: pictures of bad parts, taken likewise; may be empty.
        wanted: of a certified bound.
        on_fault: told of every file that cannot be read.

    Raises:
        BadInput: too few, too many or doubtful examples, or a name that cannot be used.
        LearningFailed: the tagger's weights are missing or changed.
        VersionWorse: the version in force is better; it stays.
        StorageUnavailable: it cannot be stored.
    """
    called = named(name, "normal set")

    def see(picture: Picture) -> Seen:
        return tagger.look(whole_of(picture))

    kinds = read_both(
        parts,
        {"--good": good, "--bad": bad},
        see,
        most=MOST_EXAMPLES,
        least={"--good": LEAST_GOOD},
        on_fault=on_fault,
    )
    normal, facts = learn_set(*kinds, tagger.ingredients, wanted)
    require_bounds(measure_of_next(parts, LearntKind.NORMAL, called), facts)
    now = parts.read_clock()
    document, content = facts.to_document(), normal.to_bytes()
    return parts.store.learnt.add(LearntKind.NORMAL, called, document, content, now)


def learn_set(
    good: Sequence[Example[Seen]],
    bad: Sequence[Example[Seen]],
    ingredients: Mapping[str, str],
    wanted: Wanted,
) -> tuple[Normal, NormalFacts]:
    """A normal set learnt on half of the good parts, and its bounds.

    All bad parts are held out, as nothing is learnt from them.

    Raises:
        BadInput: the good parts nearly copy each other, see `part`.
    """
    sha256 = examples_sha256((good, bad))
    (halves,) = part([good])
    rng = np.random.default_rng(int(sha256[7:23], 16))
    normal = learn_normal([one.seen for one in halves.learning], rng)
    good_U = _scores(normal, halves.held_out)
    bad_U = _scores(normal, bad)
    delta = round(1 - wanted.confidence, 12)
    anomalous = _bound(lowest_bound(good_U, wanted.limit, delta), "good")
    # Below a bound is above it with the sign turned.
    missed = lowest_bound(-bad_U, wanted.limit, delta)
    normal_bound = _bound(missed._replace(at=None if missed.at is None else -missed.at), "bad")
    if None not in (anomalous.at, normal_bound.at):
        # Where both hold, what is above the first is called anomalous: a lower bound misses fewer.
        lower = min(anomalous.at or 0.0, normal_bound.at or 0.0)
        normal_bound = normal_bound._replace(at=lower, num_past=int((bad_U < lower).sum()))
    facts = NormalFacts(
        tagger=dict(ingredients),
        examples_sha256=sha256,
        num_good=len(halves.learning),
        usual=float(np.median(good_U)),
        highest=float(good_U.max()),
        limit=wanted.limit,
        confidence=wanted.confidence,
        anomalous=anomalous,
        normal=normal_bound,
        cameras=cameras_of((good, bad)),
    )
    return normal, facts


def _scores(normal: Normal, examples: Sequence[Example[Seen]]) -> Floats:
    return np.array([normal.measure(one.seen).score for one in examples], np.float64)


def _bound(found: RankBound, kind: str) -> Bound:
    why_not = ""
    if found.at is None:
        why_not = (
            f"It takes {found.num_needed} held-out {kind} parts, and there are {found.num}."
            if found.num
            else f"There are no pictures of {kind} parts."
        )
    return Bound(found.at, found.num, found.num_past, why_not)
