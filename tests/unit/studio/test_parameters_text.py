import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from recipes import RECIPE

from limner.core.records import Operation
from limner.studio.parameters_text import format_parameters

# How the AUTOMATIC1111 web UI reads the last line (modules/infotext_utils.py, re_param).
PAIR = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


def pairs_of(text: str) -> dict[str, str]:
    return dict(PAIR.findall(text.rsplit("\n", 1)[1]))


def test_the_text_is_that_of_other_tools():
    assert format_parameters(replace(RECIPE, negative="blur")) == (
        "a red fox\n"
        "Negative prompt: blur\n"
        "Steps: 4, Sampler: brush, CFG scale: 3, Seed: 1, Size: 64x64, Model hash: 679461d068, "
        "Model: painted, Version: Limner 0.0.0"
    )


def test_a_prompt_without_negative_has_no_negative_line():
    assert "Negative" not in format_parameters(RECIPE)


def test_drawing_from_a_picture_says_its_strength():
    text = format_parameters(replace(RECIPE, operation=Operation.IMAGE, strength=0.55))
    assert pairs_of(text)["Denoising strength"] == "0.55"


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"]), min_size=1))
def test_every_value_can_be_read_by_other_tools(style):
    pairs = pairs_of(format_parameters(replace(RECIPE, style=style)))
    assert (pairs["Seed"], pairs["Version"]) == ("1", "Limner 0.0.0")
