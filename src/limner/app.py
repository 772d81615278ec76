"""The composition root: settings in, wired studio out; the only module that knows concrete classes.

Nothing heavy is imported until it is used: the generator's engine loads with the first drawing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from platformdirs import user_data_path

from limner.core.ports import Generator
from limner.core.settings import Settings, read_settings
from limner.store.repository import Store
from limner.studio.parts import Parts
from limner.studio.studio import Studio as WiredStudio


class Studio(WiredStudio):
    """Draws, redraws and shows images with the embedded generator.

    Args:
        home: data folder; ``LIMNER_HOME`` or the user's data folder when left out.

    Raises:
        SettingInvalid: a setting is unknown or not allowed.
    """

    def __init__(self, home: str | Path | None = None) -> None:
        super().__init__(wire_parts(load_settings(None if home is None else Path(home))))


def load_settings(home: Path | None = None) -> Settings:
    """Settings from the data folder's file and the environment; see `read_settings`."""
    return read_settings(default_home=user_data_path("limner"), home=home)


def wire_parts(settings: Settings) -> Parts:
    """The real parts: embedded generator, store in the data folder, the system's clock."""
    return Parts(
        settings=settings,
        open_generator=lambda: _open_generator(settings),
        open_store=lambda: Store.open(settings.home),
        read_clock=lambda: datetime.now(UTC),
        rng=np.random.default_rng(),
        version=version("limner"),
    )


def _open_generator(settings: Settings) -> Generator:
    from limner.generators.embedded import EmbeddedGenerator

    return EmbeddedGenerator(num_threads=settings.num_threads, batch_size=settings.batch_size)
