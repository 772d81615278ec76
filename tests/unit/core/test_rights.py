from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.deciding import Outcome
from limner.core.errors import RightsInvalid
from limner.core.rights import (
    OptedOut,
    RightsEntry,
    RightsKind,
    RightsMatch,
    RightsState,
    decision_against,
    find_blocker,
    folded_name,
    is_blocking,
    is_named,
    require_entry,
    require_renewal,
    state_of_entry,
    word_runs,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
HASH = "sha256:" + "a" * 64
CONSENT = {
    "kind": RightsKind.CONSENT, "name": "Jane Doe", "purpose": "posters", "expires_at": LATER,
}  # fmt: skip
OPT_OUT = {"kind": RightsKind.OPT_OUT, "name": "Jane Doe", "opted_out": OptedOut.NAME}
SOURCE = {"kind": RightsKind.SOURCE, "title": "icons 1.0", "licence": "MIT"}
LICENCE = {"kind": RightsKind.LICENCE, "licence": "MIT", "keys": (HASH,)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Jane Doe", "a portrait of Jane Doe in rain"),
        ("Jane Doe", "JANE DOE"),
        ("Jane Doe", "jane-doe's hat"),
        ("Jane Doe", "jane_doe"),
        ("Jane Doe", "Ｊａｎｅ Ｄｏｅ"),  # noqa: RUF001 - on purpose
        ("Jane Doe", "Ja\u200bne Doe"),
        ("José Núñez", "jose nunez smiling"),
        ("jose nunez", "JOSE\u0301 NU\u0301N\u0303EZ"),
        ("Straße", "a strasse sign"),
        ("村上隆", "花 by 村上隆 と犬"),
        ("김철수", "김철수가 웃는다"),
        ("Studio Ghibli", "in the style of studio  ghibli"),
    ],
)
def test_a_name_is_found_however_it_is_written(name, text):
    assert is_named(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Ann", "an annual banner"),
        ("Jane Doe", "jane and doe"),
        ("Jane Doe", "doe jane"),
        ("Jane Doe", "jane"),
        ("Nike", "snikers"),
        ("Jane Doe", ""),
    ],
)
def test_a_name_is_not_found_inside_other_words(name, text):
    assert not is_named(name, text)


@given(st.text(min_size=1, max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_a_name_between_spaces_is_always_found(name, before, after):
    folded = folded_name(name)
    if folded and len(folded.split()) <= 12:
        assert folded in word_runs(f"{before} {name} {after}")


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text):
    assert folded_name(folded_name(text)) == folded_name(text)


@pytest.mark.parametrize("values", [CONSENT, OPT_OUT, SOURCE, LICENCE])
def test_an_entry_with_what_its_kind_needs_is_allowed(values):
    require_entry(RightsEntry(**values), NOW)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (CONSENT | {"name": None}, "The consent has no name."),
        (CONSENT | {"purpose": None}, "The consent has no purpose."),
        (CONSENT | {"expires_at": None}, "The consent has no expiry."),
        (CONSENT | {"expires_at": NOW}, "allowed is a time after now"),
        (CONSENT | {"name": "?!"}, "has 0 words"),
        (CONSENT | {"name": " "}, "The name is ' '"),
        (CONSENT | {"name": "a\x1bb"}, "printable"),
        (CONSENT | {"name": "a " * 13}, "has 13 words"),
        (CONSENT | {"keys": ("sha256:AB",)}, "The key is 'sha256:AB'"),
        (CONSENT | {"keys": ("model:a b",)}, "The key is 'model:a b'"),
        (CONSENT | {"opted_out": OptedOut.NAME}, "only an opt-out is"),
        (OPT_OUT | {"name": None}, "The opt-out has no name."),
        (OPT_OUT | {"opted_out": None}, "has no kind of what was opted out"),
        (SOURCE | {"title": None}, "The source has no title."),
        (SOURCE | {"licence": None}, "The source has no licence."),
        (SOURCE | {"name": "Jane"}, "only a consent or an opt-out"),
        (LICENCE | {"keys": ()}, "The licence has no title."),
        (LICENCE | {"licence": "x" * 501}, "(501 characters)"),
    ],
)
def test_an_entry_that_could_not_do_its_work_is_refused(values, sentence):
    with pytest.raises(RightsInvalid) as caught:
        require_entry(RightsEntry(**values), NOW)
    assert sentence in caught.value.message


@pytest.mark.parametrize(
    ("events", "expires_at", "state"),
    [
        ((), None, RightsState.IN_FORCE),
        ((), LATER, RightsState.IN_FORCE),
        ((), NOW, RightsState.EXPIRED),
        (("expired",), LATER, RightsState.EXPIRED),
        (("withdrawn",), LATER, RightsState.WITHDRAWN),
        (("expired", "withdrawn"), NOW, RightsState.WITHDRAWN),
        (("withdrawn", "renewed"), LATER, RightsState.RENEWED),
        (("imported", "erased"), LATER, RightsState.IN_FORCE),
    ],
)
def test_where_an_entry_stands(events, expires_at, state):
    assert state_of_entry(events, expires_at=expires_at, now=NOW) is state


@pytest.mark.parametrize("kind", [RightsKind.SOURCE, RightsKind.LICENCE, RightsKind.CONSENT])
def test_a_right_blocks_when_it_has_ended_and_was_not_renewed(kind):
    blocking = {state for state in RightsState if is_blocking(kind, state)}
    assert blocking == {RightsState.EXPIRED, RightsState.WITHDRAWN}


def test_an_opt_out_blocks_while_it_is_in_force():
    blocking = {state for state in RightsState if is_blocking(RightsKind.OPT_OUT, state)}
    assert blocking == {RightsState.IN_FORCE}


def match(entry_id, kind, state):
    return RightsMatch(entry_id=entry_id, kind=kind, state=state, matched="x")


def test_one_ended_right_blocks_though_others_are_in_force():
    ended = match(2, RightsKind.SOURCE, RightsState.WITHDRAWN)
    others = [match(number, RightsKind.SOURCE, RightsState.IN_FORCE) for number in (1, 3)]
    assert find_blocker([*others, ended]) == ended


def test_nothing_blocks_where_everything_is_in_force():
    assert find_blocker([match(1, RightsKind.CONSENT, RightsState.IN_FORCE)]) is None


def test_what_an_entry_blocks_is_refused_by_rule_and_names_nobody():
    decision = decision_against(match(7, RightsKind.CONSENT, RightsState.WITHDRAWN))
    assert decision.outcome is Outcome.REFUSED
    assert decision.reasons[0].source == "rights-withdrawn"
    assert decision.reasons[0].note == ("Entry 7 of the rights register, a consent, was withdrawn.")


@pytest.mark.parametrize(
    ("new", "ended", "state", "sentence"),
    [
        (OPT_OUT, OPT_OUT, RightsState.IN_FORCE, "cannot renew"),
        (SOURCE, LICENCE, RightsState.EXPIRED, "The source cannot renew the licence"),
        (CONSENT | {"name": "Joe"}, CONSENT, RightsState.EXPIRED, "cannot renew that of"),
        (CONSENT, CONSENT, RightsState.RENEWED, "was renewed before"),
    ],
)
def test_a_renewal_that_would_free_something_else_is_refused(new, ended, state, sentence):
    with pytest.raises(RightsInvalid, match=sentence):
        require_renewal(RightsEntry(**new), RightsEntry(**ended), state)
