"""Judging: the criteria in force laid to a request, and to exactly the pixels that would leave.

A criteria file that is broken holds everything; it never falls back to another. What is decided is
worked out in core/deciding.py; this module runs the checks and stores what came of it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from limner.checks.runner import Check, judge_all, judged_sha256
from limner.core.criteria import Criteria
from limner.core.deciding import Circumstances, Decision, Outcome, decide, stands
from limner.core.errors import RequestRefused
from limner.core.judging import (
    Cause,
    CheckCard,
    ImageCheck,
    ImageSubject,
    Limits,
    ReadsPrompt,
    RequestCheck,
    Result,
    SharesView,
)
from limner.core.recipe import ImageRecord
from limner.core.records import Operation, Picture, Request
from limner.core.reviewing import MAY_LEAVE, REVIEW_WITHIN
from limner.store.gallery import shelve
from limner.store.judgements import (
    StoredDecision,
    add_judgement,
    freeze_criteria,
    last_decision,
)
from limner.store.reviews import close_overtaken, open_card
from limner.studio.rights import require_rights

if TYPE_CHECKING:
    import sqlalchemy as sa

    from limner.studio.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Screened:
    """What the request checks said of one prompt.

    Attributes:
        request_sha256: tagged hash of the texts that were judged.
    """

    request_sha256: str
    results: tuple[Result, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Judge:
    """The criteria in force and the checks they name.

    Attributes:
        criteria: ``None`` when there are none that can be read; then everything is held.
        fault: why there are none, one sentence; empty otherwise.
        request_checks: by name; networks load on first use.
        image_checks: the same.
        num_lanes: image checks that run side by side.
    """

    criteria: Criteria | None
    fault: str = ""
    request_checks: Mapping[str, RequestCheck] = field(default_factory=dict[str, RequestCheck])
    image_checks: Mapping[str, ImageCheck] = field(default_factory=dict[str, ImageCheck])
    num_lanes: int = 1
    _seconds_of: dict[str, float] = field(default_factory=dict[str, float], init=False)
    _loading: list[threading.Thread] = field(default_factory=list[threading.Thread], init=False)
    _preparing: threading.Lock = field(default_factory=threading.Lock, init=False)
    _looking: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def cards(self) -> Mapping[str, CheckCard]:
        """The card of every check there is, by name."""
        checks = (*self.request_checks.values(), *self.image_checks.values())
        return {one.card.name: one.card for one in checks}

    @cached_property
    def limits(self) -> Mapping[str, Limits]:
        """Limits that the criteria set, by name of the check."""
        if self.criteria is None:
            return {}
        return {one.check: one.limits for one in self.criteria.criteria if one.limits is not None}

    def screen(self, request: Request) -> Screened:
        """Run the request checks that the criteria name on one prompt."""
        named = self._named("request", self.request_checks)
        checks: list[Check[Request]] = [self.request_checks[name] for name in named]
        return Screened(
            request_sha256=judged_sha256(request), results=judge_all(checks, request, self.limits)
        )

    def prepare(self, prompt: str) -> None:
        """Load the networks that `look` will need, in a thread; returns at once.

        The checks look at a picture that is nobody's, and what they say of it is forgotten. A check
        that fails here fails again, and is told, when it looks at a real one.

        Args:
            prompt: of the pictures to come, so that it has been read by then.
        """
        with self._preparing:
            if self._loading:
                return
            nobodys = ImageSubject(picture=nobodys_picture(), prompt=prompt)
            # Not a daemon: a process that ends waits, instead of tearing down a network that loads.
            thread = threading.Thread(target=lambda: self._judge(nobodys), name="load checks")
            thread.start()
            self._loading.append(thread)

    def read_ahead(self, prompt: str) -> None:
        """Have the checks that read prompts read one, in a thread; returns at once.

        A picture that was drawn is marked before it is judged, on one core.
        """
        readers = [one for one in self._image_checks if isinstance(one, ReadsPrompt)]
        if not readers:
            return

        def read() -> None:
            for one in readers:
                with suppress(Exception):  # it fails again, and is told, when it looks
                    one.read(prompt)

        threading.Thread(target=read, name="read prompt").start()

    def look(self, subject: ImageSubject) -> tuple[Result, ...]:
        """Run the image checks that the criteria name, on one image at a time.

        A check that waited for another image's would be taken for one that hangs.
        """
        for thread in self._loading:
            thread.join()
        with self._looking:
            return self._judge(subject)

    def judge_by(self, checks: Sequence[ImageCheck], subject: ImageSubject) -> tuple[Result, ...]:
        """What some image checks say, in their order."""
        in_turn = self._in_turn(checks)
        results = {
            one.check: one
            for one in judge_all(in_turn, subject, self.limits, num_lanes=self.num_lanes)
        }
        for name, one in results.items():
            self._seconds_of[name] = min(one.seconds, self._seconds_of.get(name, one.seconds))
        return tuple(results[one.card.name] for one in checks)

    def _in_turn(self, checks: Sequence[ImageCheck]) -> Sequence[ImageCheck]:
        """The order to begin in: the longest first, but for one that makes a view for others.

        How long they take is the least they ever took: the view was made by another then.
        """
        longest_first = sorted(checks, key=lambda one: -self._seconds_of.get(one.card.name, 0.0))
        makers = {id(one.view): one for one in longest_first if isinstance(one, SharesView)}
        return sorted(longest_first, key=lambda one: one not in makers.values())

    def _judge(self, subject: ImageSubject) -> tuple[Result, ...]:
        return self.judge_by(self._image_checks, subject)

    @cached_property
    def _image_checks(self) -> Sequence[ImageCheck]:
        return [self.image_checks[name] for name in self._named("image", self.image_checks)]

    def _named(self, on: str, known: Mapping[str, object]) -> Sequence[str]:
        if self.criteria is None:
            return []
        named = [one.check for one in self.criteria.criteria if one.about == on]
        return [name for name in named if name in known]


def nobodys_picture() -> Picture:
    """A small picture that checks look at so that their networks are loaded."""
    image_HWC = np.zeros((64, 64, 4), np.uint8)
    image_HWC[16:48, 16:48] = 255
    return Picture.of(image_HWC)


def screen_prompt(parts: Parts, request: Request, prompt: str) -> Screened:
    """Judge one prompt before anything is drawn.

    Raises:
        RequestRefused: the criteria refuse it, or the rights register blocks what it starts from;
            the ledger says so, without the prompt.
    """
    require_rights(parts, request)
    judge = parts.judge
    screened = judge.screen(replace(request, prompt=prompt, template=None))
    decision = decide(
        judge.criteria,
        screened.results,
        Circumstances(
            pixels_sha256="",
            request_sha256=screened.request_sha256,
            impact=request.impact,
            operation=None,
            chance=1.0,
        ),
    )
    if decision.outcome is Outcome.REFUSED:
        parts.store.refuse_request(decision, parts.read_clock(), criteria=judge.criteria)
        raise RequestRefused(
            f"The request was refused and nothing was drawn: {decision.reasons[0].note}",
            hint="`limner criteria explain` shows the criteria in force.",
        )
    return screened


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """What was found out about an image and decided by rule; not stored yet."""

    results: tuple[Result, ...]
    decision: Decision
    criteria: Criteria | None

    def is_overruled_by(self, earlier: StoredDecision | None) -> TypeGuard[StoredDecision]:
        """Whether an earlier decision about the image stands; see `deciding.stands`."""
        return earlier is not None and stands(
            earlier.decision, self.decision, is_by_person=earlier.decided_by == "person"
        )

    def write(
        self, connection: sa.Connection, image_id: str, requester: str, now: datetime
    ) -> StoredDecision:
        """Store it in the caller's transaction; opens a review card where a person must look.

        One that waits for what an earlier rule asked is closed. The image is still to be put on
        the requester's shelf (`shelve`).
        """
        close_overtaken(connection, image_id, now)
        if self.criteria is not None:
            freeze_criteria(connection, self.criteria, now)
        stored = add_judgement(
            connection, image_id, self.results, self.decision, decided_by="rule", now=now
        )
        if stored.decision.outcome is Outcome.HELD or stored.decision.is_audited:
            self._open_card(connection, image_id, requester, now)
        return stored

    def _open_card(
        self, connection: sa.Connection, image_id: str, requester: str, now: datetime
    ) -> None:
        decision, criteria = self.decision, self.criteria
        chances = [one.probability_bad for one in self.results if one.probability_bad is not None]
        multiplier = (
            1.0 if criteria is None else criteria.impact_tiers.get(decision.impact or "", 1.0)
        )
        open_card(
            connection,
            image_id=image_id,
            kind="held" if decision.outcome is Outcome.HELD else "audit",
            opened_at=now,
            document={
                "question": self._question(),
                "requester": requester or None,
                "may_requester_answer": criteria is not None and criteria.may_requester_review,
                "impact": decision.impact,
                "needs_second": decision.needs_second and decision.outcome is Outcome.HELD,
                "due_at": (now + REVIEW_WITHIN).isoformat(),
                "reasons": [one.note for one in decision.reasons],
                "probability_bad": max(chances, default=None),
                "cost": multiplier,
            },
        )

    def _question(self) -> str:
        """What the person is asked: the question of the one criterion that keeps the image.

        Where several keep it, or none, or one whose question does not arise, they are asked
        whether it may leave, as their answer releases it whatever else kept it.
        """
        keeping = {one.source for one in self.decision.reasons if one.consequence.keeps}
        criteria = () if self.criteria is None else self.criteria.criteria
        moot = {one.check for one in self.results if one.cause is Cause.NOT_APPLICABLE}
        asked = [one.question for one in criteria if {one.id} == keeping and one.check not in moot]
        return asked[0] if asked else MAY_LEAVE


def judge_image(
    parts: Parts,
    subject: ImageSubject,
    screened: Screened,
    *,
    impact: str | None,
    operation: Operation,
) -> Judgement:
    """Judge an image and decide about it by the criteria in force."""
    judge = parts.judge
    results = (*screened.results, *judge.look(subject))
    decision = decide(
        judge.criteria,
        results,
        Circumstances(
            pixels_sha256=subject.picture.pixels_sha256,
            request_sha256=screened.request_sha256,
            impact=impact,
            operation=operation,
            chance=float(parts.rng.random()),
        ),
        fault=judge.fault,
    )
    return Judgement(results=results, decision=decision, criteria=judge.criteria)


def decision_in_force(
    parts: Parts, record: ImageRecord, judgement: Judgement, written: StoredDecision | None
) -> StoredDecision:
    """The decision about a stored image.

    The same bytes may have been drawn before, for somebody else too, whose they are as well. Where
    what was decided then does not stand (`deciding.stands`) the new judgement is appended.
    """
    if written is not None:
        return written
    now = parts.read_clock()

    def write(connection: sa.Connection) -> StoredDecision:
        decided = last_decision(connection, record.image_id)
        if not judgement.is_overruled_by(decided):
            decided = judgement.write(connection, record.image_id, parts.requester, now)
        shelve(connection, record.image_id, parts.requester)
        return decided

    return parts.store.judge(record.image_id, write, now)
