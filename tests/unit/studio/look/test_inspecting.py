from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from limner.checks.tagger.tagger import Seen
from limner.core.learnt import Learnt, LearntKind, NormalFacts
from limner.studio.look.examples import Example
from limner.studio.look.inspecting import Wanted, learn_set
from limner.studio.look.succession import VersionWorse, require_bounds

TAGGER = {"network.bin": "sha256:0"}


def parts(nums, odd=0.0):
    """Parts as a network might see them; one place of each is odd by so much."""
    made = []
    for number in nums:
        rng = np.random.default_rng(number)
        fine = rng.normal(0, 0.1, (4, 4, 5)).astype(np.float32)
        coarse = rng.normal(0, 0.1, (2, 2, 6)).astype(np.float32)
        fine[1, 2] += odd
        empty = np.zeros(0, np.float32)
        seen = Seen(empty, empty, fine, coarse)
        image_id = f"sha256:{number:064x}"
        made.append(Example(image_id=image_id, name=f"{number}", pdq=rng.bytes(32), seen=seen))
    return made


def test_bad_parts_are_anomalous_and_good_ones_normal_where_both_are_certified():
    normal, facts = learn_set(parts(range(80)), parts(range(500, 540), 5.0), TAGGER, Wanted())

    def verdicts(examples):
        return [facts.verdict_of(normal.measure(one.seen).score) for one in examples]

    good, bad = verdicts(parts(range(900, 960))), verdicts(parts(range(700, 760), 5.0))
    assert (good.count("normal") > 45, set(bad)) == (True, {"anomalous"})


def test_without_bad_parts_none_is_called_normal():
    normal, facts = learn_set(parts(range(80)), [], TAGGER, Wanted())
    assert facts.verdict_of(0.0) == "unsure"
    assert facts.normal.why_not == "There are no pictures of bad parts."
    assert facts.verdict_of(normal.measure(parts([5], 9.0)[0].seen).score) == "anomalous"


def test_fifty_good_parts_are_too_few_for_one_in_twenty_and_it_says_how_many_it_takes():
    _, facts = learn_set(parts(range(50)), [], TAGGER, Wanted(0.05, 0.9))
    assert (facts.anomalous.at, facts.anomalous.num) == (None, 25)
    assert "It takes 45 held-out good parts, and there are 25." in facts.anomalous.why_not


def test_bad_parts_that_look_good_leave_no_room_for_calling_parts_normal():
    _, facts = learn_set(parts(range(80)), parts(range(500, 540)), TAGGER, Wanted())
    assert sum(facts.verdict_of(one) == "normal" for one in np.linspace(0, 9, 200)) < 50
    below = facts.normal.at
    assert below is not None
    assert facts.normal.num_past <= 1


def test_a_version_that_loses_a_bound_is_refused_and_one_that_keeps_both_is_not():
    normal, facts = learn_set(parts(range(80)), parts(range(500, 540), 5.0), TAGGER, Wanted())
    earlier = Learnt(
        kind=LearntKind.NORMAL,
        name="plate",
        learnt_at=datetime(2026, 1, 1, tzinfo=UTC),
        document=facts.to_document(),
        content=normal.to_bytes(),
        replaces=None,
    )
    require_bounds(earlier, facts)
    _, worse = learn_set(parts(range(80)), [], TAGGER, Wanted())
    with pytest.raises(VersionWorse, match="could not be certified to say 'normal'"):
        require_bounds(earlier, worse)
    require_bounds(None, worse)
    require_bounds(earlier, replace(worse, tagger={"network.bin": "sha256:1"}))


def test_no_score_has_two_verdicts():
    _, facts = learn_set(parts(range(80)), parts(range(500, 540), 5.0), TAGGER, Wanted())
    assert facts.normal.at <= facts.anomalous.at


def test_facts_come_back_as_they_were():
    _, facts = learn_set(parts(range(60)), parts(range(500, 530), 3.0), TAGGER, Wanted())
    assert NormalFacts.from_document(facts.to_document()) == facts


@pytest.mark.parametrize("score", [0.0, 3.0, 1e9])
def test_a_set_without_bounds_is_unsure_of_everything(score):
    _, facts = learn_set(parts(range(50)), [], TAGGER, Wanted(0.01, 0.9))
    assert facts.verdict_of(score) == "unsure"
