# ruff: noqa: RUF001  # look-alike letters are what is tested
import pytest

from limner.checks.request.language import WORDS_FILE, Language, folded_words
from limner.checks.runner import judge
from limner.core.hashing import sha256_of_bytes
from limner.core.judging import Cause, Verdict
from limner.core.records import Request


@pytest.fixture(scope="module")
def language() -> Language:
    return Language()


@pytest.mark.parametrize(
    "prompt",
    [
        "a red apple",
        "apple",
        "flat style, two cacti on a light blue background",
        "a croissant on a café table",
        "A BIG DOG",
    ],
)
def test_english_passes(language, prompt):
    assert judge(language, Request(prompt=prompt)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "prompt",
    [
        "ein roter apfel auf blauem hintergrund",
        "une pomme rouge sur un fond bleu",
        "una manzana roja sobre fondo azul",
        "赤いリンゴ",
        "красное яблоко",
        "תפוח אדום",
    ],
)
def test_other_languages_fail(language, prompt):
    assert judge(language, Request(prompt=prompt)).verdict is Verdict.FAIL


@pytest.mark.parametrize("prompt", ["quokkaesque", "12345", "🍎"])
def test_one_unknown_word_or_none_at_all_is_unsure(language, prompt):
    assert judge(language, Request(prompt=prompt)).verdict is Verdict.UNSURE


def test_a_letter_of_another_script_counts_as_a_word():
    assert folded_words("ä red яб") == ["a", "red", "я", "б"]


def test_the_card_names_the_hash_of_its_words(language):
    assert language.card.ingredients == {"words.txt": sha256_of_bytes(WORDS_FILE.read_bytes())}


def test_without_its_words_it_is_an_error(tmp_path):
    result = judge(Language(tmp_path / "words.txt"), Request(prompt="a red apple"))
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.WEIGHTS_ABSENT)
