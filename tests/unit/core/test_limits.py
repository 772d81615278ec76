from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.canvases import canvases_of_shape, nearest_canvas
from limner.core.errors import BadInput
from limner.core.limits import require_text, resolve_choices
from limner.core.ports import FloatSpan, IntSpan
from limner.core.records import Margins, Mask, Operation, Picture, Request, Size, parse_size
from limner.testing import PAINTED_CARD

SOURCE = Picture.of(np.zeros((30, 40, 4), np.uint8))
REQUEST = Request(prompt="a red fox")


def test_resolve_choices_takes_defaults_from_the_card():
    choices = resolve_choices(REQUEST, PAINTED_CARD)
    assert (choices.steps, choices.guidance, choices.sampler, choices.size) == (
        4,
        3.0,
        "brush",
        Size(64, 64),
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"prompt": ""}, "The prompt is ''; it must say something to draw."),
        ({"prompt": " \n "}, r"The prompt is ' \n '; it must say something to draw."),
        ({"prompt": "a\x00b"}, r"The prompt holds '\x00' at position 2"),
        ({"prompt": "\udcff fox"}, r"The prompt holds '\udcff' at position 1"),
        ({"prompt": "x" * 10_001}, "The prompt has 10,001 characters; allowed are up to 10,000."),
        ({"negative": "\x07"}, r"The negative prompt holds '\x07' at position 1"),
        ({"num_images": 0}, "The number of pictures is 0; allowed are 1 to 64."),
        ({"num_images": 65}, "The number of pictures is 65; allowed are 1 to 64."),
        ({"seed": -1}, "The seed is -1; allowed are 0 to 4294967295."),
        ({"seed": 2**32}, "The seed is 4294967296; allowed are 0 to 4294967295."),
        ({"steps": 0}, "The steps is 0; allowed are 1 to 50."),
        ({"steps": 51}, "The steps is 51; allowed are 1 to 50."),
        ({"steps": 2.5}, "The steps is 2.5; allowed are whole numbers from 1 to 50."),
        ({"steps": "4"}, "The steps is '4'; allowed are whole numbers from 1 to 50."),
        ({"guidance": "3"}, "The guidance is '3'; allowed are 1 to 10."),
        ({"use": "print\x1b"}, r"The use holds '\x1b' at position 6"),
        ({"use": "\udcff"}, r"The use holds '\udcff' at position 1"),
        ({"guidance": 0.5}, "The guidance is 0.5; allowed are 1 to 10."),
        ({"guidance": float("nan")}, "The guidance is nan; allowed are 1 to 10."),
        ({"style": "cubist"}, "Unknown style 'cubist'; allowed are plain, striped."),
        ({"sampler": "mop"}, "Unknown sampler 'mop'; allowed are brush."),
        ({"size": Size(15, 64)}, "The size is 15x64; allowed are 16 to 512 pixels a side."),
        ({"size": Size(64, 513)}, "The size is 64x513; allowed are 16 to 512 pixels a side."),
        ({"strength": 0.5}, "Strength needs a picture to start from, and none was given."),
        ({"margins": Margins(1, 1, 1, 1)}, "Outpaint needs a picture"),
        (
            {"source": SOURCE, "strength": 1.5},
            "The strength is 1.5; allowed are 0 to 1.",
        ),
        (
            {"source": SOURCE, "mask": Mask.of(np.zeros((30, 41), np.uint8))},
            "The mask is 41x30; it must have the size of the picture, 40x30.",
        ),
        (
            {"source": SOURCE, "margins": Margins(0, 0, 0, 0)},
            "The margins are (0, 0, 0, 0); allowed are four numbers",
        ),
        (
            {"source": SOURCE, "margins": Margins(0, 0, 600, 0)},
            "The size of the picture is 640x30; allowed are 16 to 512 pixels a side.",
        ),
        (
            {"source": SOURCE, "margins": Margins(0, 9, 0, 0), "size": Size(64, 64)},
            "The size is 64x64, but a picture that is repainted or extended keeps its own",
        ),
    ],
)
def test_resolve_choices_refuses_by_name_with_value_and_range(change, sentence):
    with pytest.raises(BadInput) as refused:
        resolve_choices(replace(REQUEST, **change), PAINTED_CARD)
    assert sentence in refused.value.message


def test_resolve_choices_refuses_an_operation_the_card_lacks():
    card = replace(PAINTED_CARD, operations=frozenset({Operation.TEXT}))
    with pytest.raises(BadInput, match="cannot start from 'image'; it can from text"):
        resolve_choices(replace(REQUEST, source=SOURCE), card)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({}, "draws nothing from a prompt"), ({"source": SOURCE}, "cannot start from 'image'")],
)
def test_a_model_that_draws_into_masks_only_refuses_the_rest(change, sentence):
    card = replace(PAINTED_CARD, operations=frozenset({Operation.MASK}))
    with pytest.raises(BadInput, match=f"{sentence}; it can.* from mask"):
        resolve_choices(replace(REQUEST, **change), card)


def test_resolve_choices_gives_a_picture_its_own_size():
    assert resolve_choices(replace(REQUEST, source=SOURCE), PAINTED_CARD).size == Size(40, 30)


def test_resolve_choices_adds_margins_to_the_size():
    request = replace(REQUEST, source=SOURCE, margins=Margins(10, 0, 0, 5))
    choices = resolve_choices(request, PAINTED_CARD)
    assert (choices.size, choices.operation) == (Size(50, 35), Operation.MASK)


def test_a_mask_without_strength_repaints_fully():
    mask = Mask.of(np.zeros((30, 40), np.uint8))
    choices = resolve_choices(replace(REQUEST, source=SOURCE, mask=mask), PAINTED_CARD)
    assert choices.strength == 1.0


@pytest.mark.parametrize(
    ("span", "guidance", "is_read"),
    [
        ((0, 10, 3), None, True),
        ((0, 10, 3), 1.01, True),
        ((0, 10, 3), 1.0, False),
        ((0, 10, 3), 0.0, False),
        ((0, 10, 1), None, False),
        ((1, 1, 1), None, True),  # a service that guides as it likes
    ],
)
def test_a_negative_prompt_is_refused_where_no_guidance_could_lead_away_from_it(
    span, guidance, is_read
):
    card = replace(PAINTED_CARD, guidance=FloatSpan(*span))
    request = replace(REQUEST, negative="blur", guidance=guidance)
    with (
        nullcontext()
        if is_read
        else pytest.raises(
            BadInput, match="reads no negative prompt; allowed with one is more than 1"
        )
    ):
        resolve_choices(request, card)


def test_nearest_canvas_goes_by_aspect():
    canvases = (Size(256, 256), Size(320, 192), Size(192, 320))
    assert nearest_canvas(Size(600, 360), canvases) == Size(320, 192)


@pytest.mark.parametrize(
    ("step_px", "canvas", "larger"),
    [
        (0, "64x64", ["128x128"]),
        (32, "64x64", ["96x96", "128x128", "160x160", "192x192"]),
        (16, "96x64", ["144x96", "192x128"]),
        (24, "64x64", ["128x128"]),  # its own sides are not divisible: the form is wrong
    ],
)
def test_larger_canvases_have_the_shape_of_the_smallest_and_sides_that_divide(
    step_px, canvas, larger
):
    card = replace(
        PAINTED_CARD,
        canvases=(Size(64, 64), Size(96, 64), Size(128, 128)),
        side_px=IntSpan(16, 200, 64),
        canvas_step_px=step_px,
    )
    found = canvases_of_shape(parse_size(canvas), card)
    assert [str(one) for one in found] == [canvas, *larger]


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=200))
def test_require_text_accepts_any_visible_text(text):
    assert require_text("prompt", text) is None


@given(st.text(alphabet=st.characters(categories=["Cc", "Cs", "Cn"], exclude_characters="\n\t")))
def test_require_text_refuses_what_is_not_text(text):
    with pytest.raises(BadInput):
        require_text("prompt", text)
