"""Reminders and the recurring report: once each, to everybody the settings name."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from limner.core.records import Request
from limner.core.setting_values import Secret
from limner.studio.generate import generate
from limner.studio.reminding import REMINDER, REPORT, Reminder, remind, report


@pytest.fixture
def telling(registry):
    """A studio whose messages go to a webhook nobody answers on."""
    settings = replace(registry.parts.settings, alert_webhook=Secret("http://127.0.0.1:9/key"))
    registry.parts = registry.parts.with_settings(settings)
    return registry


def test_the_log_reminds_of_what_is_near_and_of_nothing_else(registry, caplog):
    registry.propose("2", review_by=date(2026, 1, 9))
    registry.propose("3", review_by=date(2026, 4, 9))
    remind(registry.parts)
    assert "A review is due: model painted@2" in caplog.text
    assert "painted@3" not in caplog.text


def test_the_log_says_what_is_overdue(registry, caplog):
    registry.propose("2", review_by=date(2026, 1, 9))
    registry.now += timedelta(days=20)
    remind(registry.parts)
    assert "A review is overdue: model painted@2" in caplog.text


def test_it_is_reminded_once_a_day_however_many_processes_there_are(registry, caplog):
    registry.propose("2", review_by=date(2026, 1, 9))
    counts = []
    for hours in (0, 1, 23):
        registry.now += timedelta(hours=hours)
        Reminder(registry.parts, lambda: 0.0).remind_if_due()
        counts.append(caplog.text.count("A review is due"))
    assert counts == [1, 1, 2]


def test_nothing_is_sent_where_nothing_is_due(registry):
    remind(registry.parts)
    assert registry.parts.store.messages.last(REMINDER) is None


def test_what_came_of_sending_is_kept_without_the_secret(telling):
    telling.propose("2", review_by=date(2026, 1, 9))
    remind(telling.parts)
    told = telling.parts.store.messages.last(REMINDER).told
    assert told[0] == ("log", "this install", "")
    assert told[1][:2] == ("webhook", "127.0.0.1")
    assert "cannot be reached" in told[1][2]
    assert "key" not in str(told)


def test_the_report_comes_again_when_its_time_is_over(registry):
    seen = []
    for days in (0, 6, 1):
        registry.now += timedelta(days=days)
        list(generate(registry.parts, Request(prompt="a fox", seed=days), "png"))
        registry.now += timedelta(minutes=1)
        seen.append(report(registry.parts) is not None)
    assert seen == [True, False, True]


def test_no_report_is_sent_where_nothing_was_drawn(registry):
    assert report(registry.parts) is None
    assert registry.parts.store.messages.last(REPORT) is None


def test_no_report_is_sent_where_none_is_wanted(registry):
    list(generate(registry.parts, Request(prompt="a fox", seed=1), "png"))
    settings = replace(registry.parts.settings, report_days=0)
    registry.parts = registry.parts.with_settings(settings)
    assert report(registry.parts) is None


def test_the_report_says_what_came_of_the_days_and_names_no_prompt(registry):
    list(generate(registry.parts, Request(prompt="a secret fox", seed=1), "png"))
    registry.now += timedelta(minutes=1)
    message = report(registry.parts)
    assert "Images drawn: 1; accepted: 1." in message.lines
    assert "secret fox" not in f"{message.lines} {message.document}"
    assert registry.parts.store.messages.last(REPORT).told == (("log", "this install", ""),)
