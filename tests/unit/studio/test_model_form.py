from dataclasses import replace

import pytest
from engine_forms import FORM
from hypothesis import given
from hypothesis import strategies as st

from limner.core.errors import ModelFormInvalid
from limner.core.ports import Ability
from limner.studio.model_form import form_of_text, text_of_form


def test_a_form_is_the_same_after_writing_and_reading():
    assert form_of_text(text_of_form(FORM), FORM.name) == FORM
    any_canvas = replace(FORM, canvas_step_px=8)
    assert form_of_text(text_of_form(any_canvas), FORM.name) == any_canvas


@given(st.text(max_size=60), st.sampled_from(list(Ability)))
def test_any_description_and_option_comes_back(text, ability):
    form = replace(FORM, description=text, options={"word": text}, abilities=frozenset({ability}))
    assert form_of_text(text_of_form(form), FORM.name) == form


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("version: '1'", "version: '1'\nwight: 1", "wight: this key is not known"),
        ("- 32x32", "- small", "canvases"),
        ("- 1\n- 50\n- 4", "- 1\n- 50\n- 99", "least, most and usual value"),
        ("sha256:", "md5:", "files.model.safetensors"),
        ("reviewer: Ann", "reviewer: Ann\n  reviewer: Bob", "written twice"),
        ("name: other-1.0", "name: third", "has the form of 'third'"),
    ],
)
def test_a_fault_is_told_with_its_place(before, after, sentence):
    text = text_of_form(FORM)
    assert before in text
    with pytest.raises(ModelFormInvalid) as caught:
        form_of_text(text.replace(before, after), FORM.name)
    assert sentence in caught.value.message


@pytest.mark.parametrize("name", ["../up", "Big", "a b", "", "a" * 61])
def test_names_that_could_be_paths_are_refused(name):
    with pytest.raises(ModelFormInvalid, match="lower-case"):
        replace(FORM, name=name)


def test_options_decide_the_hash_of_the_card():
    other = replace(FORM, options={"dtype": "float16"})
    assert FORM.card.ingredients["form"] != other.card.ingredients["form"]
