"""What a candidate made of live requests beside what served: by every check, paired by prompt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.core.deciding import Outcome
from limner.core.judging import Verdict
from limner.core.models import ModelState
from limner.core.shadows import Shadow
from limner.evals.comparison import Difference, compare
from limner.studio.parts import Parts
from limner.studio.registry import find_version

# Shapes: P prompts, S pictures of a prompt.

CHANCE = 20261124  # where resamples come from, so that the same shadows give the same answer
WOULD_BE_RELEASED = "released"  # by rule; compared as the checks are
NEAR_COPIES = "near-copy-recent"  # a shadow is near the picture beside it, and that is no fault


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowCompared:
    """A candidate beside what served, on the same live requests.

    Attributes:
        state: of the candidate.
        num_requests: pictures that both have.
        num_prompts: that these are of.
        differences: by check, and `WOULD_BE_RELEASED`; candidate minus served.
        faults: how often the candidate had no picture, by the code of what came instead.
        seconds: median wall time of a picture, served and candidate; ``None`` without any.
    """

    state: ModelState
    num_requests: int
    num_prompts: int
    differences: dict[str, Difference]
    faults: dict[str, int]
    seconds: tuple[float, float] | None

    def to_document(self) -> dict[str, object]:
        """JSON form."""
        return {
            "model": self.state.version.label,
            "num_requests": self.num_requests,
            "num_prompts": self.num_prompts,
            "differences": {name: asdict(one) for name, one in self.differences.items()},
            "faults": self.faults,
            "seconds": None if self.seconds is None else list(self.seconds),
        }


class _Pair(NamedTuple):
    """One request: its prompt, and by check whether the served and the shadow picture passed."""

    prompt: str
    passed: dict[str, tuple[bool, bool]]
    seconds: tuple[float, float]


def compare_shadow(parts: Parts, model: str) -> ShadowCompared:
    """Lay what a candidate drew in shadow beside what served.

    Args:
        parts: of the studio.
        model: see `find_version`.

    Raises:
        NotFound: there is no such version.
    """
    state = find_version(parts, model)
    shadows = parts.store.shadows.of_model(state.version.sha256)
    pairs = [pair for one in shadows if (pair := _pair(parts, one)) is not None]
    matrices = _matrices(pairs)
    times = [one.seconds for one in pairs]
    return ShadowCompared(
        state=state,
        num_requests=len(pairs),
        num_prompts=len({one.prompt for one in pairs}),
        differences=compare(matrices, np.random.default_rng(CHANCE), least_seeds=1),
        faults=dict(Counter(one.fault for one in shadows if one.fault)),
        seconds=(
            (median(one for one, _ in times), median(one for _, one in times)) if times else None
        ),
    )


def _pair(parts: Parts, shadow: Shadow) -> _Pair | None:
    """Both sides of one request; ``None`` where one of the two is not there."""
    record = parts.store.image_by_id(shadow.image_id)
    decided = parts.store.decisions_of(shadow.image_id)
    if record is None or shadow.shadow_id is None or not decided:
        return None
    served = {str(one["check"]): one for one in parts.store.results_of(shadow.image_id)}
    passed = {
        check: (served[check]["verdict"] == Verdict.PASS, verdict == Verdict.PASS)
        for check, verdict in shadow.verdicts.items()
        if check != NEAR_COPIES and _is_same(served.get(check), verdict, shadow.versions[check])
    }
    by_rule = next((one for one in decided if one.decided_by == "rule"), decided[0])
    passed[WOULD_BE_RELEASED] = (
        by_rule.decision.outcome is Outcome.RELEASED,
        shadow.outcome == Outcome.RELEASED,
    )
    return _Pair(record.recipe.prompt, passed, (record.seconds, shadow.seconds))


def _is_same(served: Mapping[str, object] | None, verdict: str, version: str) -> bool:
    """Whether both were judged, by the same version of a check."""
    if served is None or served["version"] != version:
        return False
    return Verdict.ERROR not in (served["verdict"], verdict)


def _matrices(
    pairs: Sequence[_Pair],
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Outcomes by check, `[P, S]`, served and shadow; NaN where a prompt has fewer pictures."""
    by_prompt: dict[str, list[_Pair]] = {}
    for one in pairs:
        by_prompt.setdefault(one.prompt, []).append(one)
    checks = dict.fromkeys(check for one in pairs for check in one.passed)
    most = max((len(each) for each in by_prompt.values()), default=0)
    found: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    for check in checks:
        both = np.full((2, len(by_prompt), most), np.nan)
        for row, each in enumerate(by_prompt.values()):
            for column, one in enumerate(each):
                if check in one.passed:
                    both[:, row, column] = one.passed[check]
        found[check] = both[0], both[1]
    return found
