"""Facts of the plot of rates: where estimate and interval lie, and what is not known."""

from limner.evals.audits import DecisionRates
from limner.evals.intervals import Estimate
from limner.faces.pages.rate_plots import show_rates
from limner.studio.watch.rates import GroupRates

KNOWN = Estimate(value=0.75, low=0.6, high=0.9, num=40)
NOTHING = Estimate(value=None, low=None, high=None, num=0)


def test_an_estimate_lies_within_its_interval_and_is_told_in_words():
    rates = DecisionRates(precision=KNOWN, recall=NOTHING)
    (shown,) = show_rates([GroupRates("month", "2026-01", rates)])
    precision = shown.precision
    assert (shown.by, shown.value) == ("month", "2026-01")
    assert (precision.low, precision.at, precision.high) == (60, 75, 90)
    assert precision.words == "75.0 % (60.0 to 90.0)"


def test_a_rate_nobody_knows_has_no_place():
    rates = DecisionRates(precision=KNOWN, recall=NOTHING)
    (shown,) = show_rates([GroupRates("all", "", rates)])
    assert (shown.recall.at, shown.recall.words) == (None, "")
