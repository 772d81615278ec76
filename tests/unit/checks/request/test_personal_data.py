# ruff: noqa: RUF001  # look-alike letters are what is tested
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.checks.request.personal_data import (
    PersonalData,
    find_personal_data,
    has_iban_digits,
    has_luhn_digit,
)
from limner.checks.runner import judge
from limner.core.judging import Verdict
from limner.core.records import Request


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to jane.doe+x@mail.example.co.uk today", "an e-mail address"),
        ("jane (at) example (dot) org", "an e-mail address"),
        ("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "an e-mail address"),
        ("call +49 30 901820", "a phone number"),
        ("(212) 555-2368", "a phone number"),
        ("a card 4111 1111 1111 1111", "a card number"),
        ("5500-0000-0000-0004", "a card number"),
        ("pay to DE89 3704 0044 0532 0130 00 please", "an IBAN"),
        ("GB82WEST12345698765432", "an IBAN"),
    ],
)
def test_personal_data_is_found(text, kind):
    assert kind in find_personal_data(text)


@pytest.mark.parametrize(
    "text",
    [
        "a red apple",
        "three cats at a table",
        "the year 1984, 1024x768",
        "4111 1111 1111 1112",
        "GB82WEST12345698765433",
        "1234567 stars",
        "@home",
    ],
)
def test_what_is_none_is_not_found(text):
    assert find_personal_data(text) == ()


def test_a_prompt_with_an_address_fails():
    assert judge(PersonalData(), Request(prompt="ask a@b.de")).verdict is Verdict.FAIL


def test_a_negative_prompt_with_an_address_fails():
    request = Request(prompt="a fox", negative="no a@b.de")
    assert judge(PersonalData(), request).verdict is Verdict.FAIL


def test_notes_name_the_kind_and_not_the_data():
    result = judge(PersonalData(), Request(prompt="ask jane@example.com"))
    assert result.notes == ("The prompt holds an e-mail address.",)


def test_a_prompt_without_any_passes():
    assert judge(PersonalData(), Request(prompt="a red fox")).verdict is Verdict.PASS


@given(st.integers(10**11, 10**18), st.integers(1, 9))
def test_a_wrong_check_digit_is_told(number, step):
    right = next(f"{number}{digit}" for digit in range(10) if has_luhn_digit(f"{number}{digit}"))
    wrong = right[:-1] + str((int(right[-1]) + step) % 10)
    assert not has_luhn_digit(wrong)


@given(st.integers(0, 10**18 - 1), st.integers(1, 96))
def test_wrong_iban_digits_are_told(account, step):
    body = f"{account:018d}"
    check = 98 - int(f"{body}131400") % 97
    assert has_iban_digits(f"DE{check:02d}{body}")
    assert not has_iban_digits(f"DE{(check + step - 2) % 97 + 2:02d}{body}")


@given(st.text(max_size=200))
def test_any_text_can_be_looked_through(text):
    assert isinstance(find_personal_data(text), tuple)
