"""Gains and costs: what came of what was asked for, and what it took, over time and by project.

Counted from stored facts alone. An accepted image is one that is released now; a project is a
board. An error found later is an image that a person refused after it had been released, and costs
what the criteria in force say a wrong release costs at its impact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from statistics import median

from limner.core.criteria import Criteria
from limner.core.deciding import Outcome
from limner.core.reviewing import state_of
from limner.evals.acceptance import attempts_of
from limner.evals.intervals import Estimate, share
from limner.store.reviews import find_cards
from limner.store.usage import UsedImage, used_images
from limner.studio.goals_file import Goal, Measure, read_goals
from limner.studio.parts import Parts

MINUTE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What some images brought and took.

    Attributes:
        name: a month, a project, or ``everything``.
        revisions: images drawn for one that is accepted.
        minutes_to_accepted: median from asking to the release that holds; ``None`` for none.
        review_minutes: of people, all together; `drawing_minutes` of the machine.
        num_errors: images that were released and later refused by a person.
        error_cost: of these, in the unit of the criteria's costs.
    """

    name: str
    num_drawn: int
    num_accepted: int
    revisions: Estimate
    minutes_to_accepted: float | None
    review_minutes: float
    drawing_minutes: float
    num_errors: int
    error_cost: float

    def measured(self, measure: Measure) -> float | None:
        """A number that a goal is about; ``None`` where nothing was accepted."""
        if measure is Measure.ERRORS:
            return float(self.num_errors)
        if measure is Measure.ERROR_COST:
            return self.error_cost
        if not self.num_accepted:
            return None
        return {
            Measure.REVISIONS: self.revisions.value,
            Measure.MINUTES_TO_ACCEPTED: self.minutes_to_accepted,
            Measure.REVIEW_MINUTES: self.review_minutes / self.num_accepted,
            Measure.DRAWING_MINUTES: self.drawing_minutes / self.num_accepted,
        }[measure]

    def sentences(self) -> list[str]:
        """The account in words."""
        told = [f"Images drawn: {self.num_drawn:,}; accepted: {self.num_accepted:,}."]
        if self.revisions.value is not None and self.minutes_to_accepted is not None:
            told.append(
                f"An accepted image took {self.revisions.value:.1f} drawn ones and "
                f"{self.minutes_to_accepted:.1f} minutes from asking, the median."
            )
        told.append(
            f"{self.review_minutes:.1f} minutes of review and {self.drawing_minutes:.1f} minutes "
            f"of drawing. Errors found later: {self.num_errors}, at a cost of {self.error_cost:g}."
        )
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedGoal:
    """A goal beside what was measured; `is_met` is ``None`` where nothing can be said."""

    goal: Goal
    measured: float | None
    is_met: bool | None

    @property
    def sentence(self) -> str:
        """The goal and what came of it."""
        said = {True: "met", False: "not met", None: "not measured"}[self.is_met]
        found = "" if self.measured is None else f", measured {self.measured:.2f}"
        where = f" on {self.goal.project}" if self.goal.project else ""
        return (
            f"Goal of {self.goal.owner} by {self.goal.by}{where}: {self.goal.text} "
            f"({self.goal.measure} at most {self.goal.at_most:g}{found}): {said}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gains:
    """Everything that was counted.

    Attributes:
        months: oldest first; `projects` by name, where images are on boards.
    """

    whole: Account
    months: tuple[Account, ...]
    projects: tuple[Account, ...]
    goals: tuple[JudgedGoal, ...]

    def to_document(self) -> dict[str, object]:
        """JSON form."""
        return {
            "whole": asdict(self.whole),
            "months": [asdict(one) for one in self.months],
            "projects": [asdict(one) for one in self.projects],
            "goals": [
                {
                    "text": one.goal.text,
                    "owner": one.goal.owner,
                    "project": one.goal.project,
                    "measure": str(one.goal.measure),
                    "at_most": one.goal.at_most,
                    "by": one.goal.by.isoformat(),
                    "measured": one.measured,
                    "is_met": one.is_met,
                }
                for one in self.goals
            ],
        }


def gains(parts: Parts, since: datetime | None = None) -> Gains:
    """Count what was asked for, or what was since a moment, and hold it against the goals.

    Raises:
        BadInput: the goals cannot be read.
    """
    goals, now, criteria = read_goals(parts.settings), parts.read_clock(), parts.judge.criteria
    with parts.store.reviews.reading() as connection:
        images = used_images(connection, since)
        reviewed: dict[str, float] = {}
        for card, events in find_cards(connection):
            seconds = sum(one.seconds for one in state_of(events, now).answers)
            reviewed[card.image_id] = reviewed.get(card.image_id, 0.0) + seconds

    def account(name: str, some: Sequence[UsedImage]) -> Account:
        return _account(name, some, reviewed, criteria)

    whole = account("everything", images)
    projects = _grouped(images, lambda one: one.boards, account)
    by_name = {one.name: one for one in projects}
    return Gains(
        whole=whole,
        months=_grouped(images, lambda one: (f"{one.asked_at:%Y-%m}",), account),
        projects=projects,
        goals=tuple(
            _judged(one, by_name.get(one.project) if one.project else whole) for one in goals
        ),
    )


def _grouped(
    images: Sequence[UsedImage],
    groups_of: Callable[[UsedImage], Sequence[str]],
    account: Callable[[str, Sequence[UsedImage]], Account],
) -> tuple[Account, ...]:
    groups: dict[str, list[UsedImage]] = {}
    for one in images:
        for name in groups_of(one):
            groups.setdefault(name, []).append(one)
    return tuple(account(name, groups[name]) for name in sorted(groups))


def _account(
    name: str,
    images: Sequence[UsedImage],
    reviewed: Mapping[str, float],
    criteria: Criteria | None,
) -> Account:
    accepted = [one for one in images if one.decided[-1].outcome == Outcome.RELEASED]
    minutes = [_minutes_to_release(one) for one in accepted]
    errors = [one for one in images if _is_error(one)]
    return Account(
        name=name,
        num_drawn=len(images),
        num_accepted=len(accepted),
        revisions=attempts_of(share(len(accepted), len(images))),
        minutes_to_accepted=median(minutes) if minutes else None,
        review_minutes=sum(reviewed.get(one.image_id, 0.0) for one in images) / MINUTE,
        drawing_minutes=sum(one.seconds for one in images) / MINUTE,
        num_errors=len(errors),
        error_cost=sum(_cost_of(one, criteria) for one in errors),
    )


def _minutes_to_release(image: UsedImage) -> float:
    """From asking to the first of the decisions that release it and still hold."""
    at = image.decided[-1].at
    for one in reversed(image.decided):
        if one.outcome != Outcome.RELEASED:
            break
        at = one.at
    return max(0.0, (at - image.asked_at).total_seconds()) / MINUTE


def _is_error(image: UsedImage) -> bool:
    """Whether it was released first and a person refuses it now."""
    last = image.decided[-1]
    was_released = any(one.outcome == Outcome.RELEASED for one in image.decided[:-1])
    return was_released and last.by == "person" and last.outcome == Outcome.REFUSED


def _cost_of(image: UsedImage, criteria: Criteria | None) -> float:
    """What its wrong release costs: the dearest of the criteria's, by its impact."""
    if criteria is None:
        return 1.0
    impact = image.decided[-1].impact or criteria.default_impact
    costs = [one.costs.false_accept for one in criteria.criteria if one.costs is not None]
    return max(costs, default=1.0) * criteria.impact_tiers.get(impact or "", 1.0)


def _judged(goal: Goal, account: Account | None) -> JudgedGoal:
    measured = None if account is None else account.measured(goal.measure)
    is_met = None if measured is None else measured <= goal.at_most
    return JudgedGoal(goal=goal, measured=measured, is_met=is_met)
