import numpy as np
import pytest
from learnt_examples import TAGGER, kinds

from limner.core.learnt import LabelFacts
from limner.studio.look.teaching import Wanted, learn_label


def test_kinds_that_lie_apart_are_certified_and_each_verdict_is_said():
    line, facts = learn_label(kinds(150, 6.0), TAGGER, Wanted(0.9, 0.9))
    yes, no = (line.scores(np.stack([one.seen for one in kind])) for kind in kinds(50, 6.0, 9))
    called = [[facts.verdict_of(one) for one in scores] for scores in (yes, no)]
    right = called[0].count("yes"), called[1].count("no")
    wrong = called[0].count("no"), called[1].count("yes")
    assert min(right) > 40
    assert right[0] / (right[0] + wrong[1]) > 0.9
    assert right[1] / (right[1] + wrong[0]) > 0.9


def test_twenty_examples_are_too_few_to_certify_and_it_says_how_many_more():
    _, facts = learn_label(kinds(20, 6.0), TAGGER, Wanted())
    assert (facts.yes.at, facts.no.at) == (None, None)
    assert "more examples would probably do" in facts.yes.why_not


def test_kinds_that_cannot_be_told_apart_are_never_called():
    line, facts = learn_label(kinds(200, 0.0), TAGGER, Wanted())
    scores = line.scores(np.stack([one.seen for one in kinds(100, 0.0, 3)[0]]))
    assert {facts.verdict_of(one) for one in scores} == {"unsure"}
    assert facts.precision.low < 0.5 < facts.precision.high


def test_what_is_measured_rests_on_examples_that_were_not_learnt():
    _, facts = learn_label(kinds(40, 2.0), TAGGER, Wanted())
    assert (facts.num_yes, facts.num_no, facts.recall.num) == (20, 20, 20)


def test_noise_learnt_by_heart_measures_as_noise():
    # In 16 directions 20 examples of noise can be told apart without a mistake.
    _, facts = learn_label(kinds(20, 0.0, seed=4), TAGGER, Wanted())
    assert facts.recall.value < 0.9


def test_the_same_examples_give_the_same_label():
    first, again = (learn_label(kinds(30, 2.0), TAGGER, Wanted()) for _ in range(2))
    assert (first[0].to_bytes(), first[1]) == (again[0].to_bytes(), again[1])


def test_facts_come_back_as_they_were():
    _, facts = learn_label(kinds(30, 2.0), TAGGER, Wanted())
    assert LabelFacts.from_document(facts.to_document()) == facts


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_a_label_that_is_not_certified_is_unsure_of_everything(score):
    _, facts = learn_label(kinds(20, 6.0), TAGGER, Wanted())
    assert facts.verdict_of(score) == "unsure"
