from dataclasses import replace

import pytest

from limner.core.ports import Ability, FloatSpan
from limner.faces.http.compat.negatives import negative_of
from limner.testing import PAINTED_CARD

UNGUIDED = replace(PAINTED_CARD, guidance=FloatSpan(1, 10, 1))
WITHOUT = replace(PAINTED_CARD, abilities=PAINTED_CARD.abilities - {Ability.NEGATIVE})


@pytest.mark.parametrize(
    ("card", "guidance", "text", "warning"),
    [
        (PAINTED_CARD, None, "blur", ""),
        (PAINTED_CARD, 1.0, "", "Ignored: negative_prompt; the model 'painted' reads none at the "
         "guidance 1."),
        (UNGUIDED, None, "", "Ignored: negative_prompt; the model 'painted' reads none at the "
         "guidance 1."),
        (UNGUIDED, 4.0, "blur", ""),
        (WITHOUT, 4.0, "", "Ignored: negative_prompt; the model 'painted' reads none."),
    ],
)  # fmt: skip
def test_a_negative_prompt_that_is_not_read_is_left_out_and_named(card, guidance, text, warning):
    found = negative_of("blur", guidance, card)
    assert (found.text, "".join(found.warnings)) == (text, warning)


def test_nothing_is_warned_of_where_nothing_was_sent():
    assert negative_of("", 1.0, WITHOUT) == negative_of(None, 1.0, WITHOUT) == ("", ())
