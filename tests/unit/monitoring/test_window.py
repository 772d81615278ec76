"""Facts of all readings of a window together."""

from dataclasses import replace

import numpy as np
from unit.monitoring.samples import sample

from limner.core.watching import Method, Reading, ReadingVerdict, Sensitivity
from limner.monitoring.chart import Answers
from limner.monitoring.explaining import explain
from limner.monitoring.sample import Audits, Sample
from limner.monitoring.stream import read_stream
from limner.monitoring.window import read_window

USUAL = Sensitivity(run_length=5000, window=100)
NO_AUDITS = Audits()


def read(reference: Sample, window: Sample, audits: Audits = NO_AUDITS) -> list[Reading]:
    rng = np.random.default_rng(9)
    return read_window(reference, window, audits, USUAL, position=len(window), rng=rng)


def alarmed(readings: list[Reading]) -> set[str]:
    return {one.measure for one in readings if one.verdict is ReadingVerdict.ALARM}


def test_a_stream_that_goes_on_is_quiet():
    rng = np.random.default_rng(1)
    reference = sample(400, rng)
    for _ in range(3):
        assert alarmed(read(reference, sample(100, rng))) == set()


def test_a_shifted_score_is_named():
    rng = np.random.default_rng(2)
    found = alarmed(read(sample(400, rng), sample(100, rng, shift=1.0)))
    assert "score.sharpness" in found
    assert "score.exposure" not in found


def test_more_bad_images_expected_is_an_alarm_with_its_interval():
    rng = np.random.default_rng(3)
    readings = read(sample(400, rng), sample(100, rng, bad=0.4))
    found = next(one for one in readings if one.method is Method.CBPE)
    assert found.verdict is ReadingVerdict.ALARM
    assert found.low is not None
    assert found.after is not None
    assert found.low < found.after


def test_a_check_that_judged_nothing_in_a_window_gives_no_verdict_on_what_it_expects():
    rng = np.random.default_rng(3)
    readings = read(sample(400, rng), replace(sample(100, rng), probability_bad={}))
    found = next(one for one in readings if one.method is Method.CBPE)
    assert (found.verdict, found.num_new) == (ReadingVerdict.INSUFFICIENT, 0)


def test_a_reference_too_small_gives_no_verdict_and_says_so():
    rng = np.random.default_rng(4)
    readings = read(sample(99, rng), sample(100, rng, shift=9.0))
    assert {one.verdict for one in readings} == {ReadingVerdict.INSUFFICIENT}
    assert all("99" in one.note for one in readings)
    assert all(one.value is None for one in readings)


def test_a_stream_with_a_small_reference_gives_no_verdict():
    rng = np.random.default_rng(5)
    readings = read_stream(sample(50, rng), sample(200, rng, shift=9.0), USUAL, after=0, seed=1)
    assert {one.verdict for one in readings} == {ReadingVerdict.INSUFFICIENT}


def test_few_answers_of_people_give_no_verdict():
    rng = np.random.default_rng(6)
    audits = Audits(
        before={"audit.released_bad": Answers(0, 19)}, after={"audit.released_bad": Answers(40, 40)}
    )
    found = read(sample(400, rng), sample(100, rng), audits)[-1]
    assert found.verdict is ReadingVerdict.INSUFFICIENT
    assert "19" in found.note


def test_more_mistakes_found_by_people_are_an_alarm():
    rng = np.random.default_rng(7)
    audits = Audits(
        before={"audit.released_bad": Answers(2, 100)},
        after={"audit.released_bad": Answers(20, 50)},
    )
    assert alarmed(read(sample(400, rng), sample(100, rng), audits)) == {"audit.released_bad"}


def test_the_stream_alarm_is_told_where_it_was_raised_and_once():
    rng = np.random.default_rng(8)
    reference = sample(400, rng)
    stream = sample(300, rng, shift=1.5)
    first = read_stream(reference, stream, USUAL, after=0, seed=1)
    found = next(one for one in first if one.verdict is ReadingVerdict.ALARM)
    assert found.measure == "score.sharpness"
    assert found.position < 60
    quiet = read_stream(reference, sample(300, rng), USUAL, after=0, seed=1)
    assert alarmed(quiet) == set()


def test_a_stream_without_a_new_value_is_not_quiet_but_gives_no_verdict():
    rng = np.random.default_rng(9)
    stream = sample(200, rng)
    values = stream.numbers["score.sharpness"].copy()
    values[150:] = np.nan  # the check stopped answering
    stream = replace(stream, numbers={**stream.numbers, "score.sharpness": values})
    readings = read_stream(sample(400, rng), stream, USUAL, after=150, seed=1)
    found = {one.measure: one for one in readings}
    assert found["score.sharpness"].verdict is ReadingVerdict.INSUFFICIENT
    assert found["score.sharpness"].note.startswith("None of the 50 images since has a value")
    assert found["score.exposure"].verdict is ReadingVerdict.QUIET


def test_a_wider_run_length_asks_for_more_evidence():
    rng = np.random.default_rng(10)
    reference, window = sample(400, rng), sample(100, rng)
    limits = [
        read_window(reference, window, NO_AUDITS, Sensitivity(length, 100), position=100, rng=rng)[
            0
        ].limit
        for length in (1000, 100_000)
    ]
    assert limits[0] is not None
    assert limits[1] is not None
    assert limits[0] < limits[1]


def test_an_alarm_says_where_and_shows_pictures_that_changed():
    rng = np.random.default_rng(11)
    reference, window = sample(400, rng), sample(100, rng)
    is_sticker = np.array([one == "sticker" for one in window.kinds["style"]])
    shifted = window.numbers["score.sharpness"] - 4.0 * is_sticker
    window = replace(window, numbers={**window.numbers, "score.sharpness": shifted})
    readings = read(reference, window)
    reading = next(one for one in readings if one.measure == "score.sharpness")
    change = explain(reading, reference, window)
    shown = [window.image_ids.index(one) for one in change.examples]
    assert change.slices[0].startswith("style sticker: moved by -")
    assert len(shown) == 6
    assert is_sticker[shown].all()
