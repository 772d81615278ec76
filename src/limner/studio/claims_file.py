"""What a model's maker claims, as YAML: each with its source and day, and if it can be tested, how.

Claims go into the registry with the version they are about; see `core.models.Claim`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from limner.core.errors import BadInput
from limner.core.gates import Direction
from limner.core.given_file import read_text_at_most, reason_of
from limner.core.models import Claim
from limner.studio.yaml_file import Strict, load_yaml, spoken

MAX_BYTES = 200_000
MAX_CLAIMS = 100

Text = Annotated[str, Field(min_length=1, max_length=500)]


class _Claim(Strict):
    text: Text
    source: Text
    said_on: date
    metric: Annotated[str, Field(max_length=100)] = ""
    suite: Annotated[str, Field(max_length=80)] = ""
    slice: Annotated[str, Field(max_length=200)] = ""
    direction: Direction = Direction.AT_LEAST
    limit: Annotated[float, Field(allow_inf_nan=False)] = 0.0


class _Claims(Strict):
    format: Literal["limner.claims/1"]
    claims: Annotated[tuple[_Claim, ...], Field(min_length=1, max_length=MAX_CLAIMS)]


def read_claims(path: Path) -> tuple[Claim, ...]:
    """The claims of a file.

    Raises:
        BadInput: it cannot be read, or something in it is not allowed; says where.
    """
    try:
        text = read_text_at_most(path.expanduser(), MAX_BYTES)
        said = _Claims.model_validate(load_yaml(text))
    except OSError as error:
        raise BadInput(f"The claims {str(path)!r} cannot be read: {reason_of(error)}.") from error
    except ValidationError as error:  # which is a ValueError too
        raise BadInput(f"The claims {str(path)!r} are not valid: {spoken(error)}.") from error
    except ValueError as error:
        raise BadInput(f"The claims {str(path)!r} are not YAML: {error}.") from error
    return tuple(Claim(**one.model_dump()) for one in said.claims)
