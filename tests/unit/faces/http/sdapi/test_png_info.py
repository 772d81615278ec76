"""Facts of reading the ``parameters`` text back."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from recipes import RECIPE

from limner.faces.http.sdapi.png_info import info_document, parse_parameters
from limner.studio.image_file import FileTexts
from limner.studio.parameters_text import format_parameters

TEXT = 'a fox: red\nNegative prompt: text\nSteps: 20, Sampler: Euler a, Size: 64x48, Note: "a, b"'


def test_prompts_and_values_are_told_apart():
    found = parse_parameters(TEXT)
    assert (found["Prompt"], found["Negative prompt"], found["Steps"]) == (
        "a fox: red",
        "text",
        "20",
    )


def test_quoted_values_keep_their_commas():
    assert parse_parameters(TEXT)["Note"] == "a, b"


def test_a_size_is_told_as_two_numbers_too():
    assert (parse_parameters(TEXT)["Size-1"], parse_parameters(TEXT)["Size-2"]) == ("64", "48")


def test_a_prompt_alone_has_no_values():
    assert parse_parameters("a fox, red: very") == {
        "Prompt": "a fox, red: very",
        "Negative prompt": "",
    }


def test_what_limner_writes_is_read_back():
    made = replace(RECIPE, prompt="a fox, big", negative="text\nblur")
    found = parse_parameters(format_parameters(made))
    assert (found["Prompt"], found["Negative prompt"], found["Seed"]) == (
        "a fox, big",
        "text\nblur",
        str(made.seed),
    )


def test_a_file_without_texts_says_nothing():
    assert info_document(FileTexts(parameters=None, own=None)) == {
        "info": "",
        "items": {},
        "parameters": {},
    }


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    parse_parameters(text)
