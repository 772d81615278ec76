"""Studies and their answers in the store, on every database."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from ledgers import NOW

from limner.core.errors import StorageUnavailable
from limner.core.studies import Choice, Pair, PairAnswer, PairKind, Side, Study
from limner.store.reviews import erase_person

FIRST, SECOND = Side("run-a", 5), Side("run-b", 5)
PAIR = Pair(number=0, case_id="fox", left=FIRST, right=SECOND, kind=PairKind.PAIR)
STUDY = Study(
    study_id="study-1",
    first_run="run-a",
    second_run="run-b",
    begun_at=NOW,
    pairs=(
        PAIR,
        replace(PAIR, number=1, left=SECOND, right=FIRST, kind=PairKind.REPEAT, repeats=0),
    ),
)
ANSWER = PairAnswer(number=0, choice=Choice.LEFT, by="Ada", seconds=2.5, answered_at=NOW)


@pytest.fixture
def studies(store):
    store.studies.begin(STUDY)
    return store.studies


def test_a_study_reads_back_as_it_was_planned(studies):
    assert studies.find("run-a", "run-b") == STUDY


def test_the_newest_study_of_two_runs_is_found(studies):
    later = replace(STUDY, study_id="study-0", begun_at=NOW + timedelta(hours=1))
    studies.begin(later)
    assert studies.find("run-a", "run-b") == later


def test_two_runs_that_were_never_laid_beside_each_other_have_no_study(studies):
    assert studies.find("run-a", "run-c") is None


def test_an_answer_reads_back_without_a_name(studies):
    assert studies.add_answer("study-1", ANSWER)
    (found,) = studies.answers("study-1")
    assert replace(found, by="Ada") == ANSWER
    assert "Ada" not in found.by


def test_a_person_answers_a_pair_once(studies):
    studies.add_answer("study-1", ANSWER)
    assert not studies.add_answer("study-1", replace(ANSWER, choice=Choice.RIGHT))
    assert [one.choice for one in studies.answers("study-1")] == [Choice.LEFT]


def test_two_people_may_answer_one_pair(studies):
    assert studies.add_answer("study-1", ANSWER)
    assert studies.add_answer("study-1", replace(ANSWER, by="Bo"))


def test_what_a_person_has_answered_is_known_for_each_person(studies):
    studies.add_answer("study-1", replace(ANSWER, number=1))
    assert [studies.numbers_answered("study-1", name) for name in ("Ada", "Bo")] == [{1}, set()]


def test_answers_outlive_the_name_of_who_gave_them(studies, store):
    studies.add_answer("study-1", ANSWER)
    with store.models.writing(NOW) as connection:
        erase_person(connection, "Ada", reason="person_asked", recorded_at=NOW)
    assert studies.numbers_answered("study-1", "Ada") == set()
    assert len(studies.answers("study-1")) == 1


@pytest.mark.parametrize("table", ["studies", "study_answers"])
@pytest.mark.parametrize("change", ["UPDATE {} SET study_id = 'x'", "DELETE FROM {}"])
def test_rows_of_studies_cannot_be_changed(studies, store, table, change):
    studies.add_answer("study-1", ANSWER)
    with (
        pytest.raises(StorageUnavailable, match="append-only"),
        store.models.writing(NOW) as connection,
    ):
        connection.execute(sa.text(change.format(table)))
