"""Tokens and settings: letting others in, and what is set and where it came from. For admins."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field

from limner.core.access import Principal, Scope
from limner.core.settings import SETTING_NAMES, Settings
from limner.faces.http.access import require
from limner.faces.http.native.asking import Fields, Given, Operator
from limner.store.tokens import TokenRecord

router = APIRouter(prefix="/api", tags=["tokens"])

Admin = Annotated[Principal, Depends(require(Scope.ADMIN))]
TokenId = Annotated[str, Path(max_length=80, description="As the list has it.")]


class TokenFields(Fields):
    """A token to be made."""

    name: str = Field(description="Whose it is; one name sees the same jobs and images.")
    scopes: list[str] = Field(min_length=1, max_length=16, description="Scopes or roles.")
    num_days: int | None = Field(None, description="It ends after so many; null for never.")


class TokenDocument(BaseModel):
    """One token, without the token."""

    token_id: str
    name: str
    scopes: list[Scope]
    created_at: str
    expires_at: str | None
    revoked_at: str | None

    @classmethod
    def of(cls, record: TokenRecord) -> TokenDocument:
        """The document of a token."""
        expires_at, revoked_at = record.expires_at, record.revoked_at
        return cls(
            token_id=record.token_id,
            name=record.name,
            scopes=sorted(record.scopes),
            created_at=record.created_at.isoformat(),
            expires_at=None if expires_at is None else expires_at.isoformat(),
            revoked_at=None if revoked_at is None else revoked_at.isoformat(),
        )


class NewTokenDocument(TokenDocument):
    """A token just made; `token` is told only now."""

    token: str


class SettingDocument(BaseModel):
    """One setting; of a secret only whether it is set."""

    name: str
    value: str
    source: str


@router.get("/tokens")
def list_tokens(_asking: Admin, given: Given) -> list[TokenDocument]:
    """Every token, ended ones too; the tokens themselves are not kept."""
    return [TokenDocument.of(one) for one in given.tokens.list()]


@router.post("/tokens", status_code=201)
def create_token(
    fields: TokenFields, _asking: Admin, given: Given, response: Response
) -> NewTokenDocument:
    """Make a token; its text is in this answer and nowhere else."""
    made = given.tokens.create(fields.name, fields.scopes, num_days=fields.num_days)
    response.headers["Cache-Control"] = "no-store"
    return NewTokenDocument(**TokenDocument.of(made.record).model_dump(), token=made.text)


@router.delete("/tokens/{token_id}")
def revoke_token(token_id: TokenId, _asking: Admin, given: Given) -> TokenDocument:
    """End a token, and the browsers signed in with it, at once."""
    return TokenDocument.of(given.tokens.revoke(token_id))


@router.get("/settings")
def list_settings(_asking: Operator, given: Given) -> list[SettingDocument]:
    """Every setting and where its value came from."""
    return settings_of(given.settings)


def settings_of(settings: Settings) -> list[SettingDocument]:
    """Every setting in words; of a secret only whether it is set."""
    return [
        SettingDocument(
            name=name, value=_words(getattr(settings, name)), source=settings.sources[name]
        )
        for name in SETTING_NAMES
    ]


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"  # as settings.toml has it
    if isinstance(value, dict):
        named = cast("dict[str, str]", value)
        return ", ".join(f"{name}={one}" for name, one in named.items())
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return "" if value is None else str(value)
