"""A field of a foreign interface that cannot be honoured, refused by its name there."""

from __future__ import annotations

from collections.abc import Mapping

from limner.core.errors import BadInput, ImageUnreadable

MAX_SHOWN_CHARACTERS = 80


class FieldRefused(BadInput):
    """A field of the request cannot be honoured.

    Args:
        name: of the field, as the caller wrote it.
        value: that was given.
        allowed: what is allowed, such as ``png, webp or jpeg``.
        code: stable name for programs.
        hint: what to do about it.
    """

    code = "invalid_value"

    def __init__(
        self, name: str, value: object, allowed: str, *, code: str = "", hint: str = ""
    ) -> None:
        shown = repr(value)
        if len(shown) > MAX_SHOWN_CHARACTERS:
            shown = f"{shown[:MAX_SHOWN_CHARACTERS]}…"
        super().__init__(f"{name} is {shown}; allowed is {allowed}.", code=code, hint=hint)
        self.name = name

    @property
    def faults(self) -> tuple[Mapping[str, str], ...]:
        """The field at fault, as the answer names it."""
        return ({"field": self.name, "fault": self.message},)


class ModelUnknown(FieldRefused):
    """The model that was asked for is not here."""

    code = "model_not_found"


class PictureRefused(ImageUnreadable):
    """The picture of a field cannot be read.

    Args:
        name: of the field.
        unreadable: why.
    """

    def __init__(self, name: str, unreadable: ImageUnreadable) -> None:
        super().__init__(unreadable.message, code=unreadable.code, hint=unreadable.hint)
        self.name = name

    @property
    def faults(self) -> tuple[Mapping[str, str], ...]:
        """The field at fault, as the answer names it."""
        return ({"field": self.name, "fault": self.message},)
