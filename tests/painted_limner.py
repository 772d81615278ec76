"""The real command line on the painted generator: ``python painted_limner.py [options] ARGS``.

Used by tests that need a process of its own. Options come from the environment: PAINT_SECONDS
sleeps in every step.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from limner.app import (
    load_settings,
    name_opted_out,
    open_enlargers,
    open_fingerprints,
    open_judge,
    open_recognizer,
    open_store,
    recent_looks,
    registered_looks,
)
from limner.core.settings import Settings
from limner.faces.cli import app_for
from limner.studio.parts import Parts
from limner.studio.studio import Studio
from limner.testing import PaintedGenerator

WHOLE = Path(__file__).parent / "assets" / "whole.yaml"
"""Criteria that ask for a whole picture only, so that no check's network is loaded."""


def painted_studio(settings: Settings, generator: PaintedGenerator) -> Studio:
    parts = Parts(
        settings=settings,
        open_generator=lambda: generator,
        open_store=lambda: open_store(settings),
        open_judge=lambda: open_judge(
            settings,
            lambda text: name_opted_out(parts, text),
            read_recent=lambda limit: recent_looks(parts, limit),
            read_register=lambda known: registered_looks(parts, known),
        ),
        read_clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        rng=np.random.default_rng(0),
        version="0.0.0",
        open_recognizer=lambda: open_recognizer(parts),
        open_fingerprints=lambda: open_fingerprints(settings),
        enlargers=open_enlargers(settings),
    )
    return Studio(parts)


if __name__ == "__main__":
    os.environ.setdefault("LIMNER_CRITERIA", str(WHOLE))
    os.environ.setdefault("LIMNER_MARK", "false")
    painter = PaintedGenerator(seconds_per_step=float(os.environ.get("PAINT_SECONDS", "0")))
    app_for(sys.argv[1])(obj=lambda: painted_studio(load_settings(), painter), args=sys.argv[1:])
