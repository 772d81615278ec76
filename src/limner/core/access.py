"""Who may do what: scopes, the roles that bundle them, and the person behind a token.

A name is a person: two tokens of one name see the same jobs and images. This module keeps no
tokens (store/tokens.py) and reads none from requests (faces/http/access.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from limner.core.errors import BadInput


class Scope(StrEnum):
    """What a token allows."""

    GENERATE = "generate"  # ask for images; see one's own jobs and images
    REVIEW = "review"  # take and answer review cards
    OPERATE = "operate"  # see every job and image, the metrics, the ledger
    ADMIN = "admin"  # tokens and settings


ROLES: dict[str, frozenset[Scope]] = {
    "requester": frozenset({Scope.GENERATE}),
    "reviewer": frozenset({Scope.REVIEW}),
    "operator": frozenset({Scope.GENERATE, Scope.OPERATE}),
    "admin": frozenset(Scope),
}
"""Words for usual sets of scopes. ``admin`` is role and scope, and gives every scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is asking.

    Attributes:
        name: of the person or program; owner of the jobs it submits.
        scopes: what the token allows.
        token_id: of the token that was shown; never the token itself.
    """

    name: str
    scopes: frozenset[Scope]
    token_id: str

    def may(self, *scopes: Scope) -> bool:
        """Whether one of `scopes` is allowed."""
        return not self.scopes.isdisjoint(scopes)

    @property
    def sees_everything(self) -> bool:
        """Whether jobs and images of others are shown too."""
        return self.may(Scope.OPERATE, Scope.ADMIN)


def scopes_of(names: Iterable[str]) -> frozenset[Scope]:
    """The scopes that these names of scopes and roles stand for.

    Raises:
        BadInput: a name is neither, or there is none.
    """
    known = {**{str(one): frozenset({one}) for one in Scope}, **ROLES}
    scopes: set[Scope] = set()
    for name in names:
        if name not in known:
            raise BadInput(
                f"The scope is {name!r}; allowed are {', '.join(known)}.", code="scope_unknown"
            )
        scopes |= known[name]
    if not scopes:
        raise BadInput(
            f"A token needs a scope; allowed are {', '.join(known)}.", code="scope_unknown"
        )
    return frozenset(scopes)
