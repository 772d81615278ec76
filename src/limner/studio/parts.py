"""What every use case is given: the wired parts, and the ways to watch and stop it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from limner.core.drawing import StepProgress
from limner.core.limits import require_one_of
from limner.core.ports import Generator, Recognizer
from limner.core.recipe import ImageRecord
from limner.core.settings import Settings
from limner.store.repository import Store
from limner.studio.judging import Judge

if TYPE_CHECKING:
    from limner.checks.near_copy.fingerprint import Fingerprints
    from limner.core.models import ModelVersion
    from limner.provenance.signers import OutsideSigner, Signer
    from limner.studio.serving import Serving


ReadSentences: TypeAlias = Callable[[Sequence[str]], NDArray[np.float32]]
_Opened = TypeVar("_Opened")


class Parts:
    """The parts a studio is made of; generator and store open on first use.

    Args:
        settings: read once.
        open_generator: called at most once.
        open_store: called at most once.
        open_judge: called at most once.
        read_clock: the time now, in UTC.
        rng: where seeds come from that nobody asked for.
        version: of Limner.
        requester: who asks; told to reviewers, kept only as a commitment.
        open_recognizer: called at most once; ``None`` reads no marks and compares no looks.
        open_another: opens a further generator of the same model with so many threads, its
            networks loaded anew; ``None`` where that cannot be.
        open_in_precision: opens a further generator of the same model in the precision that a
            recipe tells; gives ``None`` where that cannot be.
        open_model: opens the generator of a further model by its name; errors as for an unknown
            one. ``None`` where there is the default only.
        model_names: tells the names of further models.
        open_fingerprints: called at most once; takes what near copies of a picture are known by.
            ``None`` where none are looked for.
        open_version: opens the generator of a version in the registry; ``None`` where what came
            with these parts draws, whatever the registry says.
        read_sentences: unit vectors of texts, `[N, E]`; ``None`` watches no mix of prompts.
        enlargers: opens what enlarges pictures and draws none, by its name; each is called at
            most once.
        own_enlarger_names: tells which further models enlarge.
        outside_signer: seals in place of our own keys and of those the settings name.
        measure_with: gives parts that draw with one model alone, by its name, whatever its stage;
            errors as for an unknown one. ``None`` where models are only what serves.
    """

    def __init__(  # noqa: PLR0913 - one argument a part
        self,
        *,
        settings: Settings,
        open_generator: Callable[[], Generator],
        open_store: Callable[[], Store],
        open_judge: Callable[[], Judge],
        read_clock: Callable[[], datetime],
        rng: np.random.Generator,
        version: str,
        requester: str = "",
        open_recognizer: Callable[[], Recognizer] | None = None,
        open_another: Callable[[int], Generator] | None = None,
        open_in_precision: Callable[[str], Generator | None] = lambda _: None,
        open_model: Callable[[str], Generator] | None = None,
        model_names: Callable[[], tuple[str, ...]] = tuple,
        open_fingerprints: Callable[[], Fingerprints] | None = None,
        open_version: Callable[[ModelVersion], Generator] | None = None,
        read_sentences: ReadSentences | None = None,
        enlargers: Mapping[str, Callable[[], Generator]] | None = None,
        own_enlarger_names: Callable[[], tuple[str, ...]] = tuple,
        measure_with: Callable[[Parts, str | None], Parts] | None = None,
        outside_signer: OutsideSigner | None = None,
    ) -> None:
        self.settings = settings
        self.read_clock = read_clock
        self.rng = rng
        self.version = version
        self.requester = requester
        self.open_another = open_another
        self.open_in_precision = open_in_precision
        self.measure_with = measure_with
        self.outside_signer = outside_signer
        self.read_sentences = read_sentences
        self._open_model = open_model
        self._open_version = open_version
        self._model_names = model_names
        self._open_generator = open_generator
        self._open_store = open_store
        self._open_recognizer = open_recognizer
        self._open_judge = open_judge
        self._open_fingerprints = open_fingerprints
        self._enlargers = enlargers or {}
        self._own_enlarger_names = own_enlarger_names
        self._opened_enlargers: dict[str, Generator] = {}
        # One each, by the state of its files; for copies too.
        self._signers: dict[Hashable, Signer] = {}
        self._mark_keys: dict[Hashable, bytes] = {}

    def with_generator(self, open_generator: Callable[[], Generator]) -> Self:
        """These parts with another generator, and the same store and judge."""
        other = self.with_settings(self.settings)
        other.__dict__.pop("shipped", None)
        other.__dict__["serving"] = None
        other._open_generator = open_generator
        return other

    def with_wrapped(self, wrap: Callable[[Generator], Generator]) -> Self:
        """These parts with every generator that serves in a wrapping, whichever serves when."""
        open_generator, open_version = self._open_generator, self._open_version
        other = self.with_settings(self.settings)
        for name in ("shipped", "serving"):
            other.__dict__.pop(name, None)
        other._open_generator = lambda: wrap(open_generator())
        if open_version is not None:

            def open_wrapped(version: ModelVersion) -> Generator:
                return wrap(open_version(version))

            other._open_version = open_wrapped
        return other

    def with_settings(self, settings: Settings) -> Self:
        """These parts by other settings, as far as those are asked later; the rest is the same."""
        _ = self.store, self.judge  # opened once, for both
        other = copy(self)
        other.settings = settings
        return other

    def for_requester(self, requester: str) -> Self:
        """These parts for one who asks; generator, store and judge stay those of now."""
        _ = self.shipped, self.serving, self.store, self.judge  # opened once, for all
        other = copy(self)
        other.requester = requester
        return other

    @cached_property
    def shipped(self) -> Generator:
        """The generator these parts came with, whatever the registry has serve."""
        return self._open_generator()

    @cached_property
    def serving(self) -> Serving | None:
        """Tells what draws by the registry; ``None`` where `shipped` does."""
        from limner.studio.serving import Serving  # it is given these parts

        return None if self._open_version is None else Serving(self, self._open_version)

    @property
    def generator(self) -> Generator:
        """What draws where no model is asked for; its network loads when it first draws.

        Raises:
            ModelPaused: what served is paused, and there is no other.
        """
        return self.shipped if self.serving is None else self.serving.default()

    def generator_of(self, model: str | None) -> Generator:
        """The generator of a model; ``None`` for the default.

        Raises:
            BadInput: there is no model of this name, or its form cannot be used.
        """
        if model is None or model == self.generator.card.name:
            return self.generator
        if self.serving is not None and self.serving.knows(model):
            return self.serving.named(model)
        if model in self._enlargers:
            if model not in self._opened_enlargers:
                self._opened_enlargers[model] = self._enlargers[model]()
            return self._opened_enlargers[model]
        if self._open_model is None or model not in self._model_names():
            require_one_of("model", model, self.model_names)
        assert self._open_model is not None
        return self._open_model(model)

    @property
    def model_names(self) -> tuple[str, ...]:
        """Every model there is by its name, the default first."""
        return tuple(dict.fromkeys((self.generator.card.name, *self._model_names())))

    @property
    def enlarger_names(self) -> tuple[str, ...]:
        """What enlarges pictures without drawing any, by name, the usual one first."""
        return (*self._enlargers, *self._own_enlarger_names())

    @cached_property
    def store(self) -> Store:
        """The store of the data folder."""
        return self._open_store()

    @cached_property
    def judge(self) -> Judge:
        """The criteria in force and the checks they name."""
        return self._open_judge()

    def forget_judge(self) -> None:
        """Have the judge opened anew, by the criteria that are in force then."""
        self.__dict__.pop("judge", None)

    @property
    def signer(self) -> Signer:
        """Who seals, opened anew when its key files have changed; errors as `open_signer`."""
        from limner.studio.keys import open_signer, state_of_keys  # they are given these parts

        return _opened_once(self._signers, state_of_keys(self), lambda: open_signer(self))

    @property
    def mark_key(self) -> bytes:
        """What marks are put in with, made if there is none, opened anew when keys were rotated.

        Errors as `MarkKeys.open`.
        """
        from limner.studio.keys import mark_keys  # it is given these parts

        keys = mark_keys(self)
        return _opened_once(self._mark_keys, keys.state(), keys.open)

    def forget_keys(self) -> None:
        """Open the keys anew when they are next used."""
        self._signers.clear()
        self._mark_keys.clear()

    @cached_property
    def recognizer(self) -> Recognizer | None:
        """Tells which stored image a picture is."""
        return None if self._open_recognizer is None else self._open_recognizer()

    @cached_property
    def fingerprints(self) -> Fingerprints | None:
        """Takes what near copies of a picture are known by."""
        return None if self._open_fingerprints is None else self._open_fingerprints()

    def close(self) -> None:
        """Sign what the ledger took in and close the store, if it was opened."""
        if "store" in self.__dict__:
            try:
                self.store.ledger.sign(self.read_clock())
            finally:
                self.store.close()


def _opened_once(
    opened: dict[Hashable, _Opened], state: Hashable, open_anew: Callable[[], _Opened]
) -> _Opened:
    """What was opened in this state of its files, which alone is kept."""
    found = opened.get(state)
    if found is None:
        found = open_anew()
        opened.clear()
        opened[state] = found
    return found


OnStored = Callable[[sa.Connection, ImageRecord], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a caller follows drawing and stops it.

    Several pictures are drawn ahead of being finished, so `on_step` and `is_cancelled` may be
    called by another thread than the caller's, one call at a time.

    Attributes:
        on_start: told the number of pictures before the first is drawn.
        on_step: told after every step.
        is_cancelled: asked before every step.
        on_stored: writes in the transaction that stores an image, and undoes it by raising; not
            called for an image that is there already.
        on_sealing: the same in the transaction that keeps the seal of an image just stored.
    """

    on_start: Callable[[int], None] | None = None
    on_step: Callable[[StepProgress], None] | None = None
    is_cancelled: Callable[[], bool] | None = None
    on_stored: OnStored | None = None
    on_sealing: OnStored | None = None


UNWATCHED = Watch()
