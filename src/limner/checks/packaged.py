"""Weights that come inside the package: a card, and files held against the hashes on it.

A file that is missing or differs is a state of its own, never a pass. Nothing is downloaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from limner.core.hashing import sha256_of_bytes
from limner.core.judging import Cause, CheckNotAble

CARD_FILE = "card.json"


class Packaged:
    """One folder of weights with its ``card.json``.

    Args:
        folder: holds the card and every file that it lists under ``files``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def ingredients(self) -> Mapping[str, str]:
        """Tagged hash of every file, the card among them; empty when the card cannot be read."""
        try:
            content = self._card_bytes
            return {**self.card["files"], CARD_FILE: sha256_of_bytes(content)}
        except CheckNotAble:
            return {}

    @cached_property
    def card(self) -> Mapping[str, Any]:
        """The card as its JSON says; has ``files``.

        Raises:
            CheckNotAble: it is missing or cannot be read.
        """
        try:
            document: Mapping[str, Any] = json.loads(self._card_bytes)
            dict(document["files"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._absent(f"The card {CARD_FILE!r}", "cannot be understood") from error
        return document

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            CheckNotAble: it is missing, not on the card, or not the one its card names.
        """
        content = self._bytes(name)
        if sha256_of_bytes(content) != self.card["files"].get(name):
            raise self._absent(f"The file {name!r}", "is not the one its card names")
        return content

    @cached_property
    def _card_bytes(self) -> bytes:
        return self._bytes(CARD_FILE)

    def _bytes(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise self._absent(f"The file {name!r}", "cannot be read") from error

    def _absent(self, what: str, fault: str) -> CheckNotAble:
        note = f"{what} of {self.folder.parent.name!r} {fault}; install Limner again."
        return CheckNotAble(Cause.WEIGHTS_ABSENT, note)
