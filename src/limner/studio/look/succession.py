"""The gate before the next version of a label: it takes the place of the one in force if no worse.

Both are laid to the examples that the new one has not learnt from. The one in force may have learnt
from some of them, which speaks for it: the gate errs towards keeping what is there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limner.checks.tagger.linear import Line
from limner.core.errors import LimnerError
from limner.core.learnt import LabelFacts, Learnt
from limner.evals.mistakes import binomial_tail

# Shapes: U held-out examples, D width of the embedding.

SURELY_WORSE = 0.05  # chance of so many more mistakes, were both as good
HINT = "Nothing was changed. `limner look forget` first, if it is to be another label from now on."


class LabelWorse(LimnerError):
    """The next version of a label would be worse than the one in force."""

    code = "label_worse"


def require_no_worse(
    earlier: Learnt | None,
    line: Line,
    facts: LabelFacts,
    vector_UD: NDArray[np.float32],
    is_yes_U: NDArray[np.bool_],
) -> None:
    """Refuse a version that loses a certified verdict, or makes surely more mistakes.

    Args:
        earlier: in force; ``None`` lets every version through, and so does one that was learnt on
            other weights, since it says nothing any more.
        line: of the new version.
        facts: of the new version.
        vector_UD: held-out examples, unit vectors.
        is_yes_U: which of them it fits.

    Raises:
        LabelWorse: says how.

    Source: the exact sign test on the examples only one of two gets wrong (McNemar 1947).
    """
    if earlier is None or not earlier.is_in_use or earlier.document["tagger"] != dict(facts.tagger):
        return
    before = LabelFacts.from_document(earlier.document)
    for verdict in ("yes", "no"):
        was, now = getattr(before, verdict), getattr(facts, verdict)
        if was.at is not None and now.at is None:
            raise LabelWorse(
                f"The new version of {earlier.name!r} could not be certified to say {verdict!r}, "
                f"and the one in force is. {now.why_not}",
                hint=HINT,
            )
    old = Line.from_bytes(earlier.content, before.strength)
    wrong_old_U, wrong_new_U = ((one.scores(vector_UD) >= 0.5) != is_yes_U for one in (old, line))
    num_worse = int((wrong_new_U & ~wrong_old_U).sum())
    num_better = int((wrong_old_U & ~wrong_new_U).sum())
    if binomial_tail(num_better, num_better + num_worse, 0.5) < SURELY_WORSE:
        raise LabelWorse(
            f"The new version of {earlier.name!r} gets {num_worse} of {len(is_yes_U)} held-out "
            f"examples wrong that the one in force gets right, and {num_better} the other way.",
            hint=HINT,
        )
