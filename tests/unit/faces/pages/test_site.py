"""The catalogue: every sentence of the pages is in it, and nothing that is not."""

import re
import tomllib

import pytest

from limner.core.reviewing import REASON_CODES
from limner.faces.pages.site import FOLDER, say

TEMPLATES = sorted((FOLDER / "templates").glob("*.html"), key=lambda path: path.name)
OWN = {"Limner", "UTC", "min", "seed", "size"}  # a name, units, and facts as they are searched


def words_of(template: str) -> set[str]:
    """Words that stand in a template itself, in its text and in what is read aloud."""
    said = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", template, flags=re.DOTALL)
    spoken = re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', said)
    typed = r"<(kbd|code|pre)\b.*?</\1>|<[^>]*>|(?:/\w*)+"  # by people, by browsers: no sentences
    text = re.sub(typed, " ", said, flags=re.DOTALL)
    return set(re.findall(r"[A-Za-z]{3,}", " ".join((text, *spoken))))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_words_of_its_own(path):
    assert words_of(path.read_text()) <= OWN


def keys_of(words, above=""):
    """Every key under which there is a sentence, or its forms by number."""
    for name, found in words.items():
        if isinstance(found, str) or found.keys() == {"one", "many"}:
            yield above + name
        else:
            yield from keys_of(found, f"{above}{name}.")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_sentence_a_template_names_is_in_the_catalogue(path):
    catalogue = set(keys_of(tomllib.loads((FOLDER / "words" / "en.toml").read_text())))
    named = set(re.findall(r"\bt\([\"']([\w.-]+)[\"'][,)]", path.read_text()))
    assert named <= catalogue


def test_reasons_are_told_in_the_words_in_which_they_are_written_down():
    assert {code: say(f"review.reason.{code}") for code in REASON_CODES} == dict(REASON_CODES)
