"""Examples to learn from: read once, told apart, and parted into those to learn on and the rest.

Pictures that nearly copy each other stay on one side, or what is measured on the other would be
what was learnt by heart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import numpy as np

from limner.checks.near_copy.fingerprint import pdq_of
from limner.core.errors import BadInput, LimnerError
from limner.core.hashing import sha256_of_bytes, sha256_of_document
from limner.core.judging import CheckNotAble
from limner.core.looking import camera_of_size
from limner.core.records import Picture
from limner.studio.look.duplicates import Duplicates
from limner.studio.look.reading import content_of, read
from limner.studio.look.sources import Fault, Item, find_items, require_there

if TYPE_CHECKING:
    from limner.studio.parts import Parts

MOST_NAME_CHARACTERS = 60
Seen = TypeVar("Seen")
OnFault = Callable[[Fault], None]


class LearningFailed(LimnerError):
    """Nothing can be learnt here."""

    code = "learning_failed"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Example(Generic[Seen]):
    """One picture to learn from.

    Attributes:
        seen: what is learnt on.
        camera: that took it, with its size.
    """

    image_id: str
    name: str
    pdq: bytes | None
    seen: Seen
    camera: str = ""


class Parted(NamedTuple, Generic[Seen]):
    """Examples of one kind, parted."""

    learning: list[Example[Seen]]
    held_out: list[Example[Seen]]


def named(name: str, what: str) -> str:
    """A name to teach by, without blanks around it.

    Raises:
        BadInput: it is empty, too long, or cannot be printed.
    """
    stripped = name.strip()
    if not stripped or len(stripped) > MOST_NAME_CHARACTERS or not stripped.isprintable():
        raise BadInput(
            f"The name of the {what}, {name!r}, cannot be used; allowed are 1 to "
            f"{MOST_NAME_CHARACTERS} printable characters.",
            code="name_not_allowed",
        )
    return stripped


def read_examples(
    parts: Parts,
    paths: Sequence[Path],
    see: Callable[[Picture], Seen],
    *,
    most: int,
    on_fault: OnFault,
    further: Iterable[Item] = (),
) -> list[Example[Seen]]:
    """Every picture below some paths, each file once.

    Args:
        parts: of the studio.
        paths: files, folders or archives.
        see: gives what is learnt on; the picture itself is let go.
        most: pictures that can be learnt from.
        on_fault: told of every file that cannot be read; it is left out.
        further: more of them, which lie elsewhere.

    Raises:
        BadInput: a path is not there, or there are more pictures than can be learnt from.
        LearningFailed: what sees cannot be opened.
    """
    require_there(paths)
    found: dict[str, Example[Seen]] = {}
    for item in chain(find_items(paths), further):
        content = item.fault or content_of(item)
        if isinstance(content, Fault):
            on_fault(content)
            continue
        image_id = sha256_of_bytes(content)
        if image_id in found:
            continue
        opened = read(content, item.name, parts.settings.max_input_megapixels)
        if isinstance(opened, Fault):
            on_fault(opened)
            continue
        if len(found) == most:
            raise BadInput(
                f"There are more than {most:,} pictures in {', '.join(map(str, paths))}; learning "
                f"takes up to {most:,} of a kind.",
                code="too_many_examples",
                hint="Name a folder with fewer; two hundred of a kind do.",
            )
        try:
            seen = see(opened.picture)
        except CheckNotAble as fault:
            raise LearningFailed(fault.note) from fault
        found[image_id] = Example(
            image_id=image_id,
            name=item.name,
            pdq=pdq_of(opened.picture),
            seen=seen,
            camera=camera_of_size(opened.file.texts.camera, opened.picture.size),
        )
    return list(found.values())


def read_both(
    parts: Parts,
    paths: Mapping[str, Sequence[Path]],
    see: Callable[[Picture], Seen],
    *,
    most: int,
    least: Mapping[str, int],
    on_fault: OnFault,
    further: Sequence[Iterable[Item]] = ((), ()),
) -> tuple[list[Example[Seen]], list[Example[Seen]]]:
    """The examples of two kinds, told apart.

    Args:
        parts: of the studio.
        paths: of the two kinds, by the option that names them.
        see: see `read_examples`.
        most: of each kind.
        least: of a kind, by its option; a kind that is left out may be empty.
        on_fault: told of every file that cannot be read.
        further: more of the two kinds, which lie elsewhere.

    Raises:
        BadInput: too few, too many, or one picture in both.
        LearningFailed: what sees cannot be opened.
    """
    kinds = {
        option: read_examples(parts, given, see, most=most, on_fault=on_fault, further=more)
        for (option, given), more in zip(paths.items(), further, strict=True)
    }
    for option, num in least.items():
        require_enough(kinds[option], num, option)
    first, second = kinds.values()
    require_apart(first, second, " and ".join(kinds))
    return first, second


def require_enough(found: Sequence[Example[Seen]], least: int, option: str) -> None:
    """Refuse to learn from too few.

    Raises:
        BadInput: there are fewer than `least`.
    """
    if len(found) < least:
        raise BadInput(
            f"{option} has {len(found)} different pictures; allowed are {least} or more.",
            code="too_few_examples",
            hint="Add pictures; copies of a file count once.",
        )


def require_apart(
    first: Sequence[Example[Seen]], second: Sequence[Example[Seen]], options: str
) -> None:
    """Refuse a picture that is an example of both kinds.

    Raises:
        BadInput: it names the first.
    """
    names = {one.image_id: one.name for one in first}
    for one in second:
        if one.image_id in names:
            raise BadInput(
                f"{one.name!r} is the same file as {names[one.image_id]!r}, and cannot be in both "
                f"{options}.",
                code="example_of_both",
                hint="Remove it from one of them.",
            )


def part(kinds: Sequence[Sequence[Example[Seen]]]) -> list[Parted[Seen]]:
    """Part every kind into two halves, near copies together; the same examples part the same way.

    Raises:
        BadInput: nearly all of a kind are near copies of one picture.
    """
    rng = np.random.default_rng(int(examples_sha256(kinds)[7:23], 16))
    group_of = _groups([one for kind in kinds for one in kind])
    is_learning: dict[int, bool] = {}
    parted: list[Parted[Seen]] = []
    for given in kinds:
        kind = sorted(given, key=lambda one: one.image_id)
        members: dict[int, list[Example[Seen]]] = {}
        for one in kind:
            members.setdefault(group_of[one.image_id], []).append(one)
        learning = [one for at in members if is_learning.get(at) for one in members[at]]
        free = [at for at in members if at not in is_learning]
        for at in rng.permutation(np.array(free, np.intp)):
            is_learning[int(at)] = 2 * len(learning) < len(kind)
            if is_learning[int(at)]:
                learning += members[int(at)]
        held_out = [one for at in members if not is_learning[at] for one in members[at]]
        parted.append(Parted(learning, held_out))
    for kind, halves in zip(kinds, parted, strict=True):
        if kind and min(map(len, halves)) < len(kind) / 4:
            raise BadInput(
                f"Most of the {len(kind)} pictures with {kind[0].name!r} nearly copy each other, "
                "so that nothing can be measured on pictures that were not learnt from.",
                code="examples_alike",
                hint="Add pictures of other things, or taken on other occasions.",
            )
    return parted


def examples_sha256(kinds: Sequence[Sequence[Example[Seen]]]) -> str:
    """Tagged hash of which files are examples of which kind, in no order."""
    return sha256_of_document({"kinds": [sorted(one.image_id for one in kind) for kind in kinds]})


def cameras_of(kinds: Sequence[Sequence[Example[Seen]]]) -> tuple[str, ...]:
    """What took the examples, each once, by name."""
    return tuple(sorted({one.camera for kind in kinds for one in kind if one.camera}))


def _groups(examples: Sequence[Example[Seen]]) -> dict[str, int]:
    """A number for every example, the same for near copies."""
    duplicates = Duplicates()
    group_of: dict[str, int] = {}
    for number, one in enumerate(sorted(examples, key=lambda one: one.image_id)):
        near = duplicates.meet(one.image_id, one.pdq)
        group_of[one.image_id] = number if near is None else group_of[near.image_id]
    return group_of
