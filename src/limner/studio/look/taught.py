"""What was taught, put to work on one picture after the other: labels, anomalies, heat maps."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.checks.tagger.linear import Line
from limner.checks.tagger.patches import Normal, whole_of
from limner.checks.views import flat_view
from limner.core.criteria import Consequence
from limner.core.deciding import Reason
from limner.core.errors import BadInput
from limner.core.hashing import sha256_of_bytes
from limner.core.judging import Verdict
from limner.core.learnt import LabelFacts, Learnt, LearntKind, NormalFacts
from limner.core.looking import AnomalyFound, LabelFound
from limner.store.watches import alarms

if TYPE_CHECKING:
    from limner.checks.tagger.tagger import Tagger
    from limner.core.records import Picture
    from limner.studio.parts import Parts

# Shapes: H height, W width, C channels (RGB).

UNSURE = "unsure"
HEAT_PX = 192  # longest side of a heat map
FAINTEST = 0.85  # share of the limit from which a place is coloured
STRONGEST = 0.75  # of the colour's cover
YELLOW, RED = np.array([255, 214, 10]), np.array([214, 12, 12])


class Inspected(NamedTuple):
    """What a normal set says of a picture, and the PNG that shows where."""

    found: AnomalyFound
    png: bytes


class Taught:
    """Labels and normal sets, opened.

    Args:
        learnt: versions of them.
        tagger: that looks at pictures.
        doubted: hashes of those in doubt; they say ``unsure`` of every picture.

    Attributes:
        names: of the labels.
        notices: one sentence for every version that cannot be used with this tagger, or is in
            doubt.
    """

    def __init__(
        self, learnt: Sequence[Learnt], tagger: Tagger, doubted: Collection[str] = ()
    ) -> None:
        self._tagger = tagger
        self._doubted = frozenset(doubted)
        self._labels: list[tuple[Learnt, LabelFacts, Line]] = []
        self._sets: list[tuple[Learnt, NormalFacts, Normal]] = []
        self.notices: tuple[str, ...] = ()
        self.names = [one.name for one in learnt if one.kind is LearntKind.LABEL]
        self._asked_sets = [one.name for one in learnt if one.kind is LearntKind.NORMAL]
        for one in learnt:
            if one.document["tagger"] != dict(tagger.ingredients):
                told = f"The {one.kind} {one.name!r} was learnt with other weights; teach it anew."
                self.notices += (told,)
                continue
            if one.sha256 in self._doubted:
                self.notices += (doubt_of(one),)
            if one.kind is LearntKind.LABEL:
                facts = LabelFacts.from_document(one.document)
                self._labels.append((one, facts, Line.from_bytes(one.content, facts.strength)))
            else:
                set_facts = NormalFacts.from_document(one.document)
                self._sets.append((one, set_facts, Normal.from_bytes(one.content)))

    def labels(self, picture: Picture) -> tuple[LabelFound, ...]:
        """What every label says; errors as `Tagger.tags`."""
        if not self._labels:
            return ()
        embedding_1D = self._tagger.see(picture).embedding_D[None]
        found: list[LabelFound] = []
        for learnt, facts, line in self._labels:
            score = float(line.scores(embedding_1D)[0])
            verdict = UNSURE if learnt.sha256 in self._doubted else facts.verdict_of(score)
            found.append(LabelFound(learnt.name, learnt.version, round(score, 4), verdict))
        return tuple(found)

    def inspect(self, picture: Picture) -> tuple[Inspected, ...]:
        """What every normal set says; errors as `Tagger.tags`."""
        if not self._sets:
            return ()
        seen = self._tagger.look(whole_of(picture))
        inspected: list[Inspected] = []
        for learnt, facts, normal in self._sets:
            anomaly = normal.measure(seen)
            limit = facts.highest if facts.anomalous.at is None else facts.anomalous.at
            png = heat_map(picture, anomaly.distance_HW / max(limit, 1e-6))
            found = AnomalyFound(
                normal=learnt.name,
                version=learnt.version,
                score=round(anomaly.score, 4),
                verdict=(
                    UNSURE if learnt.sha256 in self._doubted else facts.verdict_of(anomaly.score)
                ),
                heat_sha256=sha256_of_bytes(png),
            )
            inspected.append(Inspected(found, png))
        return tuple(inspected)

    def demands(self, found: Sequence[AnomalyFound]) -> tuple[Reason, ...]:
        """A person has to look at what a set does not say is normal, or says nothing of."""
        said = {one.normal: one for one in found}
        return tuple(
            Reason(
                source=f"normal:{name}",
                verdict=_VERDICTS[said[name].verdict] if name in said else Verdict.ERROR,
                consequence=Consequence.HOLD,
                note=_told(name, said.get(name)),
            )
            for name in self._asked_sets
            if name not in said or said[name].verdict != "normal"
        )


_VERDICTS = {"anomalous": Verdict.FAIL, "unsure": Verdict.UNSURE}


def _told(name: str, found: AnomalyFound | None) -> str:
    if found is None:
        return f"The normal set {name!r} gave no answer."
    if found.verdict == "anomalous":
        return f"It differs from the good parts of {name!r} by {found.score:.2f}."
    return f"The normal set {name!r} cannot tell whether it is normal ({found.score:.2f})."


def doubt_of(learnt: Learnt) -> str:
    """One sentence on a version that is in doubt, and what ends the doubt."""
    kind = "label" if learnt.kind is LearntKind.LABEL else "normal set"
    return (
        f"The {kind} {learnt.name!r} is in doubt, as pictures of a camera came that it has not "
        "learnt from: it is unsure of every picture until it is taught anew with such pictures."
    )


def doubted_among(parts: Parts, learnt: Sequence[str]) -> tuple[str, ...]:
    """Of some labels and normal sets, the hashes of those that an alarm put in doubt."""
    with parts.store.watches.reading() as connection:
        ended = {digest for alarm in alarms(connection) for digest in alarm.done.ended}
    return tuple(one for one in learnt if one in ended)


def measure_of_next(parts: Parts, kind: LearntKind, name: str) -> Learnt | None:
    """The version in force that the next is held against.

    Returns:
        ``None`` where there is none, or it is in doubt: what it was worth is of other pictures.
    """
    earlier = parts.store.learnt.find(kind, name)
    is_doubted = earlier is not None and bool(doubted_among(parts, [earlier.sha256]))
    return None if is_doubted else earlier


def learnt_for(parts: Parts, normal: Sequence[str]) -> tuple[str, ...]:
    """Hashes of what looks are to be made with: all labels in force, and these normal sets.

    Raises:
        BadInput: there is no normal set of such a name.
    """
    rows = parts.store.learnt
    hashes = [one.sha256 for one in rows.in_force(LearntKind.LABEL)]
    for name in dict.fromkeys(normal):
        found = rows.find(LearntKind.NORMAL, name)
        if found is None:
            known = ", ".join(repr(one.name) for one in rows.in_force(LearntKind.NORMAL))
            raise BadInput(
                f"There is no normal set {name!r}; allowed are {known or 'none yet'}.",
                code="normal_unknown",
                hint="`limner look normal NAME --good PATH` learns one.",
            )
        hashes.append(found.sha256)
    return tuple(hashes)


def heat_map(picture: Picture, share_HW: NDArray[np.floating]) -> bytes:
    """A small grey picture with the odd places coloured, from yellow to red: a PNG.

    Args:
        picture: the whole of it is shown.
        share_HW: distance of every place as a share of the limit; red begins there.
    """
    small = flat_view(picture).convert("L").convert("RGB")
    small.thumbnail((HEAT_PX, HEAT_PX), PillowImage.Resampling.BILINEAR)
    map_image = PillowImage.fromarray(share_HW.astype(np.float32))
    share = np.asarray(map_image.resize(small.size, PillowImage.Resampling.BILINEAR))
    cover = np.clip((share - FAINTEST) / (1 - FAINTEST), 0, 1)[..., None]
    redness = np.clip((share - 0.9) / 0.2, 0, 1)[..., None]
    colour_HWC = (1 - redness) * YELLOW + redness * RED
    alpha = STRONGEST * cover
    mixed = (1 - alpha) * np.asarray(small, np.float64) + alpha * colour_HWC
    content = io.BytesIO()
    PillowImage.fromarray(mixed.round().astype(np.uint8)).save(content, "PNG", optimize=False)
    return content.getvalue()
