from hypothesis import given
from hypothesis import strategies as st

from limner.core.judging import Better
from limner.faces.pages.plots import WIDTH, plot_of, show_checks

NUMBERS = st.floats(-1e6, 1e6)


def test_scores_of_0_to_1_lie_on_a_line_of_0_to_1():
    plot = plot_of(0.25, 0.5, 0.4, Better.HIGHER)
    assert (plot.score_at, plot.pass_at, plot.fail_at) == (250, 500, 400)


def test_what_passes_at_the_end_of_the_line_lies_in_the_good_part():
    plot = plot_of(0.0, 0.0, 1.0, Better.LOWER)
    assert 0 < plot.score_at == plot.pass_at < plot.fail_at < WIDTH


@given(NUMBERS, NUMBERS, NUMBERS)
def test_everything_is_on_the_line(score: float, pass_at: float, fail_at: float):
    plot = plot_of(score, pass_at, fail_at, Better.LOWER)
    assert all(0 <= one <= WIDTH for one in (plot.score_at, plot.pass_at, plot.fail_at))


@given(NUMBERS, NUMBERS)
def test_the_order_of_score_and_limit_is_kept(score: float, limit: float):
    plot = plot_of(score, limit, limit, Better.LOWER)
    assert (plot.score_at <= plot.pass_at) or score > limit


def test_a_check_without_a_score_has_no_plot():
    (shown,) = show_checks(
        [{"check": "x", "version": "1", "verdict": "error", "score": None, "limits": None}], {}
    )
    assert (shown.plot, shown.score, shown.question) == (None, "", "x")


def test_of_a_check_that_judged_twice_the_newer_result_is_shown():
    said = {"check": "x", "version": "1", "limits": {"pass_at": 0.5, "fail_at": 0.5}}
    results = [{**said, "verdict": "fail", "score": 0.1}, {**said, "verdict": "pass", "score": 0.9}]
    (shown,) = show_checks(results, {})
    assert shown.verdict == "pass"
