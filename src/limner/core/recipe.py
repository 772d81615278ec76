"""What really ran for one picture, and the row of the image it became.

A recipe is written from executed facts only, complete enough to draw the picture again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple, Self, cast

from limner.core.hashing import sha256_of_document
from limner.core.labels import DrawnLabel, LabelPosition, LabelSize
from limner.core.records import FileFormat, Margins, Operation, Size, parse_size

RECIPE_FORMAT = "limner.recipe/1"

LATER_FIELDS = (
    "source_file",
    "mask_file",
    "label",
    "mark",
    "drawing_sha256",
    "adapters",
    "use",
    "cost",
    "second_pass",
)
"""Of a recipe; left out of its JSON form where they hold nothing, as in recipes before them."""


class UsedAdapter(NamedTuple):
    """An adapter that was on the model when a picture was drawn.

    Attributes:
        name: as the card has it.
        weight: that was used.
        sha256: tagged hash of its files.
        picture_sha256: tagged hash of the pixels it went by; ``None`` where it needs none.
    """

    name: str
    weight: float
    sha256: str
    picture_sha256: str | None


class SecondPass(NamedTuple):
    """A picture that was drawn small, enlarged, and drawn over.

    Attributes:
        draft_canvas: of the first pass.
        strength: 0-1, how far the second pass could leave the first.
        enlarger: how the first was enlarged.
    """

    draft_canvas: Size
    strength: float
    enlarger: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What really ran for one picture, complete enough to draw it again.

    Written from executed facts. Holds no times, so that the same drawing has the same recipe.

    Attributes:
        prompt: the text that was drawn; wildcards already replaced. Of a picture that was only
            enlarged: of the one it was made from, empty where that is not known.
        template: the text with wildcards, if there was one.
        size: of the stored picture; `canvas` is what the generator drew.
        background: ``auto``, ``transparent`` or ``#rrggbb`` laid under the picture.
        source_sha256: pixels of the picture it started from. Same for `mask_sha256`.
        margins: of an outpainting; `source_sha256` is then the picture before it was extended.
        ingredients: tagged hash of every file of the generator, by name.
        versions: of Limner, Python and every library that touched the numbers.
        notices: facts a person should know, each one sentence.
        source_file: tagged hash of the file it started from, as it was given. Same for `mask_file`.
        label: that was drawn onto it.
        mark: what the invisible mark in its pixels says; ``None`` if it carries none.
        drawing_sha256: pixels before they were marked and encoded; the same drawing has the same
            ones in every data folder.
        adapters: that were on the model; ``None`` if there were none.
        use: what the picture was said to be for.
        cost: what a service asked for it, such as ``0.04 USD``.
        second_pass: that drew over the first on `canvas`; ``None`` where there was one pass.
    """

    prompt: str
    template: str | None
    negative: str
    operation: Operation
    style: str | None
    seed: int
    steps: int
    guidance: float
    sampler: str
    strength: float
    size: Size
    canvas: Size
    background: str
    source_sha256: str | None
    mask_sha256: str | None
    margins: Margins | None
    is_deterministic: bool
    generator: str
    generator_version: str
    ingredients: Mapping[str, str]
    steps_run: int
    num_forwards: int
    num_prompt_tokens: int
    batch_size: int
    engine: str
    device: str
    precision: str
    num_threads: int | None
    versions: Mapping[str, str]
    notices: tuple[str, ...] = ()
    source_file: str | None = None
    mask_file: str | None = None
    label: DrawnLabel | None = None
    mark: str | None = None
    drawing_sha256: str | None = None
    adapters: tuple[UsedAdapter, ...] | None = None
    use: str | None = None
    cost: str | None = None
    second_pass: SecondPass | None = None

    @property
    def title(self) -> str:
        """What people call the picture: its prompt, or what was done to get it."""
        return self.prompt or f"a picture, {self.operation.value}d to {self.size}"

    @property
    def sha256(self) -> str:
        """Tagged hash of the canonical JSON of this recipe."""
        return sha256_of_document(self.to_document())

    def to_document(self) -> dict[str, object]:
        """JSON form: one key per attribute, and ``format``."""
        document: dict[str, object] = {"format": RECIPE_FORMAT}
        document |= {one.name: getattr(self, one.name) for one in fields(self)}
        document["ingredients"] = dict(self.ingredients)
        document["versions"] = dict(self.versions)
        document["size"] = str(self.size)
        document["canvas"] = str(self.canvas)
        document["margins"] = list(self.margins) if self.margins else None
        document["notices"] = list(self.notices)
        document["label"] = [str(one) for one in self.label] if self.label else None
        document["adapters"] = [list(one) for one in self.adapters] if self.adapters else None
        if self.second_pass is not None:
            draft_canvas, *rest = self.second_pass
            document["second_pass"] = [str(draft_canvas), *rest]
        return {k: v for k, v in document.items() if v is not None or k not in LATER_FIELDS}

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Self:
        """Recipe from its JSON form.

        Raises:
            ValueError: another format, or keys are missing, unknown or of the wrong type.
        """
        if document.get("format") != RECIPE_FORMAT:
            raise ValueError(f"format is {document.get('format')!r}, expected {RECIPE_FORMAT!r}")
        names = {one.name for one in fields(cls)}
        if (document.keys() | LATER_FIELDS) - {"format"} != names:
            raise ValueError(f"keys differ: {sorted(document.keys() ^ names - {'format'})}")
        values = cast(dict[str, Any], {name: document.get(name) for name in names})
        try:
            values["operation"] = Operation(values["operation"])
            values["size"] = parse_size(values["size"])
            values["canvas"] = parse_size(values["canvas"])
            values["margins"] = Margins(*values["margins"]) if values["margins"] else None
            values["notices"] = tuple(values["notices"])
            if values["label"] is not None:
                words, position, size = values["label"]
                values["label"] = DrawnLabel(words, LabelPosition(position), LabelSize(size))
            if values["adapters"] is not None:
                values["adapters"] = tuple(UsedAdapter(*one) for one in values["adapters"])
            if values["second_pass"] is not None:
                draft_canvas, strength, enlarger = values["second_pass"]
                values["second_pass"] = SecondPass(parse_size(draft_canvas), strength, enlarger)
        except (TypeError, AttributeError) as error:
            raise ValueError(str(error)) from error
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRecord:
    """One stored image.

    Attributes:
        image_id: tagged hash of the file's bytes.
        pixels_sha256: tagged hash of the decoded RGBA pixels of the file.
        created_at: UTC.
        seconds: wall time of drawing it.
        pdq: perceptual hash of the pixels, 32 bytes; ``None`` where it would say little.
        is_opaque: nothing of it is transparent; ``None`` where nobody looked.
    """

    image_id: str
    pixels_sha256: str
    file_format: FileFormat
    num_bytes: int
    size: Size
    created_at: datetime
    seconds: float
    recipe: Recipe
    pdq: bytes | None = None
    is_opaque: bool | None = None
