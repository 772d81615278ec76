"""Teaching a label: learnt on one half of the examples, measured and certified on the other.

A label says ``yes`` or ``no`` of an image only from a threshold that is certified to keep what was
asked; everything else is ``unsure``. The promise is about images drawn as the examples were, with
as many that fit among them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.checks.tagger.linear import Line, learn_line
from limner.core.criteria import Target
from limner.core.judging import Better
from limner.core.learnt import LabelFacts, Learnt, LearntKind, Share, Side
from limner.evals.certify import Labels, Shortfall, certify
from limner.evals.certify import Side as CertifiedSide
from limner.evals.intervals import share
from limner.studio.look.examples import (
    Example,
    OnFault,
    cameras_of,
    examples_sha256,
    named,
    part,
    read_both,
)
from limner.studio.look.succession import require_no_worse
from limner.studio.look.taught import measure_of_next

if TYPE_CHECKING:
    from limner.checks.tagger.tagger import Tagger
    from limner.studio.look.asking import Answered
    from limner.studio.parts import Parts

# Shapes: N examples, D width of the embedding, U held-out examples.

LEAST_EXAMPLES = 20  # of each kind
MOST_EXAMPLES = 1000
FITS_FROM = 0.5  # where precision and recall are told, whatever can be certified

Vector = NDArray[np.float32]


class Wanted(NamedTuple):
    """What a certified threshold is to keep.

    Attributes:
        precision: share of right ones among those called ``yes``, and among those called ``no``;
            above 0.5 and below 1.
        confidence: probability that both hold, above 0.5 and below 1.
    """

    precision: float = 0.95
    confidence: float = 0.9


def teach_label(
    parts: Parts,
    tagger: Tagger,
    name: str,
    yes: Sequence[Path],
    no: Sequence[Path],
    wanted: Wanted,
    *,
    on_fault: OnFault,
    answered: Answered | None = None,
) -> Learnt:
    """Learn a label, measure it, certify what can be certified, and put it in force if no worse.

    Args:
        parts: of the studio.
        tagger: whose embedding it is learnt on.
        name: of the label.
        yes: pictures it fits.
        no: pictures it does not fit.
        wanted: of a certified threshold.
        on_fault: told of every file that cannot be read.
        answered: what people answered on the desk, to learn from too.

    Raises:
        BadInput: too few, too many or doubtful examples, or a name that cannot be used.
        LearningFailed: the tagger's weights are missing or changed.
        VersionWorse: the version in force is better; it stays.
        StorageUnavailable: it cannot be stored.
    """
    label = named(name, "label")
    kinds = read_both(
        parts,
        {"--yes": yes, "--no": no},
        lambda picture: tagger.see(picture).embedding_D,
        most=MOST_EXAMPLES,
        least={"--yes": LEAST_EXAMPLES, "--no": LEAST_EXAMPLES},
        on_fault=on_fault,
        further=((), ()) if answered is None else answered,
    )
    line, facts = learn_label(kinds, tagger.ingredients, wanted)
    held_out = [half.held_out for half in part(kinds)]
    earlier = measure_of_next(parts, LearntKind.LABEL, label)
    require_no_worse(earlier, line, facts, _vectors(held_out), _is_yes(held_out))
    now = parts.read_clock()
    document, content = facts.to_document(), line.to_bytes()
    return parts.store.learnt.add(LearntKind.LABEL, label, document, content, now)


def learn_label(
    kinds: Sequence[Sequence[Example[Vector]]], ingredients: Mapping[str, str], wanted: Wanted
) -> tuple[Line, LabelFacts]:
    """A line learnt on half of the examples, and what it is worth on the other half.

    Args:
        kinds: those it fits, and those it does not fit.
        ingredients: of the network that saw them.
        wanted: of a certified threshold.

    Raises:
        BadInput: see `part`.
    """
    sha256 = examples_sha256(kinds)
    parted = part(kinds)
    learning = [half.learning for half in parted]
    line = learn_line(
        _vectors(learning), _is_yes(learning), np.random.default_rng(int(sha256[7:23], 16))
    )
    held_out = [half.held_out for half in parted]
    is_yes_U = _is_yes(held_out)
    score_U = line.scores(_vectors(held_out))
    called_U = score_U >= FITS_FROM
    yes, no = _certified(score_U, is_yes_U, wanted)
    facts = LabelFacts(
        tagger=dict(ingredients),
        examples_sha256=sha256,
        num_yes=len(learning[0]),
        num_no=len(learning[1]),
        strength=line.strength,
        precision=share_of(is_yes_U[called_U]),
        recall=share_of(called_U[is_yes_U]),
        asked_precision=wanted.precision,
        confidence=wanted.confidence,
        yes=yes,
        no=no,
        cameras=cameras_of(kinds),
    )
    return line, facts


def share_of(is_hit_U: NDArray[np.bool_]) -> Share:
    """A share with its interval, as it is stored."""
    found = share(int(is_hit_U.sum()), len(is_hit_U))
    return Share(found.value, found.low, found.high, found.num)


def _certified(
    score_U: NDArray[np.float64], is_yes_U: NDArray[np.bool_], wanted: Wanted
) -> tuple[Side, Side]:
    """Thresholds for both verdicts; what stands at one end of both is certified for neither."""
    num = len(score_U)
    target = Target(
        precision=wanted.precision,
        recall=None,
        confidence=wanted.confidence,
        fail_precision=wanted.precision,
    )
    labels = Labels(
        score_U=score_U,
        is_good_U=is_yes_U,
        is_known_U=np.ones(num, np.bool_),
        probability_U=np.ones(num),
    )
    found = certify(labels, target, Better.HIGHER)
    assert found.failing is not None  # it was asked for
    yes, no = found.passing, found.failing
    return (
        _side(yes, None if yes.certified is None else score_U[is_yes_U] >= yes.certified.threshold),
        _side(no, None if no.certified is None else score_U[~is_yes_U] <= no.certified.threshold),
    )


def _side(found: CertifiedSide, is_called_U: NDArray[np.bool_] | None) -> Side:
    if found.certified is None or is_called_U is None:
        return Side(None, None, share_of(np.zeros(0, np.bool_)), _why_not(found))
    return Side(found.certified.threshold, found.precision_low, share_of(is_called_U), "")


def _why_not(found: CertifiedSide) -> str:
    if found.shortfall is Shortfall.OVERLAPS:
        return "The other verdict's threshold leaves no room."
    if found.num_more is None:
        return "Among these examples the verdict is wrong too often, and more will hardly help."
    return (
        f"About {2 * found.num_more:,} more examples would probably do, half of which are learnt "
        "from."
    )


def _vectors(kinds: Sequence[Sequence[Example[Vector]]]) -> Vector:
    return np.stack([one.seen for kind in kinds for one in kind])


def _is_yes(kinds: Sequence[Sequence[Example[Vector]]]) -> NDArray[np.bool_]:
    return np.repeat([True, False], [len(kind) for kind in kinds])
