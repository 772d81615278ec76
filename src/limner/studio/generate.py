"""The core path: a request becomes stored images.

Reads from top to bottom as the steps it takes: resolve, place on the canvas, prepare; then for
every picture draw, finish, label, mark, write its recipe from what ran, encode, judge exactly those
pixels, decide, store, and seal what is released.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from limner.checks.near_copy.fingerprint import pdq_of
from limner.core.deciding import Outcome
from limner.core.drawing import Drawn, Plan, StepProgress
from limner.core.errors import PictureBroken
from limner.core.hashing import sha256_of_bytes
from limner.core.judging import ImageSubject
from limner.core.recipe import ImageRecord, Recipe
from limner.core.records import FileFormat, Picture, Request
from limner.store.gallery import shelve
from limner.store.judgements import StoredDecision
from limner.store.ledger.entries import Entry
from limner.store.ledger.images import prompt_commitment_in
from limner.studio.ahead import made_ahead
from limner.studio.beside import threads_beside
from limner.studio.encoding import Encoding
from limner.studio.finishing import finish_picture, require_sound
from limner.studio.image import Image
from limner.studio.judging import Judgement, decision_in_force, judge_image
from limner.studio.parts import UNWATCHED, Parts, Watch
from limner.studio.planning import Ready, make_ready
from limner.studio.recipe import write_recipe
from limner.studio.sealing import Signing, keep_seal, seal_image
from limner.studio.second_pass import draw_over

# Shapes: H height, W width, C channels (RGBA, straight alpha).


def generate(
    parts: Parts, request: Request, file_format: FileFormat, watch: Watch = UNWATCHED
) -> Iterator[Image]:
    """Draw a request; every finished picture is stored and yielded at once.

    Raises:
        BadInput: it cannot be honoured; raised before anything is drawn.
        StorageUnavailable: a picture cannot be stored.
        PictureBroken: after the last picture, if any came out broken; the others are stored.
        DrawingCancelled: the watch said stop; pictures yielded before are stored.
    """
    return draw_ready(parts, make_ready(parts, request), file_format, watch)


def draw_ready(
    parts: Parts, ready: Ready, file_format: FileFormat, watch: Watch = UNWATCHED
) -> Iterator[Image]:
    """Draw what `make_ready` accepted; see `generate` for errors.

    Several pictures are drawn ahead, in a thread, while those before are finished; see `Watch`.
    """
    if watch.on_start is not None:
        watch.on_start(len(ready.shots))
    broken: list[PictureBroken] = []
    for drawn, plan, prompt in _drawn_ahead(parts, ready, watch):
        try:
            require_sound(drawn, ready.choices.canvas)
        except PictureBroken as error:
            broken.append(error)
            continue
        parts.judge.read_ahead(prompt)
        finished = finish_picture(parts, drawn.image_HWC, ready, file_format)
        recipe = write_recipe(parts, ready, plan, prompt, drawn, finished)
        yield judge_and_store(parts, ready, finished.image_HWC, file_format, recipe, drawn, watch)
    if broken:
        raise PictureBroken(" ".join(one.message for one in broken), hint=broken[0].hint)


def judge_and_store(
    parts: Parts,
    ready: Ready,
    image_HWC: NDArray[np.uint8],
    file_format: FileFormat,
    recipe: Recipe,
    drawn: Drawn,
    watch: Watch = UNWATCHED,
) -> Image:
    """Judge a finished picture as its file shows it, store it whole, seal it if it is released.

    The watch writes in the same transactions.

    Raises:
        StorageUnavailable: it cannot be written; nothing is left behind.
        SealFailed: it is stored and released, but could not be sealed, so it does not leave.
    """
    # 1. The file, and the pixels that whoever opens it will see.
    encoding = Encoding(image_HWC, file_format, recipe, ready.request.file_quality)
    picture = encoding.picture
    pdq = threads_beside().submit(pdq_of, picture)  # a check may want it too: it is taken once
    # 2. Judge exactly these pixels, and decide.
    judgement = _judged(parts, ready, picture, recipe, is_finite=drawn.is_finite)
    content = encoding.content()
    ahead = parts.store.write_ahead(content, file_format)
    record = ImageRecord(
        image_id=sha256_of_bytes(content),
        pixels_sha256=picture.pixels_sha256,
        file_format=file_format,
        num_bytes=len(content),
        size=picture.size,
        created_at=parts.read_clock(),
        seconds=drawn.seconds,
        recipe=recipe,
        pdq=pdq.result(),
        is_opaque=picture.is_opaque,
    )
    # 3. Image, results, decision and entries: all are stored, or none is.
    writing = _Writing(parts, record, content, judgement, encoding, watch)
    is_released = judgement.decision.outcome is Outcome.RELEASED
    stored = parts.store.add_image(
        record, content, writing.write, ahead=ahead, is_lasting=not is_released
    )
    decided = decision_in_force(parts, stored, judgement, writing.decided)
    # 4. Only what is released is sealed, and only what is sealed leaves.
    if decided.decision.outcome is not Outcome.RELEASED:
        return Image(stored, decided, None, None)
    if writing.signing is None:  # the same bytes were stored before
        return Image(stored, decided, *seal_image(parts, stored, content, decided))
    kept = keep_seal(parts, stored, decided, writing.signing, watch.on_sealing)
    return Image(stored, decided, *kept)


def _judged(
    parts: Parts, ready: Ready, picture: Picture, recipe: Recipe, *, is_finite: bool
) -> Judgement:
    subject = ImageSubject(
        picture=picture,
        prompt=recipe.prompt or None,
        style=recipe.style,
        is_finite=is_finite,
        expected_size=recipe.size,
    )
    return judge_image(
        parts,
        subject,
        ready.screened[recipe.prompt],
        impact=ready.request.impact,
        operation=recipe.operation,
    )


class _Writing:
    """What is written along with a new image: what was found and decided, whose it is.

    Attributes:
        decided: the decision as it is stored; ``None`` while nothing was written.
        signing: of an image that is released, begun while the rest is written.
    """

    def __init__(
        self,
        parts: Parts,
        record: ImageRecord,
        content: bytes,
        judgement: Judgement,
        encoding: Encoding,
        watch: Watch,
    ) -> None:
        self._parts = parts
        self._record = record
        self._content = content
        self._judgement = judgement
        self._encoding = encoding
        self._watch = watch
        self.decided: StoredDecision | None = None
        self.signing: Signing | None = None

    def write(self, connection: sa.Connection, entry: Entry) -> None:
        """Write it in the transaction of the image, whose entry is given."""
        parts, record = self._parts, self._record
        now = record.created_at
        self.decided = self._judgement.write(connection, record.image_id, parts.requester, now)
        if self.decided.decision.outcome is Outcome.RELEASED:
            commitment = prompt_commitment_in(entry)
            self.signing = Signing(parts, record, self._content, self.decided, commitment)
        else:
            self._encoding.require_shown()  # what is released is decoded once more as it is sealed
        shelve(connection, record.image_id, parts.requester)
        if self._watch.on_stored is not None:
            self._watch.on_stored(connection, record)


def _drawn_ahead(parts: Parts, ready: Ready, watch: Watch) -> Iterator[tuple[Drawn, Plan, str]]:
    if len(ready.shots) == 1:
        return _draw_shots(parts, ready, watch)

    def draw(is_left: Callable[[], bool]) -> Iterator[tuple[Drawn, Plan, str]]:
        is_cancelled = watch.is_cancelled

        def is_stopped() -> bool:
            return is_left() or (is_cancelled is not None and is_cancelled())

        return _draw_shots(parts, ready, replace(watch, is_cancelled=is_stopped))

    return made_ahead(draw)


def _draw_shots(parts: Parts, ready: Ready, watch: Watch) -> Iterator[tuple[Drawn, Plan, str]]:
    num_done = 0
    generator = parts.generator_of(ready.request.model)
    for prompt, group in groupby(ready.shots, key=lambda shot: shot.prompt):
        seeds = [shot.seed for shot in group]
        plan = ready.plans[prompt]
        on_step = _shifted(watch, num_done, len(ready.shots))
        pictures = generator.generate(plan, seeds, on_step=on_step, is_cancelled=watch.is_cancelled)
        if ready.request.second_pass is not None:
            pictures = draw_over(
                generator,
                list(pictures),  # an engine draws one thing at a time
                plan,
                canvas=ready.choices.canvas,
                strength=ready.request.second_pass,
                is_cancelled=watch.is_cancelled,
            )
        for drawn in pictures:
            yield drawn, plan, prompt
        num_done += len(seeds)


def _shifted(watch: Watch, num_done: int, num_images: int) -> Callable[[StepProgress], None] | None:
    """Tells the watch about one group of shots as part of the whole request."""
    on_step = watch.on_step
    if on_step is None:
        return None
    return lambda progress: on_step(
        replace(
            progress,
            num_images_done=progress.num_images_done + num_done,
            num_images=num_images,
        )
    )
