"""Sentence vectors by the text encoder that comes with the embedded generator."""

from __future__ import annotations

from limner.generators.embedded.sentences import Sentences

embed_text = Sentences()
