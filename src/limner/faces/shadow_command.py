"""`limner models shadow`: what a candidate made of live requests beside what served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

if TYPE_CHECKING:
    from limner.studio.shadow_compare import ShadowCompared
    from limner.studio.studio import Studio

Name = Annotated[
    str, typer.Argument(metavar="MODEL", help="NAME@VERSION, a name, or the start of a hash.")
]


def shadow(
    context: typer.Context,
    model: Name,
    draw: Annotated[
        int,
        typer.Option(
            metavar="NUM", min=0, max=10_000, help="Draw so many of what is due first, here."
        ),
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare what a version drew in shadow with what was served; workers draw when idle."""
    with opened(context, draws=draw > 0) as studio:
        from limner.studio.shadow_compare import compare_shadow

        if draw:
            note(f"{_draw(studio, model, draw)} drawn.")
        compared = compare_shadow(studio.parts, model)
        if as_json:
            say_json(compared.to_document())
        else:
            say_shadow(compared)


def _draw(studio: Studio, model: str, most: int) -> int:
    """Draw what is due for one candidate; how many that were."""
    from limner.studio.registry import find_version
    from limner.studio.shadowing import draw_shadow, next_due, require_shadow

    state, num = find_version(studio.parts, model), 0
    require_shadow(state)
    while num < most and (due := next_due(studio.parts, of=state.version.sha256)) is not None:
        draw_shadow(studio.parts, *due)
        num += 1
    return num


def say_shadow(compared: ShadowCompared) -> None:
    """Served and shadow beside each other, by every check."""
    version = compared.state.version
    say(f"{version.label} is {compared.state.stage}")
    for code, num in compared.faults.items():
        say(f"  {num:>5,} requests it did not draw: {code.replace('_', ' ')}")
    if not compared.num_requests:
        note("Nothing was drawn beside what serves yet.")
        return
    say(
        f"{compared.num_requests:,} requests of {compared.num_prompts:,} prompts that both drew. "
        "Differences are shadow minus served,"
    )
    say("in points, with 95 % intervals over prompts; p-values are corrected (Holm).")
    say("")
    width = max(map(len, compared.differences))
    say(f"  {'check':<{width}}  served shadow  differ  interval            p")
    for name, one in compared.differences.items():
        change, interval = one.difference, ""
        if change.low is not None and change.high is not None:
            interval = f"{100 * change.low:+.1f} to {100 * change.high:+.1f}"
        p_value = "<0.001" if one.adjusted_p < 0.001 else f"{one.adjusted_p:.3f}"
        word = {None: "no difference shown", "first": "the served is better"}
        say(
            f"  {name:<{width}}  {100 * one.first:5.1f}% {100 * one.second:5.1f}%  "
            f"{100 * (change.value or 0.0):+6.1f}  {interval:<16} {p_value:>6}  "
            f"{word.get(one.winner, 'the shadow is better')}"
        )
    if compared.seconds is not None:
        say("")
        say(f"A picture took {compared.seconds[0]:.2f} s served, {compared.seconds[1]:.2f} s here.")
