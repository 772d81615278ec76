"""Limner draws pictures you can stand behind.

``limner.Studio`` is the way in::

    import limner

    with limner.Studio() as studio:
        for image in studio.generate("a red fox", n=4, seed=1):
            image.save(f"fox-{image.seed}.png")
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from limner.app import Studio as Studio
    from limner.provenance.signers import OutsideSigner as OutsideSigner

_MODULES = {"OutsideSigner": "limner.provenance.signers", "Studio": "limner.app"}

__all__ = ["OutsideSigner", "Studio"]

# When it is imported, OpenVINO reports to its makers over the network, from a forked process that
# may never end. Where this module is missing it takes the silent one that it ships.
sys.modules.setdefault("openvino_telemetry", cast(Any, None))

# After a product of matrices numpy's other threads wait 25 ms for the next one without sleeping,
# on cores that everything else needs. Here they sleep at once (docs/log.md, "A core that span").
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # noqa: TID251 - no setting of ours

# Whatever else is installed may hook into pydantic; looking for it takes as long as our own models.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # noqa: TID251 - no setting of ours


def __getattr__(name: str) -> object:
    """Load public names on first use, so that ``limner --help`` answers at once."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'limner' has no attribute {name!r}")
