"""Drawing the pictures of a suite's cases, and reading them again; what they are is not judged.

Pictures are stored with their recipes as all are, but nothing decides about them, so none leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from limner.checks.near_copy.fingerprint import pdq_of
from limner.core.drawing import Drawn, Plan
from limner.core.errors import BadInput, PictureBroken, RequestRefused
from limner.core.hashing import sha256_of_bytes
from limner.core.judging import ImageSubject
from limner.core.ports import Generator
from limner.core.recipe import ImageRecord
from limner.core.records import Picture, Request
from limner.core.runs import RunPicture, Spot
from limner.evals.arriving import ARRIVALS, arrived
from limner.evals.suite import Case, Suite, Way
from limner.studio.arrival_checks import ARRIVAL_CHECKS
from limner.studio.finishing import finish_picture, require_sound
from limner.studio.image_file import decode_rgba, encode_image
from limner.studio.parts import Parts
from limner.studio.planning import Ready, make_ready
from limner.studio.recipe import write_recipe
from limner.studio.suite_checks import SAME_CHECKS

BROKEN = "picture_broken"
FILE_FORMAT = "png"


class Seen(NamedTuple):
    """A picture of a run as it is judged; `subject` is ``None`` where there is no picture."""

    picture: RunPicture
    subject: ImageSubject | None


def require_ways(parts: Parts, suite: Suite) -> None:
    """Refuse a suite that draws again in ways it does not judge, or that this studio cannot.

    Raises:
        BadInput: says which.
    """
    asked = {f"same-{way}" for way in suite.ways}
    named = {name for name in suite.checks if name in SAME_CHECKS or name in ARRIVAL_CHECKS}
    if asked != named:
        raise BadInput(
            f"The suite {suite.name!r} draws again by {sorted(asked)} and judges {sorted(named)}; "
            "the two must be the same."
        )
    if {Way.RESTART, Way.THREADS} & set(suite.ways) and parts.open_another is None:
        raise BadInput("This studio cannot open its generator a second time, as the suite asks.")


def other_generators(parts: Parts, suite: Suite) -> Mapping[Way, Generator]:
    """A generator of its own for ways that need one: loaded anew, and with other threads."""
    if parts.open_another is None:
        return {}
    num_threads = parts.settings.num_threads
    wanted = {Way.RESTART: num_threads, Way.THREADS: 2 if num_threads == 1 else 1}
    return {way: parts.open_another(num) for way, num in wanted.items() if way in suite.ways}


def draw_case(
    parts: Parts, case: Case, suite: Suite, others: Mapping[Way, Generator]
) -> Iterator[Seen]:
    """Every picture of a case, first as it is and then in every way again.

    A way in which pictures come in draws none: the first ones are changed.
    """
    first: dict[int, Drawn] = {}
    is_drawn_again = bool(set(suite.ways) - ARRIVALS)
    for way in (None, *suite.ways):
        generator = parts.generator if way is None else others.get(way, parts.generator)
        is_alone = is_drawn_again and way is not Way.BATCH
        yield from _draw_way(parts, case, suite.seeds, generator, way, first, is_alone=is_alone)


def _draw_way(
    parts: Parts,
    case: Case,
    seeds: Sequence[int],
    generator: Generator,
    way: Way | None,
    first: dict[int, Drawn],
    *,
    is_alone: bool,
) -> Iterator[Seen]:
    """Pictures of a case in one way; `first` holds those as they are, by seed, and is filled."""
    said = "" if way is None else str(way)
    request = Request(
        prompt=case.asked.prompt,
        num_images=len(seeds),
        seed=seeds[0],
        style=case.asked.style or None,
        is_deterministic=is_alone,
    )
    try:
        ready = make_ready(parts, request)
        plan = generator.prepare(next(iter(ready.plans.values())).sketch)
    except (BadInput, RequestRefused) as error:
        yield from (_missing(parts, Spot(case.id, seed, said), error.code) for seed in seeds)
        return
    if way is not None and way in ARRIVALS:
        pictures: Iterable[Drawn] = [_come_in(one, way) for one in first.values()]
    else:
        pictures = generator.generate(plan, seeds)
    for drawn in pictures:
        if way is None:
            first[drawn.seed] = drawn
        yield _stored(parts, ready, plan, drawn, Spot(case.id, drawn.seed, said))


def _come_in(drawn: Drawn, way: Way) -> Drawn:
    """A drawn picture as it would come in from elsewhere; its recipe will say so."""
    notice = f"Changed as pictures from elsewhere may be: {way}."
    return replace(drawn, image_HWC=arrived(drawn.image_HWC, way), notices=(*drawn.notices, notice))


def _missing(parts: Parts, spot: Spot, fault: str) -> Seen:
    picture = RunPicture(
        spot=spot, image_id=None, fault=fault, seconds=0.0, drawn_at=parts.read_clock()
    )
    return Seen(picture, None)


def _stored(parts: Parts, ready: Ready, plan: Plan, drawn: Drawn, spot: Spot) -> Seen:
    """Store one picture as every image is, but for a decision: it is not for leaving."""
    try:
        require_sound(drawn, plan.sketch.canvas)
    except PictureBroken:
        return _missing(parts, spot, BROKEN)
    finished = finish_picture(parts, drawn.image_HWC, ready, FILE_FORMAT)
    recipe = write_recipe(parts, ready, plan, plan.sketch.prompt, drawn, finished)
    content = encode_image(finished.image_HWC, FILE_FORMAT, recipe, None)
    pixels = Picture.of(decode_rgba(content))
    record = ImageRecord(
        image_id=sha256_of_bytes(content),
        pixels_sha256=pixels.pixels_sha256,
        file_format=FILE_FORMAT,
        num_bytes=len(content),
        size=pixels.size,
        created_at=parts.read_clock(),
        seconds=drawn.seconds,
        recipe=recipe,
        pdq=pdq_of(pixels),
    )
    parts.store.add_image(record, content)
    picture = RunPicture(
        spot=spot,
        image_id=record.image_id,
        fault="",
        seconds=drawn.seconds,
        drawn_at=record.created_at,
    )
    return Seen(picture, _subject(record, pixels))


def read_picture(parts: Parts, picture: RunPicture) -> Seen:
    """A stored picture as it was judged; without a subject where it was erased."""
    record = None if picture.image_id is None else parts.store.image_by_id(picture.image_id)
    if record is None:
        return Seen(picture, None)
    pixels = Picture.of(decode_rgba(parts.store.read_image(record)))
    return Seen(picture, _subject(record, pixels))


def _subject(record: ImageRecord, pixels: Picture) -> ImageSubject:
    recipe = record.recipe
    return ImageSubject(
        picture=pixels, prompt=recipe.prompt, style=recipe.style, expected_size=recipe.size
    )
