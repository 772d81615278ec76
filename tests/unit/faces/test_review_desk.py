"""The review desk in the terminal, key by key, and what one key is in a real terminal."""

import os
import termios
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from pages.cards import hold

from limner.core.deciding import Outcome
from limner.faces.keys import read_key
from limner.faces.review_desk import work_through
from limner.studio import review


@pytest.fixture
def held(studio):
    """Hold pictures: ``held(2)`` gives their cards' ids, the most urgent first."""

    def make(num=1):
        images = studio.generate("a fox", n=num, seed=1)
        return [
            hold(studio, one.image_id, due_in=timedelta(hours=1 + k), cost=10.0 - k)
            for k, one in enumerate(images)
        ]

    return make


@pytest.fixture
def press(studio, capsys):
    """Sit at the desk and press keys one after the other; what was printed. All are taken."""

    def press_keys(*keys):
        left = list(keys)
        work_through(studio.parts, "rob", lambda: left.pop(0))
        assert left == []
        return capsys.readouterr().out

    return press_keys


@pytest.fixture
def card(studio):
    return lambda card_id: review.show_card(studio.parts, card_id, "rob")


def outcome(studio, view):
    return studio.parts.store.last_decision(view.card.image_id).decision.outcome


def reasons_of(studio, card_id):
    with studio.parts.store.reviews.reading() as connection:
        events = review.events_of(connection, card_id)
    return [one.document["reasons"] for one in events if one.document.get("reasons")]


def test_a_accepts_and_enter_releases(studio, held, press, card):
    (card_id,) = held()
    told = press("a", "\r")
    assert "You say 'accept'" in told
    assert outcome(studio, card(card_id)) is Outcome.RELEASED
    assert told.rstrip().endswith("No card waits for you.")


def test_r_and_a_digit_reject_with_that_reason(studio, held, press, card):
    (card_id,) = held()
    press("r", "3", "\r", "\r")
    assert outcome(studio, card(card_id)) is Outcome.REFUSED
    assert reasons_of(studio, card_id) == [["unsafe"]]


def test_several_digits_are_several_reasons_and_the_same_one_twice_takes_it_back(
    studio, held, press
):
    (card_id,) = held()
    press("r", "2", "3", "2", "7", "\n", "\n")
    assert reasons_of(studio, card_id) == [["unsafe", "technical"]]


def test_u_passes_it_on_to_somebody_else_and_releases_nothing(studio, held, press, card):
    (card_id,) = held()
    told = press("u", "8", "\r", "\r")
    assert "goes to somebody else (level 2)" in told
    assert card(card_id).state.closing is None
    assert outcome(studio, card(card_id)) is Outcome.HELD


def test_scores_are_hidden_until_the_first_answer(held, press):
    held()
    first, rest = press("a", "q").split("You say", 1)
    asked, revealed = first.split("[q]uit", 1)
    assert "why you are asked" not in asked
    assert "why you are asked: Is it sharp?" in revealed
    assert "why you are asked" not in rest


def test_no_reason_is_no_answer(held, press, card):
    (card_id,) = held()
    for leaving in ("\r", "q", "\x1b"):
        assert "No reason given, so nothing was answered." in press("r", leaving, "q")
    assert card(card_id).own is None


def test_z_takes_an_answer_back(studio, held, press, card):
    (card_id,) = held()
    assert "Taken back." in press("a", "z", "q")
    assert (card(card_id).own, outcome(studio, card(card_id))) == (None, Outcome.HELD)


def test_an_answer_may_be_changed_before_it_is_closed(studio, held, press, card):
    (card_id,) = held()
    press("a", "r", "1", "\r", "\r")
    assert outcome(studio, card(card_id)) is Outcome.REFUSED


def test_s_passes_over_a_card_which_is_free_again_and_goes_on_to_the_next(held, press, card):
    first, second = held(2)
    told = press("s", "s")
    assert told.index(first) < told.index(second)
    assert "Only cards that you passed on are left." in told
    assert [card(one).holder for one in (first, second)] == [None, None]


def test_s_does_nothing_once_there_is_an_answer(held, press):
    held(2)
    assert press("a", "s", "q").count("You say 'accept'") == 2


def test_leaving_frees_the_card_and_decides_nothing(studio, held, press, card):
    (card_id,) = held()
    for key in ("q", "\x03", "\x04", "\x1b"):
        press(key)
        assert card(card_id).holder is None
    assert outcome(studio, card(card_id)) is Outcome.HELD


def test_a_key_that_means_nothing_asks_again_and_answers_nothing(held, press, card):
    (card_id,) = held()
    nothing = ("x", "z", "\r", "1", "é", "\x1b[A", "")
    assert press(*nothing, "q").count("[a]ccept") == len(nothing) + 1
    assert card(card_id).own is None


def test_a_key_that_is_no_reason_is_none(studio, held, press):
    (card_id,) = held()
    press("r", "0", "x", "²", "99", "1", "\r", "\r")
    assert reasons_of(studio, card_id) == [["off-prompt"]]


@pytest.fixture
def type_in(monkeypatch):
    """A pseudo-terminal as standard input, and a person who presses keys once one is waited for."""
    ours, theirs = os.openpty()

    def press_when_waited_for(keys):
        while termios.tcgetattr(theirs)[3] & termios.ICANON:
            time.sleep(0.001)
        os.write(ours, keys)

    with os.fdopen(theirs, "r") as stdin, ThreadPoolExecutor() as person:
        monkeypatch.setattr("sys.stdin", stdin)
        yield lambda keys: person.submit(press_when_waited_for, keys)
    os.close(ours)


def test_a_key_is_read_without_enter(type_in):
    for pressed, key in ((b"a", "a"), (b"\r", "\r"), (b"\x03", "q"), ("é".encode(), "é")):
        type_in(pressed)
        assert read_key() == key
