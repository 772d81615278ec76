"""The composition root: settings in, wired studio out; the only part that knows concrete classes.

Nothing heavy is imported until it is used: the generator's engine loads with the first drawing.
"""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_data_path

from limner.app.checks import (
    name_opted_out,
    open_fingerprints,
    open_judge,
    open_tagger,
    recent_looks,
    registered_looks,
)
from limner.app.engines import (
    ENGINES,
    describe_model,
    examine_engines,
    examine_model,
    fetch_model,
    open_engine,
    open_enlargers,
    open_shelf,
)
from limner.app.models import (
    Candidate,
    open_adapter,
    open_candidate,
    open_generator,
    open_in_precision,
    open_teacher,
    open_version,
    open_weights,
    with_model,
    with_weights,
)
from limner.core.ports import Recognizer
from limner.core.settings import Settings, read_settings
from limner.store.repository import Store
from limner.studio.parts import Parts
from limner.studio.studio import Studio as WiredStudio

if TYPE_CHECKING:
    from limner.provenance.signers import OutsideSigner
    from limner.studio.look.looker import Asked, Looker
    from limner.studio.look.words import Seer

SEER_SECONDS = 90.0  # within what a look may take

__all__ = [
    "ENGINES",
    "Candidate",
    "Studio",
    "describe_model",
    "examine_engines",
    "examine_model",
    "fetch_model",
    "load_settings",
    "name_opted_out",
    "open_adapter",
    "open_candidate",
    "open_engine",
    "open_enlargers",
    "open_fingerprints",
    "open_judge",
    "open_looker",
    "open_recognizer",
    "open_seer",
    "open_shelf",
    "open_store",
    "open_tagger",
    "open_teacher",
    "open_version",
    "open_weights",
    "read_sentences",
    "recent_looks",
    "registered_looks",
    "user_name",
    "wire_parts",
    "with_model",
    "with_weights",
]


class Studio(WiredStudio):
    """Draws, redraws and shows images with the embedded generator.

    Args:
        home: data folder; ``LIMNER_HOME`` or the user's data folder when left out.
        signer: has a key elsewhere sign what this studio lets out, in place of keys in files. A
            worker is another process and seals with those.

    Raises:
        SettingInvalid: a setting is unknown or not allowed.
    """

    def __init__(
        self, home: str | Path | None = None, *, signer: OutsideSigner | None = None
    ) -> None:
        settings = load_settings(None if home is None else Path(home))
        super().__init__(wire_parts(settings, outside_signer=signer))


def load_settings(home: Path | None = None) -> Settings:
    """Settings from the data folder's file and the environment; see `read_settings`."""
    return read_settings(default_home=user_data_path("limner"), home=home)


def wire_parts(settings: Settings, *, outside_signer: OutsideSigner | None = None) -> Parts:
    """The real parts: embedded generator, store in the data folder, the system's clock."""
    shelf = open_shelf(settings)
    parts: Parts = Parts(
        settings=settings,
        open_generator=lambda: open_generator(settings),
        open_store=lambda: open_store(settings),
        open_judge=lambda: open_judge(
            settings,
            lambda text: name_opted_out(parts, text),
            read_recent=lambda limit: recent_looks(parts, limit),
            read_register=lambda known: registered_looks(parts, known),
        ),
        read_clock=lambda: datetime.now(UTC),
        rng=np.random.default_rng(),
        version=version("limner"),
        requester=settings.reviewer or user_name(),
        open_recognizer=lambda: open_recognizer(parts),
        open_another=lambda num: open_generator(replace(settings, num_threads=num), is_fresh=True),
        open_in_precision=lambda told: open_in_precision(settings, told),
        open_model=shelf.open,
        model_names=shelf.names,
        open_fingerprints=lambda: open_fingerprints(settings),
        open_version=lambda version: open_version(parts, shelf, version),
        read_sentences=lambda texts: read_sentences(settings, texts),
        enlargers=open_enlargers(settings),
        own_enlarger_names=shelf.enlarger_names,
        measure_with=with_model,
        outside_signer=outside_signer,
    )
    return parts


def user_name() -> str:
    """The system's name of the user; empty where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def open_looker(settings: Settings, asked: Asked) -> Looker:
    """What looks at incoming images in a process of its own, on one core.

    Raises:
        KeyRefused: a key or certificate file of this install is broken.
    """
    from limner.studio.look.looker import Looker

    on_one_core = replace(settings, num_threads=1)
    tagger = open_tagger(on_one_core)
    return Looker(wire_parts(on_one_core), tagger, asked, open_seer(settings, asked))


def open_seer(settings: Settings, asked: Asked) -> Seer | None:
    """What is asked for words; ``None`` where nobody is. Calls nobody, loads nothing.

    Raises:
        ModelFormInvalid: what it is at is no address, or a key would go over an open line.
    """
    if not asked.words:
        return None
    if "://" not in asked.seer:
        return _local_seer(Path(asked.seer).expanduser())
    from limner.generators.services.calls import service_at
    from limner.generators.services.seeing import SeeingService

    named = "The address of the service that is asked for words"
    service = service_at(asked.seer, named, settings.service_keys, settings.service_proxy)
    return SeeingService(replace(service, patience_seconds=SEER_SECONDS), asked.seer_model)


def _local_seer(folder: Path) -> Seer:
    """A model in a folder: one that finds boxes where its one graph is there."""
    from limner.generators import local_detector, local_seer
    from limner.generators.seer_files import SeerFiles

    needed = " or ".join(", ".join(one.FILES) for one in (local_seer, local_detector))
    files = SeerFiles(folder, hint=f"Its folder needs {needed}.")
    if (folder / local_detector.NETWORK).is_file():
        return local_detector.LocalDetector(files)
    return local_seer.LocalSeer(files)


def read_sentences(settings: Settings, texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit vectors of texts by the generator's own text encoder; see `Sentences`."""
    from limner.generators.embedded.sentences import Sentences

    return Sentences(num_threads=settings.num_threads, precision=settings.precision)(texts)


def open_store(settings: Settings) -> Store:
    """The store of the data folder, its rows in a file there or in a team's PostgreSQL."""
    return Store.open(settings.home, settings.database, settings.database_password.value)


def open_recognizer(parts: Parts) -> Recognizer:
    """Tells which image of the data folder a picture is."""
    from limner.studio.recognizing import StoredRecognizer

    return StoredRecognizer(parts)
