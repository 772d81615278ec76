"""Building a request from the plain values a face has: file names, texts, numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict, TypeVar, Unpack

from limner.core.errors import BadInput
from limner.core.labels import Label
from limner.core.records import AskedAdapter, Margins, Request, parse_size
from limner.core.settings import Settings
from limner.studio.parts import Parts
from limner.studio.picture_file import read_mask, read_picture

_Parsed = TypeVar("_Parsed")


class RequestOptions(TypedDict, total=False):
    """Everything that can be asked besides the prompt; what is left out the card decides.

    Attributes:
        n: number of pictures, 1-64.
        seed: of the first picture, 0 .. 2**32 - 1; picture k has seed + k.
        size: ``256`` or ``320x200``, in pixels.
        background: ``auto``, ``transparent``, ``colour-key`` or a CSS colour.
        image: file of the picture to start from.
        strength: 0-1, how far to leave that picture.
        mask: file, white repaints, black keeps; of the same size as `image`.
        outpaint: ``left,top,right,bottom`` in pixels, to extend `image` by.
        combinations: draw n of every combination of the prompt's marks.
        deterministic: draw each picture alone, so that its bytes do not depend on the others.
        impact: how much is at stake, a tier of the criteria in force.
        label: draw words in a corner that say it is made by AI; as the settings say where left out.
        model: name of the one to draw with; left out, the default.
        adapters: put onto it, each ``NAME``, ``NAME=WEIGHT`` or ``NAME=WEIGHT@FILE``.
        use: what the pictures are for, where the model's licence allows some uses only.
        second_pass: 0-1, draw small, enlarge, and draw over it, leaving it so far.
    """

    n: int
    seed: int | None
    steps: int | None
    guidance: float | None
    sampler: str | None
    size: str | None
    style: str | None
    negative: str
    background: str
    image: str | Path | None
    strength: float | None
    mask: str | Path | None
    outpaint: str | None
    combinations: bool
    deterministic: bool
    impact: str | None
    label: bool | None
    model: str | None
    adapters: Sequence[str]
    use: str | None
    second_pass: float | None


def request_from(
    parts: Parts, prompt: str, template: str | None = None, **options: Unpack[RequestOptions]
) -> Request:
    """A request from plain values; what they mean is checked when it is made ready.

    Raises:
        BadInput: a text cannot be parsed.
        ImageUnreadable: a file cannot be read as a picture.
    """
    max_megapixels = parts.settings.max_input_megapixels
    size, outpaint = options.get("size"), options.get("outpaint")
    image, mask = options.get("image"), options.get("mask")
    return Request(
        prompt=prompt,
        template=template,
        negative=options.get("negative", ""),
        num_images=options.get("n", 1),
        seed=options.get("seed"),
        steps=options.get("steps"),
        guidance=options.get("guidance"),
        sampler=options.get("sampler"),
        size=None if size is None else _parse("size", size, parse_size, "256 or 320x200"),
        style=options.get("style"),
        background=options.get("background", "auto"),
        source=None if image is None else read_picture(Path(image), max_megapixels),
        strength=options.get("strength"),
        mask=None if mask is None else read_mask(Path(mask), max_megapixels),
        margins=None
        if outpaint is None
        else _parse("outpaint", outpaint, parse_margins, "left,top,right,bottom in pixels"),
        is_deterministic=options.get("deterministic", False),
        is_combinatorial=options.get("combinations", False),
        impact=options.get("impact"),
        label=label_of(parts.settings, options.get("label")),
        model=options.get("model"),
        adapters=tuple(parse_adapter(one, max_megapixels) for one in options.get("adapters", ())),
        use=options.get("use"),
        second_pass=options.get("second_pass"),
    )


def label_of(settings: Settings, is_asked: bool | None = None) -> Label | None:
    """The visible label a picture gets; the settings say where the request does not."""
    is_wanted = settings.label if is_asked is None else is_asked
    return Label(settings.label_position, settings.label_size) if is_wanted else None


def parse_adapter(text: str, max_megapixels: int) -> AskedAdapter:
    """An adapter from ``NAME``, ``NAME=WEIGHT``, ``NAME@FILE`` or ``NAME=WEIGHT@FILE``.

    Raises:
        BadInput: there is no name, or the weight is no number.
        ImageUnreadable: the file cannot be read as a picture.
    """
    named, has_file, file = text.partition("@")
    name, has_weight, weight = named.partition("=")
    if not name.strip():
        raise BadInput(
            f"The adapter is {text!r}; allowed is NAME, NAME=WEIGHT or NAME=WEIGHT@FILE.",
            code="adapter_unreadable",
        )
    return AskedAdapter(
        name=name.strip(),
        weight=_parse("adapter", weight, float, "NAME=WEIGHT") if has_weight else None,
        picture=read_picture(Path(file), max_megapixels) if has_file else None,
    )


def parse_margins(text: str) -> Margins:
    """Margins from ``left,top,right,bottom`` in pixels.

    Raises:
        ValueError: not four whole numbers.
    """
    left_px, top_px, right_px, bottom_px = (int(part) for part in text.split(","))
    return Margins(left_px, top_px, right_px, bottom_px)


def _parse(name: str, text: str, parse: Callable[[str], _Parsed], allowed: str) -> _Parsed:
    try:
        return parse(text)
    except ValueError as error:
        raise BadInput(
            f"The {name} is {text!r}; allowed is {allowed}.", code=f"{name}_unreadable"
        ) from error
