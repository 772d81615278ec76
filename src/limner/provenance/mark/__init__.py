"""The mark: an invisible number in the pixels, put in and read back with a secret key.

A mark helps to find the record of a picture whose file has lost its credential. It proves nothing
by itself: a mark can be copied onto another picture, and drawing a picture anew removes it. Who
averages many pictures of one key can wash its pilot out of them; then marks are found where they
were put, and no longer in crops. So what a mark names is always compared with the picture, and keys
are changed from epoch to epoch. What it withstands is printed by `python -m benchmarks mark`.
"""

from limner.provenance.mark.embedding import embed_mark
from limner.provenance.mark.keys import MarkKeys
from limner.provenance.mark.pattern import epoch_of
from limner.provenance.mark.reading import read_mark
from limner.provenance.mark.records import (
    ID_BITS,
    ID_COUNT,
    MARK_ALGORITHM,
    Geometry,
    MarkPayload,
    MarkReading,
    MarkUncarried,
    value_of,
)

__all__ = [
    "ID_BITS",
    "ID_COUNT",
    "MARK_ALGORITHM",
    "Geometry",
    "MarkKeys",
    "MarkPayload",
    "MarkReading",
    "MarkUncarried",
    "embed_mark",
    "epoch_of",
    "read_mark",
    "value_of",
]
