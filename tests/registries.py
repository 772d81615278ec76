"""A registry to try things on: painted versions with a file each, a gate, and evidence at will."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from painted_limner import WHOLE

from limner.app import open_judge, open_store
from limner.core.evidence import Basis, Evidence
from limner.core.hashing import sha256_of_bytes
from limner.core.models import Licence, ModelState, ModelVersion
from limner.core.settings import Settings, read_settings
from limner.store.evidence import add_evidence, freeze_gate
from limner.studio.gate_file import GATE_FILE, gate_in_force
from limner.studio.gate_use import SUITES_FOLDER, basis_now
from limner.studio.model_files import Place, Whence
from limner.studio.parts import Parts
from limner.studio.promoting import promote
from limner.studio.registry import Proposal, propose
from limner.testing import PAINTED_CARD, PaintedGenerator

GATE = """\
format: limner.gate/1
name: ours
owner: Ada
review_by: 2026-12-01
licences: [Apache-2.0]
pauses_when_overdue: [gate]
rules:
  - {id: whole, metric: integrity.pass_rate, suite: own, direction: at_least, limit: 0.9,
     min_num: 100, max_age_days: 60}
  - {id: counts, metric: count.pass_rate, suite: own, direction: at_least, limit: 0.5,
     min_num: 100, max_age_days: 30}
"""
SUITE = """\
format: limner.suite/1
name: own
version: "1"
question: Does it count?
owner: Design
review_by: 2026-06-01
seeds: [5, 9, 11, 12]
checks: [integrity, count]
cases:
  - {id: one, prompt: one thing, concept: x, count: 1}
"""
APACHE = Licence(expression="Apache-2.0", source="LICENSE", reviewer="Cy")
BEGUN = datetime(2026, 1, 1, 12, tzinfo=UTC)
GOOD = {"whole": (0.99, 0.97, 1.0), "counts": (0.8, 0.7, 0.9)}


@dataclass
class Registry:
    """One data folder with versions of a painted model.

    Attributes:
        now: what the clock says; a test may set it.
        opened: the generator of every version that was opened, by label.
    """

    home: Path
    now: datetime = BEGUN
    opened: dict[str, PaintedGenerator] = field(default_factory=dict)
    parts: Parts = field(init=False)

    def __post_init__(self) -> None:
        (self.home / SUITES_FOLDER).mkdir(parents=True)
        (self.home / SUITES_FOLDER / "own.yaml").write_text(SUITE)
        (self.home / GATE_FILE).write_text(GATE)
        self.open()

    def open(self, criteria: Path = WHOLE, requester: str = "Di") -> None:
        """The same data folder, as another process opens it."""
        settings: Settings = read_settings(
            default_home=self.home,
            environment={"LIMNER_CRITERIA": str(criteria), "LIMNER_MARK": "false"},
        )
        self.parts = Parts(
            settings=settings,
            open_generator=PaintedGenerator,
            open_store=lambda: open_store(settings),
            open_judge=lambda: open_judge(settings, lambda text: None),
            read_clock=lambda: self.now,
            rng=np.random.default_rng(0),
            version="0.0.0",
            requester=requester,
            open_version=self.open_version,
        )

    def open_version(self, version: ModelVersion) -> PaintedGenerator:
        card = replace(PAINTED_CARD, version=version.version, ingredients=dict(version.files))
        generator = PaintedGenerator(card=card)
        self.opened[version.label] = generator
        return generator

    def brush_of(self, version: str) -> Path:
        return self.home / "weights" / version / "brush"

    def propose(
        self,
        version: str,
        licence: Licence = APACHE,
        owner: str = "Ada",
        content: str = "brush",
        **said: object,
    ) -> ModelState:
        """Bring a version with a file of its own."""
        brush = self.brush_of(version)
        brush.parent.mkdir(parents=True, exist_ok=True)
        brush.write_bytes(f"{content} {version}".encode())
        card = replace(
            PAINTED_CARD,
            version=version,
            ingredients={"brush": sha256_of_bytes(brush.read_bytes())},
        )
        values = {"owner": owner, "review_by": date(2026, 12, 1), "by": "Bo"} | said
        whence = Whence(Place.WEIGHTS, str(brush.parent))
        return propose(self.parts, card, licence, whence, Proposal(**values))

    def register_rules(self) -> None:
        """Freeze gate and criteria, as the beginning of a run does."""
        self.parts.store.freeze(self.parts.judge.criteria, self.now)
        with self.parts.store.models.writing(self.now) as connection:
            freeze_gate(connection, gate_in_force(self.parts.settings), self.now)

    def measure(
        self,
        state: ModelState,
        numbers: dict[str, tuple[float, float, float]] = GOOD,
        change: Callable[[Evidence], Evidence] = lambda one: one,
    ) -> None:
        """Keep what a run began now and ended a minute later would have measured."""
        self.register_rules()
        basis: Basis = basis_now(self.parts, ["own"], state.version.sha256)["own"]
        metrics = {"whole": "integrity.pass_rate", "counts": "count.pass_rate"}
        found = [
            change(
                Evidence(
                    metric=metrics[rule],
                    suite="own",
                    estimate=estimate,
                    low=low,
                    high=high,
                    confidence=0.95,
                    num=200,
                    run="run-000000000001",
                    started_at=self.now,
                    measured_at=self.now + timedelta(minutes=1),
                    basis=basis,
                    asked_by="Di",
                )
            )
            for rule, (estimate, low, high) in numbers.items()
        ]
        with self.parts.store.models.writing(self.now) as connection:
            add_evidence(connection, found, self.now)
        self.now += timedelta(minutes=2)

    def promoted(self, version: str, times: int = 4, **said: object) -> ModelState:
        """A version that was measured well and promoted so often; four times makes it active."""
        state = self.propose(version, **said)
        self.measure(state)
        for _ in range(times):
            state = promote(self.parts, state.version.label, by="Ada").state
        return state

    def look_anew(self) -> None:
        """What happens when enough time has passed."""
        assert self.parts.serving is not None
        self.parts.serving.look_anew()

    def serves(self) -> str:
        """Label of what draws by default now."""
        self.look_anew()
        card = self.parts.generator.card
        return f"{card.name}@{card.version}"
