"""What using a model was meant to bring, as YAML: each goal with who set it and by when.

They are ``goals.yaml`` in the data folder; none is there at first. What was brought is in gains.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from limner.core.errors import BadInput
from limner.core.settings import Settings
from limner.studio.yaml_file import Strict, load_yaml, spoken

GOALS_FILE = "goals.yaml"
MAX_BYTES = 200_000
MAX_GOALS = 100

Text = Annotated[str, Field(min_length=1, max_length=500)]


class Measure(StrEnum):
    """What a goal may be about; less is better of every one."""

    REVISIONS = "revisions"
    MINUTES_TO_ACCEPTED = "minutes_to_accepted"
    REVIEW_MINUTES = "review_minutes"
    DRAWING_MINUTES = "drawing_minutes"
    ERRORS = "errors"
    ERROR_COST = "error_cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One thing a model's use was meant to bring.

    Attributes:
        text: in the words of who set it.
        measure: per accepted image, but for `ERRORS` and `ERROR_COST`, which are counts.
        at_most: what it must keep.
        project: name of a board; empty for everything.
        by: day by which.
    """

    text: str
    owner: str
    measure: Measure
    at_most: float
    by: date
    project: str = ""


class _Goal(Strict):
    text: Text
    owner: Text
    measure: Measure
    at_most: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    by: date
    project: Annotated[str, Field(max_length=200)] = ""


class _Goals(Strict):
    format: Literal["limner.goals/1"]
    goals: Annotated[tuple[_Goal, ...], Field(min_length=1, max_length=MAX_GOALS)]


def read_goals(settings: Settings) -> tuple[Goal, ...]:
    """The goals of the data folder; none where there is no file.

    Raises:
        BadInput: it cannot be read, or something in it is not allowed; says where.
    """
    path = settings.home / GOALS_FILE
    if not path.exists():
        return ()
    try:
        content = path.read_bytes()
        if len(content) > MAX_BYTES:
            raise BadInput(f"{str(path)!r} has {len(content):,} bytes; allowed are {MAX_BYTES:,}.")
        said = _Goals.model_validate(load_yaml(content.decode("utf-8")))
    except OSError as error:
        raise BadInput(f"The goals {str(path)!r} cannot be read: {error.strerror}.") from error
    except ValidationError as error:  # which is a ValueError too
        raise BadInput(f"The goals {str(path)!r} are not valid: {spoken(error)}.") from error
    except ValueError as error:
        raise BadInput(f"The goals {str(path)!r} are not YAML: {error}.") from error
    return tuple(Goal(**one.model_dump()) for one in said.goals)
