"""The command line's options, each said once and used by every command that takes it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated

import typer

Prompt = Annotated[
    str, typer.Argument(help="What to draw. {a|b} and __wildcard__ are chosen by the seed.")
]
File = Annotated[Path, typer.Argument(help="A picture file.")]
BatchFile = Annotated[
    Path, typer.Argument(help="CSV with a header, or JSONL; columns are named like options.")
]
NewPrompt = Annotated[
    str | None, typer.Option("--prompt", help="What to draw. Left out: as its recipe says.")
]
Across = Annotated[
    str, typer.Option("--x", help="What varies across, as seed=1..4 or style=a,b or prompt=a|b.")
]
Down = Annotated[str | None, typer.Option("--y", help="What varies downwards, in the same form.")]
SheetFile = Annotated[str, typer.Option("--out", metavar="PATH", help="PNG file of the grid.")]
Number = Annotated[int, typer.Option("--n", help="How many pictures, 1 to 64.")]
Seed = Annotated[
    int | None, typer.Option(help="Seed of the first picture; picture k has seed + k.")
]
Steps = Annotated[int | None, typer.Option(help="Sampler steps.")]
Guidance = Annotated[float | None, typer.Option(help="How closely to follow the prompt.")]
Sampler = Annotated[str | None, typer.Option(help="Sampler name.")]
Size = Annotated[str | None, typer.Option(metavar="N|WxH", help="Size in pixels: 256, or 320x200.")]
Style = Annotated[str | None, typer.Option(help="A style; `limner styles` lists them.")]
Negative = Annotated[str, typer.Option(help="What to steer away from.")]
Background = Annotated[
    str,
    typer.Option(
        help="auto (the prompt decides), transparent, colour-key (takes a plain one away), or a "
        "CSS colour."
    ),
]
Image = Annotated[Path | None, typer.Option(help="Picture to start from.")]
Strength = Annotated[
    float | None, typer.Option(help="How far to leave that picture: 0 keeps it, 1 draws afresh.")
]
SecondPass = Annotated[
    float | None,
    typer.Option(
        "--second-pass",
        help="Draw small, enlarge, and draw over it on a larger canvas, leaving it so far, 0 to 1.",
    ),
]
Mask = Annotated[
    Path | None, typer.Option(help="Where to repaint the picture: white repaints, black keeps.")
]
Outpaint = Annotated[
    str | None, typer.Option(metavar="L,T,R,B", help="Extend the picture by these pixels.")
]
Deterministic = Annotated[
    bool,
    typer.Option("--deterministic", help="Draw each picture alone: same bytes in any batch."),
]
Combinations = Annotated[
    bool, typer.Option("--combinations", help="Draw every combination of {a|b} and __wildcard__.")
]
Impact = Annotated[
    str | None, typer.Option(help="How much is at stake: a tier of the criteria in force.")
]
Label = Annotated[
    bool | None,
    typer.Option(
        "--label/--no-label",
        help="Draw `AI generated`, or `AI modified`, in a corner. Left out: as the settings say.",
    ),
]
Model = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="The model to draw with.")
]
Adapters = Annotated[
    list[str] | None,
    typer.Option(
        "--adapter",
        metavar="NAME[=WEIGHT][@FILE]",
        help="Put an adapter onto the model, such as a LoRA; may be given several times.",
    ),
]
Use = Annotated[
    str | None,
    typer.Option(help="What the pictures are for, where the model's licence asks."),
]
Out = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="File for one picture, folder for several. Left out: here."),
]
Format = Annotated[
    str | None, typer.Option("--format", help="png, webp or jpeg. Left out: by --out, or png.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
Sheet = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="Also put all pictures on one contact sheet, a PNG file."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print paths only, no progress.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a picture.")]


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def moment_of(option: str, text: str | None, *, is_end: bool = False) -> datetime | None:
    """A day or time that was given with an option, UTC where it names no zone.

    Args:
        option: as typed.
        text: ``None`` where it was left out.
        is_end: a day alone is its last moment, not its first.

    Raises:
        BadInput: it is neither.
    """
    from limner.core.errors import BadInput

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if is_end and _is_day(text):
            moment = datetime.combine(moment, time.max)
        return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"{option} is {text!r}; allowed is a day or time such as 2026-01-31 or "
            "2026-01-31T12:00."
        ) from error
