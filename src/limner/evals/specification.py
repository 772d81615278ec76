"""What is asked of a picture in words that a program can hold it to.

A specification is what makes a prompt checkable: the prompt is written from it, and checks look for
it. It judges nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

RELATIONS: Mapping[str, str] = {
    "left": "to the left of",
    "right": "to the right of",
    "above": "above",
    "below": "below",
}
"""Where one thing is against another, and how a prompt says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A prompt and what its picture must show; an empty field is not asked.

    Attributes:
        concept: the thing, or the first of two.
        style: by the name a request may use.
        colour: of `concept`; `other_colour` of `other`.
        ground: colour word of the background.
        count: how many of `concept`; ``None`` is not asked.
        other: a second thing.
        relation: where `concept` is against `other`; a key of `RELATIONS`.
    """

    prompt: str
    concept: str = ""
    style: str = ""
    colour: str = ""
    ground: str = ""
    count: int | None = None
    other: str = ""
    other_colour: str = ""
    relation: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of what is asked, as the checks on a specification are called."""
        is_one = not self.other and self.count in (None, 1)
        is_asked = {
            "concept": bool(self.concept) and is_one,
            "colour": bool(self.colour) and not self.other,
            "ground": bool(self.ground),
            "count": self.count is not None,
            "position": bool(self.relation),
            "binding": bool(self.colour and self.other_colour),
            "style": bool(self.style),
        }
        return tuple(name for name, asked in is_asked.items() if asked)

    def to_document(self) -> dict[str, object]:
        """JSON form: what is asked, without what is not."""
        return {key: value for key, value in asdict(self).items() if value not in ("", None)}
