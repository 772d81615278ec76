"""What a route is given: the studio's use cases, the tokens, the settings and the clock.

This module decides nothing about access; see access.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from fastapi import Request

from limner.core.ports import GeneratorCard
from limner.core.settings import Settings
from limner.faces.http.rates import Rates
from limner.studio.parts import Parts
from limner.studio.studio import Studio
from limner.studio.tokens import Tokens

if TYPE_CHECKING:
    from limner.executors.supervisor import Supervisor
    from limner.faces.http.measures import Measures
    from limner.studio.jobs import Jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a route may use.

    Attributes:
        studio: the use cases.
        tokens: making, finding and revoking tokens.
        rates: how often each token may ask.
        measures: what `/metrics` tells.
        worker: that this server keeps running; ``None`` if others run.
    """

    studio: Studio
    tokens: Tokens
    rates: Rates
    measures: Measures
    worker: Supervisor | None = None

    @property
    def jobs(self) -> Jobs:
        """Submitting and following jobs."""
        return self.studio.jobs

    @property
    def parts(self) -> Parts:
        """What use cases are given."""
        return self.studio.parts

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.studio.settings

    def model_of(self, asked: str | None) -> str | None:
        """The model a name belongs to; ``None``, the default, for every name that is none's own."""
        return asked if asked in self.parts.model_names else None

    def card_of(self, asked: str | None) -> GeneratorCard:
        """The card of the model a name belongs to."""
        return self.parts.generator_of(self.model_of(asked)).card

    def clock(self) -> datetime:
        """The time now, UTC."""
        return self.studio.parts.read_clock()


def services(request: Request) -> Services:
    """The services of the application that answers `request`; use it with ``Depends``."""
    found = request.app.state.services
    assert isinstance(found, Services)
    return found
