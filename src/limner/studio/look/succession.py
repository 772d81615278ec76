"""The gate before the next version: it takes the place of the one in force if it is no worse.

A version that loses what was certified is worse. Of labels both versions are also laid to the
examples that the new one has not learnt from. The one in force may have learnt from some of them,
which speaks for it: the gate errs towards keeping what is there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from limner.checks.tagger.linear import Line
from limner.core.errors import LimnerError
from limner.core.learnt import Bound, LabelFacts, Learnt, NormalFacts, Side
from limner.evals.mistakes import binomial_tail

# Shapes: U held-out examples, D width of the embedding.

SURELY_WORSE = 0.05  # chance of so many more mistakes, were both as good
HINT = "Nothing was changed. `limner look forget` first, if it is to be another label from now on."


class VersionWorse(LimnerError):
    """The next version of a label or normal set would be worse than the one in force."""

    code = "version_worse"


def require_no_worse(
    earlier: Learnt | None,
    line: Line,
    facts: LabelFacts,
    vector_UD: NDArray[np.float32],
    is_yes_U: NDArray[np.bool_],
) -> None:
    """Refuse a version of a label that loses a certified verdict, or makes surely more mistakes.

    Args:
        earlier: in force; ``None`` lets every version through, and so does one that was learnt on
            other weights, since it says nothing any more.
        line: of the new version.
        facts: of the new version.
        vector_UD: held-out examples, unit vectors.
        is_yes_U: which of them it fits.

    Raises:
        VersionWorse: says how.

    Source: the exact sign test on the examples only one of two gets wrong (McNemar 1947).
    """
    if earlier is None or not _is_measure(earlier, facts):
        return
    before = LabelFacts.from_document(earlier.document)
    _require_verdicts(earlier, {"yes": (before.yes, facts.yes), "no": (before.no, facts.no)})
    old = Line.from_bytes(earlier.content, before.strength)
    wrong_old_U, wrong_new_U = ((one.scores(vector_UD) >= 0.5) != is_yes_U for one in (old, line))
    num_worse = int((wrong_new_U & ~wrong_old_U).sum())
    num_better = int((wrong_old_U & ~wrong_new_U).sum())
    if binomial_tail(num_better, num_better + num_worse, 0.5) < SURELY_WORSE:
        raise VersionWorse(
            f"The new version of {earlier.name!r} gets {num_worse} of {len(is_yes_U)} held-out "
            f"examples wrong that the one in force gets right, and {num_better} the other way.",
            hint=HINT,
        )


def require_bounds(earlier: Learnt | None, facts: NormalFacts) -> None:
    """Refuse a version of a normal set that loses a certified bound.

    Args:
        earlier: as of `require_no_worse`.
        facts: of the new version.

    Raises:
        VersionWorse: says which.
    """
    if earlier is None or not _is_measure(earlier, facts):
        return
    before = NormalFacts.from_document(earlier.document)
    verdicts = {
        "anomalous": (before.anomalous, facts.anomalous),
        "normal": (before.normal, facts.normal),
    }
    _require_verdicts(earlier, verdicts)


def _is_measure(earlier: Learnt, facts: LabelFacts | NormalFacts) -> bool:
    """Whether a version says something yet: it is used, and learnt on the same weights."""
    return earlier.is_in_use and earlier.document["tagger"] == dict(facts.tagger)


def _require_verdicts(
    earlier: Learnt, verdicts: Mapping[str, tuple[Side | Bound, Side | Bound]]
) -> None:
    for verdict, (was, now) in verdicts.items():
        if was.at is not None and now.at is None:
            raise VersionWorse(
                f"The new version of {earlier.name!r} could not be certified to say {verdict!r}, "
                f"and the one in force is. {now.why_not}",
                hint=HINT,
            )
