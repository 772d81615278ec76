"""Facts of rates over time: each group by its own audits, weighted as they were drawn."""

import pytest
from streams import add_incoming, add_stream, audit

from limner.studio.studio import Studio
from limner.studio.watch.rates import MOST_VALUES, audit_rates


def test_each_month_and_style_has_its_own_rates(studio: Studio):
    ids = add_stream(studio, [0.0] * 20)
    for number, image_id in enumerate(ids):
        is_january = number < 10
        audit(
            studio,
            image_id,
            is_good=is_january or number >= 15,
            days=1 if is_january else 40,
            probability=0.1,
        )
    found = {(one.name, one.value): one.rates.precision for one in audit_rates(studio.parts)}
    assert found["month", "2026-01"].value == 1.0
    assert found["month", "2026-02"].value == pytest.approx(0.5)
    assert found["all", ""].value == pytest.approx(0.75)
    assert {name for name, _ in found} == {"all", "month"}  # one of all else
    low, high = found["month", "2026-02"].low, found["month", "2026-02"].high
    assert low is not None
    assert high is not None
    assert low < 0.5 < high


def test_slices_are_told_where_there_is_more_than_one_of_them(studio: Studio):
    for number, image_id in enumerate(add_stream(studio, [0.0] * 6)):
        audit(studio, image_id, is_good=number > 0, days=1, probability=0.1)
    for camera, start in (("Pixel 8", 0), ("EOS R5", 10)):
        for image_id in add_incoming(studio, 2, start=start, camera=camera):
            audit(studio, image_id, is_good=camera == "EOS R5", days=1, probability=0.1)
    rates = audit_rates(studio.parts)
    found = {(one.name, one.value): one.rates.precision for one in rates}
    drawn = f"{studio.card.name}@{studio.card.version}"
    assert [value for name, value in found if name == "model"] == [drawn, "incoming"]
    assert found["model", drawn].value == pytest.approx(5 / 6)
    assert found["camera", "Pixel 8"].value == 0
    assert found["camera", "EOS R5"].value == 1
    assert found["size", "640x480"].num == 4
    assert "style" not in {name for name, _ in found}


def test_of_many_sizes_those_with_most_answers_are_told(studio: Studio):
    for number in range(MOST_VALUES + 1):
        (image_id,) = add_incoming(studio, 1, start=number, camera=f"camera {number}")
        audit(studio, image_id, is_good=True, days=1, probability=0.1)
    (image_id,) = add_incoming(studio, 1, start=50, camera="camera 12")
    audit(studio, image_id, is_good=True, days=1, probability=0.1)
    cameras = [one.value for one in audit_rates(studio.parts) if one.name == "camera"]
    assert (len(cameras), cameras[0]) == (MOST_VALUES, "camera 12")


def test_rarely_audited_decisions_stand_for_more(studio: Studio):
    ids = add_stream(studio, [0.0] * 20)
    for number, image_id in enumerate(ids):
        is_rare = number < 10
        audit(studio, image_id, is_good=is_rare, days=1, probability=0.1 if is_rare else 1.0)
    found = audit_rates(studio.parts)[0].rates.precision
    assert found.value == pytest.approx(100 / 110)


def test_nothing_audited_has_no_rates(studio: Studio):
    add_stream(studio, [0.0] * 3)
    assert audit_rates(studio.parts) == []
