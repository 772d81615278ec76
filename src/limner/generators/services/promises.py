"""What a service's model takes: refused by name where nothing carries it, or it is too long."""

from __future__ import annotations

from collections.abc import Container

from limner.core.drawing import Plan, Sketch
from limner.core.errors import ModelFormInvalid, PromptTooLong
from limner.core.forms import ModelForm
from limner.core.ports import Ability, GeneratorCard
from limner.core.records import Operation

CARRIED = ("seed", "negative", "steps", "guidance", "sampler", "strength")
"""What a request may say that not every service has a place for."""


def require_carried(form: ModelForm, places: Container[str], option: str) -> None:
    """Refuse a form that offers what its service has no place for.

    Args:
        form: of the model.
        places: names of `CARRIED` that the service takes.
        option: of the form that names them.

    Raises:
        ModelFormInvalid: names the first.
    """
    promised = {
        "seed": Ability.SEED in form.abilities,
        "negative": Ability.NEGATIVE in form.abilities,
        "steps": form.steps.low != form.steps.high,
        "guidance": form.guidance.low != form.guidance.high,
        "sampler": len(form.samplers) > 1,
        "strength": form.operations != frozenset({Operation.TEXT})
        and form.strength.low != form.strength.high,
    }
    for name, is_promised in promised.items():
        if is_promised and name not in places:
            raise ModelFormInvalid(
                f"The form of the model {form.name!r} offers {name}, and its option {option!r} "
                "names nothing that carries it to the service.",
                hint=f"Name it there, as in {{{name}: ...}}, or do not offer it.",
            )


def accepted(sketch: Sketch, card: GeneratorCard) -> Plan:
    """The plan of a sketch, where a service does not say how it splits text: a token a character.

    Raises:
        PromptTooLong: says how many characters a text has, and where the kept part would end.
    """
    for name, text in (("prompt", sketch.prompt), ("negative prompt", sketch.negative)):
        _require_length(name, text, card.max_prompt_tokens)
    return Plan(
        sketch=sketch,
        num_prompt_tokens=len(sketch.prompt),
        num_negative_tokens=len(sketch.negative),
    )


def _require_length(name: str, text: str, num_kept: int) -> None:
    if len(text) > num_kept:
        raise PromptTooLong(
            f"The {name} has {len(text)} characters; only the first {num_kept} can be kept.",
            hint=f"Shorten it; the kept part ends at {text[:num_kept][-40:]!r}.",
        )
