"""Facts of rates over time: each group by its own audits, weighted as they were drawn."""

import pytest
from streams import add_stream, audit

from limner.studio.studio import Studio
from limner.studio.watch.rates import audit_rates


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
    assert found["style", "none"].num == 20
    low, high = found["month", "2026-02"].low, found["month", "2026-02"].high
    assert low is not None
    assert high is not None
    assert low < 0.5 < high


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
