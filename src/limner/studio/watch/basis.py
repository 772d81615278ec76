"""What a stream is made with, and what a change of it means: measure again.

Statistics have no part in this. A model, check, criteria, suite or camera that is another one than
at the reference is an alarm at once, whatever the images look like.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from limner.core.errors import LimnerError
from limner.core.evidence import Evidence
from limner.core.looking import UNKNOWN_CAMERA, camera_of_size
from limner.core.models import model_sha256
from limner.core.records import Size
from limner.core.watching import Basis, Change, Method, Reading, ReadingVerdict
from limner.store.streams import INCOMING, StreamImage
from limner.studio.gate_use import suite_source
from limner.studio.suite_file import read_suite

if TYPE_CHECKING:
    from limner.studio.parts import Parts

GONE = "gone"
CAMERA = "basis.camera"
MOST_SENSOR_SIZES = 5  # of a fixed camera or two, with their settings
LEAST_OF_SIZE = 10  # images of one size that are no accident
LEAST_REGULAR = 0.95  # share of images of such sizes, to go by sizes at all


def basis_now(
    parts: Parts,
    stream: str,
    images: Sequence[StreamImage],
    evidence: Iterable[Evidence],
    *,
    cameras_before: Sequence[str] | None = None,
) -> Basis:
    """What a stream is made with now.

    Args:
        parts: of the studio.
        stream: name of a model, or ``incoming``.
        images: of the stream, whose cameras count.
        evidence: about the model, whose suites count.
        cameras_before: of the reference the images are held against; ``None`` makes one.
    """
    judge = parts.judge
    named = () if judge.criteria is None else judge.criteria.criteria
    asked = {one.check for one in named}
    return Basis(
        model="" if stream == INCOMING else _model_now(parts, stream),
        criteria="" if judge.criteria is None else judge.criteria.sha256,
        checks={name: card.sha256 for name, card in judge.cards.items() if name in asked},
        cameras=cameras_of(images, cameras_before) if stream == INCOMING else (),
        datasets={
            name: _suite_now(parts, name) for name in sorted({one.suite for one in evidence})
        },
    )


def lost_suites(basis: Basis) -> list[str]:
    """Suites that could not be read, of which no change can be seen."""
    return sorted(name for name, sha256 in basis.datasets.items() if sha256 == GONE)


def new_cameras(before: Basis, now: Basis) -> list[str]:
    """Cameras that images come from now, and did not at the reference."""
    return [one for one in now.cameras if one not in before.cameras]


def changes_of(before: Basis, now: Basis, images: Sequence[StreamImage]) -> list[Change]:
    """What is another one than at the reference, one sentence each.

    Args:
        before: at the reference.
        now: as `basis_now` has it.
        images: of the stream since, to show those of a new camera.
    """
    found: list[Change] = []
    if before.model != now.model:
        note = "The model's files or version are other ones than at the reference."
        found.append(Change(measure="basis.model", note=note))
    if before.criteria != now.criteria:
        note = "Other criteria are in force than at the reference."
        found.append(Change(measure="basis.criteria", note=note))
    for name in _differing(before.checks, now.checks):
        note = f"The check {name!r} is another version than at the reference."
        found.append(Change(measure=f"basis.check.{name}", note=note))
    for name in _other_suites(before, now):
        note = f"The suite {name!r} is another one than at the reference."
        found.append(Change(measure=f"basis.dataset.{name}", note=note))
    if new := new_cameras(before, now):
        shown = [
            one.image_id
            for one in images
            if camera_of(one) in new or (not one.camera and UNKNOWN_CAMERA in new)
        ]
        listed = ", ".join(new[:3]) + (f" and {len(new) - 3} more" if len(new) > 3 else "")
        note = f"Images came from a camera or of a size the reference has not: {listed}."
        found.append(Change(measure=CAMERA, note=note, examples=tuple(shown[:6])))
    return found


def reading_of(change: Change, num_reference: int, position: int) -> Reading:
    """A change of what a stream is made with, as a reading."""
    return Reading(
        measure=change.measure,
        method=Method.REVALIDATION,
        verdict=ReadingVerdict.ALARM,
        num_reference=num_reference,
        num_new=position,
        position=position,
        note=change.note,
    )


def _model_now(parts: Parts, stream: str) -> str:
    if stream not in parts.model_names:
        return GONE
    card = parts.generator_of(stream).card
    return model_sha256(card.name, card.version, card.ingredients)


def _suite_now(parts: Parts, name: str) -> str:
    try:
        return read_suite(suite_source(parts, name)).sha256
    except LimnerError:  # a file that is gone or broken is no longer what was measured on
        return GONE


def cameras_of(
    images: Sequence[StreamImage], before: Sequence[str] | None = None
) -> tuple[str, ...]:
    """What took these images, as far as files tell: cameras with their sizes.

    A file that names no camera still has its sensor's size. Where nearly all such images of a
    reference have one of a few sizes, those stand for the camera; where not, any size may come.

    Args:
        images: of the reference, or of the stream since.
        before: of the reference, where images since are held against it. Of sizes it has not, only
            those count that ten images have.
    """
    named = {camera_of(one) for one in images if one.camera}
    sizes = Counter(camera_of(one) for one in images if not one.camera)
    usual = {name for name, num in sizes.items() if num >= LEAST_OF_SIZE}
    if before is None:
        is_regular = sum(sizes[one] for one in usual) >= LEAST_REGULAR * sizes.total()
        goes_by_size = is_regular and len(usual) <= MOST_SENSOR_SIZES
    else:
        goes_by_size = any(one.startswith(f"{UNKNOWN_CAMERA} ") for one in before)
    unnamed = usual if goes_by_size else {UNKNOWN_CAMERA} if sizes else set[str]()
    return tuple(sorted(named | unnamed))


def camera_of(image: StreamImage) -> str:
    """Its camera and size."""
    return camera_of_size(image.camera, Size(*map(int, image.size.split("x"))))


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _other_suites(before: Basis, now: Basis) -> list[str]:
    """Suites that are other ones now, of those that could be read at the reference."""
    return sorted(
        name
        for name, sha256 in before.datasets.items()
        if sha256 not in (GONE, now.datasets.get(name))
    )
