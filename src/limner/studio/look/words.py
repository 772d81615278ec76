"""Looking for what words say, with a service or model that sees; nothing needs to be taught.

What it says is not certified, so each of the words is ``unsure`` with a score, and a
person has the last word. A picture about which it cannot be asked was not looked at as it was to
be: that is a fault, and the picture is met again when the look is begun again.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from PIL import Image as PillowImage

from limner.checks.views import flatten, small_view
from limner.core.errors import BadInput, GeneratorUnavailable
from limner.core.hashing import sha256_of_document
from limner.core.looking import LabelFound, Sighting

if TYPE_CHECKING:
    from limner.core.records import Picture

MOST_WORDS = 20
MOST_CHARACTERS = 200
VERDICT = "unsure"


class Seer(Protocol):
    """Says whether pictures show what words say."""

    @property
    def sha256(self) -> str:
        """Tagged hash of everything that decides a score."""
        ...

    def look_for(self, jpeg: bytes, words: Sequence[str]) -> tuple[Sighting, ...]:
        """A score for each of the words, 0-1, high where the picture shows it; and where it is.

        Raises:
            GeneratorUnavailable: it is not there: a service that is down, weights that are absent.
            LimnerError: it gave no answer about this picture.
        """
        ...


class FoundByWords:
    """Looks for words on one picture after the other.

    Args:
        seer: that is asked.
        words: what it is asked for.
    """

    def __init__(self, seer: Seer, words: Sequence[str]) -> None:
        self._seer = seer
        self._words = tuple(words)
        self._absent: GeneratorUnavailable | None = None

    @property
    def sha256(self) -> str:
        """Tagged hash of everything that decides a score."""
        return sha256_of_document({"seer": self._seer.sha256, "words": list(self._words)})

    def __call__(self, picture: Picture) -> tuple[LabelFound, ...]:
        """What the seer says of a picture.

        Raises:
            GeneratorUnavailable: it is not there; it is not asked again.
            LimnerError: it gave no answer about this picture.
        """
        if self._absent is not None:
            raise self._absent.with_traceback(None)
        try:
            found = self._seer.look_for(_sent(picture), self._words)
        except GeneratorUnavailable as error:
            self._absent = error
            raise
        version = self.sha256.removeprefix("sha256:")[:12]
        return tuple(
            LabelFound(word, version, one.score, VERDICT, one.boxes)
            for word, one in zip(self._words, found, strict=True)
        )


def require_words(words: Sequence[str]) -> tuple[str, ...]:
    """What may be looked for: each once, without blanks around it.

    Raises:
        BadInput: too many, or one that is empty, too long, or cannot be printed.
    """
    stripped = tuple(dict.fromkeys(one.strip() for one in words))
    if len(stripped) > MOST_WORDS:
        raise BadInput(
            f"{len(stripped)} things are to be found; allowed are up to {MOST_WORDS}.",
            code="too_many_words",
        )
    for one in stripped:
        if not one or len(one) > MOST_CHARACTERS or not one.isprintable():
            raise BadInput(
                f"{one!r} cannot be looked for; allowed are 1 to {MOST_CHARACTERS} printable "
                "characters.",
                code="words_not_allowed",
            )
    return stripped


def _sent(picture: Picture) -> bytes:
    """A small JPEG on white that carries nothing else, as it leaves this machine."""
    content = io.BytesIO()
    PillowImage.fromarray(flatten(small_view(picture))).save(content, "JPEG", quality=85)
    return content.getvalue()
