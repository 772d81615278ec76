"""Blind side-by-side: which of two pictures people prefer, and the ranking that follows.

Neither the model nor the run is told before the answers are counted. Sides and order are drawn by
chance before the first answer; some pairs come again the other way round, and some are two
pictures of one model, so that it can be seen how noisy the answers are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import BadInput, NotFound
from limner.core.runs import Run
from limner.core.studies import Choice, Pair, PairAnswer, PairKind, Side, Study
from limner.evals.ranking import Answer, Ranking, rank
from limner.evals.suite import Suite
from limner.studio.background import lay_under
from limner.studio.eval_runs import suite_of
from limner.studio.image_file import decode_rgba
from limner.studio.parts import Parts
from limner.studio.review_picture import LIGHT_GROUND

NUM_PAIRS = 40
MOST_PAIRS = 400
EXTRA_EVERY = 8  # one repeat and one pair of a model with itself for so many pairs
CHANCE = 20261124  # where resamples come from, so that the same answers give the same ranking

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPair:
    """A pair as a person sees it: no model, no run, no seed.

    Attributes:
        prompt: both were drawn from.
        num_left: pairs this person has not answered, this one too.
        left_HWC, right_HWC: uint8, RGBA, opaque, on the same light ground.
    """

    study_id: str
    number: int
    prompt: str
    num_left: int
    left_HWC: Bytes
    right_HWC: Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a study has come to.

    Attributes:
        labels: how each run is called in the ranking, by run id.
        ranking: ``None`` while no answer is about two different models.
        num_people: who answered something.
    """

    study: Study
    labels: dict[str, str]
    ranking: Ranking | None
    num_answers: int
    num_people: int

    def to_document(self) -> dict[str, object]:
        """JSON form."""
        return {
            "study": self.study.study_id,
            "runs": self.labels,
            "num_answers": self.num_answers,
            "num_people": self.num_people,
            "ranking": None if self.ranking is None else asdict(self.ranking),
        }


def find_study(parts: Parts, study_id: str) -> Study:
    """A study by its id.

    Raises:
        NotFound: there is none.
    """
    found = parts.store.studies.by_id(study_id)
    if found is None:
        raise NotFound(f"There is no study {study_id!r} here.", code="study_unknown")
    return found


def open_study(
    parts: Parts, first: Run, second: Run, *, num_pairs: int = NUM_PAIRS, is_new: bool = False
) -> Study:
    """The newest study of two runs, or a new one where there is none.

    Args:
        parts: of the studio; its chance fixes sides and order.
        first: one run.
        second: another of the same suite.
        num_pairs: of a new study, repeats and pairs of one model not counted.
        is_new: begin another even where there is one.

    Raises:
        BadInput: the runs are the same or of other suites, share no picture, or `num_pairs` is
            out of range.
    """
    if not 1 <= num_pairs <= MOST_PAIRS:
        raise BadInput(f"{num_pairs} pairs are asked for; allowed are 1 to {MOST_PAIRS}.")
    if first.run_id == second.run_id:
        raise BadInput(f"Both are {first.run_id}; two different runs are needed.")
    if first.suite_sha256 != second.suite_sha256:
        raise BadInput(
            f"The runs are of other suites, {first.suite!r} and {second.suite!r}, so they have no "
            "prompts in common that can be laid side by side."
        )
    known = None if is_new else parts.store.studies.find(first.run_id, second.run_id)
    if known is not None:
        return known
    study = Study(
        study_id=f"study-{uuid4().hex[:12]}",
        first_run=first.run_id,
        second_run=second.run_id,
        begun_at=parts.read_clock(),
        pairs=plan_pairs(
            _shared(parts, first, second), (first.run_id, second.run_id), num_pairs, parts.rng
        ),
    )
    parts.store.studies.begin(study)
    return study


def plan_pairs(
    shared: Sequence[tuple[str, Sequence[int]]],
    runs: tuple[str, str],
    num_pairs: int,
    rng: np.random.Generator,
) -> tuple[Pair, ...]:
    """Which pairs are shown, in which order and on which side.

    Args:
        shared: cases with the seeds that both runs have a picture of; at least one.
        runs: ids.
        num_pairs: of two models; fewer where there are fewer pictures.
        rng: draws everything.
    """
    chosen = _chosen(shared, num_pairs, rng)
    asked = [
        _pair(case_id, Side(runs[0], seed), Side(runs[1], seed), rng) for case_id, seed in chosen
    ]
    num_extra = -(-len(asked) // EXTRA_EVERY)
    several = [one for one in shared if len(one[1]) > 1]
    for at in _shuffled(len(several), rng)[:num_extra]:
        case_id, seeds = several[at]
        run_id, (one, other) = runs[int(rng.integers(2))], rng.choice(seeds, 2, replace=False)
        same = _pair(case_id, Side(run_id, int(one)), Side(run_id, int(other)), rng)
        asked.append(replace(same, kind=PairKind.SAME_MODEL))
    ordered = [replace(asked[at], number=k) for k, at in enumerate(_shuffled(len(asked), rng))]
    return tuple([*ordered, *_repeats(ordered, num_extra, rng)])


def next_pair(parts: Parts, study: Study, name: str) -> ShownPair | None:
    """The next pair this person has not answered and whose pictures are still there.

    Args:
        parts: of the studio.
        study: from `open_study`.
        name: of the person.
    """
    done = parts.store.studies.numbers_answered(study.study_id, name)
    left = [one for one in study.pairs if one.number not in done]
    suite = _suite_of(parts, study)
    prompts = {case.id: case.asked.prompt for case in suite.cases}
    for at, pair in enumerate(left):
        pictures = [_picture(parts, pair.case_id, side) for side in (pair.left, pair.right)]
        if pictures[0] is not None and pictures[1] is not None:
            return ShownPair(
                study_id=study.study_id,
                number=pair.number,
                prompt=prompts[pair.case_id],
                num_left=len(left) - at,
                left_HWC=pictures[0],
                right_HWC=pictures[1],
            )
    return None


def answer_pair(
    parts: Parts, study: Study, number: int, choice: Choice, *, name: str, seconds: float
) -> None:
    """Keep what a person says of a pair.

    Raises:
        BadInput: there is no such pair, or they answered it before.
    """
    if not 0 <= number < len(study.pairs):
        raise BadInput(f"The study has no pair {number}; there are 0 to {len(study.pairs) - 1}.")
    answer = PairAnswer(
        number=number,
        choice=choice,
        by=name,
        seconds=seconds,
        answered_at=parts.read_clock(),
    )
    if not parts.store.studies.add_answer(study.study_id, answer):
        raise BadInput(f"The pair {number} was answered by you before; answers are not changed.")


def standing_of(parts: Parts, study: Study) -> Standing:
    """The ranking by every answer so far, with what tells how noisy they are."""
    answers = parts.store.studies.answers(study.study_id)
    labels = _labels(parts, study)
    said = [_said(study, labels, one) for one in answers]
    is_ranked = any(one.left != one.right for one in said)
    return Standing(
        study=study,
        labels=labels,
        ranking=rank(said, np.random.default_rng(CHANCE)) if is_ranked else None,
        num_answers=len(answers),
        num_people=len({one.by for one in answers}),
    )


def _said(study: Study, labels: dict[str, str], answer: PairAnswer) -> Answer:
    pair = study.pairs[answer.number]
    first = pair.number if pair.repeats is None else pair.repeats
    return Answer(
        prompt=pair.case_id,
        left=labels[pair.left.run_id],
        right=labels[pair.right.run_id],
        choice=answer.choice.value,
        pair=f"{first} {answer.by}",
    )


def _labels(parts: Parts, study: Study) -> dict[str, str]:
    runs = [_run(parts, run_id) for run_id in (study.first_run, study.second_run)]
    return {one.run_id: f"{one.model} {one.run_id}" for one in runs}


def _shared(parts: Parts, first: Run, second: Run) -> list[tuple[str, list[int]]]:
    drawn = [
        {one.spot[:2] for one in parts.store.runs.pictures(run.run_id) if one.image_id is not None}
        for run in (first, second)
    ]
    both: dict[str, list[int]] = {}
    for case_id, seed in sorted(drawn[0] & drawn[1]):
        both.setdefault(case_id, []).append(seed)
    if not both:
        raise BadInput("The two runs have no picture of the same prompt and seed.")
    return list(both.items())


def _chosen(
    shared: Sequence[tuple[str, Sequence[int]]], num_pairs: int, rng: np.random.Generator
) -> list[tuple[str, int]]:
    """Cases and seeds by chance: every case once before any comes a second time."""
    rounds = [
        [(case_id, seeds) for case_id, seeds in shared if len(seeds) > k]
        for k in range(max(len(seeds) for _, seeds in shared))
    ]
    orders = {case_id: _shuffled(len(seeds), rng) for case_id, seeds in shared}
    found: list[tuple[str, int]] = []
    for k, cases in enumerate(rounds):
        for at in _shuffled(len(cases), rng):
            case_id, seeds = cases[at]
            found.append((case_id, seeds[orders[case_id][k]]))
    return found[:num_pairs]


def _shuffled(num: int, rng: np.random.Generator) -> list[int]:
    return [int(at) for at in rng.permutation(num)]


def _pair(case_id: str, one: Side, other: Side, rng: np.random.Generator) -> Pair:
    left, right = (one, other) if rng.integers(2) else (other, one)
    return Pair(number=0, case_id=case_id, left=left, right=right, kind=PairKind.PAIR)


def _repeats(pairs: Sequence[Pair], num: int, rng: np.random.Generator) -> list[Pair]:
    """Some pairs of two models again at the end, the other way round, the earliest seen first."""
    early = [one for one in pairs if one.kind is PairKind.PAIR][: max(1, len(pairs) // 2)]
    chosen = sorted(_shuffled(len(early), rng)[:num])
    return [
        replace(
            early[at],
            number=len(pairs) + k,
            left=early[at].right,
            right=early[at].left,
            kind=PairKind.REPEAT,
            repeats=early[at].number,
        )
        for k, at in enumerate(chosen)
    ]


def _picture(parts: Parts, case_id: str, side: Side) -> Bytes | None:
    image_id = parts.store.runs.image_at(side.run_id, case_id, side.seed)
    record = None if image_id is None else parts.store.image_by_id(image_id)
    if record is None:
        return None
    return lay_under(decode_rgba(parts.store.read_image(record)), LIGHT_GROUND)


def _run(parts: Parts, run_id: str) -> Run:
    found = parts.store.runs.find(run_id)
    assert found is not None, "a study is of runs that are stored, and runs stay"
    return found


def _suite_of(parts: Parts, study: Study) -> Suite:
    return suite_of(_run(parts, study.first_run))
