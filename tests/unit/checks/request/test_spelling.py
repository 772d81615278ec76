# ruff: noqa: RUF001  # look-alike letters are what is tested
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.checks.request.spelling import folded, rule_words, spellings


def is_read_as(text: str, word: str) -> bool:
    return any(word in meanings for meanings in spellings(text))


@pytest.mark.parametrize(
    "text",
    [
        "nude", "NUDE", "nüdé", "n\u200bude", "nud3", "nuuuude", "n u d e", "n.u.d.e", "n-u-d-e",
        "n_u_d_e", "nudе", "ｎｕｄｅ", "a nude!", "(nude)",
    ],
)  # fmt: skip
def test_a_word_is_seen_however_it_is_spelled(text):
    assert is_read_as(text, "nude")


@pytest.mark.parametrize(
    ("text", "word"), [("k1ss", "kiss"), ("b1ood", "blood"), ("$exy", "sexy"), ("p@lm", "palm")]
)
def test_digits_and_signs_are_read_as_letters(text, word):
    assert is_read_as(text, word)


@pytest.mark.parametrize("text", ["denude it", "nuder", "u de n", "no good"])
def test_other_words_are_not_taken_for_it(text):
    assert not is_read_as(text, "nude")


def test_numbers_stay_numbers():
    assert spellings("1984") == [frozenset({"1984"})]


def test_a_rule_is_cut_as_a_prompt_is():
    assert rule_words("J.R.R. O'Neill*") == ("jrro", "neill*")


@given(st.text())
def test_folding_twice_is_folding_once(text):
    assert folded(folded(text)) == folded(text)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=2))
def test_a_plain_word_is_among_its_own_meanings(word):
    assert is_read_as(word, word)


@given(st.text(max_size=300))
def test_any_text_can_be_read(text):
    assert all(isinstance(meanings, frozenset) for meanings in spellings(text))
