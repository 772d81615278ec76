"""The next version of a label: what lets it through, and what people's answers add to it."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from learnt_examples import TAGGER, kinds

from limner.core.errors import BadInput
from limner.core.learnt import Learnt, LearntKind
from limner.studio.look.answers import Unsure, read_answers, write_unsure
from limner.studio.look.examples import part
from limner.studio.look.succession import VersionWorse, require_no_worse
from limner.studio.look.teaching import Wanted, learn_label

WANTED = Wanted(0.9, 0.9)


def version(examples):
    line, facts = learn_label(examples, TAGGER, WANTED)
    learnt = Learnt(
        kind=LearntKind.LABEL,
        name="scratch",
        learnt_at=datetime(2026, 1, 1, tzinfo=UTC),
        document=facts.to_document(),
        content=line.to_bytes(),
        replaces=None,
    )
    return line, facts, learnt


def held_out(examples):
    halves = [one.held_out for one in part(examples)]
    vector_UD = np.stack([one.seen for half in halves for one in half])
    return vector_UD, np.repeat([True, False], [len(half) for half in halves])


@pytest.fixture(scope="module")
def good():
    return version(kinds(150, 6.0))


def test_the_first_version_needs_no_other(good):
    line, facts, _ = good
    require_no_worse(None, line, facts, *held_out(kinds(150, 6.0)))


def test_one_as_good_takes_the_place_of_the_one_in_force(good):
    examples = kinds(150, 6.0, seed=3)
    line, facts, _ = version(examples)
    require_no_worse(good[2], line, facts, *held_out(examples))


def test_one_that_loses_a_certified_verdict_is_refused(good):
    examples = kinds(20, 6.0, seed=3)
    line, facts, _ = version(examples)
    with pytest.raises(VersionWorse, match="could not be certified to say 'yes'"):
        require_no_worse(good[2], line, facts, *held_out(examples))


def test_one_that_makes_surely_more_mistakes_is_refused(good):
    _, facts, in_force = good
    swapped = kinds(150, 6.0, seed=5)[::-1]  # yes and no confused
    line, _, _ = version(swapped)
    with pytest.raises(VersionWorse, match="held-out examples wrong"):
        require_no_worse(in_force, line, facts, *held_out(kinds(150, 6.0, seed=7)))


def test_what_was_learnt_on_other_weights_bars_nothing(good):
    examples = kinds(20, 6.0, seed=3)
    line, facts, _ = version(examples)
    other = replace(good[2], document={**good[2].document, "tagger": {"network.bin": "sha256:1"}})
    require_no_worse(other, line, facts, *held_out(examples))


def test_what_is_used_no_longer_bars_nothing(good):
    examples = kinds(20, 6.0, seed=3)
    line, facts, _ = version(examples)
    forgotten = replace(good[2], document={}, content=b"")
    require_no_worse(forgotten, line, facts, *held_out(examples))


def test_answers_come_back_from_the_file_that_was_written(tmp_path):
    path = tmp_path / "unsure.csv"
    with path.open("wb") as file:
        write_unsure(file, [Unsure("a, b.png", 0.51), Unsure("c.png", 0.2), Unsure("d.png", 0.1)])
    lines = path.read_text().splitlines()
    assert lines[0] == "picture,score,answer"
    path.write_text("\n".join([lines[0], lines[1] + "Yes", lines[2] + "no", lines[3]]))
    answers = read_answers(path)
    assert [str(one) for one in answers.yes] == ["a, b.png"]
    assert [str(one) for one in answers.no] == ["c.png"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("picture,score\na,1", "no column 'answer'"),
        ("picture,answer\na,perhaps", "Line 2 .* answers 'perhaps'"),
        ("picture,answer\na,no\n,yes", "Line 3 .* names no picture"),
        ("answer,picture\nyes", "Line 2 .* names no picture"),
    ],
)
def test_answers_that_cannot_be_used_are_refused(tmp_path, text, sentence):
    path = tmp_path / "unsure.csv"
    path.write_text(text)
    with pytest.raises(BadInput, match=sentence):
        read_answers(path)
