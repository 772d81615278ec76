"""WordPiece as BERT's uncased models use it: text to the ids of the longest known pieces.

Our own, because the library for it brings a client for downloads and 40 MB with it; a test holds it
against that library on any text. It knows no special marks inside a text: `[SEP]` typed into a
prompt is five ordinary pieces.

Source: Devlin et al. 2018 (arXiv:1810.04805), and `BertNormalizer`, `BertPreTokenizer` and
`WordPiece` of https://github.com/huggingface/tokenizers.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

CONTINUES = "##"  # before a piece that does not begin its word
LONGEST_WORD = 100  # characters; a longer word is unknown as a whole
BREAKS = "\t\n\r"
IDEOGRAPHS = (  # the last third range as the reference has it
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class Piece(NamedTuple):
    """A piece's id, and where in the text as written its last character ends."""

    id: int
    end: int


class _Letter(NamedTuple):
    """A character after normalising, and the place of the one it came from."""

    character: str
    at: int


class WordPiece:
    """Splits text into pieces of a vocabulary.

    Args:
        tokenizer_json: content of a `tokenizer.json`; only its vocabulary is used.

    Attributes:
        start: id of the mark before a text.
        end: id of the mark after it.
    """

    def __init__(self, tokenizer_json: bytes) -> None:
        self._ids: dict[str, int] = json.loads(tokenizer_json)["model"]["vocab"]
        self.start, self.end = self._ids["[CLS]"], self._ids["[SEP]"]
        self._unknown = self._ids["[UNK]"]

    def split(self, text: str) -> list[Piece]:
        """The pieces of a text in order, without marks."""
        return [piece for word in _words(_normalised(text)) for piece in self._pieces(word)]

    def _pieces(self, word: list[_Letter]) -> list[Piece]:
        unknown = [Piece(self._unknown, word[-1].at + 1)]
        if len(word) > LONGEST_WORD:
            return unknown
        written = "".join(letter.character for letter in word)
        pieces: list[Piece] = []
        begin = 0
        while begin < len(written):
            prefix = CONTINUES if begin else ""
            for end in range(len(written), begin, -1):
                if (found := self._ids.get(prefix + written[begin:end])) is not None:
                    pieces.append(Piece(found, word[end - 1].at + 1))
                    begin = end
                    break
            else:
                return unknown
        return pieces


def _normalised(text: str) -> Iterator[_Letter]:
    """Without control characters and accents, lower case, ideographs standing alone."""
    for at, written in enumerate(text):
        if written in BREAKS or unicodedata.category(written) in ("Zs", "Zl", "Zp"):
            yield _Letter(" ", at)
        elif written == "\ufffd" or unicodedata.category(written).startswith("C"):
            continue
        else:
            stands_alone = any(first <= ord(written) <= last for first, last in IDEOGRAPHS)
            yield from [_Letter(" ", at)] * stands_alone
            for part in unicodedata.normalize("NFD", written):
                if unicodedata.category(part) != "Mn":
                    yield from (_Letter(lower, at) for lower in part.lower())
            yield from [_Letter(" ", at)] * stands_alone


def _words(letters: Iterator[_Letter]) -> Iterator[list[_Letter]]:
    """Runs of letters between spaces; every punctuation mark is a word of its own."""
    word: list[_Letter] = []
    for letter in letters:
        is_space, is_mark = letter.character == " ", _is_punctuation(letter.character)
        if word and (is_space or is_mark):
            yield word
            word = []
        if is_mark:
            yield [letter]
        elif not is_space:
            word.append(letter)
    if word:
        yield word


def _is_punctuation(character: str) -> bool:
    is_sign = character.isascii() and not character.isalnum() and character.isprintable()
    return character != " " and (is_sign or unicodedata.category(character).startswith("P"))
