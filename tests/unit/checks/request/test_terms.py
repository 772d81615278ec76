# ruff: noqa: RUF001  # look-alike letters are what is tested
import os
from pathlib import Path

import pytest

from limner.checks.request.terms import MAX_BYTES, SHIPPED_TERMS, Terms, TermsInvalid, read_terms
from limner.checks.runner import judge
from limner.core.judging import Cause, Verdict
from limner.core.records import Request

RULES = """\
# remarks are left out

block nud*
ask rum
person José O'Neill
person J.R.R. Writer
allow nude lipstick
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "terms.txt"
    path.write_text(RULES, encoding="utf-8")
    return path


def verdict(path: Path, prompt: str) -> Verdict:
    return judge(Terms(path), Request(prompt=prompt)).verdict


@pytest.mark.parametrize("prompt", ["a nude", "Nudes", "n u d e s", "nud!ty on a wall", "ñüdé"])
def test_a_blocked_term_fails(path, prompt):
    assert verdict(path, prompt) is Verdict.FAIL


@pytest.mark.parametrize(
    "prompt",
    ["a bottle of rum", "jose o'neill smiling", "JOSÉ O’NEILL", "j. r. r. writer", "J.R.R. Writer"],
)
def test_a_term_to_ask_about_and_a_named_person_are_unsure(path, prompt):
    assert verdict(path, prompt) is Verdict.UNSURE


@pytest.mark.parametrize(
    "prompt",
    ["a red fox", "a drum", "a rumour", "denuded tree", "o'neill and jose", "nude lipstick"],
)
def test_whole_words_in_their_order_are_needed(path, prompt):
    assert verdict(path, prompt) is Verdict.PASS


def test_an_allowed_phrase_frees_its_own_place_only(path):
    assert verdict(path, "a nude with nude lipstick") is Verdict.FAIL


def test_the_negative_prompt_may_name_what_is_unwanted(path):
    request = Request(prompt="a statue", negative="nude")
    assert judge(Terms(path), request).verdict is Verdict.PASS


def test_a_note_names_the_line_and_not_the_word(path):
    result = judge(Terms(path), Request(prompt="a nude fox"))
    assert result.notes == ("The prompt holds a blocked term (line 3 of the file of terms).",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("blok nude", "starts with 'blok'"),
        ("nude", "starts with 'nude'"),
        ("x" * 3_000_000, f"starts with '{'x' * 40}…'"),
        ("block", "has ''"),
        ("block *", "has '\\*'"),
        ("block a", "more than one letter"),
        ("block nu*de", "has 'nu\\*de'"),
        ("block nude, naked", "has 'nude, naked'"),
    ],
)
def test_a_line_that_is_no_rule_is_refused_with_its_number(path, line, said):
    path.write_text(RULES + line + "\n", encoding="utf-8")
    with pytest.raises(TermsInvalid, match=f"^Line 8 .*{said}"):
        read_terms(path)


def test_a_broken_file_is_an_error_and_no_pass(path):
    path.write_text("blok nude", encoding="utf-8")
    result = judge(Terms(path), Request(prompt="a red fox"))
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.RAISED)
    assert result.notes[0].startswith("Line 1 ")


def test_a_file_that_is_too_long_is_an_error_that_says_what_is_allowed(path):
    os.truncate(path, MAX_BYTES + 1)
    result = judge(Terms(path), Request(prompt="a red fox"))
    assert result.verdict is Verdict.ERROR
    assert f"it has more than the {MAX_BYTES:,} bytes that are allowed" in result.notes[0]


def test_a_missing_file_is_an_error_and_no_pass(tmp_path):
    assert verdict(tmp_path / "terms.txt", "a red fox") is Verdict.ERROR


def test_a_file_that_is_not_utf_8_is_an_error(path):
    path.write_bytes(b"block \xff\xfe")
    assert verdict(path, "a red fox") is Verdict.ERROR


def test_a_changed_file_is_read_anew_and_has_another_hash(path):
    check = Terms(path)
    before = (check.card.ingredients, judge(check, Request(prompt="a fox")).verdict)
    path.write_text("block fox\n", encoding="utf-8")
    after = (check.card.ingredients, judge(check, Request(prompt="a fox")).verdict)
    assert before[0] != after[0]
    assert (before[1], after[1]) == (Verdict.PASS, Verdict.FAIL)


def test_a_byte_order_mark_is_no_part_of_the_first_rule(path):
    path.write_text("block fox\n", encoding="utf-8-sig")
    assert verdict(path, "a fox") is Verdict.FAIL


def test_the_shipped_file_can_be_read():
    assert len(read_terms(SHIPPED_TERMS)) > 20


@pytest.mark.parametrize("prompt", ["a sex scene", "two people having sex", "genitals"])
def test_the_shipped_file_blocks_sexual_acts(prompt):
    assert verdict(SHIPPED_TERMS, prompt) is Verdict.FAIL


@pytest.mark.parametrize(
    "prompt", ["a rapeseed field", "oilseed rape", "a grape", "a same-sex couple"]
)
def test_the_shipped_file_lets_harmless_words_pass(prompt):
    assert verdict(SHIPPED_TERMS, prompt) is Verdict.PASS
