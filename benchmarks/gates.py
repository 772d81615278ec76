"""Whether gates block bad candidates and let good ones through.

Each candidate is brought into a registry of its own, drawn by two suites, judged by the real checks
and promoted as far as the gate lets it. A bad one is worse on one axis: its pictures, its papers,
its evidence, or when something was fixed. It must never get past being evaluated; a good one must
serve.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.draughtsman import DRAWN_CARD, Draughtsman, Fault, prompts
from benchmarks.figure import Measurement
from limner.app import open_judge, open_store
from limner.checks.integrity import Integrity
from limner.core.errors import StageRefused
from limner.core.evidence import Evidence
from limner.core.gates import GateAnswer, GateVerdict, Lack
from limner.core.hashing import sha256_of_bytes
from limner.core.models import Licence, ModelVersion, Stage, model_sha256
from limner.core.runs import Run
from limner.core.settings import read_settings
from limner.evals.suite import part_of
from limner.store.evidence import add_evidence, evidence_of
from limner.studio.eval_judging import Checks
from limner.studio.eval_report import keep_evidence, report_on
from limner.studio.eval_runs import begin_run, draw_run
from limner.studio.model_files import Place, Whence
from limner.studio.parts import Parts
from limner.studio.promoting import held_by_gate, promote, waive
from limner.studio.registry import Proposal, propose
from limner.studio.suite_file import read_suite

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SEEDS, QUICK_SEEDS = (1, 2, 3, 4), (1, 2)
SUITES = ("drawn", "same")
GATE = """\
format: limner.gate/1
name: drawn
owner: Ada
review_by: 2026-12-01
licences: [Apache-2.0]
rules:
"""
LIMITS = {
    ("drawn", "integrity.pass_rate"): ("at_least", 0.85),
    ("drawn", "sharpness.pass_rate"): ("at_least", 0.85),
    ("drawn", "exposure.pass_rate"): ("at_least", 0.85),
    ("drawn", "colour.pass_rate"): ("at_least", 0.85),
    ("drawn", "ground.pass_rate"): ("at_least", 0.85),
    ("drawn", "count.pass_rate"): ("at_least", 0.85),
    ("drawn", "seeds.differ"): ("at_least", 0.85),
    ("drawn", "draw.seconds"): ("at_most", 0.1),
    ("same", "same-again.pass_rate"): ("at_least", 0.85),
    ("same", "same-batch.pass_rate"): ("at_least", 0.85),
}
CRITERIA = """\
format: limner.criteria/1
name: {name}
owner: Ada
review_by: 2026-12-01
impact_tiers: {{low: 1}}
default_impact: low
audit: {{released: 0, refused: 0}}
criteria:
  - {{id: whole, question: "Is this a whole picture?", about: image, check: integrity,
     version: "{version}", fail: refuse, unsure: refuse, error: refuse}}
"""
FAULT = "fault"
APACHE = Licence(expression="Apache-2.0", source="LICENSE", reviewer="Cy")


@dataclass(kw_only=True)
class Trial:
    """One candidate in a data folder of its own.

    Attributes:
        now: what the clock says.
        seeds: of both suites.
    """

    home: Path
    candidate: Candidate
    seeds: tuple[int, ...]
    now: datetime = NOW
    parts: Parts = field(init=False)

    def __post_init__(self) -> None:
        self.candidate_card = replace(
            DRAWN_CARD, version="2", ingredients={"pen": sha256_of_bytes(b"pen 2")}
        )
        self.write_rules()
        self.write_criteria("drawn")
        self.open()

    @property
    def pen(self) -> Path:
        """The one file of the candidate."""
        return self.home / "weights" / "pen"

    def open(self) -> None:
        """As another process opens the data folder."""
        settings = read_settings(default_home=self.home, environment={"LIMNER_MARK": "false"})
        self.parts = Parts(
            settings=settings,
            open_generator=Draughtsman,
            open_store=lambda: open_store(settings),
            open_judge=lambda: open_judge(settings, lambda text: None),
            read_clock=lambda: self.now,
            rng=np.random.default_rng(0),
            version="0",
            requester="Bo",
            open_version=self.open_version,
        )

    def open_version(self, version: ModelVersion) -> Draughtsman:
        """The generator of a version."""
        card = replace(DRAWN_CARD, version=version.version, ingredients=dict(version.files))
        return Draughtsman(card=card, fault=self.candidate.fault)

    def write_rules(self) -> None:
        """The gate and the two suites, as files of the data folder."""
        (self.home / "suites").mkdir(parents=True, exist_ok=True)
        self.pen.parent.mkdir(parents=True, exist_ok=True)
        rules = [
            f"  - {{id: rule-{k}, metric: {metric}, suite: {suite}, direction: {direction}, "
            f"limit: {limit}, min_num: 30, max_age_days: 30}}"
            for k, ((suite, metric), (direction, limit)) in enumerate(LIMITS.items())
        ]
        (self.home / "gate.yaml").write_text(GATE + "\n".join(rules) + "\n")
        checks = "[integrity, sharpness, exposure, colour, ground, count]"
        self.write_suite("drawn", checks, "[]", self.seeds)
        self.write_suite("same", "[same-again, same-batch]", "[again, batch]", self.seeds[:2])

    def write_suite(self, name: str, checks: str, ways: str, seeds: tuple[int, ...]) -> None:
        """A suite of every prompt."""
        cases = "\n".join(
            f"  - {{id: case-{k}, prompt: {prompt}, concept: square, count: {count}, "
            f"colour: {colour}, ground: {ground}}}"
            for k, (prompt, count, colour, ground) in enumerate(prompts())
        )
        (self.home / "suites" / f"{name}.yaml").write_text(
            f"format: limner.suite/1\nname: {name}\nversion: '1'\nquestion: Does it draw?\n"
            f"owner: Ada\nreview_by: 2026-12-01\nseeds: {list(seeds)}\nchecks: {checks}\n"
            f"ways: {ways}\ncases:\n{cases}\n"
        )

    def write_criteria(self, name: str) -> None:
        """The criteria in force."""
        text = CRITERIA.format(name=name, version=Integrity().card.version)
        (self.home / "criteria.yaml").write_text(text)

    def propose(self) -> None:
        """Bring the candidate, and have it evaluated."""
        self.pen.write_bytes(b"pen 2")
        proposal = Proposal(owner="Ada", review_by=date(2026, 12, 1), by="Di")
        whence = Whence(Place.WEIGHTS, str(self.pen.parent))
        propose(self.parts, self.candidate_card, self.candidate.licence, whence, proposal)
        promote(self.parts, "draughtsman@2", by="Ada")

    def run(self, name: str, fault: Fault | None = None, *, num_cases: int | None = None) -> Run:
        """Draw one suite and keep what it shows."""
        chosen = self.candidate.fault if fault is None else fault
        generator = Draughtsman(card=self.candidate_card, fault=chosen)
        parts = self.parts.with_generator(lambda: generator)
        suite = read_suite(str(self.home / "suites" / f"{name}.yaml"))
        checks = Checks(parts)
        self.now += timedelta(minutes=1)
        run = begin_run(parts, part_of(suite, num_cases=num_cases), checks)
        draw_run(parts, run, checks)
        keep_evidence(parts, report_on(parts, run))
        return run

    def change_evidence(self, change: Callable[[Evidence], Evidence]) -> None:
        """Keep evidence that says something else than what was kept, a second later."""
        sha256 = self.sha256
        with self.parts.store.models.writing(self.now) as connection:
            found = [
                change(replace(one, measured_at=one.measured_at + timedelta(seconds=1)))
                for one in evidence_of(connection, sha256)
            ]
            add_evidence(connection, found, self.now)

    @property
    def sha256(self) -> str:
        """Of the candidate's version."""
        card = self.candidate_card
        return model_sha256(card.name, card.version, card.ingredients)

    def outcome(self) -> Outcome:
        """What the gate says, and how far promoting gets."""
        self.now += timedelta(minutes=1)
        answer = held_by_gate(self.parts, "draughtsman@2")
        stage = Stage.EVALUATING
        for _ in range(3):
            try:
                stage = promote(self.parts, "draughtsman@2", by="Ada").state.stage
            except StageRefused:
                break
        lacks = any(one.lack is Lack.MISSING for one in answer.rules)
        return Outcome(
            stage=stage,
            in_the_way=frozenset(in_the_way(answer)),
            has_slipped=lacks and (answer.verdict is GateVerdict.PASS or stage is Stage.ACTIVE),
        )


class Outcome(NamedTuple):
    """What came of a candidate.

    Attributes:
        stage: that it reached.
        in_the_way: metrics that do not suffice, and in which other way evidence lacks.
        has_slipped: something passed though evidence was missing.
    """

    stage: Stage
    in_the_way: frozenset[str]
    has_slipped: bool


def in_the_way(answer: GateAnswer) -> Iterator[str]:
    """What keeps a gate closed, in a word each."""
    if answer.faults:
        yield FAULT
    for one in answer.rules:
        if not one.lets_pass:
            is_by_bounds = one.lack in (None, Lack.UNDECIDED, Lack.TOO_FEW)
            yield one.rule.metric if is_by_bounds else str(one.lack)


def _as_it_is(trial: Trial) -> None:
    """Bring it, and draw both suites."""
    trial.propose()
    for name in SUITES:
        trial.run(name)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One candidate.

    Attributes:
        blocked_by: what has to stand in its way; see `in_the_way`. Empty for a good one.
        fault: of its pictures; empty draws exactly what is asked.
        way: how it comes to be asked in; the usual one brings it and draws both suites.
    """

    name: str
    blocked_by: str = ""
    fault: Fault = ""
    licence: Licence = APACHE
    way: Callable[[Trial], None] = _as_it_is


def measure_bad_candidates(is_quick: bool) -> Measurement:
    """Of 30: bad ones that got on or were stopped by something else, good ones that did not serve.

    Anything that passes with evidence missing counts too.
    """
    candidates = (*bad_candidates(), *good_candidates())
    seeds = QUICK_SEEDS if is_quick else SEEDS
    wrong = [one.name for one in candidates if not is_right(one, seeds)]
    print(f"wrong: {', '.join(wrong) or 'none'}")
    return Measurement(value=len(wrong), n=len(candidates))


def is_right(candidate: Candidate, seeds: tuple[int, ...]) -> bool:
    """Try one candidate, and say whether the gate did what it must."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(home=Path(folder), candidate=candidate, seeds=seeds)
        candidate.way(trial)
        found = trial.outcome()
        trial.parts.close()
    told = ", ".join(sorted(found.in_the_way)) or "nothing"
    print(f"{candidate.name}: {found.stage}, in its way {told}", flush=True)
    if found.has_slipped:
        return False
    if not candidate.blocked_by:
        return found.stage is Stage.ACTIVE
    return found.stage is Stage.EVALUATING and candidate.blocked_by in found.in_the_way


def bad_candidates() -> tuple[Candidate, ...]:
    """Twenty-four that are worse on one axis each."""
    drawn: dict[Fault, str] = {
        "blurred": "sharpness.pass_rate",
        "channels swapped": "colour.pass_rate",
        "seed stuck": "seeds.differ",
        "one thing too many": "count.pass_rate",
        "background forgotten": "ground.pass_rate",
        "too dark": "exposure.pass_rate",
        "half are flat": "integrity.pass_rate",
        "another picture every time": "same-again.pass_rate",
        "another picture in a batch": "same-batch.pass_rate",
        "slow": "draw.seconds",
    }
    papers: dict[str, Licence] = {
        "unlicensed": replace(APACHE, expression="CC-BY-NC-4.0"),
        "licence read by nobody": replace(APACHE, reviewer=""),
    }
    asked: dict[str, tuple[str, Callable[[Trial], None]]] = {
        "file changed": (FAULT, _after(lambda trial: trial.pen.write_bytes(b"other"))),
        "file gone": (FAULT, _after(lambda trial: trial.pen.unlink())),
        "no evidence": ("missing", Trial.propose),
        "one suite never run": ("missing", _only_drawn),
        "a part of the suite": ("missing", _part),
        "evidence too old": ("too_old", _after(_wait)),
        "evidence of the future": ("from_the_future", _after(_set_back)),
        "criteria edited afterwards": ("expired", _after(_edit_criteria)),
        "suite edited afterwards": ("expired", _after(_edit_suite)),
        "labelled by its owner": ("interested_labels", _after(_label)),
    }
    miscounts: Fault = "one thing too many"
    return (
        *(Candidate(name=one, blocked_by=by, fault=one) for one, by in drawn.items()),
        *(Candidate(name=one, blocked_by=FAULT, licence=by) for one, by in papers.items()),
        *(Candidate(name=one, blocked_by=by, way=way) for one, (by, way) in asked.items()),
        Candidate(name="gate eased afterwards", blocked_by="post_hoc", fault=miscounts, way=_eased),
        Candidate(
            name="waived by one person twice",
            blocked_by="count.pass_rate",
            fault=miscounts,
            way=_waived,
        ),
    )


def good_candidates() -> tuple[Candidate, ...]:
    """Six that are good, some with something in their past that must not count against them."""
    return (
        Candidate(name="plain"),
        Candidate(name="run twice", way=_after(lambda t: t.run("drawn"))),
        Candidate(name="bad at first, measured again", way=_better),
        Candidate(name="evidence of some days", way=_after(lambda t: _wait(t, 20))),
        Candidate(name="waived by two people", way=_waived_by_two, fault="one thing too many"),
        Candidate(name="measured before it was proposed", way=_measured_first),
    )


def _after(change: Callable[[Trial], object]) -> Callable[[Trial], None]:
    def way(trial: Trial) -> None:
        _as_it_is(trial)
        change(trial)

    return way


def _only_drawn(trial: Trial) -> None:
    trial.propose()
    trial.run("drawn")


def _wait(trial: Trial, days: int = 31) -> None:
    trial.now += timedelta(days=days)


def _set_back(trial: Trial) -> None:
    trial.now -= timedelta(hours=2)


def _edit_criteria(trial: Trial) -> None:
    trial.write_criteria("easier")
    trial.parts.close()
    trial.open()


def _edit_suite(trial: Trial) -> None:
    path = trial.home / "suites" / "drawn.yaml"
    path.write_text(path.read_text().replace("2 red squares", "1 red squares"))


def _eased(trial: Trial) -> None:
    """What failed is let through by another gate, made after the run."""
    _as_it_is(trial)
    path = trial.home / "gate.yaml"
    path.write_text(path.read_text().replace("limit: 0.85", "limit: 0.0"))


def _part(trial: Trial) -> None:
    trial.propose()
    trial.run("drawn", num_cases=31)
    trial.run("same")


def _label(trial: Trial) -> None:
    trial.change_evidence(lambda one: replace(one, labelled_by=("ada",)))


def _waived(trial: Trial) -> None:
    _as_it_is(trial)
    for person in ("Ada", " ADA"):
        _sign(trial, person)


def _waived_by_two(trial: Trial) -> None:
    _as_it_is(trial)
    for person in ("Ada", "Cy"):
        _sign(trial, person)


def _sign(trial: Trial, person: str) -> None:
    counts = [metric for _, metric in LIMITS].index("count.pass_rate")
    waive(
        trial.parts,
        "draughtsman@2",
        f"rule-{counts}",
        person=person,
        reason="Nobody counts them.",
        until=date(2026, 4, 1),
    )


def _better(trial: Trial) -> None:
    trial.propose()
    trial.run("drawn", "blurred")
    for name in SUITES:
        trial.run(name)


def _measured_first(trial: Trial) -> None:
    for name in SUITES:
        trial.run(name)
    trial.propose()
