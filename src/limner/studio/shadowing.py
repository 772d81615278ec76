"""Shadow drawing: a candidate draws, from the same requests and seeds, beside what serves.

Its pictures are stored without a decision, so none of them can leave, and nobody waits for them: a
worker draws them only after it has had nothing else to do for a while, and stops at the next step
when a job comes. What it drew goes with the served image when that is erased.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from limner.core.errors import BadInput, DrawingCancelled, LimnerError, StorageUnavailable
from limner.core.hashing import sha256_of_bytes
from limner.core.judging import ImageSubject
from limner.core.models import DEFAULT_ALIAS, ModelState, ModelVersion, Stage, model_sha256
from limner.core.ports import Generator
from limner.core.recipe import ImageRecord, Recipe
from limner.core.records import Picture
from limner.core.shadows import LOST, Shadow
from limner.store.models import find_aliases, find_states
from limner.store.shadows import end_shadow
from limner.studio.aliases import alias_of
from limner.studio.finishing import finish_picture, require_sound
from limner.studio.image_file import decode_rgba, encode_image
from limner.studio.judging import judge_image
from limner.studio.leisure import Leisure
from limner.studio.parts import Parts
from limner.studio.planning import Ready, plan_request
from limner.studio.recipe import write_recipe
from limner.studio.redraw import request_of_recipe
from limner.studio.rights import require_rights

LOOK_SECONDS = 5.0  # between two looks for what is due
MOST_LOST = 3  # pictures in a row with which the process died; then the candidate draws no more
NUM_DUE = 32
FILE_FORMAT = "png"

_log = logging.getLogger(__name__)


class Shadower:
    """Draws for candidates in shadow, one picture at a time, whenever nothing else is to be done.

    Args:
        parts: of the worker's studio.
        is_idle: whether no job is in hand.
        read_seconds: a steady clock.
    """

    def __init__(
        self, parts: Parts, *, is_idle: Callable[[], bool], read_seconds: Callable[[], float]
    ) -> None:
        self._parts = parts
        self._leisure = Leisure(is_idle, read_seconds, LOOK_SECONDS)
        self._is_drawing = False

    def take(self) -> Callable[[], None] | None:
        """What is due next as a function that draws it; ``None`` while there is anything to do."""
        if not self._leisure.is_time() or self._is_drawing:
            return None
        due = next_due(self._parts)
        if due is None:
            return None
        self._is_drawing = True
        return partial(self._draw, *due)

    def _draw(self, version: ModelVersion, image_id: str) -> None:
        try:
            draw_shadow(self._parts, version, image_id, lambda: not self._leisure.is_idle())
            self._leisure.look_again()
        except LimnerError as error:
            facts = {"action": "shadow_failed", "model": version.label, "code": error.code}
            _log.warning("A shadow could not be drawn", extra=facts)
        except Exception as error:  # noqa: BLE001 - no candidate ends a worker
            facts = {"action": "shadow_broken", "model": version.label}
            _log.warning("A shadow broke: %s", type(error).__name__, extra=facts)
        finally:
            self._is_drawing = False


def next_due(parts: Parts, *, of: str = "") -> tuple[ModelVersion, str] | None:
    """A candidate in shadow and the newest served image it has not drawn; ``None`` for none.

    Args:
        parts: of the studio.
        of: hash of the one candidate that counts; empty for any.
    """
    with parts.store.models.reading() as connection:
        states, aliases = find_states(connection), find_aliases(connection)
    for state in states:
        served = aliases.get(alias_of(state.version), aliases.get(DEFAULT_ALIAS, ""))
        is_other = of not in ("", state.version.sha256)
        if is_other or state.stage is not Stage.SHADOW or _is_lost(parts, state.version):
            continue
        for image_id in parts.store.shadows.due(state.version.sha256, _since(state), NUM_DUE):
            record = parts.store.image_by_id(image_id)
            if record is not None and _drawn_by(record.recipe) == served:
                return state.version, image_id
    return None


def draw_shadow(
    parts: Parts,
    version: ModelVersion,
    image_id: str,
    is_cancelled: Callable[[], bool] | None = None,
) -> Shadow | None:
    """Have a candidate draw what a served image was asked for, and judge it as that was.

    Args:
        parts: of the studio.
        version: of the candidate.
        image_id: of the served image.
        is_cancelled: asked before every step.

    Returns:
        What came of it; ``None`` where it was stopped, is drawn elsewhere, or the image is gone.

    Raises:
        StorageUnavailable: it cannot be written.
        ModelPaused: the candidate was paused.
    """
    assert parts.serving is not None, "a registry has candidates"
    record, generator = parts.store.image_by_id(image_id), parts.serving.named(version.sha256)
    begun = Shadow(
        model_sha256=version.sha256, image_id=image_id, drawn_at=parts.read_clock(), fault=LOST
    )
    if record is None or not parts.store.shadows.begin(begun):
        return None
    try:
        return _drawn(parts, generator, record, begun, is_cancelled)
    except (DrawingCancelled, StorageUnavailable) as error:
        parts.store.shadows.take_back(begun)
        if isinstance(error, StorageUnavailable):
            raise
        return None
    except LimnerError as error:
        failed = replace(begun, fault=error.code)
        parts.store.shadows.end(failed)
        return failed


def _drawn(
    parts: Parts,
    generator: Generator,
    served: ImageRecord,
    begun: Shadow,
    is_cancelled: Callable[[], bool] | None,
) -> Shadow:
    # A mark would lead a picture that nobody may have to a stored record.
    parts = parts.with_generator(lambda: generator)
    parts = parts.with_settings(replace(parts.settings, mark=False))
    request = replace(request_of_recipe(parts, served.recipe), model=None, second_pass=None)
    require_rights(parts, request)
    planned = plan_request(parts, request)
    ((prompt, plan),) = planned.plans.items()
    screened = parts.judge.screen(replace(request, prompt=prompt, template=None))
    ready = Ready(
        request=request,
        **planned._asdict(),
        screened={prompt: screened},
        source_file=served.recipe.source_file,
        mask_file=served.recipe.mask_file,
    )
    seeds = [shot.seed for shot in planned.shots]
    (drawn,) = generator.generate(plan, seeds, is_cancelled=is_cancelled)
    require_sound(drawn, plan.sketch.canvas)
    finished = finish_picture(parts, drawn.image_HWC, ready, FILE_FORMAT)
    recipe = write_recipe(parts, ready, plan, prompt, drawn, finished)
    content = encode_image(finished.image_HWC, FILE_FORMAT, recipe, None)
    picture = Picture.of(decode_rgba(content))
    record = ImageRecord(
        image_id=sha256_of_bytes(content),
        pixels_sha256=picture.pixels_sha256,
        file_format=FILE_FORMAT,
        num_bytes=len(content),
        size=picture.size,
        created_at=parts.read_clock(),
        seconds=drawn.seconds,
        recipe=recipe,
        pdq=None,  # nothing that is asked for is to be found alike to it
    )
    subject = ImageSubject(
        picture=picture,
        prompt=recipe.prompt,
        style=recipe.style,
        expected_size=recipe.size,
    )
    judged = judge_image(parts, subject, screened, impact=None, operation=recipe.operation)
    ended = replace(
        begun,
        shadow_id=record.image_id,
        fault="",
        outcome=str(judged.decision.outcome),
        verdicts={one.check: str(one.verdict) for one in judged.results},
        versions={one.check: one.version for one in judged.results},
        seconds=drawn.seconds,
    )
    kept = parts.store.add_image(record, content, lambda rows, _entry: end_shadow(rows, ended))
    if kept is not record:  # the same bytes are there from before
        parts.store.shadows.end(ended)
    return ended


def _is_lost(parts: Parts, version: ModelVersion) -> bool:
    """Whether the process died with every one of the last pictures of a candidate."""
    last = parts.store.shadows.of_model(version.sha256)[-MOST_LOST:]
    return len(last) == MOST_LOST and all(one.fault == LOST for one in last)


def _since(state: ModelState) -> datetime:
    """When a version came into the stage it is in."""
    return state.last.happened_at


def _drawn_by(recipe: Recipe) -> str:
    return model_sha256(recipe.generator, recipe.generator_version, recipe.ingredients)


def require_shadow(state: ModelState) -> None:
    """Refuse to draw for what is not in shadow.

    Raises:
        BadInput: says which stage it is in.
    """
    if state.stage is not Stage.SHADOW:
        raise BadInput(
            f"{state.version.label} is {str(state.stage)!r}; only a version in shadow draws "
            "beside what serves."
        )
