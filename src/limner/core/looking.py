"""The records of looking: what came in from elsewhere, and what was found on it.

An incoming image has a source where a drawn one has a recipe; from the checks on it takes the same
road. This module holds no rules and does no input or output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

from limner.core.records import Size


class TagFound(NamedTuple):
    """One tag and how likely the tagger holds it, 0-1; not calibrated."""

    name: str
    probability: float


class OriginSignal(NamedTuple):
    """Something in the file that says where the image comes from; never a guess from its looks.

    Attributes:
        kind: ``credential``, ``mark`` or ``metadata``.
        says_ai: it says that the image was made or changed by a machine.
        is_proof: a signer that is trusted here vouches for it; everything else can be forged.
        note: one sentence.
    """

    kind: str
    says_ai: bool
    is_proof: bool
    note: str


class Box(NamedTuple):
    """Where in a picture something was found, as shares of its width and height, 0-1.

    Attributes:
        left, top: of its corner.
        score: 0-1; not calibrated.
    """

    left: float
    top: float
    width: float
    height: float
    score: float


class Sighting(NamedTuple):
    """What a seer says of one of the words: a score, 0-1, and where, if it can tell."""

    score: float
    boxes: tuple[Box, ...] = ()


UNKNOWN_CAMERA = "unknown camera"


def camera_of_size(camera: str, size: Size) -> str:
    """What took a picture: its camera and size, the longer side first, as turned it is the same.

    Args:
        camera: as its file says; empty where it says nothing.
        size: of the picture.
    """
    longer, shorter = sorted((size.width_px, size.height_px), reverse=True)
    return f"{camera or UNKNOWN_CAMERA} {longer}x{shorter}"


class LabelFound(NamedTuple):
    """What a label that was taught says of an image.

    Attributes:
        label: its name; `version` the start of its hash.
        score: 0-1, high where the label fits.
        verdict: ``yes``, ``no``, or ``unsure`` where no threshold is certified on its side.
        boxes: where it is, of words that were looked for with one that can tell.
    """

    label: str
    version: str
    score: float
    verdict: str
    boxes: tuple[Box, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """JSON form; without a key for boxes where there are none."""
        document = self._asdict()
        boxes = [one._asdict() for one in document.pop("boxes")]
        return {**document, "boxes": boxes} if boxes else document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> LabelFound:
        """What was found, from its JSON form."""
        named: dict[str, Any] = dict(document)
        named["boxes"] = tuple(Box(**one) for one in document.get("boxes", ()))
        return cls(**named)


class AnomalyFound(NamedTuple):
    """How far an image is from a normal set.

    Attributes:
        normal: name of the set; `version` the start of its hash.
        score: distance of its oddest place; 0 is as normal as it gets.
        verdict: ``normal``, ``anomalous``, or ``unsure`` where no threshold is certified.
        heat_sha256: tagged hash of the stored heat map, a PNG.
    """

    normal: str
    version: str
    score: float
    verdict: str
    heat_sha256: str


class Shot(NamedTuple):
    """Which frame of a film an image is, and of which shot.

    Attributes:
        number: of the shot, from 0.
        start_s, end_s: when it begins and ends, in seconds of the film.
        at_s: when the frame is.
    """

    number: int
    start_s: float
    end_s: float
    at_s: float


class Duplicate(NamedTuple):
    """An earlier image that is nearly the same: its id, and how many of 256 bits differ."""

    image_id: str
    bits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An image that came in from elsewhere.

    Attributes:
        image_id: tagged hash of the file's bytes.
        pixels_sha256: tagged hash of its upright RGBA pixels.
        source: where it was found first: a path, or an archive and a member of it.
        received_at: UTC.
        pdq: perceptual hash, 32 bytes; ``None`` where it would say little.
        is_kept: the file is in this data folder, because a person is to look at it.
    """

    image_id: str
    pixels_sha256: str
    file_format: str
    num_bytes: int
    size: Size
    source: str
    received_at: datetime
    pdq: bytes | None
    is_kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found on one image, besides the checks' results and the decision.

    Attributes:
        tags: the likeliest first.
        needs_consent: a photographed face seems to be in it.
        near: the earlier image that it nearly copies.
        notices: facts about the file, each one sentence.
        seconds: wall time of looking at it.
        camera: that took it, as its file says; empty where it says nothing.
    """

    tags: tuple[TagFound, ...] = ()
    origin: tuple[OriginSignal, ...] = ()
    labels: tuple[LabelFound, ...] = ()
    anomalies: tuple[AnomalyFound, ...] = ()
    needs_consent: bool = False
    near: Duplicate | None = None
    notices: tuple[str, ...] = ()
    seconds: float = 0.0
    camera: str = ""

    def to_document(self) -> dict[str, Any]:
        """JSON form, one key per attribute."""
        return {
            **asdict(self),
            "tags": _listed(self.tags),
            "origin": _listed(self.origin),
            "labels": [one.to_document() for one in self.labels],
            "anomalies": _listed(self.anomalies),
            "near": None if self.near is None else self.near._asdict(),
            "notices": list(self.notices),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Findings:
        """Findings from their JSON form."""
        near = document["near"]
        return cls(
            tags=tuple(TagFound(**one) for one in document["tags"]),
            origin=tuple(OriginSignal(**one) for one in document["origin"]),
            labels=tuple(LabelFound.from_document(one) for one in document["labels"]),
            anomalies=tuple(AnomalyFound(**one) for one in document["anomalies"]),
            needs_consent=document["needs_consent"],
            near=None if near is None else Duplicate(**near),
            notices=tuple(document["notices"]),
            seconds=document["seconds"],
            camera=document.get("camera", ""),
        )


def _listed(found: Sequence[Any]) -> list[dict[str, Any]]:
    return [one._asdict() for one in found]
