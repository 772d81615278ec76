"""What one process does with one item: read it, judge it, find what there is, decide.

It stores nothing; what it gives back is stored by who asked. The decision is taken here because
only then is it known whether the file has to be kept for a person to look at.
"""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image as PillowImage

from limner.checks.near_copy.fingerprint import pdq_of
from limner.checks.tagger.tagger import Tagger
from limner.checks.views import flat_view
from limner.core.deciding import Circumstances, Decision, Outcome, decide
from limner.core.errors import LimnerError
from limner.core.hashing import sha256_of_bytes, sha256_of_document
from limner.core.judging import CheckNotAble, ImageCheck, ImageSubject, Result, Verdict
from limner.core.looking import Findings, LabelFound, OriginSignal, TagFound
from limner.core.ports import FoundMark
from limner.core.records import Picture, Size
from limner.provenance.mark import read_mark, value_of
from limner.studio.judging import nobodys_picture
from limner.studio.keys import mark_keys, open_trust
from limner.studio.look.asking import unsure_among
from limner.studio.look.films import frame_of
from limner.studio.look.origin import read_signals
from limner.studio.look.reading import Read, content_of, read
from limner.studio.look.sources import Fault, Item
from limner.studio.look.taught import Inspected, Taught
from limner.studio.look.words import FoundByWords, Seer

if TYPE_CHECKING:
    from limner.studio.parts import Parts

ALWAYS = ("integrity", "exposure", "sharpness", "nsfw", "face")
TEXT = "text"
THUMBNAIL_PX = 192
LOOKER_VERSION = "2"  # changes whenever the same file may get other findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is looked for.

    Attributes:
        with_text: read text too, which takes several times as long.
        learnt: hashes of the labels and normal sets to look with; every process takes these,
            whatever is taught meanwhile.
        doubted: of these, the hashes of those in doubt; they are unsure of every picture.
        words: what one that sees is asked for.
        seer: address of a service, to which every picture is sent, or the folder of a model on this
            machine; empty asks nobody.
        seer_model: name of the service's model.
        num_to_ask: cards of one label that may wait for people where it is unsure; 0 asks nobody.
    """

    with_text: bool = False
    learnt: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    seer: str = ""
    seer_model: str = ""
    num_to_ask: int = 0


class Task(NamedTuple):
    """One item to look at.

    Attributes:
        number: its place in the run.
        chance: uniform 0-1, drawn for it alone; decides whether it is audited.
    """

    number: int
    item: Item
    chance: float


class Known(NamedTuple):
    """An image that was looked at so before.

    Attributes:
        content: the file, where people may be asked about it; `to_ask` as of `Looked`.
    """

    image_id: str
    content: bytes | None = None
    to_ask: tuple[LabelFound, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looked:
    """What was found on one image; not stored yet.

    Attributes:
        content: the file, where a person is or may be to look at it.
        to_ask: what labels are unsure of, where people may be asked.
        heats: tagged hash and PNG of every heat map.
    """

    image_id: str
    pixels_sha256: str
    file_format: str
    num_bytes: int
    size: Size
    pdq: bytes | None
    findings: Findings
    results: tuple[Result, ...]
    decision: Decision
    thumbnail: bytes
    content: bytes | None
    to_ask: tuple[LabelFound, ...] = ()
    heats: tuple[tuple[str, bytes], ...] = ()

    @property
    def is_for_people(self) -> bool:
        """A person is to decide about it, or to look whether the decision is right."""
        return self.decision.outcome is Outcome.HELD or self.decision.is_audited


class _Seen(NamedTuple):
    """What the tagger, and what was taught on it, says of a picture."""

    tags: tuple[TagFound, ...]
    labels: tuple[LabelFound, ...]
    inspected: tuple[Inspected, ...]
    notices: tuple[str, ...]


class Looker:
    """Looks at one item after the other.

    Args:
        parts: of the studio; their judge's criteria decide.
        tagger: names what photographs show.
        asked: what is looked for.
        seer: asked for the words; ``None`` where there are none.
    """

    def __init__(
        self, parts: Parts, tagger: Tagger, asked: Asked, seer: Seer | None = None
    ) -> None:
        self._parts = parts
        self._tagger = tagger
        self._asked = asked
        self._found = None if seer is None else FoundByWords(seer, asked.words)
        self._taught = Taught(parts.store.learnt.of_hashes(asked.learnt), tagger, asked.doubted)
        self._trust = open_trust(parts)
        self._mark_keys = mark_keys(parts).read()
        self._checks = _checks(parts, asked)
        self._is_ready = False

    @cached_property
    def sha256(self) -> str:
        """Tagged hash of everything that decides what is found and decided."""
        criteria = self._parts.judge.criteria
        return sha256_of_document(
            {
                "version": LOOKER_VERSION,
                "checks": {one.card.name: one.card.sha256 for one in self._checks},
                "criteria": None if criteria is None else criteria.sha256,
                "tagger": dict(self._tagger.ingredients),
                "learnt": sorted(self._asked.learnt),
                **({"doubted": sorted(self._asked.doubted)} if self._asked.doubted else {}),
                **({} if self._found is None else {"words": self._found.sha256}),
            }
        )

    def __call__(self, task: Task) -> Looked | Known | Fault:
        """Look at one item; a file that cannot be looked at is a fault with its sentence."""
        item = task.item
        content = content_of(item) if item.shot is None else frame_of(item)
        if isinstance(content, Fault):
            return content
        image_id = sha256_of_bytes(content)
        if self._parts.store.looks.has_look(image_id, self.sha256):
            return self._known(image_id, content)
        found = read(content, item.name, self._parts.settings.max_input_megapixels)
        self._make_ready()
        return found if isinstance(found, Fault) else self._look(found, image_id, task)

    def _make_ready(self) -> None:
        """Load the networks, so that the first picture's checks have as long as every other's."""
        if self._is_ready:
            return
        nobodys = ImageSubject(picture=nobodys_picture())
        for one in self._checks:
            with suppress(Exception):  # it fails again, and is told, when it looks
                one.measure(nobodys)
        self._see(nobodys.picture)
        self._is_ready = True

    def _known(self, image_id: str, content: bytes) -> Known:
        look = None
        if self._asked.num_to_ask:
            look = self._parts.store.looks.look(image_id, self.sha256)
        to_ask = () if look is None else self._to_ask(look.findings.labels)
        return Known(image_id, content if to_ask else None, to_ask)

    def _to_ask(self, found: Sequence[LabelFound]) -> tuple[LabelFound, ...]:
        return unsure_among(found, self._taught.names) if self._asked.num_to_ask else ()

    def _look_for_words(self, found: Read, name: str) -> tuple[LabelFound, ...] | Fault:
        if self._found is None:
            return ()
        try:
            return self._found(found.picture)
        except LimnerError as error:
            told = f"Nothing could be looked for by words in {name!r}: {error.message}"
            return Fault("words_not_asked", told)

    def _look(self, found: Read, image_id: str, task: Task) -> Looked | Fault:
        began = time.perf_counter()
        by_words = self._look_for_words(found, task.item.name)
        if isinstance(by_words, Fault):
            return by_words
        picture = found.picture
        judge = self._parts.judge
        results = judge.judge_by(self._checks, ImageSubject(picture=picture))
        seen = self._see(picture)
        decision = decide(
            judge.criteria,
            results,
            Circumstances(
                pixels_sha256=picture.pixels_sha256,
                request_sha256=None,
                impact=None,
                operation=None,
                chance=task.chance,
            ),
            fault=judge.fault,
            demands=self._taught.demands([one.found for one in seen.inspected]),
        )
        findings = Findings(
            tags=seen.tags,
            origin=self._origin(found),
            labels=(*seen.labels, *by_words),
            anomalies=tuple(one.found for one in seen.inspected),
            needs_consent=any(
                one.check == "face" and one.verdict is Verdict.FAIL for one in results
            ),
            notices=seen.notices,
            seconds=round(time.perf_counter() - began, 4),
            camera=found.file.texts.camera,
        )
        to_ask = self._to_ask(findings.labels)
        looked = Looked(
            image_id=image_id,
            pixels_sha256=picture.pixels_sha256,
            file_format=found.file.file_format,
            num_bytes=len(found.content),
            size=picture.size,
            pdq=pdq_of(picture),
            findings=findings,
            results=results,
            decision=decision,
            thumbnail=thumbnail_of(picture),
            content=None,
            to_ask=to_ask,
            heats=tuple((one.found.heat_sha256, one.png) for one in seen.inspected),
        )
        is_shown = looked.is_for_people or to_ask
        return replace(looked, content=found.content) if is_shown else looked

    def _see(self, picture: Picture) -> _Seen:
        try:
            return _Seen(
                tags=tuple(TagFound(*one) for one in self._tagger.tags(picture)),
                labels=self._taught.labels(picture),
                inspected=self._taught.inspect(picture),
                notices=self._taught.notices,
            )
        except CheckNotAble as fault:
            return _Seen((), (), (), (fault.note,))

    def _origin(self, found: Read) -> tuple[OriginSignal, ...]:
        mark = None
        if self._mark_keys:
            # Crops and tilts are not looked for here: that takes half a second a picture.
            reading = read_mark(found.picture.image_HWC, self._mark_keys)
            if reading is not None:
                value = value_of(reading.epoch, reading.payload)
                mark = FoundMark(value=value, score=reading.score)
        return tuple(read_signals(found, self._trust, mark))


def thumbnail_of(picture: Picture) -> bytes:
    """A small JPEG of a picture on white, that carries nothing else."""
    small = flat_view(picture).copy()
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), PillowImage.Resampling.BILINEAR)
    content = io.BytesIO()
    small.save(content, "JPEG", quality=75)
    return content.getvalue()


def _checks(parts: Parts, asked: Asked) -> Sequence[ImageCheck]:
    """Those that are always run, and those that the criteria name."""
    judge = parts.judge
    criteria = () if judge.criteria is None else judge.criteria.criteria
    named = [one.check for one in criteria if one.about == "image"]
    names = dict.fromkeys((*ALWAYS, *named, *((TEXT,) if asked.with_text else ())))
    return [judge.image_checks[one] for one in names if one in judge.image_checks]
