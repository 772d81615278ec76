"""Facts of the small plots of readings."""

from dataclasses import replace

from limner.core.watching import Method, Reading, ReadingVerdict
from limner.faces.pages.watch_plots import HEIGHT, WIDTH, course_of, show_measure


def reading(position: int, value: float | None, verdict=ReadingVerdict.QUIET) -> Reading:
    return Reading(
        measure="score.sharpness",
        method=Method.MARTINGALE,
        verdict=verdict,
        num_reference=200,
        num_new=position,
        position=position,
        value=value,
        limit=4.0,
        before=1.0,
        after=1.5,
        low=1.2,
        high=1.8,
    )


def test_the_limit_is_always_in_the_plot_and_alarms_lie_beyond_it():
    course = course_of([reading(50, 0.5), reading(100, 9.0, ReadingVerdict.ALARM)])
    assert 0 < course.limit_y < HEIGHT
    ((x, y),) = course.alarms
    assert (x, y) == course.last
    assert y < course.limit_y
    assert x <= WIDTH


def test_one_reading_is_a_course():
    course = course_of([reading(50, 0.0)])
    assert course.alarms == ()
    assert course.line


def test_no_verdict_has_no_course():
    shown = show_measure([reading(50, None, ReadingVerdict.INSUFFICIENT)])
    assert (shown.course, shown.value, shown.verdict) == (None, "", "insufficient")
    assert (shown.change, shown.is_median) == ("1 → 1.5 (1.2 – 1.8)", True)  # noqa: RUF001


def test_shares_are_told_in_percent_and_nothing_of_a_mix_of_one_kind():
    mix = replace(reading(50, 0.1), method=Method.CHI_SQUARE, low=None, high=None)
    assert show_measure([replace(mix, before=0.3, after=0.625)]).change == "30.0 % → 62.5 %"
    assert show_measure([replace(mix, before=0.0, after=0.0)]).change == ""
