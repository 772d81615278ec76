"""Near copy: whether a picture is nearly the same as a known one.

What is known decides what it means: a copy of a registered picture may not leave, one of a training
picture has been memorised, one of a recent picture is a repetition. Turned, mirrored and tightly
cropped copies are not found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from limner.checks.near_copy.fingerprint import Fingerprint, Fingerprints
from limner.checks.near_copy.gallery import SEARCHED, Gallery
from limner.core.judging import Better, CheckCard, Finding, ImageSubject, Limits
from limner.core.records import Picture

Kind = Literal["registered", "recent", "training"]


class Known(NamedTuple):
    """Known pictures, and what each is called by its key."""

    gallery: Gallery
    describe: Callable[[int], str]


class NearCopy:
    """Distance to the nearest known picture over the distance of alarm, at most 1.5.

    Args:
        kind: what the known pictures are.
        read_known: those that a picture is compared with; asked for every picture.
        fingerprints: takes them.
        ingredients: tagged SHA-256 of files the gallery came from.
    """

    def __init__(
        self,
        kind: Kind,
        read_known: Callable[[Picture], Known],
        fingerprints: Fingerprints,
        *,
        ingredients: Mapping[str, str] | None = None,
    ) -> None:
        self._kind = kind
        self._read_known = read_known
        self._fingerprints = fingerprints
        self._ingredients = ingredients or {}

    @property
    def card(self) -> CheckCard:
        """What this check is.

        At the alarm, 31 bits of PDQ or 26 of the look hash, 50 of 59 held-out pictures that were
        called copies of a training picture were the same drawing, the others one of the same maker
        that differs in a mouth, brows or horns (docs/log.md, "A referee that saw more").
        """
        return CheckCard(
            name=f"near-copy-{self._kind}",
            version="3",
            question=f"Is the picture different from every {self._kind} picture?",
            better=Better.HIGHER,
            limits=Limits(pass_at=1.25, fail_at=1.0),
            ingredients={**self._fingerprints.ingredients, **self._ingredients},
        )

    @property
    def view(self) -> object:
        """Of the referee."""
        return self._fingerprints.views

    def measure(self, subject: ImageSubject) -> Finding:
        """Look for the nearest known picture.

        Raises:
            CheckNotAble: the referee's files or ours are missing or changed.
        """
        return self.compare(subject.picture, self._fingerprints.take(subject.picture))

    def compare(self, picture: Picture, fingerprint: Fingerprint) -> Finding:
        """Look for the known picture that is nearest to a fingerprint of this one."""
        gallery, describe = self._read_known(picture)
        near = gallery.nearest(fingerprint)
        if near is None:
            return Finding(score=SEARCHED, details={"compared": len(gallery)})
        note = f"The picture is nearly the same as {describe(near.key)}."
        return Finding(
            score=near.ratio,
            notes=(note,) if near.ratio <= self.card.limits.fail_at else (),
            details={
                "compared": len(gallery),
                "nearest": str(near.key),
                "bits": near.bits,
                "by": near.by,
            },
        )
