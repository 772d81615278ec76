import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.checks.calibration import SUREST, Line, read_lines
from limner.core.judging import Cause, CheckNotAble

CARD = {"lines": {"one": [2.0, -1.0]}, "fitted_with": {"a": "sha256:1"}}


def test_a_line_gives_a_half_where_its_odds_are_even():
    assert Line(2.0, -1.0).probability(0.5) == 0.5


@given(st.floats(-1e9, 1e9), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_no_probability_is_surer_than_the_surest(value, slope, offset):
    assert 1 - SUREST - 1e-12 <= Line(slope, offset).probability(value) <= SUREST


def test_lines_fitted_with_the_same_files_are_read():
    assert read_lines(CARD, {"a": "sha256:1", "b": "sha256:2"}) == {"one": Line(2.0, -1.0)}


@pytest.mark.parametrize("ingredients", [{}, {"a": "sha256:2"}])
def test_lines_fitted_with_other_files_are_refused(ingredients):
    with pytest.raises(CheckNotAble, match="another referee") as told:
        read_lines(CARD, ingredients)
    assert told.value.cause is Cause.WEIGHTS_ABSENT


@pytest.mark.parametrize(
    "card",
    [{}, {"lines": {}}, {"lines": {"one": 3}, "fitted_with": {}}, {"lines": [], "fitted_with": {}}],
)
def test_a_card_without_lines_is_refused(card):
    with pytest.raises(CheckNotAble):
        read_lines(card, {})
