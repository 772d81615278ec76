"""Models, wired: the one inside, other weights, versions of the registry; parts that draw with one.

Nothing heavy is imported until it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from limner.app.engines import open_shelf
from limner.core.errors import BadInput
from limner.core.models import DEFAULT_ALIAS, Licence, ModelVersion
from limner.core.ports import Generator, GeneratorCard
from limner.core.settings import Settings
from limner.studio.adapters import ADAPTERS_FOLDER
from limner.studio.model_shelf import ModelShelf
from limner.studio.parts import Parts

if TYPE_CHECKING:
    from limner.generators.embedded.tuning.teacher import Teacher
    from limner.studio.model_files import Whence


class Candidate(NamedTuple):
    """What a version in the registry is made from, besides what is said of it."""

    card: GeneratorCard
    licence: Licence
    whence: Whence


def open_version(parts: Parts, shelf: ModelShelf, version: ModelVersion) -> Generator:
    """The generator of a version in the registry; loads nothing.

    Raises:
        BadInput: there is nothing any more where it came from.
    """
    from limner.studio.model_files import Place, whence_of

    whence = whence_of(version)
    if whence.kind is Place.WEIGHTS:
        return open_weights(parts.settings, Path(whence.location))
    if whence.kind is Place.ADAPTER:
        return open_adapter(parts.settings, Path(whence.location))
    return parts.shipped if whence.kind is Place.INSTALL else shelf.open(whence.name)


def open_candidate(
    parts: Parts, *, model: str | None, weights: Path | None, licence_read_by: str
) -> Candidate:
    """What is to be brought into the registry: a model of the shelf, or weights in a folder.

    Args:
        parts: of the studio.
        model: name on the shelf.
        weights: folder; exactly one of the two is given.
        licence_read_by: who read the licence; empty leaves what the model's form says.

    Raises:
        BadInput: both are given, or neither, or there is no such model.
    """
    from limner.studio.model_files import Place, Whence

    if (model is None) == (weights is None):
        raise BadInput("Name a model of the shelf, or a folder of weights, and not both.")
    if weights is not None:
        folder = weights.expanduser().resolve()
        card = open_weights(parts.settings, folder).card
        licence = Licence(
            expression=card.licence, source=str(folder / "card.json"), reviewer=licence_read_by
        )
        return Candidate(card, licence, Whence(Place.WEIGHTS, str(folder)))
    assert model is not None
    form = open_shelf(parts.settings).form(model)
    licence = replace(form.licence, reviewer=licence_read_by or form.licence.reviewer)
    return Candidate(
        form.card, licence, Whence(Place.SHELF, form.location if form.files else "", model)
    )


def open_weights(settings: Settings, folder: Path, *, is_fresh: bool = False) -> Generator:
    """A generator with other weights than the packaged ones, such as earlier ones.

    Args:
        settings: of the studio.
        folder: with the weights.
        is_fresh: its networks are loaded anew.

    Raises:
        BadInput: the folder holds no weights.
    """
    from limner.generators.embedded import EmbeddedGenerator
    from limner.generators.embedded.weights import CARD_FILE, Weights

    if not (folder / CARD_FILE).is_file():
        raise BadInput(
            f"The folder {str(folder)!r} has no {CARD_FILE}, so it holds no model.",
            code="model_unknown",
        )
    return EmbeddedGenerator(
        num_threads=settings.num_threads,
        batch_size=settings.batch_size,
        weights=Weights(folder),
        memory=settings.home,
        precision=settings.precision,
        is_fresh=is_fresh,
    )


def open_in_precision(settings: Settings, told: str) -> Generator | None:
    """The model inside in the precision that a recipe tells, such as ``int8+bf16``.

    ``None`` where the settings ask for one, or this processor does not draw in it.
    """
    from limner.generators.embedded.graphs import precisions_here
    from limner.generators.embedded.precision import AUTO

    precision = told.partition("+")[0]
    if settings.precision != AUTO or precision not in precisions_here():
        return None
    return open_generator(replace(settings, precision=precision))


def open_adapter(settings: Settings, folder: Path, *, is_fresh: bool = False) -> Generator:
    """The embedded generator with an adapter always on; loads nothing. Arguments as above.

    Raises:
        GeneratorUnavailable: the adapter's card is missing or cannot be read.
    """
    from limner.generators.embedded import EmbeddedGenerator
    from limner.generators.embedded.adapter import Adapter

    return EmbeddedGenerator(
        num_threads=settings.num_threads,
        batch_size=settings.batch_size,
        memory=settings.home,
        precision=settings.precision,
        worn=Adapter(folder),
        is_fresh=is_fresh,
    )


def open_teacher(settings: Settings) -> Teacher:
    """What teaches the embedded model; loads nothing."""
    from limner.generators.embedded.tuning.teacher import Teacher

    return Teacher(num_threads=settings.num_threads, memory=settings.home)


def with_weights(parts: Parts, folder: Path) -> Parts:
    """These parts with the weights of a folder; store, judge and settings are the same.

    Raises:
        BadInput: the folder holds no weights.
    """
    return _with_folder(parts, open_weights, folder)


def _with_folder(parts: Parts, open_folder: Callable[..., Generator], folder: Path) -> Parts:
    other = parts.with_generator(lambda: open_folder(parts.settings, folder))

    def open_another(num_threads: int) -> Generator:
        settings = replace(parts.settings, num_threads=num_threads)
        return open_folder(settings, folder, is_fresh=True)

    other.open_another = open_another
    return other


def with_model(parts: Parts, model: str | None) -> Parts:
    """These parts with one model alone, whatever its stage: what is measured is what is named.

    Args:
        parts: of the studio.
        model: alias, label, hash, or a name on the shelf; ``None`` for what serves by default.

    Raises:
        BadInput: there is none of this name.
    """
    from limner.studio.model_files import Place, whence_of

    serving = parts.serving
    version = None if serving is None else serving.version_of(model or DEFAULT_ALIAS)
    whence = None if version is None else whence_of(version)
    if whence is not None and whence.kind is Place.WEIGHTS:
        return with_weights(parts, Path(whence.location))
    if whence is not None and whence.kind is Place.ADAPTER:
        return _with_folder(parts, open_adapter, Path(whence.location))
    if whence is not None and whence.kind is Place.SHELF:
        model = whence.name
    generator = parts.shipped if whence is None and model is None else parts.generator_of(model)
    if whence is not None and whence.kind is Place.INSTALL:
        generator = parts.shipped
    other = parts.with_generator(lambda: generator)
    if generator is not parts.shipped:
        other.open_another = None
    return other


def open_generator(settings: Settings, *, is_fresh: bool = False) -> Generator:
    """The model inside; loads with the first drawing, and anew if `is_fresh`."""
    from limner.generators.embedded import EmbeddedGenerator

    return EmbeddedGenerator(
        num_threads=settings.num_threads,
        batch_size=settings.batch_size,
        memory=settings.home,
        precision=settings.precision,
        adapters=settings.home / ADAPTERS_FOLDER,
        is_fresh=is_fresh,
    )
