"""Teaching the embedded model from a folder: read, teach, measure, keep, bring into the registry.

What was taught is kept whole or not at all. A course that was stopped, by Ctrl-C or by the machine,
goes on where it was when the same is asked again.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from limner.core.errors import BadInput
from limner.core.hashing import sha256_of_bytes, sha256_of_document
from limner.core.models import MAX_NAME_CHARACTERS, Licence, ModelState
from limner.generators.embedded.adapter import ADAPTER_CARD_FILE
from limner.store.files import make_folder, write_new
from limner.studio.adapters import ADAPTERS_FOLDER
from limner.studio.model_files import Place, Whence
from limner.studio.registry import Proposal, propose, require_proposable
from limner.studio.tuning.canaries import make_canaries
from limner.studio.tuning.card import ADAPTER_VERSION, Whole, files_of
from limner.studio.tuning.folder import TaughtPicture, read_folder
from limner.studio.tuning.measuring import Measured, Shown, measure

if TYPE_CHECKING:
    from limner.core.ports import Generator
    from limner.generators.embedded.tuning.teacher import Teacher
    from limner.generators.embedded.tuning.teaching import Following, Schedule, Taught
    from limner.studio.parts import Parts

HELD_OUT_SHARE = 0.15  # kept from teaching for the measurement, and as many to choose by
LEAST_HELD_OUT = 3
STATE_FILE, PLAN_FILE = "state.safetensors", "plan.json"
WHOLE = "whole"  # folder in which an adapter lies before it has its name

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be taught.

    Attributes:
        folder: of pictures; see `folder.read_folder`.
        name: of the adapter.
        owner: who answers for it.
        review_by: day it is to be looked at again.
        by: who brings it.
        licence_read_by: who read the licence of the weights that are taught.
    """

    folder: Path
    name: str
    owner: str
    review_by: date
    by: str
    licence_read_by: str
    schedule: Schedule


class Tuned(NamedTuple):
    """What came of it.

    Attributes:
        folder: of the adapter.
        state: in the registry; ``None`` where it did not pass its own measurement, is kept out of
            the registry and cannot be drawn with.
        went_on: a stopped course was gone on with.
    """

    folder: Path
    measured: Measured
    state: ModelState | None
    went_on: bool


class _Split(NamedTuple):
    """Pictures by what they are for."""

    taught: list[TaughtPicture]
    chosen_by: list[TaughtPicture]
    held_out: list[TaughtPicture]


def tune(
    parts: Parts,
    teacher: Teacher,
    asked: Asked,
    following: Following,
    open_adapter: Callable[[Path], Generator],
) -> Tuned:
    """Teach, measure, and propose what passes.

    Args:
        parts: of the studio.
        teacher: of the model that is taught.
        asked: what.
        following: told of every step; its `keep` is not used.
        open_adapter: the generator that always wears the adapter of a folder; loads nothing.

    Raises:
        BadInput: the folder, a caption, the name or what is said for the registry is not allowed.
        GeneratorUnavailable: torch is not installed here.
        DrawingCancelled: the caller said so; asked again, it goes on.
        StorageUnavailable: the data folder cannot be written.
    """
    adapters = parts.settings.home / ADAPTERS_FOLDER
    _require_name(asked.name, adapters)
    require_proposable(parts, f"{asked.name}@{ADAPTER_VERSION}", _proposal_of(asked))
    pictures = read_folder(parts, asked.folder, teacher.picture_px)
    for one in pictures:
        teacher.require_caption(one.caption)
    teacher.require_able()
    split = _split(pictures, asked.schedule.seed)
    work = adapters / f".{asked.name}.teaching"
    kept = _state_of_same(work, _plan(teacher, asked, pictures))

    def keep(state: bytes) -> None:
        _write(work, STATE_FILE, state)

    following = replace(following, keep=keep)
    learnt, measured = _teach_and_measure(teacher, asked.schedule, split, following, kept)
    whole = Whole(
        name=asked.name,
        licence=teacher.licence,
        base_label=teacher.base_label,
        base=teacher.base,
        taught=split.taught,
        chosen_by=split.chosen_by,
        held_out=split.held_out,
        schedule=asked.schedule,
        made_at=parts.read_clock(),
    )
    files = files_of(whole, learnt, measured)
    if measured.faults:
        for name, content in files.items():
            _write(work, name, content)
        return Tuned(work, measured, None, kept is not None)
    place = _move_in(files, work, adapters / asked.name)
    try:
        state = _proposed(parts, asked, place, open_adapter)
    except BaseException:
        place.rename(work / WHOLE)  # asked again, the course goes on at its end
        raise
    shutil.rmtree(work, ignore_errors=True)
    return Tuned(place, measured, state, kept is not None)


def _teach_and_measure(
    teacher: Teacher, schedule: Schedule, split: _Split, following: Following, kept: bytes | None
) -> tuple[Taught, Measured]:
    taught, held_out = _shown(teacher, split.taught), _shown(teacher, split.held_out)
    canaries, never_taught = make_canaries(schedule.seed, teacher.picture_px)
    images, captions = [one.image_HWC for one in canaries], [one.caption for one in canaries]
    planted = Shown(images=images, lessons=teacher.lessons(images, captions))
    learnt = teacher.teach(
        taught.lessons.with_more(planted.lessons),
        _shown(teacher, split.chosen_by).lessons,
        schedule,
        following,
        kept,
    )
    measured = measure(
        teacher,
        learnt.corrections,
        taught=taught,
        held_out=held_out,
        planted=planted,
        never_taught=never_taught,
        seed=schedule.seed,
    )
    return learnt, measured


def _proposal_of(asked: Asked) -> Proposal:
    return Proposal(owner=asked.owner, review_by=asked.review_by, by=asked.by, alias=asked.name)


def _proposed(
    parts: Parts, asked: Asked, place: Path, open_adapter: Callable[[Path], Generator]
) -> ModelState:
    card = open_adapter(place).card
    licence = Licence(
        expression=card.licence,
        source=str(place / ADAPTER_CARD_FILE),
        reviewer=asked.licence_read_by,
    )
    return propose(parts, card, licence, Whence(Place.ADAPTER, str(place)), _proposal_of(asked))


def _require_name(name: str, adapters: Path) -> None:
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME_CHARACTERS:
        raise BadInput(
            f"The adapter's name is {name!r}; allowed are up to {MAX_NAME_CHARACTERS} characters "
            "of lower-case words and digits joined by hyphens."
        )
    if (adapters / name).exists():
        raise BadInput(
            f"There is an adapter {name!r} already, and it never changes.",
            code="adapter_known",
            hint=f"Call the new one {name}-2, or the like.",
        )


def _split(pictures: Sequence[TaughtPicture], seed: int) -> _Split:
    """By chance, the same for the same folder."""
    order = np.random.default_rng((seed, 2)).permutation(len(pictures))
    num = max(LEAST_HELD_OUT, round(HELD_OUT_SHARE * len(pictures)))
    held_out, chosen_by, taught = np.split(order, [num, 2 * num])
    return _Split(*([pictures[at] for at in part] for part in (taught, chosen_by, held_out)))


def _shown(teacher: Teacher, pictures: Sequence[TaughtPicture]) -> Shown:
    images = [one.image_HWC for one in pictures]
    return Shown(images=images, lessons=teacher.lessons(images, [one.caption for one in pictures]))


def _plan(teacher: Teacher, asked: Asked, pictures: Sequence[TaughtPicture]) -> dict[str, object]:
    """All that decides a course: a kept state is gone on with only where this is the same."""
    return {
        "base": sha256_of_document(dict(teacher.base)),
        "schedule": asdict(asked.schedule),
        "pictures": [[*one.keys, sha256_of_bytes(one.caption.encode())] for one in pictures],
    }


def _state_of_same(work: Path, plan: Mapping[str, object]) -> bytes | None:
    """The state of a stopped course of the same plan; the work folder is made for it if need be."""
    path = work / PLAN_FILE
    state = work / STATE_FILE
    if path.is_file() and json.loads(path.read_bytes()) == json.loads(json.dumps(plan)):
        return state.read_bytes() if state.is_file() else None
    shutil.rmtree(work, ignore_errors=True)
    _write(work, PLAN_FILE, json.dumps(plan).encode())
    return None


def _write(work: Path, name: str, content: bytes) -> None:
    if not work.is_dir():
        make_folder(work)
    write_new(work / name, content, overwrite=True)


def _move_in(files: Mapping[str, bytes], work: Path, place: Path) -> Path:
    """Write an adapter's folder whole, and give it its name in one step."""
    whole = work / WHOLE
    shutil.rmtree(whole, ignore_errors=True)
    for name, content in files.items():
        _write(whole, name, content)
    whole.rename(place)
    return place
